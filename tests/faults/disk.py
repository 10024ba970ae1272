"""A folder as a disk may have it after a power cut, worked out from what was written to it and synced.

For certain is only what was written before a sync that ended well, and a name only once its folder was synced. Of what
came since, a disk may have nothing, everything, or some sectors in some order; a length that was cut comes between.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from tests.faults.trace import Created, Event, Failed, Removed, Renamed, SyncBegan, SyncEnded, Told, Wrote

SECTOR_BYTES = 512
SHARED_MEMORY = "-shm"


class Fate(Enum):
    """What became of that which was written and not synced."""

    GONE = "gone"
    ARRIVED = "arrived"
    TORN = "torn"


@dataclass(slots=True, eq=False)
class File:
    """What the disk has for certain, and what was written since."""

    durable: bytearray = field(default_factory=bytearray)
    since: list[Wrote] = field(default_factory=list)

    def sync(self, count: int) -> None:
        """The first `count` writes of those since the last sync are on the disk."""
        for wrote in self.since[:count]:
            _put(self.durable, wrote)
        del self.since[:count]

    def found(self, fate: Fate, chance: random.Random) -> bytes:
        """What is read after the cut."""
        content = bytearray(self.durable)
        for wrote in _survivors(self.since, fate, chance):
            _put(content, wrote)
        return bytes(content)


class Disk:
    """The files of one folder, without their subfolders, through a trace."""

    def __init__(self, folder: Path, content: Mapping[str, bytes]) -> None:
        """Begin with this content of the folder that the trace is of: all of it is on the disk."""
        self._folder = folder
        self._now = {folder / name: File(bytearray(data)) for name, data in content.items()}
        self._durable = dict(self._now)
        self._marks: dict[tuple[Path, int], int] = {}

    def take(self, event: Event) -> None:
        """Live through one event."""
        match event:
            case Wrote():
                if not event.path.name.endswith(SHARED_MEMORY):
                    self._now[event.path].since.append(event)
            case SyncBegan(path, thread):
                self._marks[path, thread] = 0 if path == self._folder else len(self._now[path].since)
            case SyncEnded(path, thread):
                count = self._marks.pop((path, thread))
                if path == self._folder:
                    self._durable = dict(self._now)
                else:
                    self._now[path].sync(count)
            case Created(path):
                self._now.setdefault(path, File())
            case Removed(path):
                del self._now[path]
            case Renamed(path, to):
                self._now[to] = self._now.pop(path)
            case Told() | Failed():
                pass

    def lose_power(self, fate: Fate, chance: random.Random) -> dict[str, bytes]:
        """Each file's name and content as found afterwards."""
        names = self._names(fate, chance)
        found = {
            path.name: file.found(fate, chance)
            for path, file in names.items()
            if not path.name.endswith((SHARED_MEMORY, ".lock"))
        }
        if fate is Fate.TORN:  # it is never synced, so anything may lie there
            found[f"callgate.db{SHARED_MEMORY}"] = chance.randbytes(chance.choice((0, 7, 32768)))
        return found

    def _names(self, fate: Fate, chance: random.Random) -> dict[Path, File]:
        match fate:
            case Fate.GONE:
                return self._durable
            case Fate.ARRIVED:
                return self._now
            case Fate.TORN:
                every = sorted({*self._durable, *self._now})
                drawn = {path: chance.choice((self._durable, self._now)).get(path) for path in every}
                return {path: file for path, file in drawn.items() if file is not None}


def _survivors(since: list[Wrote], fate: Fate, chance: random.Random) -> Iterator[Wrote]:
    match fate:
        case Fate.GONE:
            return
        case Fate.ARRIVED:
            yield from since
        case Fate.TORN:
            yield from _torn(since, chance)


def _torn(since: list[Wrote], chance: random.Random) -> Iterator[Wrote]:
    """Some sectors in some order, up to a cut of the length; past it only if it came about itself."""
    sectors: list[Wrote] = []
    for wrote in since:
        if wrote.data is None:
            yield from _some(sectors, chance)
            sectors.clear()
            if chance.random() < 0.5:
                return
            yield wrote
        else:
            sectors += _sectors(wrote, wrote.data)
    yield from _some(sectors, chance)


def _sectors(wrote: Wrote, data: bytes) -> Iterator[Wrote]:
    """A write cut where sectors of the disk begin, not where the write does."""
    start = 0
    while start < len(data):
        size = SECTOR_BYTES - (wrote.offset + start) % SECTOR_BYTES
        yield Wrote(wrote.path, wrote.offset + start, data[start : start + size])
        start += size


def _some(sectors: list[Wrote], chance: random.Random) -> list[Wrote]:
    # Often nearly all or nearly none: a commit is broken by the one sector that is missing.
    share = chance.choice((0.02, 0.5, 0.98))
    kept = [sector for sector in sectors if chance.random() < share]
    chance.shuffle(kept)
    return kept


def _put(content: bytearray, wrote: Wrote) -> None:
    if wrote.data is None:
        if wrote.offset < len(content):
            del content[wrote.offset :]
        else:
            content.extend(bytes(wrote.offset - len(content)))
        return
    if len(content) < wrote.offset:
        content.extend(bytes(wrote.offset - len(content)))
    content[wrote.offset : wrote.offset + len(wrote.data)] = wrote.data
