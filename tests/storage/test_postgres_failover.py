"""What a server does that is cut off from its standby or its successor, and which of several servers is asked."""

import asyncio
import os
import re
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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
from callgate.storage import postgres_hosts, postgres_link
from callgate.storage.awake import passed_s
from callgate.storage.port import Unit
from callgate.storage.postgres import ANSWER_S_MAX, CLOSE_S, PostgresOptions, PostgresStore
from callgate.storage.postgres_batch import CELL
from callgate.storage.postgres_errors import Lost
from callgate.storage.postgres_hosts import connect, conninfo_of, options_of
from callgate.storage.postgres_link import Link
from callgate.storage.postgres_servers import Servers
from callgate.storage.save_upkeep import touch
from tests.figures import Figure
from tests.postgres_server import PostgresServer, needs_postgres, running_postgres, shared_postgres
from tests.storage.engines import PostgresWorld, unit_of
from tests.storage.world import session_of

pytestmark = needs_postgres

AWAY_S = 12
"""Many times as long as a COMMIT is waited for there: what is left behind each time is more than may be by then."""

STUCK_MAX = 7
"""Of each of two lanes a COMMIT, and its look at what became of it; of the heart those whose time is not over."""

ELSEWHERE = (0, "192.0.2.1", 5432)
"""A server that is not the one that is written."""

SHORTER = """
SELECT CAST((SELECT CAST(setting AS INT) FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout')
    < (SELECT CAST(setting AS INT) FROM pg_settings WHERE name = 'lock_timeout') AS INT)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A cluster whose standby may be said to be gone."""
    with running_postgres("shared_buffers=32MB") as running:
        yield running


def commit_waits(server: PostgresServer) -> bool:
    """Whether a COMMIT waits for a standby; it is not left to."""
    with psycopg.connect(server.url(), autocommit=True) as trying, ThreadPoolExecutor(1) as beside:
        waits = f"FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND pid = {trying.info.backend_pid}"
        committed = beside.submit(trying.execute, "SELECT pg_logical_emit_message(true, '', '')")
        found: list[object] = []
        while not committed.done():
            found += server.execute(f"SELECT pg_cancel_backend(pid) {waits}")
        committed.result()
    return bool(found)


@contextmanager
def without_standby(server: PostgresServer) -> Iterator[None]:
    """A COMMIT waits for a standby that does not come, as on a leader that was cut off."""

    def wait_for(name: str) -> None:
        server.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
        server.execute("SELECT pg_reload_conf()")

    wait_for("nobody")
    try:
        while not commit_waits(server):  # until its processes have heard of it
            pass
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
    """A cancelled wait is told of by a warning, which a database may be set not to give; of a beat it is the same."""
    monkeypatch.setattr("callgate.storage.postgres_lane.SETTLE_S", 0.4)
    monkeypatch.setattr("callgate.storage.postgres_pulse.LISTEN_S", 60)
    world = PostgresWorld(server)
    server.execute(f"ALTER DATABASE {world.name} SET client_min_messages = error")
    give_up = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = ?"

    async def lose() -> None:
        store = await started(world.place)
        try:
            with without_standby(server):
                opening = asyncio.create_task(store.run(unit_of(SessionOpened(session_of(0)._replace(slot=None)))))
                beating = asyncio.create_task(store._heart.beat())
                while not (opening.done() and beating.done()):
                    world.look(give_up, (world.name,))
                    await asyncio.sleep(0.02)
                with pytest.raises(Unavailable, match="unknown whether it was committed"):
                    await opening
                with pytest.raises(Lost, match="synchronous replication"):
                    await beating
        finally:
            await store.close()

    asyncio.run(lose())


