"""Power cut (assurance.md R2): a served database rebuilt as a disk may have it, at every sync of a real server.

kill -9 proves nothing of syncing, since the kernel keeps what was written. So strace notes the server's writes and
syncs, and its replies among them; before each sync ends and after it, the power goes, and the files are opened as the
next start opens them.
"""

import asyncio
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import apsw
import pytest

from callgate.storage.check import check_audit, check_file
from callgate.storage.schema import SchemaDiffers, migrate_file
from callgate.storage.sqlite import SqliteStore
from tests.faults.conftest import Report
from tests.faults.disk import Disk, Fate
from tests.faults.founding import World, copy_world
from tests.faults.ledger import Ledger
from tests.faults.process import serve
from tests.faults.promises import Promise, broken_promises, promises_of, rows_of
from tests.faults.trace import Event, SyncEnded, Told, places_told, read_trace, strace
from tests.faults.traffic import Traffic

pytestmark = pytest.mark.root

_MEMORY = Path("/dev/shm")

REPLIES_PER_CUT = 100
"""Beside the syncs: a server that never syncs has no other places to cut at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A run: its world, the folder's content before it, what happened, what was promised, and who was promised it."""

    world: World
    before: dict[str, bytes]
    events: list[Event]
    promises: list[Promise]
    traffic: Traffic

    def disk(self) -> Disk:
        """The disk before anything happened."""
        return Disk(self.world.database.parent, self.before)


@dataclass(slots=True)
class Replay:
    """What was found at all the cuts together."""

    syncs: int = 0
    cuts: int = 0
    broken: list[str] = field(default_factory=list)


def record(world: World, folder: Path, *, plant: str, lanes: int, seconds: float) -> Recording:
    """Serve under strace for a while; the server ends as it is told to, which is recorded too."""
    own = copy_world(world, folder)
    before = content_of(own.database.parent)
    traffic = Traffic(own, Ledger(), seed=1)
    with serve(own, plant=plant, wrap=strace(folder / "trace")) as served:

        async def drive() -> None:
            async with traffic.connected(served.port, lanes):
                await traffic.run_for(seconds)

        asyncio.run(drive())
        assert served.stop() == 0
    events = list(read_trace(folder / "trace", own.database.parent))
    promises = asyncio.run(promises_of(own, traffic.ledger, places_told(events)))
    return Recording(world=own, before=before, events=events, promises=promises, traffic=traffic)


def content_of(folder: Path) -> dict[str, bytes]:
    """Each file's name and content."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def replay(recording: Recording, *, tears: int, stride: int = 1) -> Replay:
    """Cut the power before and after each sync, and after some replies; look at what is left.

    Only every `stride`-th of these places is looked at: two thirds of a short run's time go into looking.
    """
    found = Replay()
    disk = recording.disk()
    chance = random.Random(2)
    replies = 0
    with emptied_folder() as folder:
        for place, event in enumerate(recording.events):
            if isinstance(event, SyncEnded):
                found.syncs += 1
                if found.syncs % stride == 0:
                    for fate in (Fate.GONE, Fate.ARRIVED, *[Fate.TORN] * tears):
                        look(found, disk.lose_power(fate, chance), folder, (recording.promises, place))
            disk.take(event)
            replies += isinstance(event, Told)
            is_due = isinstance(event, SyncEnded) or (isinstance(event, Told) and replies % REPLIES_PER_CUT == 0)
            if is_due and found.syncs % stride == 0:
                look(found, disk.lose_power(Fate.GONE, chance), folder, (recording.promises, place + 1))
    return found


def look(found: Replay, files: dict[str, bytes], folder: Path, promised: tuple[list[Promise], int]) -> None:
    """Lay the files down and open them as the next start does."""
    found.cuts += 1
    for name, content in files.items():
        (folder / name).write_bytes(content)
    promises, at = promised
    try:
        found.broken += [f"at {at}: {why}" for why in what_is_wrong(folder / "callgate.db", promises, at)]
    except (apsw.Error, SchemaDiffers) as error:
        found.broken.append(f"at {at}: it does not open: {error!r}")
    for path in folder.iterdir():
        path.unlink()


def what_is_wrong(path: Path, promises: list[Promise], at: int) -> Iterator[str]:
    """Open the database by our own storage; what is broken in it, and of what was promised."""
    migrate_file(path)
    store = SqliteStore.open(path, clock=lambda: 0)
    try:
        yield from check_file(path)
        yield from (f"audit link {each.seq}: {each.why}" for each in check_audit(path, lambda *_: None).breaks)
        yield from broken_promises(promises, rows_of(path), at)
    finally:
        asyncio.run(store.close())


@contextmanager
def emptied_folder() -> Iterator[Path]:
    """A folder in memory where there is such a thing: the cuts are many, and their syncs need no disk."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def recording(world: World, tmp_path_factory: pytest.TempPathFactory, counts: Callable[[int, int], int]) -> Recording:
    """A run of the server as it is, but for its checkpoints, which come every few commits."""
    folder = tmp_path_factory.mktemp("recorded")
    return record(world, folder, plant="small_checkpoints", lanes=counts(16, 64), seconds=counts(1, 15))


def test_nothing_acknowledged_is_lost_when_the_power_goes(
    recording: Recording, counts: Callable[[int, int], int], report: Report
) -> None:
    """At every sync, with nothing, all or any part of what was not synced: opens, whole, promises kept."""
    found = replay(recording, tears=counts(1, 3))
    report("power cut", f"{found.syncs} syncs, {found.cuts} cuts, {recording.traffic.ledger.summary()}")
    assert recording.traffic.ledger.broken == []
    assert found.broken == []
    assert found.syncs >= counts(30, 500), "too few commits to mean anything"
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
    found = replay(recording, tears=0, stride=3)
    assert any("lost" in why or "undone" in why or "promised" in why for why in found.broken), found


def test_what_is_left_is_served_when_the_power_goes_after_the_last_reply(
    recording: Recording, tmp_path: Path, report: Report
) -> None:
    """A real start on the rebuilt files; every token and every revocation is asked for over HTTP."""
    disk = recording.disk()
    last = max(place for place, event in enumerate(recording.events) if isinstance(event, Told))
    for event in recording.events[: last + 1]:
        disk.take(event)
    again = copy_world(recording.world, tmp_path)
    for path in again.database.parent.iterdir():
        path.unlink()
    for name, content in disk.lose_power(Fate.GONE, random.Random(3)).items():
        (again.database.parent / name).write_bytes(content)
    traffic = recording.traffic
    with serve(again) as served:

        async def check() -> None:
            async with traffic.connected(served.port):
                await traffic.check()

        asyncio.run(check())
    report("power cut", f"{len(traffic.ledger.held)} sessions asked for over HTTP after a cut behind the last reply")
    assert traffic.ledger.broken == []
