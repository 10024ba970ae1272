"""Backup while the server writes, and restore: what was acknowledged is in it, and no session of before lives on."""

import asyncio
import threading
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from callgate.model.changes import SessionEnded, SessionOpened
from callgate.model.lookups import ClientLookup, SessionLookup
from callgate.model.session import EndReason
from callgate.storage.audit import verify_audit
from callgate.storage.backup import BackupBroken, back_up, restore
from callgate.storage.schema import HEAD, migrate_file, revision_of
from callgate.storage.scripts import SchemaDiffers
from callgate.storage.sqlite import SqliteStore, StoreOptions
from callgate.storage.sqlite_file import InUse, NotOurs, open_reader
from callgate.storage.sqlite_view import SqliteView
from tests.storage.engines import OpenedFile, TestClock, open_sqlite, unit_of
from tests.storage.world import ACCOUNT, APP, KEYS, NOW_MS, service_session_of, session_of

FIRST = SessionLookup(ACCOUNT.id, session_of(0).id)


def sessions_in(path: Path) -> set[int]:
    """The numbers of the sessions in a file."""
    with closing(open_reader(path)) as connection:
        return {int(str(row[0])) - 1_000_000 for row in connection.execute("SELECT id FROM session")}


def leftovers(folder: Path) -> list[str]:
    """Files that no one should find afterwards."""
    return sorted(path.name for path in folder.iterdir() if ".draft" in path.name)


def test_backup_of_a_served_database_has_what_was_acknowledged(embedded: OpenedFile, tmp_path: Path) -> None:
    """And stands alone: one file, whole, its owner's only."""
    embedded.save(SessionOpened(session_of(0)))
    target = tmp_path / "backup.db"
    seen: list[tuple[int, int]] = []
    back_up(embedded.path, target, progress=lambda done, total: seen.append((done, total)))
    embedded.save(SessionOpened(session_of(1)))
    assert sessions_in(target) == {0}
    assert seen[-1][0] == seen[-1][1] > 0
    assert target.stat().st_mode & 0o077 == 0
    assert not target.with_name("backup.db-wal").exists()
    assert leftovers(tmp_path) == []
    with pytest.raises(FileExistsError):
        back_up(embedded.path, target)


def test_backup_is_one_moment_while_the_server_writes(embedded: OpenedFile, tmp_path: Path) -> None:
    """Every row acknowledged before it began, and of those during it a beginning without gaps."""
    acknowledged: list[int] = []
    stop = threading.Event()

    async def write() -> None:
        number = 0
        while not stop.is_set():
            await embedded.store.run(unit_of(SessionOpened(service_session_of(number))))
            acknowledged.append(number)
            number += 1

    async def back_up_thrice() -> None:
        writing = asyncio.ensure_future(write())
        for attempt in range(3):
            await asyncio.sleep(0.05)
            before = set(acknowledged)
            target = tmp_path / f"backup-{attempt}.db"
            await asyncio.to_thread(back_up, embedded.path, target)
            found = sessions_in(target)
            assert before <= found
            assert found == set(range(len(found)))
        stop.set()
        await writing

    embedded.await_(back_up_thrice())
    assert len(acknowledged) > 3


@pytest.mark.requirement("ruling 5")
def test_restore_ends_every_session_of_before(embedded: OpenedFile, tmp_path: Path) -> None:
    """Ruling 5: what was revoked after the backup does not come back; what is opened afterwards lives."""
    backup = tmp_path / "backup.db"
    embedded.save(SessionOpened(session_of(0)))
    back_up(embedded.path, backup)
    embedded.clock.now_ms += 60_000
    embedded.save(SessionEnded(session_of(0), EndReason.REVOKED, NOW_MS + 60_000, APP.id))
    with pytest.raises(InUse):
        restore(backup, embedded.path, clock=TestClock(), by="cli")
    embedded.await_(embedded.store.close())
    sessions_from_ms = restore(backup, embedded.path, clock=TestClock(NOW_MS + 120_000), by="cli")
    assert leftovers(tmp_path) == []
    with open_sqlite(embedded.path) as restored:
        restored.clock.now_ms = NOW_MS + 120_000
        facts = restored.read(FIRST)
        assert facts.session == session_of(0)
        assert facts.sessions_from_ms == sessions_from_ms > facts.session.issued_ms
        assert facts.now_ms >= sessions_from_ms
        assert restored.read(ClientLookup(APP.id)) == (facts.client, KEYS)
        with closing(open_reader(restored.path)) as reader:
            view = SqliteView(reader)
            view.stamp(0)
            report = verify_audit(view)
    assert report.breaks == ()
    assert [(chain.writer, chain.links) for chain in report.chains] == [("cli", 2), ("server", 1)]


def test_restore_waits_for_commands_that_have_the_database_open(database: Path, tmp_path: Path) -> None:
    """What they wrote would be gone; and the last to close the old file would remove the log of the new one by name."""
    backup = tmp_path / "backup.db"
    back_up(database, backup)
    with open_sqlite(database, StoreOptions(writer="cli", exclusive=False)) as command:
        with pytest.raises(InUse, match="open in another process"):
            restore(backup, database, clock=TestClock(), by="cli")
        command.save(SessionOpened(session_of(0)))
    assert sessions_in(database) == {0}
    restore(backup, database, clock=TestClock(), by="cli")
    assert sessions_in(database) == set()


