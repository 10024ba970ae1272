"""Power cut (assurance.md R2): a served database rebuilt as a disk may have it, at every sync of a real server.

kill -9 proves nothing of syncing, since the kernel keeps what was written. So strace notes the server's writes and
syncs, and its replies among them; before each sync ends and after it, the power goes, and the files are opened as the
next start opens them.
"""

import asyncio
import itertools
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from callgate.storage.schema import migrate_file
from callgate.storage.sqlite import SqliteStore
from tests.faults.cuts import Cuts, Judge, Replay, content_of, lay_down, replay, whole
from tests.faults.disk import Disk, Fate
from tests.faults.founding import World, copy_world
from tests.faults.ledger import Ledger
from tests.faults.process import serve
from tests.faults.promises import Promise, broken_promises, promises_of, rows_of
from tests.faults.trace import Event, SyncEnded, Told, places_told, read_trace, strace
from tests.faults.traffic import Traffic
from tests.figures import Figure

pytestmark = pytest.mark.root

REPLIES_PER_CUT = 100
SYNCS_MIN = 30
"""A sync is for one act of each lane at the most, so that a slow machine takes longer for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A run: its world, the folder's content before it, what happened, what was promised, and who was promised it."""

    world: World
    before: dict[str, bytes]
    events: list[Event]
    promises: list[Promise]
    traffic: Traffic


def record(world: World, folder: Path, *, plant: str, lanes: int, seconds: float) -> Recording:
    """Serve under strace for a while; the server ends as it is told to, which is recorded too."""
    own = copy_world(world, folder)
    before = content_of(own.database.parent)
    traffic = Traffic(own, Ledger(), seed=1)
    with serve(own, plant=plant, wrap=strace(folder / "trace")) as served:

        async def drive() -> None:
            until_s = time.monotonic() + seconds
            async with traffic.connected(served.port, lanes):
                await traffic.run_until(lambda: time.monotonic() > until_s and is_enough())

        def is_enough() -> bool:
            return traffic.ledger.acknowledged.total() > SYNCS_MIN * lanes

        asyncio.run(drive())
        assert served.stop() == 0
    events = list(read_trace(folder / "trace", own.database.parent))
    promises = asyncio.run(promises_of(own, traffic.ledger, places_told(events)))
    return Recording(world=own, before=before, events=events, promises=promises, traffic=traffic)


def judge(recording: Recording) -> Judge:
    """Opens the database by our own storage, as the next start does, and holds it against what was promised."""

    def find(folder: Path, at: int) -> Iterator[str]:
        path = folder / "callgate.db"
        migrate_file(path)
        store = SqliteStore.open(path, clock=lambda: 0)
        try:
            yield from whole(path)
            yield from broken_promises(recording.promises, rows_of(path), at)
        finally:
            asyncio.run(store.close())

    return find


def replayed(recording: Recording, *, tears: int, stride: int = 1) -> Replay:
    """Cut at the syncs, and behind some replies: a server that never syncs has no other places to cut at."""
    replies = itertools.count(1)

    def also(event: Event) -> bool:
        return isinstance(event, Told) and next(replies) % REPLIES_PER_CUT == 0

    disk = Disk(recording.world.database.parent, recording.before)
    return replay(disk, recording.events, judge(recording), Cuts(also=also, tears=tears, stride=stride))


@pytest.fixture(scope="module")
def recording(world: World, tmp_path_factory: pytest.TempPathFactory, counts: Callable[[int, int], int]) -> Recording:
    """A run of the server as it is, but for its checkpoints, which come every few commits."""
    folder = tmp_path_factory.mktemp("recorded")
    return record(world, folder, plant="small_checkpoints", lanes=counts(16, 64), seconds=counts(1, 15))


def test_nothing_acknowledged_is_lost_when_the_power_goes(
    recording: Recording, counts: Callable[[int, int], int], figure: Figure
) -> None:
    """At every sync, with nothing, all or any part of what was not synced: opens, whole, promises kept."""
    found = replayed(recording, tears=counts(1, 3))
    figure("power.cut", f"{found.syncs} syncs, {found.cuts} cuts, {recording.traffic.ledger.summary()}")
    assert recording.traffic.ledger.broken == []
    assert found.broken == []
    assert found.syncs >= counts(SYNCS_MIN, 500), "too few commits to mean anything"
    checkpoints = sum(isinstance(e, SyncEnded) and e.path == recording.world.database for e in recording.events)
    assert checkpoints >= 3, "the log was hardly ever folded into the database"


@pytest.mark.parametrize(
    "defect",
    [
        "synchronous_normal",
        *[pytest.param(d, marks=pytest.mark.long) for d in ("synchronous_off", "reply_before_commit")],
    ],
)
def test_the_loss_is_found_when_replies_do_not_wait_for_the_disk(world: World, tmp_path: Path, defect: str) -> None:
    """Planted: a server that answers before its commit is on the disk."""
    recording = record(world, tmp_path, plant=f"small_checkpoints,{defect}", lanes=16, seconds=1)
    found = replayed(recording, tears=0, stride=3)
    assert any("lost" in why or "undone" in why or "promised" in why for why in found.broken), found


def test_what_is_left_is_served_when_the_power_goes_after_the_last_reply(
    recording: Recording, tmp_path: Path, figure: Figure
) -> None:
    """A real start on the rebuilt files; every token and every revocation is asked for over HTTP."""
    disk = Disk(recording.world.database.parent, recording.before)
    last = max(place for place, event in enumerate(recording.events) if isinstance(event, Told))
    for event in recording.events[: last + 1]:
        disk.take(event)
    again = copy_world(recording.world, tmp_path)
    lay_down(disk.lose_power(Fate.GONE, random.Random(3)), again.database.parent)
    traffic = recording.traffic
    with serve(again) as served:

        async def check() -> None:
            async with traffic.connected(served.port):
                await traffic.check()

        asyncio.run(check())
    figure("power.cut", f"{len(traffic.ledger.held)} sessions asked for over HTTP after a cut behind the last reply")
    assert traffic.ledger.broken == []