def test_leader_without_its_standby_says_neither_yes_nor_what_it_reads(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch, figure: Figure
) -> None:
    """A COMMIT that waits is not undone, so its unit is not done again; and after the limit nothing is believed."""
    world = PostgresWorld(server)
    patience = {"postgres_link.ROUND_S": 0.3, "postgres_lane.SETTLE_S": 0.4, "postgres_pulse.PULSE_S_MAX": 1.0}
    decided: list[int] = []

    def decide(_: KeysFacts) -> Done:
        decided.append(1)
        return Done((SessionOpened(session_of(0)._replace(slot=None)),))

    async def lose() -> float:
        store = await started(world.place)
        try:
            with without_standby(server), monkeypatch.context() as hurried:
                for name, seconds in patience.items():
                    hurried.setattr(f"callgate.storage.{name}", seconds)
                (await store._lanes[0].open()).round_s = patience["postgres_link.ROUND_S"]
                began_s = monotonic()
                with pytest.raises(Unavailable, match="unknown whether it was committed"):
                    await store.run(Unit(KeysLookup(), decide))
                told_s = monotonic() - began_s
                with pytest.raises(Unavailable):
                    await store.run(unit_of())
                with pytest.raises(Unavailable):
                    await store.read(KeysLookup())
            await until_it_works(store)
            assert await store.run(unit_of()) == Done()
            assert (await store.read(KeysLookup())).keys == ()
            return told_s
        finally:
            await store.close()

    told_s = asyncio.run(lose())
    ((stored,),) = world.look("SELECT count(*) FROM session WHERE slot IS NULL", ())
    figure(
        "database.cut-off",
        f"in a hurry (0.3 s for a COMMIT, 0.4 for its look-up): told after {told_s:.1f} s that it is unknown; "
        f"decided {len(decided)} time; then writes and reads refused; served again once the standby was there",
    )
    assert decided == [1]
    assert stored == 2


@pytest.mark.long
def test_nobody_waits_in_vain_for_a_standby_and_connections_do_not_pile_up(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch, figure: Figure
) -> None:
    """Who asks again while it is away begins nothing that would wait with the rest. All have a fifth of patience."""
    patience = {"postgres_link.ROUND_S": 1.0, "postgres_pulse.PULSE_S_MAX": 0.6, "postgres_lane.SETTLE_S": 0.4}
    patience |= {"postgres.ANSWER_S_MAX": 1.0, "postgres.WAIT_S_MAX": 0.4}
    for name, seconds in patience.items():
        monkeypatch.setattr(f"callgate.storage.{name}", seconds)
    settings = re.sub(rb"(lock|statement)_timeout='\ds'", rb"\1_timeout='1s'", postgres_link._SETTINGS)
    monkeypatch.setattr(postgres_link, "_SETTINGS", settings)
    world = PostgresWorld(server)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = ?"
    took: list[float] = []
    found: list[int] = []

    async def ask(store: PostgresStore, number: int) -> None:
        began_s = monotonic()
        with pytest.raises(Unavailable):
            await store.run(unit_of(SessionOpened(session_of(number)._replace(slot=None))))
        took.append(monotonic() - began_s)

    async def lose() -> None:
        store = await started(world.place, lanes=2)
        try:
            with without_standby(server):
                over_s = monotonic() + AWAY_S
                async with asyncio.TaskGroup() as asking:
                    for number in range(1000, 10**6):
                        asking.create_task(ask(store, number))
                        await asyncio.sleep(0.05)
                        found.extend(int(str(count)) for (count,) in world.look(waiting, (world.name,)))
                        if monotonic() > over_s:
                            break
            await until_it_works(store)
        finally:
            await store.close()

    asyncio.run(lose())
    told = f"{len(took)} asked in {AWAY_S} s, each told 503, the last after {max(took):.1f} s"
    figure("database.standby-away", f"with a fifth of the patience: {told}; {max(found)} connections waited at most")
    assert max(took) < 2
    assert max(found) <= STUCK_MAX


