"""A disk whose syncs take long (goals P6): writers wait for it, and nobody else does."""

import asyncio
import shutil
import time
from collections.abc import Callable
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


@pytest.mark.root
@pytest.mark.parametrize("sync_ms", [pytest.param(4, marks=pytest.mark.long), 500])
def test_tokens_are_read_as_before_when_every_sync_takes_long(
    world: World, tmp_path: Path, sync_ms: int, counts: Callable[[int, int], int], figure: Figure
) -> None:
    """A reader who waited for a sync would see two answers a second at the most."""
    own = copy_world(world, tmp_path)
    slow = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null"]
    slow += ["-e", f"trace={SYNCS}", "-e", f"inject={SYNCS}:delay_exit={sync_ms * 1000}"]

    seconds = counts(1, 8)

    async def drive(port: int) -> tuple[list[float], list[float], int]:
        quiet = await read_for(own, port, seconds / 2)
        over = asyncio.Event()
        writers = [asyncio.create_task(write_until(own, port, over)) for _ in range(WRITERS)]
        beside = await read_for(own, port, seconds)
        over.set()
        written = sum(await asyncio.gather(*writers))
        return quiet + await read_for(own, port, seconds / 2), beside, written

    with serve(own, wrap=slow) as served:
        quiet, beside, written = asyncio.run(drive(served.port))
    at = [1000 * sorted(waits)[len(waits) * 99 // 100] for waits in (quiet, beside)]
    figure(
        "disk.slow",
        f"syncs of {sync_ms} ms, {WRITERS} writers ({written} tokens): {len(beside) / len(quiet):.2f} × the reads of a "
        f"quiet server, 99th percentile {at[1]:.0f} ms where {at[0]:.0f} ms",
    )
    assert written >= WRITERS
    assert beside[len(beside) // 2] < sync_ms / 1000 / 2 or sync_ms < 100, "reads waited for syncs"
