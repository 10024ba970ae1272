"""What a store counts of its own work, on every engine."""

from callgate.model.changes import SessionEnded, SessionOpened
from callgate.model.session import EndReason
from tests.storage.engines import Opened
from tests.storage.world import session_of


def test_commits_and_their_units_are_counted(store: Opened) -> None:
    """Each unit once, in the batch it was committed with."""
    figures = store.store.figures
    before, units = sum(figures.batch_units.counts), figures.batch_units.total
    store.save_at_once(*((SessionOpened(session_of(number)),) for number in range(5)))
    assert figures.batch_units.total - units >= 5
    assert 1 <= sum(figures.batch_units.counts) - before <= 5
    assert sum(figures.commit_s.counts) == sum(figures.batch_units.counts)
    assert store.store.waiting == 0
    assert not figures.doubtful


def test_sessions_that_have_ended_are_not_counted(store: Opened) -> None:
    """As many as there are rows without an end."""
    before = store.await_(store.store.count_sessions())
    for number in range(3):
        store.save(SessionOpened(session_of(number)))
    store.save(SessionEnded(session_of(0), EndReason.REVOKED, session_of(0).issued_ms + 1, ""))
    assert store.await_(store.store.count_sessions()) - before == 2
