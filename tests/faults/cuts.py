"""The power goes: a recorded run is lived through again, cut off at many places, and what is left is judged."""

import random
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from callgate.storage.check import check_audit, check_file
from callgate.storage.scripts import SchemaDiffers
from tests.faults.disk import Disk, Fate
from tests.faults.trace import Event, SyncEnded

Judge = Callable[[Path, int], Iterable[str]]
"""Opens what lies in a folder, cut off at a place of the trace, and says what is wrong."""

_MEMORY = Path("/dev/shm")


@dataclass(slots=True)
class Replay:
    """What was found at all the cuts together."""

    syncs: int = 0
    cuts: int = 0
    broken: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuts:
    """Where to cut: before and after every `stride`-th sync, and after whatever other event is `also` named.

    `tears` is how often the unsynced rest is torn at each place, beside being gone and having arrived.
    """

    also: Callable[[Event], bool]
    tears: int = 1
    stride: int = 1


def replay(disk: Disk, events: Iterable[Event], judge: Judge, cuts: Cuts) -> Replay:
    """Go through the events, and cut."""
    found = Replay()
    chance = random.Random(2)
    every = (Fate.GONE, Fate.ARRIVED, *[Fate.TORN] * cuts.tears)
    with emptied_folder() as folder:

        def look(fates: Iterable[Fate], at: int) -> None:
            for fate in fates:
                lay_down(disk.lose_power(fate, chance), folder)
                found.cuts += 1
                found.broken += [f"at {at}, {fate.value}: {why}" for why in judged(judge, folder, at)]

        for place, event in enumerate(events):
            is_sync = isinstance(event, SyncEnded)
            found.syncs += is_sync
            is_due = found.syncs % cuts.stride == 0
            if is_sync and is_due:
                look(every, place)
            disk.take(event)
            if is_due and (is_sync or cuts.also(event)):
                look((Fate.GONE,) if is_sync else every, place + 1)
    return found


def judged(judge: Judge, folder: Path, at: int) -> list[str]:
    """What is wrong, that nothing can be opened included."""
    try:
        return list(judge(folder, at))
    except (apsw.Error, SchemaDiffers) as error:
        return [f"it does not open: {error!r}"]


def lay_down(files: dict[str, bytes], folder: Path) -> None:
    """Make them the folder's only files."""
    for path in folder.iterdir():
        path.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)


def content_of(folder: Path) -> dict[str, bytes]:
    """Each file's name and content."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def whole(path: Path) -> Iterator[str]:
    """What SQLite finds wrong with a database, and the audit in its chains."""
    yield from check_file(path)
    yield from (f"audit link {each.seq}: {each.why}" for each in check_audit(path, lambda *_: None).breaks)


@contextmanager
def emptied_folder() -> Iterator[Path]:
    """A folder in memory where there is such a thing: the cuts are many, and their syncs need no disk."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        yield Path(folder)
