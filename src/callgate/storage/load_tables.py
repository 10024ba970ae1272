"""Whole tables read, whatever they hold: for the way from one engine to the other."""

from collections.abc import Iterator
from graphlib import TopologicalSorter
from typing import Final, NamedTuple, cast

import apsw
import psycopg

from callgate.storage.rows import Row

ROWS_KEPT: Final = 2000
"""Rows of a table in memory at a time."""

_NAMES: Final = """
SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'alembic_version'
"""


Side = apsw.Connection | psycopg.Connection
"""A database that is copied from, or to."""


class Table(NamedTuple):
    """A table of both engines: its columns, and those of its primary key, which its rows are ordered by."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]

    @property
    def every_row(self) -> str:
        """The statement that gives each row, in an order that both engines agree on."""
        return f"SELECT {', '.join(self.columns)} FROM {self.name} ORDER BY {', '.join(self.key)}"


def find_copied_tables(connection: apsw.Connection) -> list[Table]:
    """The tables of a file, each behind those that it refers to."""
    names = sorted(str(row[0]) for row in connection.execute(_NAMES))
    order: TopologicalSorter[str] = TopologicalSorter()
    for name in names:
        order.add(name, *(str(row[2]) for row in connection.execute(f"PRAGMA foreign_key_list({name})")))
    return [_table_of(connection, name) for name in order.static_order()]


def count_rows(side: Side, table: Table) -> int:
    """How many rows a table has."""
    return cast("int", _rows(side, f"SELECT count(*) FROM {table.name}")[0][0])


def walk_rows(side: Side, table: Table) -> Iterator[Row]:
    """Every row of a table; on PostgreSQL, inside a transaction, so many at a time."""
    if isinstance(side, apsw.Connection):
        yield from cast("Iterator[Row]", side.execute(table.every_row))
        return
    with side.cursor(name="walk") as cursor:
        cursor.itersize = ROWS_KEPT
        yield from cursor.execute(table.every_row.encode())


def is_filled(side: Side, table: Table) -> bool:
    """Whether a table has a row."""
    return bool(_rows(side, f"SELECT 1 FROM {table.name} LIMIT 1"))


def _rows(side: Side, sql: str) -> list[Row]:
    found = side.execute(sql) if isinstance(side, apsw.Connection) else side.execute(sql.encode())
    return cast("list[Row]", found.fetchall())


def _table_of(connection: apsw.Connection, name: str) -> Table:
    rows = cast("list[tuple[int, str, str, int, str, int]]", list(connection.execute(f"PRAGMA table_info({name})")))
    keyed = sorted((row[5], row[1]) for row in rows if row[5])
    return Table(name, tuple(row[1] for row in rows), tuple(column for _, column in keyed))
