"""Goal R4: the leader of PostgreSQL goes, and Callgate loses nothing that it said, nor accepts what was revoked.

Two servers on a cluster as docs/high-availability.md sets it up, and clients that use both of them in turn.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

import pytest

from tests.faults.founding import World, copy_world
from tests.faults.ledger import Ledger
from tests.faults.process import ROOT, serve
from tests.faults.traffic import Traffic
from tests.figures import Figure
from tests.ha.cluster import Cluster, Node, running_cluster, wait_until
from tests.ha.doors import ASKING_S, Opening, Watch, outage_s

pytestmark = pytest.mark.long

LANES = 24
PAUSE_S = 0.03
BEFORE_S = 3.0
AFTER_S = 4.0
"""How long traffic flows before the fault, and when writes are answered again."""

OUTAGE_S = 9.0
"""By then every fault has had its effect."""

Fault = Callable[[Cluster, Node], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the clients saw."""

    ledger: Ledger
    broken: list[str]
    writes_s: float
    reads_s: float

    def __str__(self) -> str:
        kept = "nothing lost" if not self.broken else f"BROKEN: {self.broken}"
        return f"{self.writes_s:.1f} s without a write, {self.reads_s:.1f} s without a read, {kept}"


def switch_over(cluster: Cluster, _: Node) -> None:
    """In order, as before maintenance."""
    cluster.switch_over()


def kill_server(_: Cluster, leader: Node) -> None:
    """PostgreSQL dies; Patroni beside it lives."""
    os.kill(leader.postmaster, signal.SIGKILL)


def kill_processes(_: Cluster, leader: Node) -> None:
    """PostgreSQL and Patroni die; the machine lives and says so."""
    leader.machine.kill()


def pull_the_plug(_: Cluster, leader: Node) -> None:
    """The whole machine is gone, without a word."""
    leader.machine.unplug()
    leader.machine.kill()


def cut_off(cluster: Cluster, leader: Node) -> None:
    """From etcd and the standby, and from nobody else."""
    leader.machine.part_from(cluster.machines["etcd"], cluster.other(leader).machine)


def cut_off_asleep(cluster: Cluster, leader: Node) -> None:
    """The same, and Patroni hangs, so that nobody tells the server that its time is over."""
    assert leader.patroni
    os.kill(leader.patroni.pid, signal.SIGSTOP)
    cut_off(cluster, leader)


def cut_off_with_a_server(cluster: Cluster, leader: Node) -> None:
    """The same, and one of Callgate's servers is on the wrong side of the cut."""
    cut_off_asleep(cluster, leader)
    cluster.machines["app1"].part_from(cluster.other(leader).machine)


def cut_off_and_killed(cluster: Cluster, leader: Node) -> None:
    """What it commits in its last second and a half waits for the standby, and dies with it."""
    cut_off(cluster, leader)
    time.sleep(1.5)
    leader.machine.kill()


def mend(cluster: Cluster, leader: Node) -> None:
    """Undo whatever was done."""
    other = cluster.other(leader).machine
    leader.machine.plug_in()
    leader.machine.join_again(cluster.machines["etcd"], other)
    cluster.machines["app1"].join_again(other)
    if not leader.answers("patroni"):  # it is dead, or hangs until somebody resets the machine
        leader.machine.kill()
        leader.start()


