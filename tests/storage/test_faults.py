"""What the world may do to the file: full, failing, locked, read-only. Acknowledged is stored, and nothing hangs."""

import asyncio
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw
import pytest

from callgate.model.acts import CellLookup
from callgate.model.changes import Change, SessionEnded, SessionOpened, SessionRotated
from callgate.model.decisions import Done
from callgate.model.facts import SessionFacts
from callgate.model.failure import Unavailable
from callgate.model.lookups import ClientLookup, KeysLookup, SessionLookup
from callgate.model.session import EndReason
from callgate.protocol.administer.sessions import end_every_session
from callgate.storage.pen import Pen
from callgate.storage.port import Health, Unit
from callgate.storage.schema import migrate_file
from callgate.storage.scripts import SchemaDiffers
from callgate.storage.sqlite import SqliteStore, StoreOptions
from callgate.storage.sqlite_file import InUse, NotOurs
from tests.storage.engines import Opened, OpenedFile, Plan, TestClock, open_sqlite, unit_of
from tests.storage.world import ACCOUNT, APP, NOW_MS, refreshed, service_session_of, session_of

FIRST = SessionLookup(ACCOUNT.id, session_of(0).id)


def stored(store: Opened) -> set[int]:
    """The numbers of the sessions in the file."""
    return {int(str(row[0])) - 1_000_000 for row in store.rows("SELECT id FROM session")}


def open_many(store: Opened, numbers: range) -> set[int]:
    """Open a session for each number, all at once; the acknowledged ones."""
    outcomes = store.save_at_once(*((SessionOpened(service_session_of(number)),) for number in numbers))
    assert {type(outcome) for outcome in outcomes} <= {type(None), Unavailable}
    return {number for number, outcome in zip(numbers, outcomes, strict=True) if outcome is None}


# --- full --------------------------------------------------------------------------------------------------------


def test_writes_are_refused_while_the_database_is_full_and_work_again_after(embedded: OpenedFile) -> None:
    """max_page_count: reads and what needs no write go on; acknowledged equals stored; no restart is needed."""
    embedded.save(SessionOpened(session_of(0)))
    connection = embedded.writer
    pages = connection.pragma("page_count")
    connection.pragma("max_page_count", pages)
    acknowledged = {0}
    for start in range(1, 400, 20):
        acknowledged |= open_many(embedded, range(start, start + 20))
    assert 0 < len(acknowledged) < 400
    assert stored(embedded) == acknowledged
    assert embedded.read(FIRST).session == session_of(0)
    assert embedded.store.health is Health.SERVING
    connection.pragma("max_page_count", pages + 100)
    acknowledged |= open_many(embedded, range(400, 410))
    assert stored(embedded) == acknowledged
    assert acknowledged >= set(range(400, 410))


def test_batch_is_undone_when_the_disk_is_full_at_its_commit(faulty: Opened, plan: Plan) -> None:
    """Nothing of it happened, so nothing of it is acknowledged; what needs no write is answered from committed rows."""

    def refuse() -> None:
        raise apsw.FullError("no space")

    seen: list[object] = []

    def deny(facts: SessionFacts) -> Done:
        seen.append(facts.session)
        return Done()

    def break_down(_: SessionFacts) -> Done:
        if plan.on_write is refuse and seen:
            raise ZeroDivisionError
        return Done()

    async def submit() -> tuple[object, ...]:
        return await asyncio.gather(
            faulty.store.run(unit_of(SessionOpened(session_of(0)))),
            faulty.store.run(Unit(FIRST, deny)),
            faulty.store.run(Unit(FIRST, break_down)),
            faulty.store.work(lambda pen: pen.write("UPDATE cell SET clock_ms = 5", ())),
            return_exceptions=True,
        )

    faulty.save()
    plan.on_write = refuse
    outcomes = faulty.await_(submit())
    assert [type(outcome) for outcome in outcomes] == [Unavailable, Done, ZeroDivisionError, Unavailable]
    assert seen == [session_of(0), None]
    plan.on_write = lambda: None
    assert faulty.store.health is Health.SERVING
    assert open_many(faulty, range(5)) == set(range(5)) == stored(faulty)


