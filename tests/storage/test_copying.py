"""A database moved to another engine: all of it arrives, or nothing does; nobody writes meanwhile."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import psycopg
import pytest

from callgate.model.database import PostgresPlace
from callgate.storage.backup import CopyRefused
from callgate.storage.copying import copy_database
from callgate.storage.postgres_batch import CELL
from callgate.storage.schema import HEAD, migrate_file
from callgate.storage.schema_postgres import require_postgres_head
from callgate.storage.scripts import SchemaDiffers
from callgate.storage.sqlite_file import InUse, NotOurs, keep_in_place, lock_file
from tests.postgres_server import migrated_template, needs_postgres, shared_postgres

pytestmark = needs_postgres

EXTREMES = """
INSERT INTO sign_in (id, account_id, extension_id, secret_sha256, signed_in_ms, expires_ms, password_version, factor)
VALUES (9223372036854775807, -1, 0, x'00ff', 1, 2, 3, 'a\tb\\c' || char(10, 8364, 128512)),
    (1, 2, 3, x'', 4, 5, 6, NULL)
"""

ALTERING = """
CREATE FUNCTION alter_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := NEW.name || ' '; RETURN NEW; END $$;
CREATE TRIGGER alter_it BEFORE INSERT ON account FOR EACH ROW EXECUTE FUNCTION alter_it()
"""


@pytest.fixture
def target() -> Iterator[PostgresPlace]:
    """An empty database."""
    server = shared_postgres()
    name = server.create(template=migrated_template())
    yield server.place(name)
    server.drop(name)


def silent(_done: int, _total: int) -> None:
    """Nobody watches."""


def rows_of(path: Path, table: str) -> list[tuple[object, ...]]:
    """What a table of the file holds."""
    with closing(apsw.Connection(str(path))) as connection:
        return sorted((tuple(row) for row in connection.execute(f"SELECT * FROM {table}")), key=repr)


def test_every_row_arrives_as_it_is(database: Path, target: PostgresPlace) -> None:
    """Extreme numbers, bytes and texts among them; the bar reaches its end."""
    with closing(apsw.Connection(str(database))) as connection:
        connection.execute(EXTREMES)
    seen: list[tuple[int, int]] = []
    copied = copy_database(database, target, progress=lambda done, total: seen.append((done, total)))
    require_postgres_head(target)
    assert sum(table.rows for table in copied) > 10
    assert seen[-1] == (2 * sum(table.rows for table in copied),) * 2
    for table in copied:
        columns = "id, account_id, extension_id, secret_sha256, signed_in_ms, expires_ms, password_version, factor"
        sql = f"SELECT {columns if table.table == 'sign_in' else '*'} FROM {table.table}"
        arrived = shared_postgres().execute(sql, database=target.shown)
        if table.table == "sign_in":
            with closing(apsw.Connection(str(database))) as connection:
                assert sorted(arrived, key=repr) == sorted(map(tuple, connection.execute(sql)), key=repr)
        assert len(arrived) == table.rows == len(rows_of(database, table.table))


def test_second_copy_is_refused(database: Path, target: PostgresPlace) -> None:
    """What is there is never written over, nor added to."""
    copied = copy_database(database, target, progress=silent)
    with pytest.raises(CopyRefused, match=r"holds data already .*make a new one"):
        copy_database(database, target, progress=silent)
    counts = [shared_postgres().execute(f"SELECT count(*) FROM {each.table}", database=target.shown) for each in copied]
    assert [count[0][0] for count in counts] == [each.rows for each in copied]


def test_file_that_somebody_has_is_not_copied(database: Path, target: PostgresPlace) -> None:
    """A server or a command: what it writes after we read it would be lost."""
    with lock_file(database), pytest.raises(InUse, match="served by another process"):
        copy_database(database, target, progress=silent)
    with keep_in_place(database), pytest.raises(InUse, match="open in another process"):
        copy_database(database, target, progress=silent)


def test_what_arrives_otherwise_is_not_kept(database: Path, target: PostgresPlace) -> None:
    """One text that is altered on its way: nothing is left behind."""
    server = shared_postgres()
    server.execute(ALTERING, database=target.shown)
    with pytest.raises(CopyRefused, match="account did not arrive as it was"):
        copy_database(database, target, progress=silent)
    server.execute("DROP FUNCTION alter_it CASCADE", database=target.shown)
    assert copy_database(database, target, progress=silent)


def test_what_is_no_database_of_this_version_is_not_copied(tmp_path: Path, target: PostgresPlace) -> None:
    """None, something else's, an older one."""
    with pytest.raises(CopyRefused, match="there is no"):
        copy_database(tmp_path / "none.db", target, progress=silent)
    with closing(apsw.Connection(str(tmp_path / "other.db"))) as connection:
        connection.execute("CREATE TABLE thing (x)")
    with pytest.raises(NotOurs):
        copy_database(tmp_path / "other.db", target, progress=silent)
    migrate_file(tmp_path / "old.db", "0002")
    with pytest.raises(SchemaDiffers, match="0002"):
        copy_database(tmp_path / "old.db", target, progress=silent)