def test_nobody_opens_a_database_that_is_being_replaced(database: Path, tmp_path: Path) -> None:
    """A log begun between the old file and the new one would be taken for the new one's."""
    backup = tmp_path / "backup.db"
    back_up(database, backup)
    refused: list[str] = []

    def meddle(_done: int, _all: int) -> None:
        for attempt in (migrate_file, lambda path: SqliteStore.open(path, clock=TestClock())):
            with pytest.raises(InUse) as raised:
                attempt(database)
            refused.append(str(raised.value))

    restore(backup, database, clock=TestClock(), by="cli", progress=meddle)
    assert set(refused) == {
        f"{database} is being restored, compacted or copied",
        f"{database} is served by another process",
    }


def test_sessions_from_is_above_what_was_issued_when_the_clock_is_behind(embedded: OpenedFile, tmp_path: Path) -> None:
    """The restoring machine's clock may be slow; the database's mark is up to a second old."""
    embedded.clock.now_ms = NOW_MS + 500
    late = session_of(0)._replace(issued_ms=NOW_MS + 500)
    embedded.save(SessionOpened(late))
    back_up(embedded.path, tmp_path / "backup.db")
    sessions_from_ms = restore(tmp_path / "backup.db", tmp_path / "new.db", clock=TestClock(5), by="cli")
    assert sessions_from_ms > late.issued_ms


def test_restore_takes_the_place_of_what_is_there_with_its_log(embedded: OpenedFile, tmp_path: Path) -> None:
    """A log left by a crash belongs to the old file: the new one must not be taken for it."""
    backup = tmp_path / "backup.db"
    back_up(embedded.path, backup)
    embedded.save(SessionOpened(session_of(0)))
    log, data = embedded.path.with_name("callgate.db-wal").read_bytes(), embedded.path.read_bytes()
    embedded.await_(embedded.store.close())
    embedded.path.write_bytes(data)
    embedded.path.with_name("callgate.db-wal").write_bytes(log)
    restore(backup, embedded.path, clock=TestClock(), by="cli")
    assert sessions_in(embedded.path) == set()
    with closing(open_reader(embedded.path)) as connection:
        assert connection.pragma("integrity_check") == "ok"


def test_restore_replaces_a_broken_database(database: Path, tmp_path: Path) -> None:
    """That is what it is for."""
    backup = tmp_path / "backup.db"
    back_up(database, backup)
    database.write_bytes(b"not a database at all, and long enough to be read as a header" * 100)
    restore(backup, database, clock=TestClock(), by="cli")
    with open_sqlite(database) as restored:
        assert restored.read(ClientLookup(APP.id)).client == APP


def unlist_index(path: Path) -> None:
    """Damage that only a check finds: a row that its index does not list."""
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("PRAGMA writable_schema = on")
        [(root, sql)] = connection.execute("SELECT rootpage, sql FROM sqlite_schema WHERE name = 'audit_at'")
        connection.execute("DELETE FROM sqlite_schema WHERE name = 'audit_at'")
        connection.execute("PRAGMA writable_schema = reset")
        connection.execute("INSERT INTO audit VALUES ('x', 1, 5, '', x'', x'')")
        connection.execute("PRAGMA writable_schema = on")
        connection.execute("INSERT INTO sqlite_schema VALUES ('index', 'audit_at', 'audit', ?, ?)", (root, sql))


def test_nothing_is_restored_when_the_backup_is_not_one(database: Path, tmp_path: Path) -> None:
    """Something else's database, a damaged copy, a newer version's: what is there stays."""
    theirs, damaged, newer = tmp_path / "theirs.db", tmp_path / "damaged.db", tmp_path / "newer.db"
    with closing(apsw.Connection(str(theirs))) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    back_up(database, damaged)
    content = bytearray(damaged.read_bytes())
    page = 4096 * 3
    content[page : page + 4096] = bytes(4096)
    damaged.write_bytes(content)
    back_up(database, newer)
    with closing(apsw.Connection(str(newer))) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    text, grown = tmp_path / "text", tmp_path / "grown.db"
    text.write_bytes(b"no database, but long enough to be taken for the first page of one " * 100)
    back_up(newer, grown)
    with closing(apsw.Connection(str(grown))) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (HEAD,))
    unlist_index(grown)
    before = database.read_bytes()
    refusals = (
        (theirs, NotOurs),
        (text, BackupBroken),
        (damaged, BackupBroken),
        (grown, BackupBroken),
        (newer, SchemaDiffers),
    )
    for backup, refusal in refusals:
        with pytest.raises(refusal):
            restore(backup, database, clock=TestClock(), by="cli")
    assert database.read_bytes() == before
    assert leftovers(tmp_path) == []


def test_backup_of_an_older_version_is_migrated(tmp_path: Path) -> None:
    """It opens at once with this version."""
    old = tmp_path / "old.db"
    migrate_file(old, "0001")
    restore(old, tmp_path / "new.db", clock=TestClock(), by="cli")
    with closing(open_reader(tmp_path / "new.db")) as connection:
        assert revision_of(connection) == HEAD
    with closing(open_reader(old)) as connection:
        assert revision_of(connection) == "0001"
