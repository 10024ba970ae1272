"""The writer: one connection, one transaction at a time, many units in it.

A unit is loaded, decided and saved inside the open transaction; one that fails is undone alone. Nearly none does after
it has written, so units are not parted by savepoints, each of which would copy the pages that its unit changes: where
one fails, all are undone, and decided again in a transaction that has them. Nothing here waits or knows a loop:
sqlite.py says on which thread each step runs.
"""

from collections.abc import Callable
from time import monotonic, sleep
from typing import Final, TypeVar

import apsw

from callgate.model.changes import Change
from callgate.model.failure import Unavailable
from callgate.storage.audit import FIRST, forge_link
from callgate.storage.audit_entries import describe
from callgate.storage.load import load
from callgate.storage.load_upkeep import count_pages, find_clock, find_head
from callgate.storage.pen import Conflict, Pen
from callgate.storage.port import Decided, Unit
from callgate.storage.save import save
from callgate.storage.save_upkeep import GIVE_BACK, append_link, move_clock
from callgate.storage.sqlite_pen import SqlitePen
from callgate.storage.sqlite_view import SqliteView

F = TypeVar("F")
D = TypeVar("D", bound=Decided)
T = TypeVar("T")

ATTEMPTS_MAX: Final = 5
"""How often a unit is decided: past it, whoever takes its keys takes them faster than it can."""

BUSY_STEP_S: Final = 0.0003
"""How often the lock is tried. A busy server is without it for a tenth of a millisecond between two batches: SQLite's
own waiting, in steps of a millisecond and more, kept the command line out for up to a second."""

FREE_PART: Final = 8
"""A file keeps one free page for so many: what the next hour fills need not be asked of the file system again."""

FREE_PAGES_MAX: Final = 128
"""Half a megabyte is worth nobody's time."""

CLOCK_STEP_MS: Final = 1000
"""The latest time stamped is kept this coarsely: a write of its own for each commit would buy nothing."""


class TransactionLost(Exception):
    """An error ended the whole transaction: no unit of it has happened."""


class Spoiled(Exception):
    """A unit failed with half of it written: roll back, and decide all units again; the next transaction parts them."""


_WORLD: Final = (
    apsw.BusyError,
    apsw.CantOpenError,
    apsw.CorruptError,
    apsw.FullError,
    apsw.InterruptError,
    apsw.IOError,
    apsw.LockedError,
    apsw.NoMemError,
    apsw.NotADBError,
    apsw.PermissionsError,
    apsw.ProtocolError,
    apsw.ReadOnlyError,
    TransactionLost,
)
"""Errors of disk, file and locks; every other is a defect of ours."""


def as_failure(error: Exception) -> Exception:
    """What a caller is told of an error: Unavailable when the world broke, the error itself when we did."""
    if isinstance(error, _WORLD):
        failure = Unavailable(f"{type(error).__name__}: {error}")
        failure.__cause__ = error
        return failure
    return error


