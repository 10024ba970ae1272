"""Workers that come and go under traffic (assurance.md R12, R13): no request is lost but those a killed one had."""

import asyncio
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from callgate.app import CommandLine
from callgate.crypto.entropy import SystemEntropy
from callgate.crypto.kek import load_or_create_kek
from tests.faults.flood import Flood
from tests.faults.founding import World, copy_world
from tests.faults.ledger import Ledger
from tests.faults.process import Served, serve
from tests.faults.supervised import (
    LIVE,
    WAIT_S_MAX,
    is_dead,
    lines,
    live,
    reload,
    supervised,
    until,
    worker_of,
    workers_of,
)
from tests.faults.traffic import Traffic
from tests.faults.wire import Rejoining, Wire
from tests.figures import Figure
from tests.postgres_server import PostgresServer, needs_postgres, shared_postgres

LANES = 32


@contextmanager
def on_postgres(world: World, folder: Path, *, server: PostgresServer | None = None) -> Iterator[World]:
    """A copy of the world that lies in PostgreSQL: in the cluster of all tests, if no other is named."""
    postgres = server or shared_postgres()
    name = postgres.create()
    own = copy_world(world, folder / "served")
    CommandLine().copy(own.database, postgres.place(name), progress=lambda *_: None)
    settings = own.config.read_text()
    own.config.write_text(settings.replace(f"sqlite:///{own.database}", postgres.url(name)))
    try:
        yield own
    finally:
        postgres.drop(name)


class Systemd:
    """Who is told of the service's state, as systemd is."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.settimeout(WAIT_S_MAX)

    def hear(self) -> str:
        """The first line of what comes next."""
        return self._socket.recv(4096).decode().splitlines()[0]

    def close(self) -> None:
        """Nobody listens any more."""
        self._socket.close()


@pytest.fixture(scope="module")
def systemd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Systemd]:
    """It hears of the shared server alone."""
    told = Systemd(tmp_path_factory.mktemp("systemd"))
    yield told
    told.close()


@pytest.fixture(scope="module")
def shared(world: World, systemd: Systemd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, World]]:
    """One for all tests that leave it serving; at the end it is told to end, and does."""
    with pytest.MonkeyPatch.context() as patched, ExitStack() as stack:
        patched.setenv("NOTIFY_SOCKET", systemd.address)
        served, own = stack.enter_context(supervised(world, tmp_path_factory.mktemp("shared")))
        patched.undo()
        assert systemd.hear() == "READY=1"
        yield served, own
        served.process.send_signal(signal.SIGTERM)
        assert served.wait() == 0
        assert systemd.hear() == "STOPPING=1"


@dataclass
class Joining:
    """Connections as clients have them: every other lane keeps its own, the others take one for each request."""

    pause_s: float
    wires: list[Rejoining] = field(default_factory=list)

    async def __call__(self, port: int) -> Wire:
        """The next lane's."""
        self.wires.append(Rejoining(port, fresh=len(self.wires) % 2 == 0, pause_s=self.pause_s))
        return self.wires[-1]


async def replace_workers(
    served: Served, traffic: Traffic, join: Joining, is_enough: Callable[[int], bool], *, flood: Flood | None = None
) -> int:
    """Traffic, and one reload after the other in the midst of it; gives how many workers there were."""
    workers = workers_of(served)
    flowing = flood.flowing(traffic.world, served.port) if flood else nullcontext()
    async with traffic.connected(served.port, LANES, join=join), flowing:
        over = asyncio.Event()
        lanes = asyncio.create_task(traffic.run_until(over.is_set))
        while not is_enough(len(workers)):
            await asyncio.sleep(0.3)
            await reload(served)
            workers |= workers_of(served)
        over.set()
        await lanes
    return len(workers)


