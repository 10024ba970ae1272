"""The audit chain pruned: what is kept still verifies, and nobody can take more away unseen."""

from contextlib import closing
from pathlib import Path

import apsw
import pytest

from callgate.model.audit import Anchor, AuditPruned, AuditPruneLookup, PrunedLinksDeleted, PrunedLinksLookup
from callgate.model.changes import SessionsFromMoved
from callgate.storage.audit import AuditReport, forge_link, verify_audit
from callgate.storage.load_upkeep import Head
from callgate.storage.pen import Pen
from callgate.storage.save_upkeep import append_link
from callgate.storage.sqlite import StoreOptions
from callgate.storage.sqlite_view import SqliteView
from tests.storage.engines import Opened, OpenedFile, open_sqlite

DAY_MS = 86_400_000


def verify(path: Path, *, cut_before_ms: int = 0) -> AuditReport:
    """Check the chains of a file."""
    with closing(apsw.Connection(str(path))) as connection:
        view = SqliteView(connection)
        view.stamp(0)
        return verify_audit(view, cut_before_ms=cut_before_ms)


def alter(path: Path, sql: str) -> None:
    """Change the file behind the store's back."""
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute(sql).fetchall()


def seqs(opened: Opened, writer: str = "server") -> list[object]:
    """The links that are there."""
    return [row[0] for row in opened.rows("SELECT seq FROM audit WHERE writer = ? ORDER BY seq", writer)]


def prune(opened: OpenedFile, before_ms: int, *, links_max: int = 100) -> list[Anchor]:
    """Prune as the command does, with one step of deleting; gives the cuts."""
    cuts = [chain.cut for chain in verify(opened.path, cut_before_ms=before_ms).chains if chain.cut]
    facts = opened.read(AuditPruneLookup(tuple(cuts)))
    assert facts.standing == frozenset(cuts)
    anchors = {anchor.writer: anchor for anchor in facts.anchors} | {cut.writer: cut for cut in cuts}
    opened.save(AuditPruned(tuple(anchors.values()), before_ms, "cli"))
    opened.save(PrunedLinksDeleted(links_max))
    return cuts


@pytest.fixture
def aged(embedded: OpenedFile) -> OpenedFile:
    """A store whose server wrote a link a day for ten days, 1 to 10, behind the founding by the command line."""
    for _ in range(10):
        embedded.clock.now_ms += DAY_MS
        embedded.save(SessionsFromMoved(embedded.clock.now_ms, "server"))
    return embedded


def test_chain_verifies_when_its_beginning_was_pruned(aged: OpenedFile) -> None:
    """What is older goes, the rest continues the anchor, and the next link continues the rest."""
    [cut] = prune(aged, aged.clock.now_ms - 3 * DAY_MS)
    assert (cut.writer, cut.seq) == ("server", 6)
    assert seqs(aged) == [7, 8, 9, 10, 11]
    aged.save(SessionsFromMoved(aged.clock.now_ms, "server"))
    report = verify(aged.path)
    assert report.breaks == ()
    chain = report.chains[1]
    assert (chain.writer, chain.links, chain.pruned, chain.entries) == ("server", 12, 6, 6)


def test_last_link_of_a_chain_stays_whatever_its_age(aged: OpenedFile) -> None:
    """The next one continues it; the founding is the command line's first and last."""
    prune(aged, aged.clock.now_ms + DAY_MS)
    assert seqs(aged) == [10, 11]
    assert seqs(aged, "cli") == [1]
    with open_sqlite(aged.path, StoreOptions(writer="cli", exclusive=False)) as beside:
        beside.save(SessionsFromMoved(5, "cli"))
    assert verify(aged.path).breaks == ()


def test_chain_verifies_when_it_is_pruned_again_and_again(aged: OpenedFile) -> None:
    """Each pruning names all anchors anew: the entry that named one first may be among those that go."""
    for days in (7, 5, 5, 2, 0):
        prune(aged, aged.clock.now_ms - days * DAY_MS)
        assert verify(aged.path).breaks == ()
    assert seqs(aged) == [10, 11, 12, 13, 14, 15][-6:]