class Writer:
    """The connection that writes, and what its open transaction has done so far."""

    def __init__(
        self,
        connection: apsw.Connection,
        clock: Callable[[], int],
        *,
        name: str,
        busy_ms: int = 0,
        beside: bool = False,
    ) -> None:
        """Take a connection; `beside` says that another process may stamp rows too."""
        self._connection = connection
        self._cursor = connection.cursor()
        self._clock = clock
        self._name = name
        self._busy_ms = busy_ms
        self._beside = beside
        self._caught_ms = 0
        self._view = SqliteView(connection)
        self._pen = SqlitePen(connection, self._view)
        self._entries: list[bytes] = []
        self._spoiled = self._parts = False
        connection.set_busy_timeout(0)
        self._view.stamp(0)
        self.now_ms = self._marked_ms = find_clock(self._view)

    def begin(self) -> None:
        """Open the transaction and stamp its time, never before an earlier one. Raises apsw.Error."""
        self._cursor.execute("BEGIN IMMEDIATE")
        self.now_ms = max(self.now_ms, self._clock())
        if self._beside:
            self._catch_up()
        self._view.stamp(self.now_ms)
        self._pen.written = False
        self._entries.clear()
        self._parts, self._spoiled = self._spoiled, False

    def _catch_up(self) -> None:
        """Go on from where the other's time stands, if it runs ahead of the clock; its mark is a step old at most.

        Otherwise "all until now is over" would leave out what the other issued a moment ago.
        """
        try:
            mark_ms = find_clock(self._view)
        except apsw.Error:
            self.roll_back()
            raise
        if mark_ms > max(self._clock(), self._caught_ms):
            self.now_ms = self._caught_ms = mark_ms + CLOCK_STEP_MS

    def begin_patiently(self) -> None:
        """The same, waiting for another process that writes; blocks up to its patience. Raises apsw.Error."""
        until = monotonic() + self._busy_ms / 1000
        while True:
            try:
                self.begin()
            except apsw.BusyError:
                if monotonic() >= until:
                    raise
                sleep(BUSY_STEP_S)
            else:
                return

    def decide(self, unit: Unit[F, D]) -> D:
        """Load, decide and save one unit.

        Raises:
            Unavailable: the world broke, or every attempt met a conflict; the unit alone is undone.
            TransactionLost: an error ended the transaction, and all its units with it.
            Spoiled: it failed, and cannot be undone alone in this transaction.
            Exception: whatever `unit.decide` raised; the unit alone is undone.
        """
        # Those of a batch that begins anew were decided once before.
        for _ in range(ATTEMPTS_MAX - 1 if self._parts else ATTEMPTS_MAX):
            try:
                decision = unit.decide(load(self._view, unit.lookup))
                changes = decision.changes
                if changes:
                    self._save(changes)
            except Conflict:
                continue
            except apsw.Error as error:
                raise self._blame(error) from error
            return decision
        raise Unavailable("every attempt met a newer row or a taken key")

    def work(self, work: Callable[[Pen], T]) -> T:
        """Carry out upkeep that is no decision of the protocol. Raises as `decide` does."""
        try:
            return self._undone_alone(lambda: work(self._pen))
        except apsw.Error as error:
            raise self._blame(error) from error

    def give_back(self) -> bool:
        """Cut some pages off the file, if many are free; tells whether there were any. Raises as `decide` does."""
        free, pages = count_pages(self._view)
        if free < FREE_PAGES_MAX or free * FREE_PART < pages:
            return False
        try:
            self._cursor.execute(GIVE_BACK).fetchall()
        except apsw.Error as error:
            raise self._blame(error) from error
        gave = count_pages(self._view).free < free  # a file of an earlier version keeps what it has
        self._pen.written |= gave
        return gave

    def seal(self) -> bool:
        """Write the audit link of what was done; returns whether there is anything to commit. Raises apsw.Error."""
        if self._entries:
            head = find_head(self._view, self._name) or FIRST
            append_link(self._pen, forge_link(self._name, head, at_ms=self.now_ms, entries=self._entries))
        if self._pen.written and self.now_ms >= self._marked_ms + CLOCK_STEP_MS:
            move_clock(self._pen, self.now_ms)
            self._marked_ms = self.now_ms
        return self._pen.written

    def commit(self) -> None:
        """Make it durable: written to the log and synced. Raises apsw.Error."""
        self._cursor.execute("COMMIT")

    def roll_back(self) -> None:
        """Undo all of the transaction, if an error has not done so already. Raises apsw.Error."""
        self._view.forget()
        self._marked_ms = 0
        if self._connection.in_transaction:
            self._cursor.execute("ROLLBACK")

    def _save(self, changes: tuple[Change, ...]) -> None:
        entries = [describe(change) for change in changes if change.AUDITED]
        if self._parts:
            self._undone_alone(lambda: self._save_all(changes))
        else:
            self._save_whole(changes)
        self._entries += entries

    def _save_whole(self, changes: tuple[Change, ...]) -> None:
        """Save all of them without a savepoint. A statement that fails undoes itself: only those before it spoil."""
        before = self._connection.total_changes()
        try:
            self._save_all(changes)
        except BaseException as error:
            if self._connection.in_transaction and self._connection.total_changes() > before:
                self._spoiled = True
                raise Spoiled from error
            raise

    def _save_all(self, changes: tuple[Change, ...]) -> None:
        for change in changes:
            save(self._pen, change)

    def _undone_alone(self, write: Callable[[], T]) -> T:
        self._cursor.execute("SAVEPOINT unit")
        try:
            done = write()
            self._cursor.execute("RELEASE unit")
        except BaseException:
            self._undo_unit()
            raise
        return done

    def _undo_unit(self) -> None:
        self._view.forget()
        if not self._connection.in_transaction:
            return
        try:
            self._cursor.execute("ROLLBACK TO unit")
            self._cursor.execute("RELEASE unit")
        except apsw.Error as error:
            # Half of the unit stands in the transaction, which therefore must not be committed.
            raise TransactionLost(str(error)) from error

    def _blame(self, error: apsw.Error) -> Exception:
        return as_failure(error) if self._connection.in_transaction else TransactionLost(str(error))