def test_no_request_is_lost_when_workers_are_replaced(
    world: World, tmp_path: Path, counts: Callable[[int, int], int], figure: Figure
) -> None:
    """Goal R3: reloads under 32 lanes of grants, refreshes, reads and revocations, on new and on kept connections."""
    restarts, pause_s = counts(3, 200), counts(20, 0) / 1000
    ledger, join = Ledger(), Joining(pause_s)
    with supervised(world, tmp_path) as (served, own):
        traffic = Traffic(own, ledger, seed=restarts)
        workers = asyncio.run(replace_workers(served, traffic, join, lambda workers: workers > restarts))
        assert served.process.poll() is None
        served.process.send_signal(signal.SIGTERM)
        assert served.wait() == 0
    joined = sum(wire.connections for wire in join.wires)
    told = f"{ledger.statuses.total():,} requests over {joined:,} connections, {ledger.lost_replies} lost"
    figure("workers.replaced", f"{workers - 1} times: {told}")
    assert ledger.lost == []
    assert ledger.broken == []
    assert joined > LANES * workers


CROWD = 64
CROWDS = 8


def sockets_of(pid: int) -> int:
    """How many a process has."""
    links = (file.readlink() for file in Path(f"/proc/{pid}/fd").iterdir())
    return sum(str(link).startswith("socket:") for link in links)


def have(sockets: Mapping[int, int]) -> bool:
    """Whether each process has as many."""
    return all(sockets_of(pid) == count for pid, count in sockets.items())


async def share_of_busiest(served: Served) -> float:
    """Crowds of connections come at once, and stay until all are there: the greater part of each, on average."""
    workers, parts = workers_of(served), []
    for _ in range(CROWDS):
        before = {pid: sockets_of(pid) for pid in workers}
        wires = await asyncio.gather(*(Wire.connect(served.port) for _ in range(CROWD)))
        await asyncio.gather(*(wire.ask("GET", LIVE, headers={}) for wire in wires))
        parts.append(max(sockets_of(pid) - before[pid] for pid in workers) / CROWD)
        for wire in wires:
            wire.close()
        await until(partial(have, before), "they are there still")
    return sum(parts) / CROWDS


@needs_postgres
def test_no_request_is_lost_when_two_workers_are_replaced(
    world: World, tmp_path: Path, counts: Callable[[int, int], int], figure: Figure
) -> None:
    """Goal R3: the same with two on PostgreSQL, where the former go when the new ones serve. Then one is killed.

    The full run floods them beside the lanes: a million requests.
    """
    restarts, requests_min = counts(1, 100), counts(0, 1_000_000)
    ledger, join, flood = Ledger(), Joining(0.02), Flood()

    def is_enough(workers: int) -> bool:
        return workers >= 2 * (restarts + 1) and flood.requests >= requests_min

    with on_postgres(world, tmp_path) as own, serve(own, workers=2) as served:
        traffic = Traffic(own, ledger, seed=restarts)
        assert len(workers_of(served)) == 2
        busiest = asyncio.run(share_of_busiest(served))
        replacing = replace_workers(served, traffic, join, is_enough, flood=flood if requests_min else None)
        workers = asyncio.run(replacing)
        assert ledger.lost == []
        assert flood.failures == []
        requests = ledger.statuses.total() + flood.requests
        lost = asyncio.run(kill_one(served, traffic))
        served.process.send_signal(signal.SIGTERM)
        assert served.wait() == 0
    figure(
        "workers.replaced-two",
        f"{workers - 2} replaced: {requests:,} requests, 0 lost; one killed: {lost} of {LANES} lanes lost one",
    )
    figure("workers.shares", f"the busier one had {busiest:.0%} on average, of {CROWDS} crowds of {CROWD}")
    assert ledger.broken == []
    assert busiest < 0.9


async def kill_one(served: Served, traffic: Traffic) -> int:
    """Kill one of two under traffic; the lanes whose reply was lost take a new connection, and all is as promised."""
    before = traffic.ledger.lost_replies
    killed = min(workers_of(served))
    async with traffic.connected(served.port, LANES, join=Joining(0.005)):
        until_s = time.monotonic() + 1
        lanes = asyncio.create_task(traffic.run_until(lambda: time.monotonic() > until_s))
        await asyncio.sleep(0.3)
        os.kill(killed, signal.SIGKILL)
        assert await live(served) == 200
        await lanes
        await until(lambda: len(workers_of(served) - {killed}) == 2, "no other came")
        await traffic.check()
    return traffic.ledger.lost_replies - before


