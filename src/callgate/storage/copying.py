"""A database moved from SQLite to PostgreSQL: every row of every table, and then every row compared.

Nobody may write meanwhile: what was written behind the copy's back would be lost, revocations among it. So the file is
taken for the copy alone, as a server takes it, and the copy fails where somebody has it. On the other side all of it
is one transaction, which is committed when both sides were found to be the same.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

from callgate.model.database import CopiedTable, PostgresPlace
from callgate.storage.backup import CopyRefused
from callgate.storage.load_tables import (
    Table,
    count_rows,
    find_copied_tables,
    is_filled,
    walk_file_rows,
    walk_postgres_rows,
)
from callgate.storage.rows import Row
from callgate.storage.save_tables import empty_table, fill_table, gather_figures
from callgate.storage.schema import require_head
from callgate.storage.schema_postgres import migrate_postgres, open_link
from callgate.storage.sqlite_file import APPLICATION_ID, NotOurs, lock_file, open_reader, take_place

Progress = Callable[[int, int], None]
"""Told the rows read, on either side, and how many there are to read."""

_STEP_ROWS = 1000


def copy_to_postgres(source: Path, target: PostgresPlace, *, progress: Progress) -> tuple[CopiedTable, ...]:
    """Copy a file into a database that is empty, make its tables first, and compare all of it.

    Raises:
        InUse: the file is served, or a command has it.
        SchemaDiffers: the file is not of this version; `callgate db migrate` brings it there.
        CopyRefused: the target holds something, or what arrived is not what was sent. Nothing is left there.
        NotOurs, ServerUnfit, apsw.Error, psycopg.Error, OSError: nothing was copied.
    """
    if not source.exists():
        raise CopyRefused(f"there is no {source}")
    with lock_file(source), take_place(source), closing(open_reader(source)) as origin:
        if origin.pragma("application_id") != APPLICATION_ID:
            raise NotOurs(f"{source} is not a database of Callgate")
        require_head(origin, source)
        migrate_postgres(target)
        with open_link(target) as link:
            tables = find_copied_tables(origin)
            filled = [table.name for table in tables if table.name != _CELL and is_filled(link, table)]
            if filled:
                raise CopyRefused(f"{target} holds data already ({', '.join(filled)}): make a new one with createdb")
            count = _Counter(progress, total=2 * sum(count_rows(origin, table) for table in tables))
            with link.transaction():
                sent = []
                for table in tables:
                    if table.name == _CELL:
                        empty_table(link, table)
                    sums = _Sums(table, count)
                    fill_table(link, table, rows=sums.through(walk_file_rows(origin, table)))
                    sent.append(sums.result())
                for table, expected in zip(tables, sent, strict=True):
                    sums = _Sums(table, count)
                    sums.exhaust(walk_postgres_rows(link, table))
                    if sums.result() != expected:
                        raise CopyRefused(f"{table.name} did not arrive as it was: {sums.result()}, not {expected}")
            gather_figures(link)
    return tuple(sent)


_CELL = "cell"
"""The table whose one row a migration makes."""


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
