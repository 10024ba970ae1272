"""kill -9 of worker, server, database and any two of them, on PostgreSQL under traffic (goals R1).

Two workers serve. What was acknowledged is there afterwards, what was revoked stays dead, and nobody but who was killed
need be started anew.
"""

import asyncio
import os
import random
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import pytest

from callgate.app import CommandLine
from tests.faults.founding import World
from tests.faults.ledger import Held, Ledger
from tests.faults.process import Served, serve
from tests.faults.supervised import is_dead, workers_of
from tests.faults.test_workers import on_postgres
from tests.faults.traffic import LANES, TOKEN, Traffic
from tests.faults.wire import LostError, Wire
from tests.figures import Figure
from tests.postgres_server import PostgresServer, needs_postgres, running_postgres

pytestmark = needs_postgres

READY = "/health/ready"
BACK_S_MAX = 30
"""The goal is 2 s on a quiet machine, and the figure is reported."""

OLD_SAMPLE = 200
"""Sessions of earlier rounds looked at in every round; at the end it is all of them."""


class Victim(Enum):
    """Who is killed."""

    BACKEND = "a backend"
    WORKER = "a worker"
    DATABASE = "the database"
    BOTH = "the database and a worker"
    SERVER = "the server"


DAY = (Victim.BACKEND, Victim.DATABASE, Victim.WORKER, Victim.BOTH)
"""What a server goes through, once or more often, before it is killed itself."""


@dataclass(slots=True)
class Storm:
    """A run of kills, and what it found."""

    traffic: Traffic
    postgres: PostgresServer
    chance: random.Random
    back_s: dict[Victim, list[float]] = field(default_factory=lambda: defaultdict(list))
    """From the start of what was killed, or from the kill where nobody starts it, until every client is served."""

    first_s: list[float] = field(default_factory=list)
    """From the same moment until somebody was given a token."""

    kills: int = 0
    """The database and a worker at once are one."""

    touched: list[Held] = field(default_factory=list)

    async def live(self, served: Served, life: Sequence[Victim]) -> None:
        """All of one server's life, unless a promise is broken before its end."""
        for victim in life:
            if not self.traffic.ledger.broken:
                await self.round(served, victim)

    async def round(self, served: Served, victim: Victim) -> None:
        """Look at what was promised; then traffic, a kill in the middle of it, and traffic until all is well again."""
        ledger = self.traffic.ledger
        async with self.traffic.connected(served.port):
            await self.traffic.check_again(
                self.touched + self.chance.sample(ledger.held, min(OLD_SAMPLE, len(ledger.held)))
            )
            acts_before = [len(held.acts) for held in ledger.held]
            over = asyncio.Event()
            lanes = asyncio.create_task(self.traffic.run_until(over.is_set))
            await asyncio.sleep(self.chance.uniform(0.3, 0.8))
            began_s = await asyncio.to_thread(self.strike, victim, served)
            if victim is not Victim.SERVER:
                self.first_s.append(await first_token_s(served, self.traffic.world, began_s=began_s))
                await served_again(served)
                self.back_s[victim].append(time.monotonic() - began_s)
                await asyncio.sleep(0.1)
            over.set()
            await lanes
        old = zip(ledger.held, acts_before, strict=False)
        self.touched = [held for held, acts in old if len(held.acts) > acts] + ledger.held[len(acts_before) :]

    def strike(self, victim: Victim, served: Served) -> float:
        """Kill, and start what nobody else starts; gives when that was begun, or when it was killed."""
        workers = sorted(living_workers_of(served))
        if victim is Victim.SERVER:
            for pid in (served.process.pid, *workers):
                with suppress(ProcessLookupError):  # a worker ends without its supervisor
                    os.kill(pid, signal.SIGKILL)
            served.process.wait()
        if victim is Victim.BACKEND:
            ours = [pid for pid, says in self.postgres.processes.items() if says.startswith("postgres: callgate ")]
            with suppress(ProcessLookupError):  # it was for a moment only; it counts for none
                os.kill(self.chance.choice(ours), signal.SIGKILL)
                self.kills += 1
            return time.monotonic()
        self.kills += 1
        if victim in {Victim.WORKER, Victim.BOTH}:
            os.kill(self.chance.choice(workers), signal.SIGKILL)
        if victim in {Victim.DATABASE, Victim.BOTH}:
            self.postgres.kill()
            began_s = time.monotonic()
            self.postgres.start()
            return began_s
        return time.monotonic()


