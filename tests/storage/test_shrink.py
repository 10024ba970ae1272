"""The file becomes smaller when its rows have gone (goals P9): by itself, some pages at a time, beside units."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic

import apsw
import psycopg
import pytest
from psycopg.errors import UniqueViolation

from callgate.model.changes import SessionOpened
from callgate.model.session import Session
from callgate.storage import postgres_link
from callgate.storage.backup import BackupBroken, compact
from callgate.storage.check import check_file
from callgate.storage.load_space import SHRINKING
from callgate.storage.postgres import PostgresStore
from callgate.storage.postgres_errors import Refused
from callgate.storage.sqlite import StoreOptions
from callgate.storage.sqlite_file import InUse, NotOurs
from callgate.storage.sqlite_writer import FREE_PAGES_MAX, FREE_PART
from callgate.storage.sweep import sweep_due
from tests.postgres_server import needs_postgres, shared_postgres
from tests.storage.engines import Opened, PostgresWorld, open_postgres, open_sqlite, postgres_world
from tests.storage.world import NOW_MS, service_session_of

Look = Callable[[str, tuple[int | str, ...]], object]

DAY_MS = 86_400_000
CROWD = 10_000
PAGE = 4096
BLOCK_S_MAX = 30


def fill(store: Opened) -> None:
    """Open sessions that are over in an hour."""
    for first in range(0, CROWD, 500):
        store.save(*(SessionOpened(service_session_of(number)) for number in range(first, first + 500)))


def multiply(look: Look) -> None:
    """Make such a crowd beside the store, of the first session."""
    fields, first = (*Session._fields, "sweep_bucket"), service_session_of(0).id
    chosen = ", ".join(f"{field} + value" if field == "id" else field for field in fields)
    look(
        f"WITH RECURSIVE series (value) AS"
        f" (SELECT CAST(1 AS BIGINT) UNION ALL SELECT value + 1 FROM series WHERE value < {CROWD})"
        f" INSERT INTO session ({', '.join(fields)}) SELECT {chosen} FROM series, session WHERE id = {first}",
        (),
    )


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


def make_earlier(database: Path) -> None:
    """Give a file the format of versions that knew no way to become shorter."""
    with closing(apsw.Connection(str(database))) as connection:
        connection.pragma("auto_vacuum", "none")
        connection.execute("VACUUM")


def test_file_of_an_earlier_version_stays_as_long_as_it_was(database: Path) -> None:
    """Its format knows no way to become shorter; that is no reason to try for ever."""
    make_earlier(database)
    with open_sqlite(database) as store:
        fill(store)
        store.await_(sweep_due(store.store, NOW_MS + DAY_MS))
        assert not store.await_(store.store.shrink())
        ((free,),) = store.rows("PRAGMA freelist_count")
    assert isinstance(free, int)
    assert free > FREE_PAGES_MAX


def test_a_file_written_anew_is_small_and_becomes_smaller_from_then_on(database: Path) -> None:
    """`callgate db compact`: what lay in the log is in it, what was free is not; nobody may have it open."""
    make_earlier(database)
    with open_sqlite(database) as store:
        store.save(SessionOpened(service_session_of(0)))
        multiply(store.look)
        checkpoint(database)
        store.rows("DELETE FROM session")
        store.save(SessionOpened(service_session_of(1)))
        held = [store.rows(f"SELECT * FROM {table}") for table in ("audit", "session")]
        with pytest.raises(InUse, match="served by another process"):
            compact(database)
    with open_sqlite(database, StoreOptions(writer="cli", exclusive=False)), pytest.raises(InUse, match="is open in"):
        compact(database)
    full = size_of(database)
    assert compact(database) == (full, size_of(database))
    assert size_of(database) < full / 2
    assert check_file(database) == ()
    assert database.stat().st_mode & 0o077 == 0
    with open_sqlite(database) as store:
        assert [store.rows(f"SELECT * FROM {table}") for table in ("audit", "session")] == held
        store.rows("DELETE FROM session")
        store.save(SessionOpened(service_session_of(0)))
        multiply(store.look)
        store.rows("DELETE FROM session")
        checkpoint(database)
        full = size_of(database)
        store.await_(sweep_due(store.store, NOW_MS))
        assert size_of(database) < full / 2


def overwrite(database: Path) -> None:
    """Have a disk that forgot most of it."""
    database.write_bytes(database.read_bytes()[: 3 * PAGE].ljust(database.stat().st_size, b"?"))


def forbid_what_is_there(database: Path) -> None:
    """Have a row that its table does not allow, which is found only by whoever looks for it."""
    with closing(apsw.Connection(str(database))) as connection:
        connection.pragma("writable_schema", 1)
        connection.execute("UPDATE sqlite_schema SET sql = replace(sql, 'name TEXT', 'name TEXT NOT NULL')")
        assert connection.changes()


def give_away(database: Path) -> None:
    """Have another program's database there."""
    database.unlink()
    with closing(apsw.Connection(str(database))) as connection:
        connection.pragma("application_id", 7)
        connection.execute("CREATE TABLE theirs (x)")


@pytest.mark.parametrize(
    ("spoil", "told"), [(overwrite, BackupBroken), (forbid_what_is_there, BackupBroken), (give_away, NotOurs)]
)
def test_what_is_no_whole_database_of_ours_stays_as_it_is(
    database: Path, spoil: Callable[[Path], None], told: type[Exception]
) -> None:
    """Neither a damaged file nor a stranger's is put in its own place; one that is not there is not made."""
    with pytest.raises(FileNotFoundError):
        compact(database.with_name("gone.db"))
    spoil(database)
    there = database.stat()
    with pytest.raises(told):
        compact(database)
    assert (database.stat().st_ino, database.stat().st_size) == (there.st_ino, there.st_size)
    assert {path.name for path in database.parent.iterdir() if "draft" in path.name} == set()


