"""Sign-ins without end, and without memory (assurance P2, R12): whoever has a token does not notice.

A proof of a password takes 19 MiB and some 20 ms of a core, on purpose, and strangers may ask for it.
"""

import asyncio
import os
import resource
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.founding import World
from tests.faults.ledger import Ledger
from tests.faults.process import Served
from tests.faults.test_workers import live, supervised, until, worker_of
from tests.faults.traffic import TOKEN, UNAVAILABLE, Traffic
from tests.faults.wire import LostError, Wire
from tests.figures import Figure

STRANGERS = 192
"""Three times what the pool lets wait for a core."""

SPARE_BYTES = 8 << 20
"""Room for requests, and for no proof of a password."""

GROWTH_KB_MAX = 128 << 10


@pytest.fixture(scope="module")
def serving(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, World]]:
    """A supervised server."""
    with supervised(world, tmp_path_factory.mktemp("sign-ins")) as both:
        yield both


async def sign_in(own: World, wire: Wire) -> int:
    """Try a wrong password; what came of it. Raises LostError."""
    form = {"grant_type": "password", "username": own.people[0].email, "password": "not this one"}
    return (await wire.post(TOKEN, own.script, form)).status


async def keep_signing_in(own: World, port: int, over: asyncio.Event, told: Counter[int]) -> None:
    """A stranger who does nothing else."""
    wire = await Wire.connect(port)
    while not over.is_set():
        try:
            told[await sign_in(own, wire)] += 1
        except LostError:
            told[0] += 1
            wire = await Wire.connect(port)
    wire.close()


async def waits_of(own: World, port: int, seconds: float) -> list[float]:
    """How long a service waits for tokens, one after the other; sorted."""
    wire, waits, until_s = await Wire.connect(port), [], time.monotonic() + seconds
    while (began_s := time.monotonic()) < until_s:
        assert (await wire.post(TOKEN, own.service, {"grant_type": "client_credentials"})).status == 200
        waits.append(time.monotonic() - began_s)
    wire.close()
    return sorted(waits)


def status_of(pid: int, field: str) -> int:
    """A field of a process's status, in KiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


@pytest.mark.long
def test_tokens_are_issued_and_memory_is_bounded_when_strangers_sign_in_without_end(
    serving: tuple[Served, World], counts: Callable[[int, int], int], figure: Figure
) -> None:
    """Those whom the pool has no room for are told to come back; the others' passwords are wrong; nothing breaks."""
    served, own = serving
    told: Counter[int] = Counter()
    seconds = counts(1, 20)

    async def drive() -> tuple[list[float], list[float]]:
        quiet = await waits_of(own, served.port, seconds)
        over = asyncio.Event()
        strangers = [asyncio.create_task(keep_signing_in(own, served.port, over, told)) for _ in range(STRANGERS)]
        busy = await waits_of(own, served.port, seconds)
        over.set()
        await asyncio.gather(*strangers)
        return quiet, busy

    worker = worker_of(served)
    before_kb = status_of(worker, "VmRSS")
    quiet, busy = asyncio.run(drive())
    grown_kb = status_of(worker, "VmRSS") - before_kb
    at = [f"{1000 * waits[len(waits) * 99 // 100]:.0f}" for waits in (quiet, busy)]
    figure(
        "clients.signing-in",
        f"{told[400]} refused, {told[UNAVAILABLE]} told to come back; tokens at the 99th percentile: {at[0]} ms quiet, "
        f"{at[1]} ms beside; memory grew by {grown_kb >> 10} MB",
    )
    assert set(told) == {400, UNAVAILABLE}
    assert worker_of(served) == worker
    assert grown_kb < GROWTH_KB_MAX
    assert len(busy) > told.total() / STRANGERS / 4, "who wanted tokens had fewer turns than those who signed in"


@pytest.mark.long
def test_nobody_is_told_that_a_password_is_wrong_when_there_is_no_memory_to_know(
    serving: tuple[Served, World], figure: Figure
) -> None:
    """RLIMIT_AS: sign-ins answer 503, and tokens are issued, used and revoked; with room again all is as before."""
    served, own = serving
    former, ledger, told = worker_of(served), Ledger(), Counter[int]()
    os.kill(former, signal.SIGKILL)  # the next one has no memory left over from proofs
    asyncio.run(until(lambda: worker_of(served) not in {0, former}, "no other came"))
    worker = worker_of(served)

    def limit(size: int) -> None:
        resource.prlimit(worker, resource.RLIMIT_AS, (size, resource.RLIM_INFINITY))

    async def drive() -> int:
        assert await live(served) == 200
        traffic = Traffic(own, ledger, seed=12)
        async with traffic.connected(served.port, 16):
            await traffic.run_for(0.3)
            limit((status_of(worker, "VmSize") << 10) + SPARE_BYTES)
            over = asyncio.Event()
            strangers = [asyncio.create_task(keep_signing_in(own, served.port, over, told)) for _ in range(4)]
            await traffic.run_for(0.7)
            over.set()
            await asyncio.gather(*strangers)
            limit(resource.RLIM_INFINITY)
            await traffic.check()
        wire = await Wire.connect(served.port)
        try:
            return await sign_in(own, wire)
        finally:
            wire.close()

    assert asyncio.run(drive()) == 400
    figure("workers.no-memory", f"{told[UNAVAILABLE]} sign-ins answered 503, none otherwise; {ledger.summary()}")
    assert set(told) == {UNAVAILABLE}
    assert ledger.broken == []
    assert worker_of(served) == worker
