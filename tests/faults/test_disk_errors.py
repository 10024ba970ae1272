"""A disk that fails (assurance.md R3): from the error on nothing is acknowledged, the process ends, nothing is lost.

What the disk has after a failed write or sync nobody can know without reading it anew, so that is what happens: the
server ends, and whoever supervises it starts it again. Some of what was in flight may turn out to be there.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from callgate.storage.check import check_audit, check_file
from tests.faults.founding import World, copy_world
from tests.faults.ledger import Ledger
from tests.faults.process import serve
from tests.faults.promises import NEVER, broken_promises, promises_of, rows_of
from tests.faults.trace import Event, Failed, places_told, read_trace, strace
from tests.faults.traffic import Traffic
from tests.faults.wire import LostError
from tests.figures import Figure

pytestmark = pytest.mark.root

LANES = 32
END_S_MAX = 30
"""For the process to end: it may let requests under way finish for 10 s."""

ACTS_MIN = 25 * LANES
"""So many need 25 syncs at least: a sync is for one act of each lane at the most."""

SYNCS = "fsync,fdatasync"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A run that met an error: what happened in which order, who was told what, and how the process ended.

    `found` has the files as they were then; in `world` the server may be started again.
    """

    world: World
    found: World
    traffic: Traffic
    events: list[Event]
    status: int

    @property
    def first_error(self) -> int:
        """Where in the trace it is."""
        return next(place for place, event in enumerate(self.events) if isinstance(event, Failed))


def fail(world: World, folder: Path, inject: str, *, plant: str = "") -> Failure:
    """Traffic, until the kernel answers with an error and the server ends by itself; or, mistaken, goes on."""
    own = copy_world(world, folder / "served")
    traffic = Traffic(own, Ledger(), seed=6)
    trace = folder / "trace"
    with serve(own, plant=plant, wrap=strace(trace, inject=inject)) as served:

        async def drive() -> None:
            async with traffic.connected(served.port, LANES):
                await traffic.run_until(is_enough if plant else lambda: served.process.poll() is not None)

        def is_enough() -> bool:
            return traffic.ledger.acknowledged.total() > ACTS_MIN

        with contextlib.suppress(LostError):
            asyncio.run(drive())
        status = served.wait(END_S_MAX) if not plant else served.stop()
    events = list(read_trace(trace, own.database.parent))
    found = copy_world(own, folder / "found")
    return Failure(world=own, found=found, traffic=traffic, events=events, status=status)


def told_too_late(failure: Failure) -> list[str]:
    """Acts that were acknowledged after the error."""
    told = places_told(failure.events)
    acts = [act for held in failure.traffic.ledger.held for act in held.acts]
    late = [act for act in acts if act.request_id and told[act.request_id] > failure.first_error]
    return [f"{act.kind.value} {act.request_id}" for act in late]


def what_is_wrong(failure: Failure) -> list[str]:
    """What the database breaks of what was promised, and what it has that nobody asked for."""
    ledger = failure.traffic.ledger
    promises = asyncio.run(promises_of(failure.found, ledger, places_told(failure.events)))
    rows = rows_of(failure.found.database)
    wrong = list(broken_promises(promises, rows, NEVER))
    unheard = rows.keys() - {promise.row_id for promise in promises}
    in_flight = sum(act.request_id is None for act in ledger.attempts)
    if len(unheard) > in_flight:
        wrong.append(f"{len(unheard)} sessions nobody was told of; {in_flight} grants were under way")
    breaks = check_audit(failure.found.database, lambda *_: None).breaks
    return [*wrong, *check_file(failure.found.database), *(f"audit link {each.seq}" for each in breaks)]


@pytest.mark.parametrize(
    "inject",
    [
        pytest.param(f"{SYNCS}:error=EIO:when=40+", id="every sync fails", marks=pytest.mark.long),
        pytest.param(f"{SYNCS}:error=EIO:when=40", id="one sync fails"),
        pytest.param("pwrite64:error=EIO:when=200+", id="every write fails", marks=pytest.mark.long),
        pytest.param("pwrite64:error=EROFS:when=200+", id="the file system turns read-only"),
        pytest.param(f"{SYNCS}:error=ENOSPC:when=40", id="a sync finds the disk full", marks=pytest.mark.long),
    ],
)
def test_server_ends_and_nothing_is_lost_when_the_disk_fails(
    world: World, tmp_path: Path, inject: str, figure: Figure
) -> None:
    """No acknowledgement after the error; all acknowledged is stored, and of the rest only what was in flight."""
    failure = fail(world, tmp_path, inject)
    ledger = failure.traffic.ledger
    assert failure.status == 3
    assert told_too_late(failure) == []
    assert what_is_wrong(failure) == []
    with serve(failure.world) as served:

        async def check() -> None:
            async with failure.traffic.connected(served.port, LANES):
                await failure.traffic.check()

        asyncio.run(check())
        assert served.stop() == 0
    figure("disk.sync-fails", f"{inject}: {ledger.summary()}")
    assert ledger.broken == []


def test_the_loss_is_found_when_a_failed_sync_passes_for_done(world: World, tmp_path: Path) -> None:
    """Planted: the error is swallowed, the disk works again, and the server goes on; one sync may be nobody's reply."""
    failure = fail(world, tmp_path, f"{SYNCS}:error=EIO:when=10+10", plant="sync_error_swallowed")
    assert told_too_late(failure)
    assert any("lost" in why or "undone" in why or "promised" in why for why in what_is_wrong(failure))
