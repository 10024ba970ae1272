"""A network to PostgreSQL that is slow, stands still, breaks, or goes dead (assurance R8, R9).

Whoever asks is answered in time, if only by 503; nothing acknowledged is lost; and it passes without a restart.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

import psycopg
import pytest

from tests.faults.founding import World
from tests.faults.ledger import Ledger
from tests.faults.process import Served, serve
from tests.faults.proxy import Weather, proxied
from tests.faults.test_kill_postgres import is_ready
from tests.faults.test_workers import on_postgres
from tests.faults.traffic import Traffic
from tests.faults.wire import Answer, Wire
from tests.figures import Figure
from tests.postgres_server import needs_postgres, shared_postgres

pytestmark = needs_postgres

LANES = 16
ANSWER_S_MAX = 5.0
"""What nobody waits longer for (storage/postgres.py), give or take how often the server looks."""

GRACE_S = 2.0
STORM = 1.1
"""How much more may be asked of a slow database for each request than of a quick one."""

BACK_S_MAX = 30
BESIDE_MIN = 4
"""Answers in a row, while there is trouble, to whoever needs no database; of those that waited for it there is one."""

LIVE = "/health/live"
DISCOVERY = "/.well-known/openid-configuration"
"""Answered as it was last, where the database does not say."""


@dataclass
class Timed(Wire):
    """A connection that notes how long each answer took."""

    wire: Wire
    took: list[tuple[float, int]]

    async def raw(self, request: bytes) -> Answer:
        """Send these bytes and wait for a reply. Raises LostError."""
        began_s = time.monotonic()
        answer = await self.wire.raw(request)
        self.took.append((time.monotonic() - began_s, answer.status))
        return answer

    def close(self) -> None:
        """Hang up."""
        self.wire.close()


class Seen(NamedTuple):
    """What traffic was like through a trouble."""

    statuses: Counter[int]
    longest_s: float
    beside: int
    """How often somebody who needs no database was answered meanwhile."""

    back_s: float
    asked_bytes: int
    """Sent to the database for each request, whatever it was answered."""

    def __str__(self) -> str:
        return (
            f"{self.statuses[200]} × 200, {self.statuses[503]} × 503, longest wait {self.longest_s:.1f} s, "
            f"served again after {self.back_s:.1f} s, {self.asked_bytes:,} bytes to PostgreSQL for each"
        )


@dataclass
class Trial:
    """A server behind the proxy, and its traffic."""

    served: Served
    weather: Weather
    traffic: Traffic
    pace: float
    """How much faster than usual its clocks of patience run."""

    took: list[tuple[float, int]] = field(default_factory=list)
    walked: Counter[str] = field(default_factory=Counter)

    async def under(self, trouble: AbstractContextManager[object], *, seconds: float) -> Seen:
        """Traffic in fair weather, in foul, and in fair again; everything promised is looked at."""
        self.took.clear()
        async with self.traffic.connected(self.served.port, LANES, join=self._join):
            over = asyncio.Event()
            lanes = [self.traffic.run_until(over.is_set), *(self._walk(over, path) for path in (LIVE, DISCOVERY))]
            going = asyncio.gather(*lanes)
            await asyncio.sleep(0.3)
            came, asked = len(self.took), self.weather.asked_bytes
            await asyncio.to_thread(trouble.__enter__)
            before = self.walked[LIVE]
            await asyncio.sleep(seconds / self.pace)
            beside = self.walked[LIVE] - before
            await asyncio.to_thread(trouble.__exit__, None, None, None)
            back_s = await self._back()
            over.set()
            await going
            asked_bytes = (self.weather.asked_bytes - asked) // (len(self.took) - came)
        async with self.traffic.connected(self.served.port, LANES):
            await self.traffic.check_again()
        statuses = Counter(status for _, status in self.took)
        return Seen(statuses, max(seconds for seconds, _ in self.took), beside, back_s, asked_bytes)

    async def _join(self, port: int) -> Wire:
        return Timed(await Wire.connect(port), self.took)

    async def _walk(self, over: asyncio.Event, path: str) -> None:
        """Somebody who asks for what is answered whatever the database does."""
        wire = await Wire.connect(self.served.port)
        while not over.is_set():
            assert (await wire.ask("GET", path, headers={})).status == 200
            self.walked[path] += 1
            await asyncio.sleep(0.05)
        wire.close()

    async def _back(self) -> float:
        began_s = time.monotonic()
        while not await is_ready(self.served.port):
            assert time.monotonic() - began_s < BACK_S_MAX
            await asyncio.sleep(0.02)
        return time.monotonic() - began_s


@asynccontextmanager
async def trial(own: World, *, plant: str, pace: float) -> AsyncIterator[Trial]:
    """Serve a world of PostgreSQL's through the proxy."""
    postgres = shared_postgres()
    async with proxied(postgres.folder / ".s.PGSQL.5432") as (port, weather):
        away, changed = re.subn(
            r'"postgresql://callgate@/(\w+)\?.*"',
            rf'"postgresql://callgate@127.0.0.1:{port}/\1?sslmode=disable"',
            own.config.read_text(),
        )
        assert changed
        own.config.write_text(away)
        with ExitStack() as stack:
            served = await asyncio.to_thread(stack.enter_context, serve(own, plant=plant))
            yield Trial(served, weather, Traffic(own, Ledger(may_be_away=True), seed=6), pace)