async def served_again(served: Served) -> None:
    """Wait until there are two workers, and as many new connections as find both are told that it is ready."""
    async with asyncio.timeout(BACK_S_MAX):
        row = 0
        while row < 8:
            row = row + 1 if await is_ready(served.port) and len(living_workers_of(served)) == 2 else 0
            await asyncio.sleep(0 if row else 0.02)


async def first_token_s(served: Served, world: World, *, began_s: float) -> float:
    """How long after it began somebody who asks for a token is given one."""
    while await token_status(served.port, world) != 200:
        assert time.monotonic() - began_s < BACK_S_MAX, "it does not come back"
        await asyncio.sleep(0.02)
    return time.monotonic() - began_s


async def token_status(port: int, world: World) -> int:
    """What a new connection is answered that asks for a token; 0 if nothing."""
    with suppress(LostError):
        wire = await Wire.connect(port)
        try:
            return (await wire.post(TOKEN, world.service, {"grant_type": "client_credentials"})).status
        finally:
            wire.close()
    return 0


def living_workers_of(served: Served) -> set[int]:
    """Their process ids, without those that nobody has buried yet."""
    return {pid for pid in workers_of(served) if not is_dead(pid)}


async def is_ready(port: int) -> bool:
    """Whether a new connection is told so."""
    with suppress(LostError):
        wire = await Wire.connect(port)
        try:
            return (await wire.ask("GET", READY, headers={})).status == 200
        finally:
            wire.close()
    return False


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    """A cluster of these tests' own."""
    with running_postgres() as running:
        yield running


def storm(
    own: World, postgres: PostgresServer, ledger: Ledger, *, lives: Sequence[Sequence[Victim]], plant: str = ""
) -> Storm:
    """Serve, and kill, and so on; the last server is not killed, and every promise is looked at."""
    found = Storm(Traffic(own, ledger, seed=len(lives)), postgres, random.Random(len(lives)))
    for life in lives:
        with serve(own, workers=2, plant=plant) as served:
            asyncio.run(found.live(served, life))
    with serve(own, workers=2) as served:

        async def look() -> None:
            async with found.traffic.connected(served.port):
                await found.traffic.check_again()

        asyncio.run(look())
    return found


def test_nothing_acknowledged_is_lost_when_anybody_is_killed(
    world: World, postgres: PostgresServer, tmp_path: Path, counts: Callable[[int, int], int], figure: Figure
) -> None:
    """Every grant and refresh acknowledged works, every revocation acknowledged holds, the audit chains are whole."""
    ledger, life = Ledger(may_be_away=True), (*DAY * counts(1, 25), Victim.SERVER)
    lives = [life] * counts(1, 3)
    with on_postgres(world, tmp_path, server=postgres) as own:
        found = storm(own, postgres, ledger, lives=lives)
        audit = CommandLine().verify_audit(own.settings, progress=lambda *_: None)
    backs = {victim: sorted(seconds) for victim, seconds in found.back_s.items()}
    told = "; ".join(f"{of.value} {back[len(back) // 2]:.2f} s, longest {back[-1]:.2f}" for of, back in backs.items())
    first_s = sorted(found.first_s)
    figure(
        "killed.postgres",
        f"{found.kills} kills; {ledger.summary()}; none undone; first token after {first_s[len(first_s) // 2]:.2f} s, "
        f"longest {first_s[-1]:.2f}; both workers and all connections serve again after {told}",
    )
    assert ledger.broken == [], f"after {found.kills} kills"
    assert not audit.breaks
    assert sum(chain.links for chain in audit.chains) > 0
    assert ledger.lost_replies >= len(lives) * LANES // 2, "the kills met servers at rest"
    assert ledger.statuses["grant", 503], "the database was never away"


@pytest.mark.long
def test_the_loss_is_found_when_the_database_loses_what_it_said_it_has(
    world: World, postgres: PostgresServer, tmp_path: Path
) -> None:
    """Planted: commits that PostgreSQL may forget for a while, `synchronous_commit = off`."""
    ledger = Ledger(may_be_away=True)
    with on_postgres(world, tmp_path, server=postgres) as own:
        storm(own, postgres, ledger, lives=[[Victim.DATABASE]], plant="postgres_forgets")
    assert any("living token was answered 401" in why or "answered 400" in why for why in ledger.broken)