def test_loss_is_found_when_the_end_is_abrupt(world: World, tmp_path: Path) -> None:
    """Planted: a worker that hangs up on everybody when it is told to end."""
    ledger = Ledger()
    with supervised(world, tmp_path, plant="abrupt_end") as (served, own):
        traffic = Traffic(own, ledger, seed=1)
        asyncio.run(replace_workers(served, traffic, Joining(0.005), lambda workers: workers > 1))
    assert ledger.lost_replies


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_another_worker_answers_when_one_is_killed(
    shared: tuple[Served, World], number: signal.Signals, figure: Figure
) -> None:
    """assurance.md R12: only what it had in hand is lost; the socket stays, so that nobody is refused."""
    served, _ = shared

    async def drive() -> float:
        idle = Rejoining(served.port, fresh=False)
        assert (await idle.ask("GET", LIVE, headers={})).status == 200
        killed = worker_of(served)
        os.kill(killed, number)
        began = time.monotonic()
        # The connection stood in no request: whoever looks before sending loses nothing.
        await until(lambda: idle.is_readable, "the kernel did not close it")
        assert (await idle.ask("GET", LIVE, headers={})).status == 200
        idle.close()
        assert worker_of(served) not in {0, killed}
        return time.monotonic() - began

    gap_s = asyncio.run(drive())
    assert lines(served, "died")[-1]["status"] == -number
    figure("workers.killed", f"{number.name}: the next answered after {gap_s:.2f} s")
    assert gap_s < 20


def test_former_worker_goes_on_when_the_new_settings_do_not_load(
    shared: tuple[Served, World], systemd: Systemd, tmp_path: Path
) -> None:
    """A mistyped setting is seen before anything is done, a key file that opens nothing by the new worker."""
    served, own = shared
    settings = own.config.read_text()
    load_or_create_kek(tmp_path / "kek", SystemEntropy())
    wrong = {
        settings.replace("port =", "prot ="): "server.prot is not a setting; did you mean server.port?",
        settings.replace(f"{own.folder}/kek", f"{tmp_path}/kek"): "key-encryption key",
    }
    worker = worker_of(served)

    async def drive() -> None:
        for text, said in wrong.items():
            own.config.write_text(text)
            await reload(served, outcome="not reloaded")
            assert [systemd.hear(), systemd.hear()] == ["RELOADING=1", "READY=1"]
            assert said in served.log.read_text()
            assert not is_dead(worker)
            assert await live(served) == 200
        own.config.write_text(settings)
        await reload(served)
        assert [systemd.hear(), systemd.hear()] == ["RELOADING=1", "READY=1"]
        assert worker_of(served) != worker

    asyncio.run(drive())


def test_supervisor_gives_up_when_workers_die_at_once(world: World, tmp_path: Path) -> None:
    """The database is gone under it: after a few tries it says so and ends, with the worker's exit status."""
    with supervised(world, tmp_path) as (served, own):
        own.database.rename(own.database.with_suffix(".away"))
        own.database.mkdir()
        os.kill(worker_of(served), signal.SIGKILL)
        assert served.wait(WAIT_S_MAX) == 3
        (line,) = lines(served, "given up")
        assert re.fullmatch(
            "[0-9]+ workers died at once, one after another; the last with status 3", str(line["trouble"])
        )


def test_worker_ends_when_its_supervisor_is_gone(world: World, tmp_path: Path) -> None:
    """Nobody would start it anew, and it would keep the database from whoever is started next."""
    with supervised(world, tmp_path) as (served, own):
        worker = worker_of(served)
        served.process.kill()
        served.process.wait()
        asyncio.run(until(lambda: not Path(f"/proc/{worker}").exists() or is_dead(worker), "it lives on"))
        with serve(own) as again:
            assert asyncio.run(live(again)) == 200
