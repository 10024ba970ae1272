"""Where a commit waits for the disk: on the loop, beside it, or with all its statements in a thread of its own.

    python -m bench.fsync [--rounds 5] [--seconds 1]
    strace -f --seccomp-bpf -o /dev/null -e trace=fdatasync -e inject=fdatasync:delay_exit=4000 python -m bench.fsync

The second line makes every sync 4 ms slower. For each way and number of callers: grants per second (a service's session
opened: one unit, one audited row), and where four others read, sessions read per second with their waits. Rounds are
interleaved, figures are medians. docs/adr/0010-where-fsync-waits.md keeps them.
"""

import argparse
import asyncio
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import uvloop

from callgate.model.changes import SessionOpened
from callgate.model.decisions import Done
from callgate.model.facts import ServiceFacts
from callgate.model.lookups import ServiceOpening, SessionLookup
from callgate.storage import sqlite
from callgate.storage.group_commit import BATCH_MAX, GroupCommit
from callgate.storage.port import Unit
from callgate.storage.schema import migrate_file
from callgate.storage.sqlite import SqliteStore
from callgate.storage.sqlite_thread import WaitingThread
from tests.storage.engines import unit_of
from tests.storage.world import ACCOUNT, APP, FOUNDING, service_session_of

NUMBERS = itertools.count(1)


class Inline(WaitingThread):
    """Stands for the thread, and makes the loop wait instead."""

    def submit(self, work: Callable[[], None], done: Callable[[Exception | None], None]) -> None:
        """Do it at once."""
        work()
        done(None)


class OnTheLoop(GroupCommit):
    """Statements and commit on the event loop."""

    def _begin(self) -> None:
        self._thread.__class__ = Inline
        super()._begin()


class InAThread(GroupCommit):
    """Statements and commit in a thread of their own."""

    def _begin(self) -> None:
        self._thread.submit(self._whole, self._committed)

    def _whole(self) -> None:
        self._writer.begin()
        while self._queue and len(self._batch) < BATCH_MAX:
            self._batch.append(self._answer(*self._queue.popleft()))
        self._writer.seal()
        self._writer.commit()


class Way(NamedTuple):
    """A way to commit, and how often Python lets another thread in."""

    commits: type[GroupCommit]
    switch_s: float


WAYS = {
    "loop": Way(OnTheLoop, 0.005),
    "beside": Way(GroupCommit, 0.005),
    "beside, 0.5 ms": Way(GroupCommit, 0.0005),
    "thread, 0.5 ms": Way(InAThread, 0.0005),
}
CASES = ((1, 0), (16, 0), (64, 0), (16, 4))
"""Callers who open sessions, and who read."""


class Figures(NamedTuple):
    """What one round gave: per second, and in milliseconds."""

    grants: float
    reads: float
    median_ms: float
    p99_ms: float


async def grant(store: SqliteStore) -> int:
    """Open a service's session; its number."""
    number = next(NUMBERS)
    session = service_session_of(number)

    def decide(facts: ServiceFacts) -> Done:
        assert facts.allowed
        return Done((SessionOpened(session._replace(opened_ms=facts.now_ms, issued_ms=facts.now_ms)),))

    await store.run(Unit(ServiceOpening(APP.id, ACCOUNT.id), decide))
    return number


async def measure(path: Path, callers: int, readers: int, seconds: float) -> Figures:
    """One round on a file of its own."""
    store = SqliteStore.open(path, clock=lambda: time.time_ns() // 1_000_000)
    await store.start()
    await store.run(unit_of(*FOUNDING))
    lookup = SessionLookup(ACCOUNT.id, service_session_of(await grant(store)).id)
    until = time.monotonic() + seconds
    waits: list[float] = []
    grants = 0

    async def write() -> None:
        nonlocal grants
        while time.monotonic() < until:
            await grant(store)
            grants += 1

    async def read() -> None:
        while time.monotonic() < until:
            began = time.perf_counter()
            await asyncio.sleep(0)
            await store.read(lookup)
            waits.append((time.perf_counter() - began) * 1000)

    await asyncio.gather(*(write() for _ in range(callers)), *(read() for _ in range(readers)))
    await store.close()
    waits.sort()
    median, p99 = (waits[int(len(waits) * part)] if waits else 0.0 for part in (0.5, 0.99))
    return Figures(grants / seconds, len(waits) / seconds, median, p99)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    found: dict[tuple[tuple[int, int], str], list[Figures]] = {}
    for _, case, (name, way) in itertools.product(range(options.rounds), CASES, WAYS.items()):
        sqlite.GroupCommit = way.commits  # type: ignore[attr-defined] # the ways are swapped where the store looks them up
        sys.setswitchinterval(way.switch_s)
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
            path = Path(folder) / "bench.db"
            migrate_file(path)
            found.setdefault((case, name), []).append(uvloop.run(measure(path, *case, options.seconds)))
    for (case, name), rounds in found.items():
        figures = Figures(*(statistics.median(column) for column in zip(*rounds, strict=True)))
        print(
            f"{case[0]:3} callers {case[1]} readers  {name:15} {figures.grants:7.0f} grants/s"
            f" {figures.reads:7.0f} reads/s  median {figures.median_ms:5.2f} ms  p99 {figures.p99_ms:5.2f} ms"
        )


if __name__ == "__main__":
    main()