# --- failing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["sync", "write"])
def test_store_fails_for_good_when_its_commit_does(faulty: OpenedFile, plan: Plan, moment: str) -> None:
    """After a failed sync nobody can know what the disk has: no 2xx any more, and the process is told to end."""

    def break_down() -> None:
        raise apsw.IOError("the disk is gone")

    acknowledged = open_many(faulty, range(10))
    assert acknowledged == set(range(10))
    setattr(plan, f"on_{moment}", break_down)
    assert open_many(faulty, range(10, 20)) == set()
    setattr(plan, f"on_{moment}", lambda: None)
    assert open_many(faulty, range(20, 30)) == set()
    assert faulty.store.health is Health.FAILED
    assert [type(error) for error in faulty.fatal] == [apsw.IOError]
    assert faulty.read(SessionLookup(ACCOUNT.id, session_of(1).id)).session == service_session_of(1)
    faulty.await_(faulty.store.close())
    with open_sqlite(faulty.path) as again:
        assert acknowledged <= stored(again) <= acknowledged | set(range(10, 20))
        assert open_many(again, range(30, 40)) == set(range(30, 40))


def test_waiting_units_fail_too_when_the_commit_before_them_fails(faulty: Opened, plan: Plan) -> None:
    """Those of the batch and those behind it; none is left hanging."""
    arrived, go_on = threading.Event(), threading.Event()

    def break_down_late() -> None:
        arrived.set()
        assert go_on.wait(20)
        raise apsw.IOError("the disk is gone")

    async def submit() -> list[object]:
        first = asyncio.ensure_future(faulty.store.run(unit_of(SessionOpened(session_of(0)))))
        await asyncio.to_thread(arrived.wait, 20)
        behind = [asyncio.ensure_future(faulty.store.run(unit_of())) for _ in range(3)]
        await asyncio.sleep(0)
        go_on.set()
        return list(await asyncio.gather(first, *behind, return_exceptions=True))

    faulty.save()
    plan.on_sync = break_down_late
    assert [type(outcome) for outcome in faulty.await_(submit())] == [Unavailable] * 4
    assert stored(faulty) == set()


def interrupting(embedded: OpenedFile, *changes: Change) -> Callable[[object], Done]:
    """A decision whose writing is interrupted, which makes SQLite end the whole transaction."""
    connection = embedded.writer

    def interrupt_inserts(_cursor: apsw.Cursor, sql: str, _values: object) -> bool:
        connection.set_progress_handler((lambda: True) if "INSERT INTO session" in sql else None, 1)
        return True

    def decide(_: object) -> Done:
        connection.set_exec_trace(interrupt_inserts)
        return Done(changes)

    return decide


@pytest.mark.parametrize("number", [1, 2])
def test_no_unit_of_a_batch_has_happened_when_an_error_ended_its_transaction(embedded: OpenedFile, number: int) -> None:
    """Units before it are not acknowledged, units behind it go on in the next batch."""
    connection = embedded.writer
    changes = [SessionOpened(session_of(5 + index)) for index in range(number)]

    async def submit() -> list[object]:
        before = asyncio.ensure_future(embedded.store.run(unit_of(SessionOpened(session_of(0)))))
        reading = asyncio.ensure_future(embedded.store.run(Unit(FIRST, lambda _: Done())))
        failing = asyncio.ensure_future(embedded.store.run(Unit(KeysLookup(), interrupting(embedded, *changes))))
        outcomes = await asyncio.gather(before, reading, failing, return_exceptions=True)
        connection.set_exec_trace(None)
        connection.set_progress_handler(None)
        return [*outcomes, await embedded.store.run(unit_of(SessionOpened(session_of(9))))]

    outcomes = [type(outcome) for outcome in embedded.await_(submit())]
    assert outcomes == [Unavailable, Done, Unavailable, Done]
    assert stored(embedded) == {9}
    assert embedded.store.health is Health.SERVING


def test_store_fails_when_a_batch_cannot_even_be_undone(embedded: OpenedFile) -> None:
    """Whatever the state of such a connection is, it is not to be worked with."""
    connection = embedded.writer

    def close(_: object) -> Done:
        connection.close()
        return Done((SessionOpened(session_of(0)),))

    with pytest.raises(Unavailable):
        embedded.run(KeysLookup(), close)
    assert embedded.store.health is Health.FAILED
    assert stored(embedded) == set()


def test_whole_batch_is_undone_when_one_of_its_units_cannot_be(embedded: OpenedFile) -> None:
    """Half a unit must not be committed with its neighbours."""

    def spoil(pen: Pen) -> None:
        pen.write("RELEASE unit", ())
        pen.write("UPDATE cell SET sessions_from_ms = 5", ())

    async def submit() -> tuple[object, ...]:
        return await asyncio.gather(
            embedded.store.run(unit_of(SessionOpened(session_of(0)))),
            embedded.store.work(spoil),
            return_exceptions=True,
        )

    assert [type(outcome) for outcome in embedded.await_(submit())] == [Unavailable, Unavailable]
    assert stored(embedded) == set()
    assert embedded.rows("SELECT sessions_from_ms FROM cell") == [(0,)]
    embedded.save(SessionOpened(session_of(1)))