FAULTS: Final[dict[Fault, float]] = {
    switch_over: 10,
    kill_server: 10,
    kill_processes: 15,
    pull_the_plug: 20,
    cut_off: 20,
    cut_off_asleep: 20,
    cut_off_with_a_server: 20,
    cut_off_and_killed: 20,
}
"""Seconds without a write at most, on a busy machine; docs/reliability.md has what was seen."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """One for all: each test leaves it whole."""
    with running_cluster() as running:
        yield running


def fail_over(world: World, folder: Path, cluster: Cluster, fault: Fault, *, plant: str = "") -> Outcome:
    """Traffic, the fault in the midst of it, more traffic; then everything that was promised is looked at."""
    wait_until(cluster.whole, "not whole", cluster.one.log, cluster.two.log)
    leader = cluster.leader
    own = on_cluster(world, folder, cluster)
    ledger = Ledger()
    traffic = Traffic(own, ledger, seed=4)
    with ExitStack() as stack:
        served = [
            stack.enter_context(
                serve(own, wrap=cluster.machines[name].within(), log=folder / f"{name}.log", plant=plant)
            )
            for name in ("app1", "app2")
        ]
        ports = [each.port for each in served]
        watch, opening = Watch(own, ports), Opening(ports, PAUSE_S)
        began_s = asyncio.run(through(traffic, opening, watch, do=lambda: fault(cluster, leader)))
        mend(cluster, leader)
        wait_until(cluster.whole, "the former leader did not come back", cluster.one.log, cluster.two.log)
        asyncio.run(look(traffic, opening))
        assert [each.process.poll() for each in served] == [None, None], "a server ended"
        command(own, cluster, "db", "check")
    writes_s, reads_s = (outage_s(each, began_s) for each in (watch.written_s, watch.read_s))
    lost = [f"{ledger.lost_replies} replies lost"] if ledger.lost_replies else []
    return Outcome(ledger, [*ledger.broken, *lost], writes_s, reads_s)


async def through(traffic: Traffic, opening: Opening, watch: Watch, *, do: Callable[[], None]) -> float:
    """Traffic before, during and after; returns when it was done (monotonic)."""
    async with traffic.connected(0, LANES, join=opening), watch.kept():
        over = asyncio.Event()
        lanes = asyncio.create_task(traffic.run_until(over.is_set))
        await asyncio.sleep(BEFORE_S)
        began_s = monotonic()
        await asyncio.to_thread(do)
        await asyncio.to_thread(wait_until, lambda: is_over(watch, began_s), "nobody is answered any more")
        traffic.ledger.broken += await watch.end_the_old()
        over.set()
        await lanes
    return began_s


def is_over(watch: Watch, began_s: float) -> bool:
    """Whether writes have been answered at a door for a while, if they ever were not; the other may be cut off."""
    now_s = monotonic()

    def flows(moments_s: list[float]) -> bool:
        return sum(moment > now_s - AFTER_S for moment in moments_s) > AFTER_S / ASKING_S / 4

    return now_s - began_s > OUTAGE_S and any(flows(moments_s) for moments_s in watch.written_s.values())


async def look(traffic: Traffic, opening: Opening) -> None:
    """See that every promise is kept, now that there is another leader."""
    async with traffic.connected(0, LANES, join=opening):
        await traffic.check()


def on_cluster(world: World, folder: Path, cluster: Cluster) -> World:
    """A copy of the world that lies in the cluster's database, made anew."""
    leader = cluster.leader
    leader.execute("DROP DATABASE IF EXISTS callgate WITH (FORCE)")
    leader.execute("CREATE DATABASE callgate TEMPLATE template0 ENCODING 'UTF8' OWNER callgate")
    own = copy_world(world, folder / "served")
    command(own, cluster, "db", "copy", "--from", f"sqlite:///{own.database}", "--to", cluster.url)
    settings = own.config.read_text()
    own.config.write_text(settings.replace(f"sqlite:///{own.database}", cluster.url))
    return own


def command(own: World, cluster: Cluster, *words: str) -> None:
    """One of Callgate's commands, on a machine that reaches both nodes."""
    served = ("-m", "tests.faults.served", "-", "", *words, "--config", str(own.config))
    cluster.machines["app2"].ask("env", "-C", ROOT, sys.executable, *served)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault.__name__))
def test_nothing_acknowledged_is_lost_when_the_leader_goes(
    world: World, tmp_path: Path, cluster: Cluster, figure: Figure, fault: Fault
) -> None:
    """It goes on without a restart of Callgate's; what was revoked stays dead at both doors."""
    outcome = fail_over(world, tmp_path, cluster, fault)
    assert outcome.broken == []
    assert outcome.ledger.acknowledged.total() > 100
    assert 0 < outcome.writes_s < FAULTS[fault]
    figure(f"failover.{fault.__name__.replace('_', '-')}", str(outcome))


def test_loss_is_found_when_an_unknown_commit_is_taken_for_success(
    world: World, tmp_path: Path, cluster: Cluster
) -> None:
    """Planted: what a leader that was cut off could not replicate was acknowledged."""
    outcome = fail_over(world, tmp_path, cluster, cut_off_and_killed, plant="unknown_commit_is_success")
    assert any("living token was answered 401" in why for why in outcome.broken), outcome.broken


def test_revoked_token_is_found_accepted_when_the_heartbeat_is_forgotten(
    world: World, tmp_path: Path, cluster: Cluster
) -> None:
    """Planted: a server on the wrong side of the cut believes what it reads there."""
    outcome = fail_over(world, tmp_path, cluster, cut_off_with_a_server, plant="heartbeat_forgotten")
    assert any("revoked token was answered 200" in why for why in outcome.broken), outcome.broken


def test_loss_is_found_without_synchronous_replication(world: World, tmp_path: Path) -> None:
    """A leader that was cut off goes on saying yes until it learns of its end."""
    with running_cluster(synchronous_mode="false") as careless:
        outcome = fail_over(world, tmp_path, careless, cut_off)
    assert any("living token was answered 401" in why for why in outcome.broken), outcome.broken
