"""A database moved from one place to another: every row of every table, and then every row compared.

Nobody may write meanwhile: what was written behind the copy's back would be lost, revocations among it. So a file is
taken for the copy alone, as a server takes it, and a database on PostgreSQL as an act takes it; the copy fails where
somebody has it. On the other side all of it is one transaction, which is committed when both sides were found to be
the same.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import apsw
import psycopg
from psycopg.errors import LockNotAvailable

from callgate.model.database import CopiedTable, PostgresPlace
from callgate.storage.backup import CopyRefused
from callgate.storage.load_postgres import find_running_writers, take_lock
from callgate.storage.load_tables import Side, Table, count_rows, find_copied_tables, is_filled, walk_rows
from callgate.storage.postgres_batch import CELL
from callgate.storage.rows import Row
from callgate.storage.save_tables import empty_table, fill_table, gather_figures
from callgate.storage.schema import migrate, migrate_file, require_head
from callgate.storage.schema_postgres import migrate_postgres, open_link, require_own_session, require_postgres_head
from callgate.storage.sqlite_file import (
    APPLICATION_ID,
    InUse,
    NotOurs,
    lock_file,
    open_reader,
    open_writer,
    take_place,
)

Place = Path | PostgresPlace

Progress = Callable[[int, int], None]
"""Told the rows read, on either side, and how many there are to read."""

_STEP_ROWS = 1000


def copy_database(source: Place, target: Place, *, progress: Progress) -> tuple[CopiedTable, ...]:
    """Copy a database into one that is empty, make its tables first, and compare all of it.

    Raises:
        InUse: one of the two is served, or a command has it.
        SchemaDiffers: the source is not of this version; the message says what brings them together.
        CopyRefused: the target holds something, or what arrived is not what was sent. Nothing is left there.
        NotOurs, ServerUnfit, apsw.Error, psycopg.Error, OSError: nothing was copied.
    """
    if source == target:
        raise CopyRefused(f"from {source} to {target}: that is one database")
    with _open_source(source) as origin, _open_target(target) as goal:
        tables = _tables(origin, goal)
        filled = [table.name for table in tables if table.name != _CELL and is_filled(goal, table)]
        if filled:
            raise CopyRefused(f"{target} holds data already ({', '.join(filled)}): make a new one")
        count = _Counter(progress, total=2 * sum(count_rows(origin, table) for table in tables))
        with _transaction(goal):
            sent = []
            for table in tables:
                if table.name == _CELL:
                    empty_table(goal, table)
                sums = _Sums(table, count)
                fill_table(goal, table, rows=sums.through(walk_rows(origin, table)))
                sent.append(sums.result())
            for table, expected in zip(tables, sent, strict=True):
                sums = _Sums(table, count)
                sums.exhaust(walk_rows(goal, table))
                if sums.result() != expected:
                    raise CopyRefused(f"{table.name} did not arrive as it was: {sums.result()}, not {expected}")
        gather_figures(goal)
    return tuple(sent)


_CELL = "cell"
"""The table whose one row a migration makes."""


def _tables(*sides: Side) -> list[Table]:
    """What is to be copied, as a file has it: nobody else tells columns and keys as simply."""
    for side in sides:
        if isinstance(side, apsw.Connection):
            return find_copied_tables(side)
    with closing(apsw.Connection(":memory:")) as model:
        migrate(model)
        return find_copied_tables(model)


def _open_source(place: Place) -> AbstractContextManager[Side]:
    return _source_file(place) if isinstance(place, Path) else _source_link(place)


@contextmanager
def _source_file(path: Path) -> Iterator[apsw.Connection]:
    """A file that nobody else has."""
    if not path.exists():
        raise CopyRefused(f"there is no {path}")
    with lock_file(path), take_place(path), closing(open_reader(path)) as origin:
        if origin.pragma("application_id") != APPLICATION_ID:
            raise NotOurs(f"{path} is not a database of Callgate")
        require_head(origin, path)
        yield origin


@contextmanager
def _source_link(place: PostgresPlace) -> Iterator[psycopg.Connection]:
    """A database that no writer has, as of one moment; whoever comes meanwhile cannot write."""
    require_postgres_head(place)
    with open_link(place) as origin:
        _take_alone(origin, place)
        origin.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with origin.transaction():
            yield origin


def _open_target(place: Place) -> AbstractContextManager[Side]:
    return _target_file(place) if isinstance(place, Path) else _target_link(place)


@contextmanager
def _target_file(path: Path) -> Iterator[apsw.Connection]:
    """A file with tables; one that was not there is gone again when something goes wrong."""
    is_new = not path.exists()
    try:
        migrate_file(path)
        with lock_file(path), take_place(path), closing(open_writer(path)) as goal:
            yield goal
    except BaseException:
        if is_new:
            for ending in ("", "-wal", "-shm", ".lock", ".open.lock"):
                path.with_name(path.name + ending).unlink(missing_ok=True)
        raise


@contextmanager
def _target_link(place: PostgresPlace) -> Iterator[psycopg.Connection]:
    """A database with tables that no writer has: a server that came meanwhile would begin an empty one."""
    migrate_postgres(place)
    with open_link(place) as goal:
        _take_alone(goal, place)
        yield goal


def _take_alone(link: psycopg.Connection, place: PostgresPlace) -> None:
    """Let nobody else write until the connection ends. Raises InUse."""
    require_own_session(link, place)
    link.execute("SET lock_timeout = '4s'")
    try:
        take_lock(link, CELL)
    except LockNotAvailable:
        raise InUse(f"{place} is in use; stop every server, and let commands end first") from None
    writers = find_running_writers(link)
    if writers:
        raise InUse(f"{place} is open in other processes ({', '.join(writers)}); stop every server first")


def _transaction(goal: Side) -> AbstractContextManager[object]:
    return goal if isinstance(goal, apsw.Connection) else goal.transaction()


class _Counter:
    """Counts rows of all tables, and tells of them now and then."""

    def __init__(self, progress: Progress, *, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def add(self) -> None:
        self._done += 1
        if self._done % _STEP_ROWS == 0 or self._done == self._total:
            self._progress(self._done, self._total)


class _Sums:
    """Counts and hashes the rows that go through."""

    def __init__(self, table: Table, count: _Counter) -> None:
        self._table = table
        self._count = count
        self._rows = 0
        self._hash = hashlib.sha256()

    def through(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            self._rows += 1
            self._hash.update(repr(tuple(row)).encode())
            self._count.add()
            yield row

    def exhaust(self, rows: Iterable[Row]) -> None:
        for _ in self.through(rows):
            pass

    def result(self) -> CopiedTable:
        return CopiedTable(self._table.name, self._rows, self._hash.hexdigest())
