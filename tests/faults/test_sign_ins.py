"""Sign-ins without end, and without memory (assurance P2, R12): whoever has a token does not notice.

A proof of a password takes 19 MiB and some 20 ms of a core, on purpose, and strangers may ask for it.
"""

import asyncio
import itertools
import os
import resource
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults.founding import World
from tests.faults.ledger import Ledger
from tests.faults.process import Served
from tests.faults.supervised import live, supervised, until, worker_of
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


async def sign_in(own: World, wire: Wire, name: str) -> int:
    """Try a wrong password; what came of it. Raises LostError."""
    form = {"grant_type": "password", "username": f"{name}@example.com", "password": "not this one"}
    return (await wire.post(TOKEN, own.script, form)).status


async def keep_signing_in(own: World, port: int, over: asyncio.Event, told: Counter[int]) -> None:
    """A stranger who does nothing else. Each name is tried once: of many tries none would be proofs."""
    wire, numbers = await Wire.connect(port), itertools.count()
    while not over.is_set():
        try:
            told[await sign_in(own, wire, f"{id(wire)}-{next(numbers)}")] += 1
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


def status_of(pid: int, name: str) -> int:
    """A field of a process's status, in KiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


@dataclass(slots=True)
class Flood:
    """What strangers without end were told, and what it cost the others."""

    told: Counter[int] = field(default_factory=Counter)
    quiet_s: list[float] = field(default_factory=list)
    beside_s: list[float] = field(default_factory=list)
    grown_kb: int = 0
    """At its highest, not at the end: a proof gives its memory back."""

    def harm(self) -> list[str]:
        """What must not be."""
        found = []
        if not self.told[UNAVAILABLE]:
            found.append("nobody was told to come back")
        if set(self.told) > {400, UNAVAILABLE}:
            found.append(f"somebody was told otherwise: {self.told}")
        if self.grown_kb >= GROWTH_KB_MAX:
            found.append(f"memory grew by {self.grown_kb >> 10} MB")
        if len(self.beside_s) <= self.told.total() / STRANGERS / 4:
            found.append("who wanted tokens had fewer turns than those who signed in")
        return found

    def summary(self) -> str:
        """The figures, for a report."""
        quiet, beside = (1000 * waits[len(waits) * 99 // 100] for waits in (self.quiet_s, self.beside_s))
        return (
            f"{self.told[400]:,} refused, {self.told[UNAVAILABLE]:,} told to come back; tokens at the 99th percentile: "
            f"{quiet:.0f} ms quiet, {beside:.0f} ms beside; memory grew by {self.grown_kb >> 10} MB at most"
        )


def flood(served: Served, own: World, *, seconds: float) -> Flood:
    """A service alone for a while, and then beside strangers."""
    found, worker = Flood(), worker_of(served)

    async def drive() -> None:
        found.quiet_s = await waits_of(own, served.port, seconds)
        over = asyncio.Event()
        strangers = [asyncio.create_task(keep_signing_in(own, served.port, over, found.told)) for _ in range(STRANGERS)]
        found.beside_s = await waits_of(own, served.port, seconds)
        over.set()
        await asyncio.gather(*strangers)

    before_kb = status_of(worker, "VmRSS")
    asyncio.run(drive())
    found.grown_kb = status_of(worker, "VmHWM") - before_kb
    assert worker_of(served) == worker
    return found


@pytest.mark.long
def test_tokens_are_issued_and_memory_is_bounded_when_strangers_sign_in_without_end(
    serving: tuple[Served, World], counts: Callable[[int, int], int], figure: Figure
) -> None:
    """Those whom the pool has no room for are told to come back; the others' passwords are wrong; nothing breaks."""
    found = flood(*serving, seconds=counts(1, 20))
    figure("clients.signing-in", found.summary())
    assert found.harm() == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("defect", "symptom"),
    [("everybody_signs_in", "nobody was told to come back"), ("everybody_signs_in_at_once", "memory grew")],
)
def test_the_harm_is_found_when_sign_ins_have_no_bound(world: World, tmp_path: Path, defect: str, symptom: str) -> None:
    """Planted: a queue without an end, and a thread for everybody."""
    with supervised(world, tmp_path, plant=defect) as (served, own):
        assert any(symptom in why for why in flood(served, own, seconds=1).harm())


@dataclass(slots=True)
class Starved:
    """What was told while there was no memory, and what a wrong password is afterwards."""

    told: Counter[int] = field(default_factory=Counter)
    ledger: Ledger = field(default_factory=Ledger)
    afterwards: int = 0


def starve(served: Served, own: World) -> Starved:
    """Traffic and sign-ins at a worker that gets no more memory; then it does."""
    former, found = worker_of(served), Starved()
    os.kill(former, signal.SIGKILL)  # the next one has no memory left over from proofs
    asyncio.run(until(lambda: worker_of(served) not in {0, former}, "no other came"))
    worker = worker_of(served)

    def limit(size: int) -> None:
        # What may be written to, and not addresses: the threads of proofs have those already.
        resource.prlimit(worker, resource.RLIMIT_DATA, (size, resource.RLIM_INFINITY))

    async def drive() -> None:
        assert await live(served) == 200
        traffic = Traffic(own, found.ledger, seed=12)
        async with traffic.connected(served.port, 16):
            await traffic.run_for(0.3)
            limit((status_of(worker, "VmData") << 10) + SPARE_BYTES)
            over = asyncio.Event()
            strangers = [asyncio.create_task(keep_signing_in(own, served.port, over, found.told)) for _ in range(4)]
            await traffic.run_for(0.7)
            over.set()
            await asyncio.gather(*strangers)
            limit(resource.RLIM_INFINITY)
            await traffic.check()
        wire = await Wire.connect(served.port)
        try:
            found.afterwards = await sign_in(own, wire, "nobody")
        finally:
            wire.close()

    asyncio.run(drive())
    assert worker_of(served) == worker
    return found


@pytest.mark.long
def test_nobody_is_told_that_a_password_is_wrong_when_there_is_no_memory_to_know(
    serving: tuple[Served, World], figure: Figure
) -> None:
    """RLIMIT_DATA: sign-ins answer 503, and tokens are issued, used and revoked; with room again all is as before."""
    found = starve(*serving)
    figure(
        "workers.no-memory",
        f"{found.told[UNAVAILABLE]:,} sign-ins answered 503, none otherwise; {found.ledger.summary()}",
    )
    assert set(found.told) == {UNAVAILABLE}
    assert found.afterwards == 400
    assert found.ledger.broken == []


@pytest.mark.long
def test_the_lie_is_found_when_no_memory_passes_for_a_wrong_password(world: World, tmp_path: Path) -> None:
    """Planted: whatever argon2 says, the password is wrong."""
    with supervised(world, tmp_path, plant="no_memory_is_a_wrong_password") as (served, own):
        assert starve(served, own).told[400]