def test_defect_in_upkeep_is_its_callers_and_undone_alone(embedded: OpenedFile) -> None:
    """Like a unit's."""

    def break_down(pen: Pen) -> None:
        pen.write("UPDATE cell SET sessions_from_ms = 5", ())
        pen.write("UPDATE nothing", ())

    with pytest.raises(apsw.SQLError):
        embedded.await_(embedded.store.work(break_down))
    assert embedded.rows("SELECT sessions_from_ms FROM cell") == [(0,)]


def test_units_are_unavailable_while_no_transaction_begins(embedded: OpenedFile) -> None:
    """Whatever the reason; what needs no write is answered."""
    embedded.writer.close()
    with pytest.raises(Unavailable):
        embedded.save(SessionOpened(session_of(0)))
    assert embedded.run(FIRST, lambda _: Done()) == Done()


def test_read_is_unavailable_when_the_disk_cannot_be_read(database: Path) -> None:
    """A failure of the world, told as one."""
    with open_sqlite(database) as store:
        database.write_bytes(b"")
        with pytest.raises(Unavailable):
            store.read(ClientLookup(APP.id))
        with pytest.raises(Unavailable):
            store.run(ClientLookup(APP.id), lambda _: Done())


# --- locked ------------------------------------------------------------------------------------------------------


@contextmanager
def writing_elsewhere(path: Path) -> Iterator[apsw.Connection]:
    """Another process's open transaction (a connection of its own is the same to SQLite)."""
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


def test_batch_waits_beside_the_loop_while_another_process_writes(embedded: OpenedFile) -> None:
    """The command line's transaction is waited for, and reads go on meanwhile."""

    async def wait() -> None:
        with writing_elsewhere(embedded.path) as other:
            writing = asyncio.ensure_future(embedded.store.run(unit_of(SessionOpened(session_of(0)))))
            until = time.monotonic() + 0.2
            while time.monotonic() < until:
                assert (await embedded.store.read(FIRST)).session is None
                await asyncio.sleep(0.005)
            assert not writing.done()
            other.execute("COMMIT")
            await writing

    embedded.await_(wait())
    assert stored(embedded) == {0}


def test_batch_is_unavailable_when_another_process_writes_too_long(database: Path) -> None:
    """Then what needs no write is still answered, and the next batch tries again."""
    with open_sqlite(database, StoreOptions(busy_ms=50)) as store:
        with writing_elsewhere(database):
            with pytest.raises(Unavailable):
                store.save(SessionOpened(session_of(0)))
            store.run(FIRST, lambda _: Done())
        store.save(SessionOpened(session_of(1)))
        assert stored(store) == {1}


def test_second_server_is_refused_while_the_command_line_is_not(embedded: OpenedFile) -> None:
    """assurance.md R22; once the first is gone another may come."""
    with pytest.raises(InUse), open_sqlite(embedded.path):
        pytest.fail("two servers have one file")
    with open_sqlite(embedded.path, StoreOptions(writer="cli", exclusive=False)) as beside:
        beside.save(SessionOpened(session_of(0)))
        assert embedded.read(FIRST).session == session_of(0)
        embedded.save(SessionEnded(session_of(0), EndReason.REVOKED, NOW_MS, APP.id))
        ended = beside.read(FIRST).session
        assert ended is not None
        assert ended.ended_why is EndReason.REVOKED
    embedded.await_(embedded.store.close())
    with open_sqlite(embedded.path) as next_server:
        assert next_server.store.health is Health.SERVING


# --- what is opened ----------------------------------------------------------------------------------------------


def test_file_of_something_else_is_refused(tmp_path: Path) -> None:
    """And left as it is."""
    path = tmp_path / "other.db"
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    before = path.read_bytes()
    for attempt in (migrate_file, lambda path: SqliteStore.open(path, clock=TestClock())):
        with pytest.raises(NotOurs):
            attempt(path)
    assert path.read_bytes() == before


def test_store_is_refused_when_its_schema_is_not_ours(tmp_path: Path) -> None:
    """An empty file, too: whoever starts a server migrates first."""
    path = tmp_path / "callgate.db"
    with pytest.raises(SchemaDiffers, match="base"):
        SqliteStore.open(path, clock=TestClock())
    migrate_file(path)
    with open_sqlite(path) as store:
        assert store.store.health is Health.SERVING


def test_database_is_readable_by_its_owner_alone(embedded: OpenedFile) -> None:
    """Its log and shared memory as well."""
    files = sorted(path for path in embedded.path.parent.iterdir() if path.name.startswith("callgate.db"))
    names = ["callgate.db", "callgate.db-shm", "callgate.db-wal", "callgate.db.lock", "callgate.db.open.lock"]
    assert [path.name for path in files] == names
    assert {path.stat().st_mode & 0o077 for path in files if path != embedded.path} == {0}


