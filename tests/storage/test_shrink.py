"""The file becomes smaller when its rows have gone (goals P9): by itself, some pages at a time, beside units."""

from contextlib import closing
from pathlib import Path

import apsw

from callgate.model.changes import SessionOpened
from callgate.storage.sqlite_writer import FREE_PAGES_MAX, FREE_PART
from callgate.storage.sweep import sweep_due
from tests.storage.engines import Opened, open_sqlite
from tests.storage.world import NOW_MS, service_session_of

DAY_MS = 86_400_000
CROWD = 10_000
PAGE = 4096


def fill(store: Opened) -> None:
    """Open sessions that are over in an hour."""
    for first in range(0, CROWD, 500):
        store.save(*(SessionOpened(service_session_of(number)) for number in range(first, first + 500)))


def size_of(database: Path) -> int:
    """The file's length, without the log."""
    return database.stat().st_size


def checkpoint(database: Path) -> None:
    """Move what stands in the log into the file."""
    with closing(apsw.Connection(str(database))) as connection:
        connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()


def test_file_shrinks_when_its_sessions_have_gone(database: Path) -> None:
    """A part stays free for what comes next; the audit log is all that is left of them."""
    with open_sqlite(database) as store:
        fill(store)
        checkpoint(database)
        full = size_of(database)
        store.await_(sweep_due(store.store, NOW_MS + DAY_MS))
        ((free,),), ((pages,),) = store.rows("PRAGMA freelist_count"), store.rows("PRAGMA page_count")
        after = size_of(database)
    assert isinstance(free, int)
    assert isinstance(pages, int)
    assert free < max(FREE_PAGES_MAX, pages / FREE_PART)
    assert after == pages * PAGE
    assert after < full


def test_file_of_an_earlier_version_stays_as_long_as_it_was(database: Path) -> None:
    """Its format knows no way to become shorter; that is no reason to try for ever."""
    with closing(apsw.Connection(str(database))) as connection:
        connection.pragma("auto_vacuum", "none")
        connection.execute("VACUUM")
    with open_sqlite(database) as store:
        fill(store)
        store.await_(sweep_due(store.store, NOW_MS + DAY_MS))
        assert not store.await_(store.store.shrink())
        ((free,),) = store.rows("PRAGMA freelist_count")
    assert isinstance(free, int)
    assert free > FREE_PAGES_MAX