def test_commit_that_waits_for_a_standby_is_not_cut_short_by_its_statements_time(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL ends its timer before it waits; one that was cut short would say that it is committed."""
    settings = postgres_link._SETTINGS.replace(b"statement_timeout='5s'", b"statement_timeout='100ms'")
    monkeypatch.setattr(postgres_link, "_SETTINGS", settings)

    async def commit() -> None:
        link = await Servers(server.place("postgres")).connect()
        with without_standby(server):
            await asyncio.sleep(0.1)  # until the server has heard
            await link.ask([("BEGIN", ()), ("SELECT pg_logical_emit_message(true, '', '')", ())])
            committing = asyncio.create_task(link.ask([("COMMIT", ())]))
            await asyncio.sleep(0.4)
            assert not committing.done()
        await committing
        assert not link.warnings
        link.close()

    asyncio.run(commit())


def test_beat_that_waits_for_a_standby_ends_with_its_statement(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sent it is gone; a COMMIT by itself would keep its connection until the standby is back."""
    monkeypatch.setattr("callgate.storage.postgres_pulse.LISTEN_S", 60)
    settings = postgres_link._SETTINGS.replace(b"statement_timeout='5s'", b"statement_timeout='1s'")
    monkeypatch.setattr(postgres_link, "_SETTINGS", settings)
    world = PostgresWorld(server)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = ?"

    async def beat_in_vain() -> None:
        store = await started(world.place)
        lane = store._lanes[0]
        try:
            with without_standby(server):
                monkeypatch.setattr("callgate.storage.postgres_pulse.PULSE_S_MAX", 0.2)
                (await store._heart._open()).round_s = 0.2
                with pytest.raises(Lost):
                    await store._heart.beat()
                lane.close()
                with pytest.raises(Lost, match="nothing has been committed"):
                    await lane.open()
                assert world.look(waiting, (world.name,)) == [(1,)]
                async with asyncio.timeout(20):
                    while world.look(waiting, (world.name,)) != [(0,)]:  # noqa: ASYNC110 - nobody is told
                        await asyncio.sleep(0.05)
        finally:
            await store.close()

    asyncio.run(beat_in_vain())


def test_who_waits_at_a_former_leader_goes_on_once_another_commits(
    world: PostgresWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It hangs, and would be waited for; the heart has found its successor meanwhile."""
    monkeypatch.setattr("callgate.storage.postgres_pulse.PULSE_S", 0.1)

    async def go_on() -> float:
        store = await started(world.place)
        try:
            former = await store._lanes[0].open()
            ((pid,),) = (await former.ask([("SELECT pg_backend_pid()", ())]))[0]  # type: ignore[misc]
            former.server = ELSEWHERE
            os.kill(int(str(pid)), signal.SIGSTOP)
            try:
                began_s = monotonic()
                await store.run(unit_of(SessionOpened(session_of(0)._replace(slot=None))))
                return monotonic() - began_s
            finally:
                os.kill(int(str(pid)), signal.SIGCONT)
        finally:
            await store.close()

    assert asyncio.run(go_on()) < ANSWER_S_MAX - 1


def test_whoever_writes_leaves_a_former_leader_at_once(world: PostgresWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The heart when a lane has found its successor, and a lane when the heart has: neither proves anything there."""
    monkeypatch.setattr("callgate.storage.postgres_pulse.LISTEN_S", 60)

    async def leave() -> None:
        store = await started(world.place)
        try:
            lane = await store._lanes[0].open()
            lane.server = ELSEWHERE
            await store._heart.beat()
            assert await store._lanes[0].open() is not lane
            heart = store._heart._link
            assert heart is not None
            heart.server = ELSEWHERE
            await store.run(unit_of(SessionOpened(session_of(0)._replace(slot=None))))
            await store._heart.beat()
            assert heart.lost
        finally:
            await store.close()

    asyncio.run(leave())


def test_dead_client_that_waits_for_a_lock_holds_others_no_longer(world: PostgresWorld) -> None:
    """The server looks whether anybody is there while it waits: by itself it would hear of it when it answers."""
    both = [("SELECT pg_advisory_xact_lock(1)", ()), ("SELECT pg_advisory_xact_lock(2)", ())]

    async def die(other: psycopg.Connection) -> None:
        dying = await Servers(world.place).connect()
        waiting = asyncio.create_task(dying.ask([("BEGIN", ()), *both]))
        while not world.look("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted", ()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        dying.close()
        with pytest.raises(Lost):
            await waiting
        other.execute("SELECT pg_advisory_xact_lock(1)")

    with psycopg.connect(world.place.url) as holder, psycopg.connect(world.place.url) as other:
        holder.execute("SELECT pg_advisory_xact_lock(2)")
        other.execute("SET lock_timeout = '1200ms'")
        asyncio.run(die(other))


def test_successor_is_found_while_the_former_leader_says_that_it_is_written(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A beat waits there, and a lane that looks what its COMMIT came to. Both leave, once nobody believes it."""
    patience = {"hosts.LAST_S": 0.1, "pulse.PULSE_S": 0.1, "pulse.PULSE_S_MAX": 6.0, "pulse.PATIENCE_S": 1.8}
    for name, seconds in patience.items():
        monkeypatch.setattr(f"callgate.storage.postgres_{name}", seconds)
    former, successor = PostgresWorld(server), PostgresWorld()
    for world in (former, successor):
        world._server.execute(f"ALTER DATABASE {world.name} RENAME TO callgate_moving")
    role = "ALTER DATABASE callgate_moving SET default_transaction_read_only = "
    shared_postgres().execute(role + "on")
    url = f"postgresql://callgate@/callgate_moving?host={server.folder},{shared_postgres().folder}"

    async def move() -> float:
        store = await started(PostgresPlace(url, None, url))
        lane = await store._lanes[0].open()
        try:
            with without_standby(server):
                await asyncio.sleep(0.1)  # until the server has heard
                began_s = monotonic()
                opening = asyncio.create_task(store.run(unit_of(SessionOpened(session_of(0)._replace(slot=None)))))
                await asyncio.sleep(0.2)
                server.execute(f"SELECT pg_cancel_backend({lane._pgconn.backend_pid})")
                await asyncio.sleep(0.5)  # the lane asks there what it came to
                shared_postgres().execute(role + "off")
                await until_it_works(store)
                with suppress(Unavailable):
                    await opening
                return monotonic() - began_s
        finally:
            await store.close()

    assert patience["pulse.PATIENCE_S"] < asyncio.run(move()) < patience["pulse.PULSE_S_MAX"]


def test_leader_that_may_lose_what_it_has_is_left(world: PostgresWorld, figure: Figure) -> None:
    """As after a failover to one that was set up otherwise; nothing need be started anew once it is mended."""
    setting = f"ALTER DATABASE {world.name} SET synchronous_commit = "

    async def lead() -> float:
        store = await started(world.place)
        try:
            shared_postgres().execute(setting + "off")
            world.end_connections()
            with pytest.raises(Unavailable, match="synchronous_commit = off: it may lose"):
                await store.run(unit_of(SessionOpened(session_of(0)._replace(slot=None))))
            shared_postgres().execute(setting + "on")
            began_s = monotonic()
            await until_it_works(store)
            return monotonic() - began_s
        finally:
            await store.close()

    try:
        figure(
            "database.careless",
            f"left, and the reason told; written again {asyncio.run(lead()):.2f} s after it was set",
        )
    finally:
        shared_postgres().execute(setting + "on")


async def beaten_since(store: PostgresStore, began_s: float) -> None:
    """Wait for a beat that was not sent before."""
    for _ in range(1000):
        if store._pulse.age_s < passed_s() - began_s:
            return
        await asyncio.sleep(0.02)
    pytest.fail("no beat for twenty seconds")


def test_process_that_stands_still_stops_no_other(
    world: PostgresWorld, monkeypatch: pytest.MonkeyPatch, figure: Figure
) -> None:
    """It holds the cell's lock and the cell's row, and an act waits for them: others beat all the same."""
    monkeypatch.setattr("callgate.storage.postgres_pulse.PULSE_S", 0.1)

    async def beat_on() -> float:
        store = await started(world.place)
        try:
            began_s = monotonic()
            with psycopg.connect(world.place.url) as frozen:
                frozen.execute("SELECT pg_advisory_xact_lock(%s)", (CELL,))
                frozen.execute("UPDATE cell SET clock_ms = clock_ms")
                act = asyncio.create_task(store.work(touch))
                for _ in range(2):
                    await beaten_since(store, passed_s())
                assert (await store.read(KeysLookup())).keys == ()
                assert not act.done()
                frozen.rollback()
                await act
            held_s = monotonic() - began_s
            link = await store._servers.connect()
            ((answer,), *_) = await link.ask([(SHORTER, ())])  # type: ignore[misc]
            link.close()
            assert answer == (1,), "who is silent loses its locks before others have waited for them in vain"
            return held_s
        finally:
            await store.close()

    held_s = asyncio.run(beat_on())
    figure("database.frozen", f"both held for {held_s:.1f} s: two beats and a read meanwhile, the act done afterwards")


def test_heart_beats_on_after_a_defect(world: PostgresWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is told. Nothing else would prove anything until the next start."""
    monkeypatch.setattr("callgate.storage.postgres_pulse.PULSE_S", 0.1)
    told: list[object] = []

    async def beat_on() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))
        store = await started(world.place)
        connect, defects = Servers.connect, [MemoryError()]

        async def connect_at_last(servers: Servers) -> Link:
            if defects:
                raise defects.pop()
            return await connect(servers)

        monkeypatch.setattr(Servers, "connect", connect_at_last)
        try:
            store._heart.close()
            await beaten_since(store, passed_s())
        finally:
            await store.close()

    asyncio.run(beat_on())
    assert [type(error) for error in told] == [MemoryError]


@pytest.mark.parametrize("asked", [False, True], ids=["idle", "asked"])
def test_store_is_closed_in_seconds_when_nothing_answers(
    world: PostgresWorld, monkeypatch: pytest.MonkeyPatch, asked: bool, figure: Figure
) -> None:
    """Whoever waits is told; nobody waits for whoever supervises the process to lose patience."""
    for name, seconds in (("CLOSE_S", 0.4), ("READ_S", 0.3)):
        monkeypatch.setattr(f"callgate.storage.postgres.{name}", seconds)

    async def close() -> tuple[float, int]:
        store = await started(world.place, lanes=2)
        with world.hanging():
            waiting = [
                asyncio.ensure_future(asking)
                for _ in range(400 * asked)
                for asking in (store.run(unit_of(SessionOpened(session_of(0)))), store.read(KeysLookup()))
            ]
            await asyncio.sleep(0.1)
            began_s = monotonic()
            await store.close()
            took_s = monotonic() - began_s
            told = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 20)
            assert {type(each) for each in told} <= {Unavailable}
        return took_s, len(told)

    took_s, waited = asyncio.run(close())
    figure("database.closing", f"{waited} waited, each told 503; closed after {took_s:.1f} s (0.4 for the door)")
    assert took_s < CLOSE_S


def test_server_that_is_not_the_one_written_is_not_read(world: PostgresWorld) -> None:
    """Commits on its successor prove nothing of a server that was left: its connection is given up."""

    async def read() -> None:
        store = await started(world.place)
        try:
            former = store._others._link
            assert former is not None
            former.server = ELSEWHERE
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
        assert monotonic() - before_s < postgres_hosts.CONNECT_S


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
        await asyncio.wait({finding}, timeout=0.3 if beside == "silent" else 20)
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
