"""The embedded store: one SQLite file, committed rows read on the loop, writes gathered by group_commit.py."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar, cast

import apsw

from callgate.model.changes import Change
from callgate.model.decisions import Done
from callgate.model.failure import Unavailable
from callgate.model.lookups import Lookup, NothingLookup
from callgate.storage.figures import Standing, StoreFigures
from callgate.storage.group_commit import GroupCommit, Job, Upkeep
from callgate.storage.load import load
from callgate.storage.load_upkeep import count_sessions
from callgate.storage.pen import Pen
from callgate.storage.port import Decided, Health, Unit
from callgate.storage.schema import require_head
from callgate.storage.sqlite_file import (
    keep_in_place,
    lies_on_read_only,
    lock_file,
    open_frozen,
    open_reader,
    open_writer,
)
from callgate.storage.sqlite_view import SqliteView
from callgate.storage.sqlite_writer import Writer, as_failure

F = TypeVar("F")
D = TypeVar("D", bound=Decided)
T = TypeVar("T")


_NOTHING: Final = NothingLookup()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOptions:
    """How a store is opened.

    `writer` names its audit chain. `exclusive`: it serves, and no other server may have the file; the command line
    writes beside it. `on_fatal` is called once when it cannot be known any more what was written: the process must end.
    `busy_ms` is how long a batch waits for another process to finish writing.
    """

    writer: str = "server"
    exclusive: bool = True
    on_fatal: Callable[[Exception], None] = lambda _: None
    busy_ms: int = 5000
    vfs: str | None = None


class SqliteStore:
    """A Store on one file: `open`, `await start()` on the loop that uses it, `await close()`."""

    def __init__(self, path: Path, *, clock: Callable[[], int], options: StoreOptions) -> None:
        """Use `open`."""
        self.path = path
        self._clock = clock
        self._on_fatal = options.on_fatal
        self._commits: GroupCommit | None = None
        self._writer: Writer | None = None
        self._shrinks = False
        with ExitStack() as stack:
            if lies_on_read_only(path):
                self._reader = stack.enter_context(closing(open_frozen(path)))
                require_head(self._reader, path)
            else:
                if options.exclusive:
                    stack.enter_context(lock_file(path))
                stack.enter_context(keep_in_place(path))
                connection = stack.enter_context(closing(open_writer(path, vfs=options.vfs)))
                require_head(connection, path)
                self._writer = Writer(
                    connection, clock, name=options.writer, busy_ms=options.busy_ms, beside=not options.exclusive
                )
                self._reader = stack.enter_context(closing(open_reader(path, vfs=options.vfs)))
            self._opened = stack.pop_all()
        self._view = SqliteView(self._reader)
        self._snapshots = self._reader.cursor()
        self._held: asyncio.Handle | None = None

    @classmethod
    def open(cls, path: Path, *, clock: Callable[[], int], options: StoreOptions | None = None) -> "SqliteStore":
        """Open a file whose schema is current. `clock` gives milliseconds since 1970.

        Raises:
            InUse: another server has it, or it is being replaced or copied.
            NotOurs: it is the database of something else.
            SchemaDiffers: migrate it first (schema.migrate_file).
            apsw.Error: it cannot be opened.
        """
        return cls(path, clock=clock, options=options or StoreOptions())

    @property
    def health(self) -> Health:
        """What can be asked of it now."""
        if self._commits is None:
            return Health.STOPPED if self._writer else Health.READ_ONLY
        return Health.FAILED if self._commits.failed else Health.SERVING

    @property
    def stamped_ms(self) -> int:
        """The latest time that is known to have been stamped, in milliseconds since 1970."""
        return self._writer.now_ms if self._writer else 0

    @property
    def figures(self) -> StoreFigures:
        """What it has counted since it started; see port.Engine."""
        return self._commits.figures if self._commits else StoreFigures()

    @property
    def waiting(self) -> int:
        """Units that wait; see port.Engine."""
        return self._commits.waiting if self._commits else 0

    @property
    def connections(self) -> Mapping[str, Sequence[Standing]]:
        """The one that writes, unless nothing can be; reads are over before anybody looks. See port.Engine."""
        if self._commits is None:
            return {}
        return {"write": (Standing.IDLE if self.figures.busy_since_s is None else Standing.BUSY,)}

    async def count_sessions(self) -> int:
        """Count on a connection and a thread of its own: millions take a second; see port.Engine."""
        try:
            return await asyncio.to_thread(self._count_sessions)
        except apsw.Error as error:
            raise as_failure(error) from error

    async def start(self) -> None:
        """Begin to serve on the running loop."""
        if self._writer:
            self._commits = GroupCommit(self._writer, answer_unwritten=self._answer_unwritten, on_fatal=self._on_fatal)

    async def close(self) -> None:
        """Finish what was asked, close the file, let another server have it."""
        if self._commits:
            await self._commits.close()
            self._commits = None
        if self._held:
            self._held.cancel()
        self._opened.close()

    async def read(self, lookup: Lookup[F]) -> F:
        """Answer from committed rows; see port.Store."""
        try:
            return self._load(lookup)
        except apsw.Error as error:
            raise as_failure(error) from error

    async def run(self, unit: Unit[F, D]) -> D:
        """Load, decide, save, commit; see port.Store."""
        if self._commits is None:
            if self._writer is None:
                return self._answer_unwritten(unit)
            raise Unavailable("the store is stopped")
        return cast("D", await self._commits.submit(cast("Job", unit)))

    def save_later(self, changes: tuple[Change, ...]) -> None:
        """Save what no reply waits for; see port.Store."""
        if self._commits is not None:
            self._commits.submit_unawaited(cast("Job", Unit(_NOTHING, lambda _: Done(changes))))

    async def work(self, work: Callable[[Pen], T]) -> T:
        """Carry out upkeep in a transaction shared with units; see port.Engine."""
        if self._commits is None:
            raise Unavailable(f"the store is {self.health.value}")
        return cast("T", await self._commits.submit(Upkeep(work)))

    async def shrink(self) -> bool:
        """Give pages back that no row needs; see port.Engine.

        The file becomes shorter with a checkpoint, which nobody may be there to cause.
        """
        writer = self._writer
        if writer is None:
            return False
        gave = await self.work(lambda _: writer.give_back())
        if not gave and self._shrinks:
            await asyncio.to_thread(self._checkpoint)
        self._shrinks = gave
        return gave

    def _checkpoint(self) -> None:
        try:
            with closing(apsw.Connection(str(self.path))) as connection:
                connection.pragma("wal_checkpoint")
        except apsw.Error as error:
            raise as_failure(error) from error

    def _load(self, lookup: Lookup[F]) -> F:
        """Answer from one state of the rows, which all reads of this turn of the loop share.

        What anybody was told of a commit is told in a later turn, and what is asked after that arrives in a later one
        still: a state held to the end of a turn is never older than its question. Reading each on its own would take
        and drop the file's read lock every time, a tenth of a bearer's check.
        """
        now_ms = self._clock()
        if self._writer:
            now_ms = max(now_ms, self._writer.now_ms)
        if not self._reader.in_transaction:
            self._snapshots.execute("BEGIN")
            self._held = asyncio.get_running_loop().call_soon(self._let_go)
        self._view.stamp(now_ms)
        return load(self._view, lookup)

    def _count_sessions(self) -> int:
        opened = open_reader if self._writer else open_frozen
        with closing(opened(self.path)) as connection:
            return count_sessions(SqliteView(connection))

    def _let_go(self) -> None:
        if self._reader.in_transaction:  # else an error has ended it
            self._snapshots.execute("ROLLBACK")

    def _answer_unwritten(self, unit: Unit[F, D]) -> D:
        try:
            decision = unit.decide(self._load(unit.lookup))
        except apsw.Error as error:
            raise as_failure(error) from error
        if decision.changes:
            raise Unavailable(f"the store is {self.health.value}")
        return decision
