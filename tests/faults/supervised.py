"""A server under a supervisor: its workers, what it has written of them, and its reloads."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from tests.faults.founding import World, copy_world
from tests.faults.process import Served, serve
from tests.faults.wire import Wire

WAIT_S_MAX = 60
LIVE = "/health/live"


@contextmanager
def supervised(world: World, folder: Path, *, plant: str = "") -> Iterator[tuple[Served, World]]:
    """A server under a supervisor, on a world of its own."""
    own = copy_world(world, folder / "served")
    with serve(own, workers=1, plant=plant) as served:
        yield served, own


def lines(served: Served, outcome: str) -> list[dict[str, object]]:
    """What the supervisor has written of this kind."""
    found = [orjson.loads(line) for line in served.log.read_bytes().splitlines() if b'"workers"' in line]
    return [line for line in found if line.get("event") == "workers" and line["outcome"] == outcome]


async def until(is_so: Callable[[], object], what: str) -> None:
    """Wait for it."""
    for _ in range(WAIT_S_MAX * 50):
        if is_so():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(what)


async def reload(served: Served, *, outcome: str = "reloaded") -> None:
    """Have it take new settings, and wait until it has said what came of it."""
    before = len(lines(served, outcome))
    served.process.send_signal(signal.SIGHUP)
    await until(lambda: len(lines(served, outcome)) > before, f"not {outcome}: {served.log.read_text()[-2000:]}")


def workers_of(served: Served) -> set[int]:
    """Their process ids."""
    pid = served.process.pid
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def worker_of(served: Served) -> int:
    """The only worker, or 0 while there is none."""
    return max(workers_of(served), default=0)


def is_dead(pid: int) -> bool:
    """Whether a process has ended; who inherited it may not have looked yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


async def live(served: Served) -> int:
    """How it answers."""
    wire = await Wire.connect(served.port)
    try:
        return (await wire.ask("GET", LIVE, headers={})).status
    finally:
        wire.close()