@contextmanager
def crowded(own: World) -> Iterator[None]:
    """Others have every connection that the cluster gives, and the server has lost its own."""
    url = shared_postgres().url()
    ours = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    with ExitStack() as others:
        watcher = others.enter_context(psycopg.connect(url, autocommit=True))
        name = url_of(own).path.lstrip("/")
        while True:
            left = watcher.execute(ours, (name,)).fetchall()
            with suppress(psycopg.OperationalError):
                while True:
                    others.enter_context(psycopg.connect(url))
            if not left:
                break
        yield


@contextmanager
def locked(own: World) -> Iterator[None]:
    """Somebody holds the table of sessions for themselves alone."""
    with psycopg.connect(shared_postgres().url(url_of(own).path.lstrip("/"))) as other:
        other.execute("LOCK TABLE session IN ACCESS EXCLUSIVE MODE")
        yield
        other.rollback()


def url_of(own: World) -> SplitResult:
    """Where the world's settings say that it lies."""
    found = re.search(r'"(postgresql://.*)"', own.config.read_text())
    assert found
    return urlsplit(found[1])


def test_everybody_is_answered_in_time_whatever_the_way_to_the_database_is_like(
    world: World, tmp_path: Path, counts: Callable[[int, int], int], figure: Figure
) -> None:
    """The short run's server has a quarter of the patience, so that it takes a quarter of the time."""
    pace = counts(4, 1)
    seen: dict[str, Seen] = {}

    async def drive(own: World) -> list[str]:
        async with trial(own, plant="impatient" if pace > 1 else "", pace=pace) as tried:
            weather = tried.weather

            ways: dict[str, tuple[AbstractContextManager[object], int]] = {
                "stall of 10 s": (weather.stalled(), 10),
                "no connection left": (crowded(own), 4),
            }
            if pace == 1:
                ways = {"calm": (nullcontext(), 6)} | ways
                ways |= {f"{ms} ms": (weather.delayed(ms / 1000), 6) for ms in (5, 50, 500)}
                ways |= {
                    "dead": (weather.forgotten(), 3),
                    "reset": (weather.reset(), 1),
                    "a table locked": (locked(own), 8),
                }
            for way, (trouble, seconds) in ways.items():
                seen[way] = await tried.under(trouble, seconds=seconds)
            return tried.traffic.ledger.broken

    with on_postgres(world, tmp_path) as own:
        broken = asyncio.run(drive(own))
    for way, told in seen.items():
        figure("database.slow", f"{way}: {told}")
        assert told.longest_s < ANSWER_S_MAX / pace + GRACE_S * pace, f"{way}: somebody waited {told.longest_s:.1f} s"
        assert told.beside >= BESIDE_MIN, f"{way}: who needs no database waited for it"
        if way.endswith(" ms"):
            assert told.asked_bytes < STORM * seen["calm"].asked_bytes, f"{way}: the database is asked again and again"
    assert broken == []


@pytest.mark.long
def test_the_wait_is_found_when_nobody_is_told_that_it_takes_too_long(world: World, tmp_path: Path) -> None:
    """Planted: whoever asks waits for PostgreSQL as long as it takes."""

    async def drive(own: World) -> Seen:
        async with trial(own, plant="patient", pace=1) as tried:
            return await tried.under(tried.weather.stalled(), seconds=10)

    with on_postgres(world, tmp_path) as own:
        assert asyncio.run(drive(own)).longest_s > ANSWER_S_MAX + GRACE_S
