"""The schema on PostgreSQL: up, down, one at a time, and never into a database of something else."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from callgate.model.database import PostgresPlace
from callgate.storage import schema_postgres
from callgate.storage.schema import BASE, HEAD, SchemaDiffers, ServerUnfit
from callgate.storage.schema_postgres import migrate_postgres, require_postgres_head
from callgate.storage.sqlite_file import InUse, NotOurs
from tests.postgres_server import needs_postgres, shared_postgres
from tests.storage.test_schema import revisions

pytestmark = needs_postgres

TABLES = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
    a.attcollation = 'pg_catalog."C"'::regcollation, c.reloptions
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1, 2
"""
INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
RULES = """
SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2
"""


@pytest.fixture
def place() -> Iterator[PostgresPlace]:
    """An empty database."""
    server = shared_postgres()
    name = server.create()
    yield server.place(name)
    server.drop(name)


def schema_of(place: PostgresPlace) -> list[list[tuple[object, ...]]]:
    """Every table, index and rule, but for the names that PostgreSQL gives by itself."""
    with psycopg.connect(place.url) as connection:
        return [connection.execute(sql).fetchall() for sql in (TABLES, INDEXES, RULES)]


def test_every_step_down_undoes_its_step_up(place: PostgresPlace) -> None:
    """From nothing to the newest and back, comparing the whole schema at each step."""
    steps = [BASE, *revisions()]
    seen = {}
    for revision in steps[1:]:
        assert migrate_postgres(place, revision)
        assert not migrate_postgres(place, revision)
        seen[revision] = schema_of(place)
    for revision in reversed(steps[1:-1]):
        assert migrate_postgres(place, revision)
        assert schema_of(place) == seen[revision]
    assert migrate_postgres(place, BASE)
    assert schema_of(place) == [[], [], []]
    assert migrate_postgres(place)
    assert schema_of(place) == seen[HEAD]
    require_postgres_head(place)


def test_two_who_migrate_at_once_do_it_once(place: PostgresPlace) -> None:
    """One of them waits, and finds it done."""
    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(migrate_postgres, (place, place))) >= 1
    require_postgres_head(place)


def test_whoever_migrates_does_not_make_others_wait(place: PostgresPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that somebody holds is waited for 4 s at most; what was done so far stays, and the next goes on."""
    assert "lock_timeout = '4s'" in schema_postgres._LIMITS
    monkeypatch.setattr(schema_postgres, "_LIMITS", "SET LOCAL lock_timeout = '50ms';")
    migrate_postgres(place, "0002")
    with psycopg.connect(place.url) as holder:
        holder.execute("SELECT FROM sign_in")  # 0003 touches accounts and apps alone, 0004 sign-ins
        with pytest.raises(InUse, match="in use"):
            migrate_postgres(place)
    with pytest.raises(SchemaDiffers, match="has revision 0003"):
        require_postgres_head(place)
    assert migrate_postgres(place)


def test_database_that_is_not_ours_is_left_alone(place: PostgresPlace) -> None:
    """Tables of something else, whether or not it uses Alembic too."""
    server = shared_postgres()
    for table in ("thing (x int)", "alembic_version (version_num text)"):
        server.execute(f"CREATE TABLE {table}", database=place.shown)
        with pytest.raises(NotOurs, match="of its own"):
            migrate_postgres(place)


def test_database_of_a_newer_version_is_left_alone(place: PostgresPlace) -> None:
    """This version cannot know what it is."""
    migrate_postgres(place, "0001")
    shared_postgres().execute("UPDATE alembic_version SET version_num = '9999'", database=place.shown)
    with pytest.raises(SchemaDiffers, match="newer"):
        migrate_postgres(place)


def test_server_that_does_not_fit_is_named(place: PostgresPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too old, or a database that holds bytes of no encoding."""
    server = shared_postgres()
    server.execute("CREATE DATABASE ascii TEMPLATE template0 ENCODING SQL_ASCII LOCALE 'C'")
    with pytest.raises(ServerUnfit, match="createdb --encoding=UTF8"):
        migrate_postgres(server.place("ascii"))
    monkeypatch.setattr(schema_postgres, "VERSION_MIN", 99)
    with pytest.raises(ServerUnfit, match="needs 99 or newer"):
        migrate_postgres(place)