def test_there_and_back_is_what_it_was(database: Path, target: PostgresPlace, tmp_path: Path) -> None:
    """From SQLite to PostgreSQL, to another database there, and to a file: the same sums at every station."""
    with closing(apsw.Connection(str(database))) as connection:
        connection.execute(EXTREMES)
    server = shared_postgres()
    second = server.place(server.create())
    try:
        sent = copy_database(database, target, progress=silent)
        assert copy_database(target, second, progress=silent) == sent
        assert copy_database(second, tmp_path / "back.db", progress=silent) == sent
    finally:
        server.drop(second.shown)
    for table in sent:
        assert rows_of(tmp_path / "back.db", table.table) == rows_of(database, table.table)
    assert (tmp_path / "back.db").stat().st_mode & 0o077 == 0


def test_database_that_a_server_has_is_not_copied(target: PostgresPlace, tmp_path: Path) -> None:
    """Whoever has taken a writer's name, or writes now (docs/adr/0075-acts-alone.md)."""
    back = tmp_path / "back.db"
    with psycopg.connect(target.url, autocommit=True) as writer:
        writer.execute("INSERT INTO writer (name, batch, at_ms) VALUES ('server-7', 0, 0)")
        writer.execute("SELECT pg_advisory_lock(hashtextextended('callgate writer server-7', 0))")
        with pytest.raises(InUse, match="server-7"):
            copy_database(target, back, progress=silent)
    with psycopg.connect(target.url) as act:
        act.execute("SELECT pg_advisory_xact_lock_shared(%s)", (CELL,))
        with pytest.raises(InUse, match="stop every server"):
            copy_database(target, back, progress=silent)
    assert copy_database(target, back, progress=silent)


def test_nothing_is_copied_to_a_database_that_a_server_has(database: Path, target: PostgresPlace) -> None:
    """One that was started on the empty database has nobody in its memory, and would write beside the copy."""
    with psycopg.connect(target.url) as act:
        act.execute("SELECT pg_advisory_xact_lock_shared(%s)", (CELL,))
        with pytest.raises(InUse, match="stop every server"):
            copy_database(database, target, progress=silent)
    assert copy_database(database, target, progress=silent)


def test_file_is_left_as_it_was_when_the_way_back_is_refused(
    database: Path, target: PostgresPlace, tmp_path: Path
) -> None:
    """One that holds something has nothing more; one that was not there is not there."""
    copy_database(database, target, progress=silent)
    before = rows_of(database, "audit")
    with pytest.raises(CopyRefused, match="holds data already"):
        copy_database(target, database, progress=silent)
    assert rows_of(database, "audit") == before
    server = shared_postgres()
    server.execute("ALTER TABLE sign_in DROP CONSTRAINT sign_in_pkey", database=target.shown)
    twice = (
        "INSERT INTO sign_in (id, account_id, extension_id, secret_sha256, signed_in_ms, expires_ms, password_version)"
    )
    server.execute(f"{twice} VALUES (1, 2, 3, '', 4, 5, 6), (1, 2, 3, '', 4, 5, 6)", database=target.shown)
    with pytest.raises(apsw.ConstraintError):
        copy_database(target, tmp_path / "back.db", progress=silent)
    assert not list(tmp_path.glob("back.db*"))
    server.execute(
        f"UPDATE alembic_version SET version_num = '0001' WHERE version_num = '{HEAD}'", database=target.shown
    )
    with pytest.raises(SchemaDiffers, match="0001"):
        copy_database(target, tmp_path / "back.db", progress=silent)