@needs_postgres
def test_an_index_on_postgresql_becomes_small_again_when_its_sessions_have_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Autovacuum, done by hand here, leaves it as long as it was; and a REINDEX that was cut short leaves its own."""
    began_s = monotonic() - 60
    monkeypatch.setattr("callgate.storage.postgres_space.monotonic", lambda: monotonic() - began_s)  # a new machine's
    world = postgres_world()
    world.put_back()
    with open_postgres(world) as store:
        store.save(SessionOpened(service_session_of(0)))
    multiply(world.look)
    ((partition,),) = world.look("SELECT DISTINCT CAST(CAST(tableoid AS regclass) AS TEXT) FROM session", ())
    with pytest.raises(UniqueViolation):
        world.look(f"CREATE UNIQUE INDEX CONCURRENTLY x_ccnew1 ON {partition} (state)", ())
    world.look("VACUUM ANALYZE session", ())
    there = files_of(world, str(partition))
    sweep(world)
    assert files_of(world, str(partition)) == there, "none that is full is made anew"
    full = indexes_of(world, str(partition))
    world.look("DELETE FROM session", ())
    world.look("VACUUM ANALYZE session", ())
    assert indexes_of(world, str(partition)) == full, "autovacuum makes none smaller"
    sweep(world)
    assert indexes_of(world, str(partition)) < full / 2
    assert world.look("SELECT count(*) FROM pg_index WHERE NOT indisvalid", ()) == [(0,)]


@needs_postgres
def test_an_index_is_made_anew_by_one_process_once_and_as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes is waited for, longer than a statement may take; and where figures go on saying so, it rests."""
    monkeypatch.setattr(postgres_link, "ROUND_S", 0.6)
    settings = postgres_link._SETTINGS.replace(b"statement_timeout='5s'", b"statement_timeout='600ms'")
    monkeypatch.setattr(postgres_link, "_SETTINGS", settings)
    world = postgres_world()
    world.put_back()
    with open_postgres(world) as store:
        store.save(SessionOpened(service_session_of(0)))
        with beside(world, f"SELECT pg_advisory_lock({SHRINKING})"):
            first = loosen(world)
            assert not store.await_(store.store.shrink()), "another process is at it"
            assert loosen(world) == first
        with beside(world, "LOCK TABLE session IN ROW EXCLUSIVE MODE", seconds=1):
            assert store.await_(store.store.shrink())
        second = loosen(world)
        assert second != first
        assert not store.await_(store.store.shrink()), "it was made anew a moment ago"
        assert loosen(world) == second


@needs_postgres
def test_no_index_is_made_anew_for_a_while_once_that_failed() -> None:
    """Each attempt leaves something that everybody writes."""
    world = postgres_world()
    world.put_back()
    with open_postgres(world) as store:
        store.save(SessionOpened(service_session_of(0)))
        first = loosen(world)
        assert isinstance(store.store, PostgresStore)
        with pytest.raises(Refused, match="does not exist"):
            store.await_(store.store._space.make_anew("public.none"))
        assert not store.await_(store.store.shrink())
        assert loosen(world) == first


@contextmanager
def beside(world: PostgresWorld, sql: str, *, seconds: float = 0) -> Iterator[None]:
    """Somebody else's transaction, which did something; it ends after so many seconds, or with the block."""
    with psycopg.connect(world.place.url) as other:
        other.execute(sql.encode())
        ending = threading.Timer(seconds or BLOCK_S_MAX, other.rollback)
        ending.start()
        try:
            yield
        finally:
            ending.cancel()
            ending.join()


def loosen(world: PostgresWorld) -> int:
    """Make the figures of the sessions' index by their id say that it is mostly room; gives where its file is."""
    world.look("ANALYZE session", ())
    ((name,),) = world.look(
        "SELECT DISTINCT indexrelid::regclass::text FROM session"
        " JOIN pg_index ON indrelid = session.tableoid AND indisprimary",
        (),
    )
    changed = f"UPDATE pg_class SET relpages = 9999, reltuples = 0 WHERE oid = '{name}'::regclass RETURNING relfilenode"
    ((file,),) = shared_postgres().execute(changed, database=world.name)
    assert isinstance(file, int)
    return file


def sweep(world: PostgresWorld) -> None:
    """What a server does every minute."""
    with open_postgres(world) as store:
        store.await_(sweep_due(store.store, NOW_MS))


def indexes_of(world: PostgresWorld, table: str) -> int:
    """The bytes that a table's indexes take, without their maps of free pages, which vacuums make."""
    sizes = "SELECT sum(pg_relation_size(indexrelid))::bigint FROM pg_index WHERE indrelid = CAST(? AS regclass)"
    ((found,),) = world.look(sizes, (table,))
    assert isinstance(found, int)
    return found


def files_of(world: PostgresWorld, table: str) -> set[tuple[object, ...]]:
    """Where a table's indexes lie that are whole."""
    files = "SELECT pg_relation_filenode(indexrelid) FROM pg_index WHERE indrelid = CAST(? AS regclass) AND indisvalid"
    return {*world.look(files, (table,))}
