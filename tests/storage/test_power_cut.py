"""Power cut: the order of writes and syncs is recorded, and the file is rebuilt as a disk may have it at every moment.

kill -9 proves nothing of fsync: the kernel keeps what was written. So the file system below SQLite is recorded, and
every moment is replayed as if the power went: of each file there is what was synced, and of what was written since,
nothing, everything, or any part in any order, torn at sectors (assurance.md R2).
"""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import apsw
import pytest

from callgate.model.changes import SessionEnded, SessionOpened
from callgate.model.ids import ClientId
from callgate.model.session import EndReason
from callgate.storage.sqlite import StoreOptions
from tests.storage.engines import OpenedFile, open_sqlite, unit_of
from tests.storage.world import APP, NOW_MS, service_session_of

SECTOR_BYTES = 512


class Wrote(NamedTuple):
    """Bytes at an offset; None instead of bytes is a new length."""

    file: str
    offset: int
    data: bytes | None


class Synced(NamedTuple):
    """Everything written to a file before is on the disk."""

    file: str


class Acknowledged(NamedTuple):
    """A caller was told that a session is open (or, with `ended`, over)."""

    number: int
    ended: bool


Event = Wrote | Synced | Acknowledged


class RecordingFile(apsw.VFSFile):
    """A file that notes what is done to it, in the order it is done."""

    def __init__(self, events: list[Event], filename: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("", filename, flags)
        name = filename.filename() if isinstance(filename, apsw.URIFilename) else str(filename)
        self._file = Path(name).name
        self._events = events

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        """Note what is written."""
        self._events.append(Wrote(self._file, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - SQLite's name
        """Note the new length."""
        self._events.append(Wrote(self._file, newsize, None))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        """Note that the disk has it, once it has."""
        super().xSync(flags)
        self._events.append(Synced(self._file))


class RecordingDisk(apsw.VFS):
    """A file system over the real one that notes what is done to its files."""

    def __init__(self, events: list[Event]) -> None:
        super().__init__("recording", "")
        self._events = events

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - likewise
        """Open a file that takes notes."""
        return RecordingFile(self._events, name, flags)


@dataclass(slots=True)
class Disk:
    """The files as they are for certain, and what was written since their last syncs."""

    synced: dict[str, bytearray]
    since: dict[str, list[Wrote]] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Live through an event."""
        if isinstance(event, Wrote):
            self.since.setdefault(event.file, []).append(event)
        elif isinstance(event, Synced):
            for wrote in self.since.pop(event.file, []):
                put(self.synced.setdefault(event.file, bytearray()), wrote)

    def lose_power(self, keep: Callable[[list[Wrote]], list[Wrote]]) -> dict[str, bytes]:
        """Give the files as they are found afterwards; `keep` says what of the unsynced made it."""
        files = {name: bytearray(content) for name, content in self.synced.items()}
        for name, writes in self.since.items():
            for wrote in keep(writes):
                put(files.setdefault(name, bytearray()), wrote)
        return {name: bytes(content) for name, content in files.items()}


def put(content: bytearray, wrote: Wrote) -> None:
    """Carry out one write on a file's content."""
    if wrote.data is None:
        del content[wrote.offset :]
        return
    if len(content) < wrote.offset:
        content.extend(bytes(wrote.offset - len(content)))
    content[wrote.offset : wrote.offset + len(wrote.data)] = wrote.data


def tear(writes: list[Wrote], chance: random.Random) -> list[Wrote]:
    """Any sectors of any writes, in any order."""
    sectors = [
        Wrote(wrote.file, wrote.offset + start, wrote.data[start : start + SECTOR_BYTES])
        for wrote in writes
        if wrote.data is not None
        for start in range(0, len(wrote.data), SECTOR_BYTES)
    ]
    chance.shuffle(sectors)
    return sectors[: chance.randrange(len(sectors) + 1)]


def what_is_lost(files: dict[str, bytes], folder: Path, acknowledged: set[Acknowledged]) -> set[object]:
    """Open the files as the next start does; acknowledged acts that are not there, or what is broken."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    try:
        with closing(apsw.Connection(str(folder / "callgate.db"))) as connection:
            if connection.pragma("integrity_check") != "ok":
                return {"integrity"}
            rows = connection.execute("SELECT id, state FROM session").fetchall()
    except apsw.Error as error:
        return {type(error).__name__}
    finally:
        for path in folder.iterdir():
            path.unlink()
    states = {int(str(number)) - 1_000_000: state for number, state in rows}
    return {act for act in acknowledged if states.get(act.number) != 3 and (act.ended or act.number not in states)}


@contextmanager
def recorded(path: Path, events: list[Event]) -> Iterator[OpenedFile]:
    """A store whose disk is recorded, and which checkpoints often."""
    disk = RecordingDisk(events)
    try:
        with open_sqlite(path, StoreOptions(vfs="recording")) as store:
            store.writer.wal_autocheckpoint(25)
            yield store
    finally:
        disk.unregister()


async def work(store: OpenedFile, events: list[Event], *, rounds: int) -> None:
    """Four callers at once, opening sessions and ending every other one, noting what they were told."""

    async def call(caller: int) -> None:
        for turn in range(rounds):
            # Of one app only so many ends are remembered: each ten sessions are another's.
            app = ClientId(f"app-{caller}-{turn // 10}")
            session = service_session_of(caller * 1000 + turn)._replace(client_id=app)
            await store.store.run(unit_of(SessionOpened(session)))
            events.append(Acknowledged(caller * 1000 + turn, ended=False))
            if turn % 2:
                await store.store.run(unit_of(SessionEnded(session, EndReason.REVOKED, NOW_MS + turn, APP.id)))
                events.append(Acknowledged(caller * 1000 + turn, ended=True))

    await asyncio.gather(*(call(caller) for caller in range(4)))


def replay(before: bytes, events: list[Event], folder: Path, *, step: int) -> set[object]:
    """Cut the power after every `step`-th event, in three ways each; everything that was lost."""
    disk = Disk({"callgate.db": bytearray(before)})
    acknowledged: set[Acknowledged] = set()
    chance = random.Random(7)
    lost: set[object] = set()
    for number, event in enumerate(events):
        disk.take(event)
        if isinstance(event, Acknowledged):
            acknowledged.add(event)
        if number % step == 0:
            for keep in (lambda _: [], lambda writes: writes, lambda writes: tear(writes, chance)):
                lost |= what_is_lost(disk.lose_power(keep), folder, acknowledged)
    return lost


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where files are rebuilt."""
    made = tmp_path / "rebuilt"
    made.mkdir()
    return made


def test_nothing_acknowledged_is_lost_when_the_power_goes(
    database: Path, folder: Path, counts: Callable[[int, int], int]
) -> None:
    """At no moment, commits and checkpoints alike, whatever part of the unsynced the disk kept."""
    events: list[Event] = []
    before = database.read_bytes()
    with recorded(database, events) as store:
        store.await_(work(store, events, rounds=counts(8, 40)))
    assert {event.file for event in events if isinstance(event, Synced)} >= {"callgate.db", "callgate.db-wal"}
    assert sum(isinstance(event, Acknowledged) for event in events) == counts(8, 40) * 6
    assert replay(before, events, folder, step=counts(5, 1)) == set()


def test_the_replay_finds_the_loss_when_commits_are_not_synced(database: Path, folder: Path) -> None:
    """The planted mutant: synchronous=NORMAL acknowledges what only the kernel has."""
    events: list[Event] = []
    before = database.read_bytes()
    with recorded(database, events) as store:
        store.writer.pragma("synchronous", "normal")
        store.await_(work(store, events, rounds=4))
    assert any(isinstance(loss, Acknowledged) for loss in replay(before, events, folder, step=4))