def test_store_that_is_not_started_is_unavailable(database: Path) -> None:
    """Neither before nor after: nothing would answer."""
    store = SqliteStore.open(database, clock=TestClock())
    assert store.health is Health.STOPPED
    for attempt in (store.run(unit_of()), store.work(lambda pen: pen.written)):
        with pytest.raises(Unavailable):
            asyncio.run(attempt)
    asyncio.run(store.close())


# --- file systems (root) -----------------------------------------------------------------------------------------


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """A small file system of the test's own."""
    folder = tmp_path / "mounted"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.root
def test_writes_are_refused_while_the_file_system_is_full_and_work_again_after(template: Path, mounted: Path) -> None:
    """assurance.md R4: acknowledged equals stored, no other error than Unavailable, recovery by itself."""
    path = Path(shutil.copy(template, mounted / "callgate.db"))
    with open_sqlite(path) as store:
        acknowledged = open_many(store, range(5))
        filler = mounted / "filler"
        free = shutil.disk_usage(mounted).free
        filler.write_bytes(bytes(free - 64 * 1024))
        for start in range(5, 2005, 40):
            acknowledged |= open_many(store, range(start, start + 40))
        assert 5 < len(acknowledged) < 2005
        assert stored(store) == acknowledged
        assert store.store.health is Health.SERVING
        filler.unlink()
        assert open_many(store, range(3000, 3010)) == set(range(3000, 3010))
        acknowledged |= set(range(3000, 3010))
    with open_sqlite(path) as again:
        assert stored(again) == acknowledged


@pytest.mark.root
@pytest.mark.parametrize("crashed", [False, True])
def test_store_answers_what_it_can_when_the_file_system_is_read_only(
    template: Path, mounted: Path, *, crashed: bool
) -> None:
    """assurance.md R5: reads and denials, the newest revocation among them though only the log has it."""
    path = Path(shutil.copy(template, mounted / "callgate.db"))
    with open_sqlite(path) as store:
        store.save(SessionOpened(session_of(0)))
        store.save(SessionEnded(session_of(0), EndReason.REVOKED, NOW_MS, APP.id))
        log = (mounted / "callgate.db-wal").read_bytes()
        unfolded = path.read_bytes()
    if crashed:
        path.write_bytes(unfolded)
        (mounted / "callgate.db-wal").write_bytes(log)
    subprocess.run(["mount", "-o", "remount,ro", mounted], check=True)
    assert not migrate_file(path)
    with open_sqlite(path) as store:
        assert store.store.health is Health.READ_ONLY
        found = store.read(FIRST).session
        assert found is not None
        assert found.ended_why is EndReason.REVOKED
        assert store.run(FIRST, lambda _: Done()) == Done()
        with pytest.raises(Unavailable):
            store.save(SessionOpened(session_of(1)))
        with pytest.raises(Unavailable):
            store.await_(store.store.work(lambda pen: pen.written))
    subprocess.run(["mount", "-o", "remount,rw", mounted], check=True)
    with open_sqlite(path) as store:
        store.save(SessionOpened(session_of(1)))
        assert stored(store) == {0, 1}


# --- a command beside a server whose time ran ahead ---------------------------------------------------------------


@pytest.mark.parametrize("ahead_ms", [700, 3_600_700], ids=["a moment", "an hour"])
def test_command_ends_what_a_server_issued_while_the_machine_s_clock_was_ahead(
    embedded: OpenedFile, ahead_ms: int
) -> None:
    """The clock was put right, or development moves its own: the server's time goes on from where it stood."""
    first = session_of(0)
    embedded.clock.now_ms += 3_600_000
    embedded.save(SessionOpened(first))
    embedded.clock.now_ms = NOW_MS + 3_600_000 + ahead_ms
    second = refreshed(first, embedded.clock.now_ms)
    embedded.save(SessionRotated(first, second))
    with open_sqlite(embedded.path, StoreOptions(writer="cli", exclusive=False)) as command:
        command.run(CellLookup(), lambda facts: end_every_session(facts=facts, by="cli"))
        assert command.read(SessionLookup(ACCOUNT.id, first.id)).sessions_from_ms > second.issued_ms
    again = session_of(1)
    embedded.clock.now_ms += 2000
    embedded.save(SessionOpened(again._replace(issued_ms=embedded.clock.now_ms)))
    facts = embedded.read(SessionLookup(ACCOUNT.id, again.id))
    assert facts.session is not None
    assert facts.session.issued_ms >= facts.sessions_from_ms