def test_chain_verifies_when_pruning_stopped_half_way(aged: OpenedFile) -> None:
    """Links behind an anchor count no more, there or not; the next run takes them away."""
    prune(aged, aged.clock.now_ms - 3 * DAY_MS, links_max=2)
    assert len(seqs(aged)) == 9
    report = verify(aged.path, cut_before_ms=aged.clock.now_ms - 3 * DAY_MS)
    assert report.breaks == ()
    assert [chain.cut for chain in report.chains] == [None, None]
    assert aged.read(PrunedLinksLookup(3)).links == 3
    aged.save(PrunedLinksDeleted(100))
    assert aged.read(PrunedLinksLookup(3)).links == 0
    assert seqs(aged) == [7, 8, 9, 10, 11]


def test_cut_stands_only_as_it_was_verified_and_before_another_link(aged: OpenedFile) -> None:
    """The transaction looks again."""
    chains = verify(aged.path, cut_before_ms=aged.clock.now_ms).chains
    cut = chains[1].cut
    assert cut
    assert cut.seq == 9
    last = Anchor("server", 10, aged.clock.now_ms, chains[1].head)
    asked = (cut, cut._replace(hash=b"x"), cut._replace(at_ms=0), last, cut._replace(writer="nobody"))
    assert aged.read(AuditPruneLookup(asked)).standing == {cut}


def test_cut_is_not_past_a_younger_link(aged: OpenedFile) -> None:
    """Where a clock was wrong once, what looks older behind it stays: nothing younger than asked ever goes."""

    def write_out_of_order(pen: Pen) -> None:
        [(seq, previous)] = pen.view.rows(
            "SELECT seq, hash FROM audit WHERE writer = 'server' ORDER BY seq DESC LIMIT 1"
        )
        assert isinstance(seq, int)
        assert isinstance(previous, bytes)
        head = Head(seq, previous)
        for at_ms in (1, 2):
            link = forge_link("server", head, at_ms=at_ms, entries=[b"{}"])
            append_link(pen, link)
            head = Head(link.seq, link.hash)

    aged.await_(aged.store.work(write_out_of_order))
    chain = verify(aged.path, cut_before_ms=aged.clock.now_ms - 3 * DAY_MS).chains[1]
    assert chain.cut
    assert chain.cut.seq == 6


FORGED = "INSERT INTO audit_anchor SELECT writer, seq, at_ms, hash FROM audit WHERE writer = 'server' AND seq = 3"


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        (f"{FORGED}; DELETE FROM audit WHERE writer = 'server' AND seq <= 3", "no entry says who did it"),
        (FORGED, "no entry says who did it"),
    ],
)
def test_beginning_taken_away_does_not_pass_for_pruned(aged: OpenedFile, sql: str, why: str) -> None:
    """An anchor counts only with an entry that names it, in a link of a chain that holds."""
    alter(aged.path, sql)
    assert [(broken.seq, broken.why.rpartition(", and ")[2]) for broken in verify(aged.path).breaks] == [(3, why)]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM audit_anchor",
        "UPDATE audit_anchor SET hash = randomblob(32)",
        "UPDATE audit_anchor SET seq = seq + 1",
        "UPDATE audit_anchor SET seq = seq - 1",
        "UPDATE audit_anchor SET writer = 'cli'",
        "DELETE FROM audit WHERE entries LIKE '%AuditPruned%'",
        "DELETE FROM audit WHERE writer = 'server'",
        "DELETE FROM audit WHERE seq = 7",
        "UPDATE audit SET entries = replace(entries, '\"server\":[6', '\"server\":[5')",
    ],
)
def test_alteration_of_a_pruned_chain_is_found(aged: OpenedFile, sql: str) -> None:
    """Of the anchor, of the entry that names it, of what is left."""
    prune(aged, aged.clock.now_ms - 3 * DAY_MS)
    aged.save(SessionsFromMoved(aged.clock.now_ms, "server"))
    assert verify(aged.path).breaks == ()
    alter(aged.path, sql)
    assert verify(aged.path).breaks
