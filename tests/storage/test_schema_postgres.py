"""The schema on PostgreSQL: up, down, one at a time, and never into a database of something else."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from callgate.model.changes import SessionOpened, SessionRotated
from callgate.model.database import PostgresPlace
from callgate.model.decisions import Done
from callgate.model.facts import SessionFacts
from callgate.model.lookups import SessionLookup
from callgate.model.session import Session
from callgate.storage import schema_postgres
from callgate.storage.port import Unit
from callgate.storage.postgres import PostgresOptions
from callgate.storage.schema import HEAD, ServerUnfit
from callgate.storage.schema_postgres import carry_out, migrate_postgres, open_link, require_postgres_head
from callgate.storage.scripts import BASE, SchemaDiffers
from callgate.storage.sqlite_file import InUse, NotOurs
from tests.postgres_server import needs_postgres, shared_postgres
from tests.races.upgrades import DOWN, UP
from tests.storage.engines import PostgresWorld, open_postgres
from tests.storage.test_schema import revisions
from tests.storage.world import refreshed, session_of

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


TIMES = 10


def test_tables_change_and_change_back_under_traffic(world: PostgresWorld) -> None:
    """As the next version's script would: no refresh of this one fails, and none is lost."""

    def migrate() -> None:
        with open_link(world.place) as link:
            for _ in range(TIMES):
                carry_out(link, UP, place=world.place)
                carry_out(link, DOWN, place=world.place)

    def refresh(facts: SessionFacts) -> Done:
        assert facts.session is not None
        return Done((SessionRotated(facts.session, refreshed(facts.session, facts.now_ms)),))

    with open_postgres(world, PostgresOptions(lanes=2)) as store:
        sessions = [session_of(number) for number in range(5)]
        store.save(*(SessionOpened(session) for session in sessions))

        async def keep_refreshing(session: Session, migrating: "asyncio.Future[None]") -> int:
            refreshes = 0
            while not migrating.done():
                await store.store.run(Unit(SessionLookup(session.account_id, session.id), refresh))
                refreshes += 1
            return refreshes

        async def both() -> list[int]:
            migrating = asyncio.ensure_future(asyncio.to_thread(migrate))
            counts = await asyncio.gather(*(keep_refreshing(session, migrating) for session in sessions))
            await migrating
            return counts

        counts = store.await_(both())
        assert min(counts) > TIMES
        found = [store.read(SessionLookup(session.account_id, session.id)).session for session in sessions]
        assert [session and session.generation for session in found] == [1 + count for count in counts]


def test_script_goes_again_when_it_meets_somebody_in_the_other_order(world: PostgresWorld) -> None:
    """Who reads the second of its tables, and then wants the first: one of the two must give way."""
    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'"
    new = "SELECT count(*) FROM pg_indexes WHERE indexname = 'session_note'"
    with psycopg.connect(world.place.url) as reader, open_link(world.place) as link, ThreadPoolExecutor(1) as beside:
        reader.execute("SELECT count(*) FROM extension")
        changed = beside.submit(carry_out, link, UP, place=world.place)
        while world.look(waits, ()) == [(0,)]:
            pass
        reader.execute("SELECT count(*) FROM session")
        reader.commit()
        changed.result()
        assert world.look(new, ()) == [(1,)]
        carry_out(link, DOWN, place=world.place)
    assert world.look(new, ()) == [(0,)]


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
