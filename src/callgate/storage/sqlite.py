"""The embedded store: one SQLite file, committed rows read on the loop, writes gathered by group_commit.py."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, TypeVar, cast

import apsw

from callgate.model.lookups import Lookup
from callgate.storage.group_commit import GroupCommit
from callgate.storage.load import load
from callgate.storage.load_view import NeedsSnapshot, View
from callgate.storage.pen import Pen
from callgate.storage.port import Decided, Unavailable, Unit
from callgate.storage.schema import HEAD, SchemaDiffers, revision_of
from callgate.storage.sqlite_file import lock_file, open_reader, open_writer
from callgate.storage.sqlite_writer import Writer, as_failure

F = TypeVar("F")
D = TypeVar("D", bound=Decided)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOptions:
    """How a store is opened.

    `writer` names its audit chain. `exclusive`: it serves, and no other server may have the file; the command line
    writes beside it. `on_fatal` is called once when it cannot be known any more what was written: the process must end.
    """

    writer: str = "server"
    exclusive: bool = True
    on_fatal: Callable[[Exception], None] = lambda _: None
    vfs: str | None = None


class SqliteStore:
    """A Store on one file: `open`, `await start()` on the loop that uses it, `await close()`."""

    def __init__(
        self, writer: Writer, reader: apsw.Connection, *, clock: Callable[[], int], lock: TextIO | None
    ) -> None:
        """Made by `open`."""
        self._writer = writer
        self._reader = reader
        self._view = View(reader)
        self._clock = clock
        self._lock = lock
        self._commits: GroupCommit | None = None
        self._on_fatal: Callable[[Exception], None] = lambda _: None

    @classmethod
    def open(
        cls, path: Path, *, clock: Callable[[], int], options: StoreOptions | None = None
    ) -> "SqliteStore":
        """Open a file whose schema is current. `clock` gives milliseconds since 1970.

        Raises:
            AlreadyServed: another server has it.
            SchemaDiffers: migrate it first (schema.migrate_file).
            apsw.Error: it cannot be opened.
        """
        chosen = options or StoreOptions()
        lock = lock_file(path) if chosen.exclusive else None
        connection = open_writer(path, vfs=chosen.vfs)
        found = revision_of(connection)
        if found != HEAD:
            connection.close()
            raise SchemaDiffers(f"{path} has revision {found}; this version works with {HEAD}")
        writer = Writer(connection, clock, chosen.writer)
        store = cls(writer, open_reader(path, vfs=chosen.vfs), clock=clock, lock=lock)
        store._on_fatal = chosen.on_fatal
        return store

    @property
    def ready(self) -> bool:
        """Whether it is started and nothing has made its writes unknowable."""
        return self._commits is not None and self._commits.failed is None

    async def start(self) -> None:
        """Begin to serve on the running loop."""
        self._commits = GroupCommit(self._writer, self._on_fatal)

    async def close(self) -> None:
        """Finish what was asked, close the file, let another server have it."""
        if self._commits:
            await self._commits.close()
        self._commits = None
        self._reader.close()
        self._writer.close()
        if self._lock:
            self._lock.close()

    async def read(self, lookup: Lookup[F]) -> F:
        """Answer from committed rows; see port.Store."""
        view = self._view
        now_ms = max(self._clock(), self._writer.now_ms)
        view.stamp(now_ms, snapshot=False)
        try:
            try:
                return load(view, lookup)
            except NeedsSnapshot:
                return self._read_snapshot(lookup, now_ms)
        except apsw.Error as error:
            raise as_failure(error) from error

    async def run(self, unit: Unit[F, D]) -> D:
        """Load, decide, save, commit; see port.Store."""
        return cast("D", await self._queue.submit(lambda writer: writer.decide(unit)))

    async def work(self, work: Callable[[Pen], T]) -> T:
        """Carry out upkeep (sweeping) in a transaction shared with units. Raises Unavailable."""
        return cast("T", await self._queue.submit(lambda writer: writer.work(work)))

    @property
    def _queue(self) -> GroupCommit:
        if self._commits is None:
            raise Unavailable("the store is not started")
        return self._commits

    def _read_snapshot(self, lookup: Lookup[F], now_ms: int) -> F:
        self._reader.execute("BEGIN")
        try:
            self._view.stamp(now_ms, snapshot=True)
            return load(self._view, lookup)
        finally:
            self._reader.execute("ROLLBACK")
