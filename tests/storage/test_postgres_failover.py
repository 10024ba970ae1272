"""What a server does that is cut off from its standby or its successor, and which of several servers is asked."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

import psycopg
import pytest

from callgate.model.changes import SessionOpened
from callgate.model.database import PostgresPlace
from callgate.model.decisions import Done
from callgate.model.facts import KeysFacts
from callgate.model.failure import Unavailable
from callgate.model.lookups import KeysLookup
from callgate.storage import postgres_hosts
from callgate.storage.port import Unit
from callgate.storage.postgres import PostgresOptions, PostgresStore
from callgate.storage.postgres_hosts import connect, conninfo_of, options_of
from callgate.storage.postgres_servers import Servers
from tests.postgres_server import PostgresServer, needs_postgres, running_postgres, shared_postgres
from tests.storage.engines import PostgresWorld, unit_of
from tests.storage.world import session_of

pytestmark = needs_postgres


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A cluster whose standby may be said to be gone."""
    with running_postgres("shared_buffers=32MB") as running:
        yield running


@contextmanager
def without_standby(server: PostgresServer) -> Iterator[None]:
    """A COMMIT waits for a standby that does not come, as on a leader that was cut off."""

    def wait_for(name: str) -> None:
        server.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
        server.execute("SELECT pg_reload_conf()")

    wait_for("nobody")
    try:
        yield
    finally:
        wait_for("")


async def started(place: PostgresPlace, *, lanes: int = 1) -> PostgresStore:
    """A store that serves."""
    store = PostgresStore(place, PostgresOptions(lanes=lanes))
    await store.start()
    return store


async def until_it_works(store: PostgresStore) -> None:
    """Wait until it is written again."""
    async with asyncio.timeout(20):
        while True:
            try:
                await store.run(unit_of(SessionOpened(session_of(99)._replace(slot=None))))
            except Unavailable:
                await asyncio.sleep(0.05)
            else:
                return


