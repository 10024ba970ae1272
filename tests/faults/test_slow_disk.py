"""A disk whose syncs take long (goals P6): writers wait for it, and nobody else does."""

import asyncio
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.founding import World, copy_world
from tests.faults.process import serve
from tests.faults.traffic import SELF, TOKEN
from tests.faults.wire import Wire
from tests.figures import Figure

WRITERS = 16
READERS = 4
SYNCS = "fdatasync,fsync"
SLOW_MS = 500
"""So long that nobody could take it for anything else."""

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None, reason="needs strace: `apt-get install strace` (./dev test installs it as root)"
)


async def read_for(own: World, port: int, seconds: float) -> list[float]:
    """How long each bearer check took, of some that are asked side by side; sorted."""
    waits: list[float] = []

    async def read() -> None:
        wire = await Wire.connect(port)
        given = await wire.post(TOKEN, own.service, {"grant_type": "client_credentials"})
        headers = {"Authorization": f"Bearer {given.text('access_token')}"}
        until_s = time.monotonic() + seconds
        while (began_s := time.monotonic()) < until_s:
            assert (await wire.ask("GET", SELF, headers=headers)).status == 200
            waits.append(time.monotonic() - began_s)
        wire.close()

    await asyncio.gather(*(read() for _ in range(READERS)))
    return sorted(waits)


async def write_until(own: World, port: int, over: asyncio.Event) -> int:
    """One who asks for tokens, one after the other; how many came."""
    wire, count = await Wire.connect(port), 0
    while not over.is_set():
        assert (await wire.post(TOKEN, own.service, {"grant_type": "client_credentials"})).status == 200
        count += 1
    wire.close()
    return count


@dataclass(frozen=True, slots=True)
class Seen:
    """How long reads took on a quiet server, and beside writers (each sorted); and how many tokens those got."""

    quiet_s: list[float]
    beside_s: list[float]
    written: int


def slow_down(own: World, *, sync_ms: int, seconds: float, plant: str = "") -> Seen:
    """Readers alone, beside writers who wait for syncs, and alone again."""
    slow = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null"]
    slow += ["-e", f"trace={SYNCS}", "-e", f"inject={SYNCS}:delay_exit={sync_ms * 1000}"]

    async def drive(port: int) -> Seen:
        quiet = await read_for(own, port, seconds / 2)
        over = asyncio.Event()
        writers = [asyncio.create_task(write_until(own, port, over)) for _ in range(WRITERS)]
        beside = await read_for(own, port, seconds)
        over.set()
        written = sum(await asyncio.gather(*writers))
        return Seen(sorted(quiet + await read_for(own, port, seconds / 2)), beside, written)

    with serve(own, wrap=slow, plant=plant) as served:
        return asyncio.run(drive(served.port))


@pytest.mark.root
@pytest.mark.parametrize("sync_ms", [pytest.param(4, marks=pytest.mark.long), SLOW_MS])
def test_tokens_are_read_as_before_when_every_sync_takes_long(
    world: World, tmp_path: Path, sync_ms: int, counts: Callable[[int, int], int], figure: Figure
) -> None:
    """A reader who waited for a sync would see two answers a second at the most."""
    seen = slow_down(copy_world(world, tmp_path), sync_ms=sync_ms, seconds=counts(1, 8))
    quiet, beside = (1000 * waits[len(waits) * 99 // 100] for waits in (seen.quiet_s, seen.beside_s))
    figure(
        "disk.slow",
        f"syncs of {sync_ms} ms, {WRITERS} writers ({seen.written:,} tokens): "
        f"{len(seen.beside_s) / len(seen.quiet_s):.2f} × the reads of a quiet server, "
        f"99th percentile {beside:.0f} ms where {quiet:.0f} ms",
    )
    assert seen.written >= WRITERS
    assert sync_ms < SLOW_MS or not reads_waited(seen)


def reads_waited(seen: Seen) -> bool:
    """Whether reads took as long as the slow syncs do."""
    return seen.beside_s[len(seen.beside_s) // 2] >= SLOW_MS / 1000 / 2


@pytest.mark.long
@pytest.mark.root
def test_the_wait_is_found_when_reads_stand_in_the_line_of_writers(world: World, tmp_path: Path) -> None:
    """Planted: one line for both."""
    own = copy_world(world, tmp_path)
    assert reads_waited(slow_down(own, sync_ms=SLOW_MS, seconds=3, plant="reads_wait_for_commits"))