def test_commit_that_gave_up_its_standby_is_no_yes_whatever_the_server_keeps_to_itself(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancelled wait is told of by a warning, which a database may be set not to give."""
    monkeypatch.setattr("callgate.storage.postgres_lane.SETTLE_S", 0.4)
    world = PostgresWorld(server)
    server.execute(f"ALTER DATABASE {world.name} SET client_min_messages = error")
    give_up = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = ?"

    async def lose() -> None:
        store = await started(world.place)
        try:
            with without_standby(server):
                await asyncio.sleep(0.1)  # until the server has heard
                opening = asyncio.create_task(store.run(unit_of(SessionOpened(session_of(0)._replace(slot=None)))))
                while not opening.done():
                    world.look(give_up, (world.name,))
                    await asyncio.sleep(0.02)
                with pytest.raises(Unavailable, match="unknown whether it was committed"):
                    await opening
        finally:
            await store.close()

    asyncio.run(lose())


def test_leader_without_its_standby_says_neither_yes_nor_what_it_reads(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A COMMIT that waits is not undone, so its unit is not done again; and after the limit nothing is believed."""
    monkeypatch.setattr("callgate.storage.postgres_link.ROUND_S", 0.3)
    monkeypatch.setattr("callgate.storage.postgres_lane.SETTLE_S", 0.4)
    monkeypatch.setattr("callgate.storage.postgres.PULSE_S_MAX", 1.0)
    world = PostgresWorld(server)
    decided: list[int] = []

    def decide(_: KeysFacts) -> Done:
        decided.append(1)
        return Done((SessionOpened(session_of(0)._replace(slot=None)),))

    async def lose() -> None:
        store = await started(world.place)
        try:
            with without_standby(server):
                await asyncio.sleep(0.1)  # until the server has heard
                with pytest.raises(Unavailable, match="unknown whether it was committed"):
                    await store.run(Unit(KeysLookup(), decide))
                with pytest.raises(Unavailable):
                    await store.run(unit_of())
                with pytest.raises(Unavailable):
                    await store.read(KeysLookup())
            await until_it_works(store)
            assert await store.run(unit_of()) == Done()
            assert (await store.read(KeysLookup())).keys == ()
        finally:
            await store.close()

    asyncio.run(lose())
    assert decided == [1]
    assert world.look("SELECT count(*) FROM session WHERE slot IS NULL", ()) == [(2,)]


def test_server_that_is_not_the_one_written_is_not_read(world: PostgresWorld) -> None:
    """Commits on its successor prove nothing of a server that was left: its connection is given up."""

    async def read() -> None:
        store = await started(world.place)
        try:
            former = store._others._link
            assert former is not None
            former.server = (0, "192.0.2.1", 5432)
            assert (await store.read(KeysLookup())).keys == ()
            assert former.lost
        finally:
            await store.close()

    asyncio.run(read())


@contextmanager
def silence(folder: Path) -> Iterator[Path]:
    """A server that takes a connection and says nothing, as one that hangs."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / ".s.PGSQL.5432"))
        listener.listen(16)
        yield folder


def test_written_server_is_found_beside_one_that_is_silent(tmp_path: Path) -> None:
    """All are asked at once: nobody waits until the first has not answered for long enough."""
    server = shared_postgres()
    with silence(tmp_path) as silent:
        url = f"postgresql://callgate@/postgres?host={silent},{server.folder}"

        async def find() -> str:
            connection, _ = await connect(conninfo_of(PostgresPlace(url, None, url)))
            async with connection:
                return connection.info.host

        before_s = monotonic()
        assert asyncio.run(find()) == str(server.folder)
        assert monotonic() - before_s < postgres_hosts.CONNECT_S / 2


@pytest.mark.parametrize("last", [0, 1])
def test_server_that_did_not_answer_a_commit_is_asked_last(tmp_path: Path, last: int) -> None:
    """Two may say that they are written; the one that is cut off must not be found again and again."""
    server = shared_postgres()
    (tmp_path / "too").symlink_to(server.folder)
    url = f"postgresql://callgate@/postgres?host={server.folder},{tmp_path}/too"

    async def find() -> int:
        servers = Servers(PostgresPlace(url, None, url))
        left = await servers.connect()
        left.host = last
        servers.shun(left)
        found = await servers.connect()
        left.close()
        found.close()
        return found.host

    assert asyncio.run(find()) == 1 - last


@pytest.mark.parametrize("beside", ["silent", "nobody"])
def test_standby_is_asked_again_while_another_is_silent(world: PostgresWorld, tmp_path: Path, beside: str) -> None:
    """It becomes the leader meanwhile; where all have said no, that is the answer."""
    server = shared_postgres()
    role = f"ALTER DATABASE {world.name} SET default_transaction_read_only = "
    url = f"postgresql://callgate@/{world.name}?host={server.folder},{tmp_path}"

    async def find() -> bool:
        finding = asyncio.create_task(connect(conninfo_of(PostgresPlace(url, None, url))))
        await asyncio.sleep(0.3)
        found_nothing = finding.done()
        server.execute(role + "off")
        with suppress(psycopg.OperationalError):
            connection, _ = await finding
            await connection.close()
        return found_nothing

    server.execute(role + "on")
    try:
        if beside == "silent":
            with silence(tmp_path):
                assert not asyncio.run(find())
        else:
            assert asyncio.run(find())
    finally:
        server.execute(role + "off")


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("postgresql://db.example.com/callgate", None),
        ("postgresql://one.example.com,two.example.com/callgate", "read-write"),
        ("postgresql:///callgate?host=one.example.com,two.example.com&port=5432,5433", "read-write"),
        ("postgresql://one,two/callgate?target_session_attrs=primary", "primary"),
    ],
)
def test_of_several_servers_the_written_one_is_meant(url: str, meant: str | None) -> None:
    """Unless the URL says otherwise."""
    assert options_of(url).get("target_session_attrs") == meant


def test_url_says_how_soon_a_dead_machine_is_noticed() -> None:
    """What it says counts, and the rest is ours."""
    options = options_of("postgresql://one/callgate?tcp_user_timeout=9000&connect_timeout=7")
    assert (options["tcp_user_timeout"], options["connect_timeout"]) == ("9000", "7")
    assert options["keepalives_idle"] == 1


def test_hosts_and_ports_that_do_not_match_are_refused_by_libpq() -> None:
    """In its own words."""
    url = "postgresql:///callgate?host=one,two,three&port=1,2"
    with pytest.raises(psycopg.Error, match="could not match"):
        asyncio.run(connect(conninfo_of(PostgresPlace(url, None, url))))
