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


def count_rows(connection: apsw.Connection, table: Table) -> int:
    """How many rows a table of a file has."""
    return cast("int", connection.execute(f"SELECT count(*) FROM {table.name}").fetchall()[0][0])


def walk_file_rows(connection: apsw.Connection, table: Table) -> Iterator[Row]:
    """Every row of a table of a file."""
    return cast("Iterator[Row]", connection.execute(table.every_row))


def walk_postgres_rows(connection: psycopg.Connection, table: Table) -> Iterator[Row]:
    """Every row of a table on PostgreSQL, so many at a time."""
    with connection.cursor(name="walk") as cursor:
        cursor.itersize = ROWS_KEPT
        yield from cursor.execute(table.every_row.encode())


def is_filled(connection: psycopg.Connection, table: Table) -> bool:
    """Whether a table on PostgreSQL has a row."""
    return bool(connection.execute(f"SELECT 1 FROM {table.name} LIMIT 1".encode()).fetchall())


def _table_of(connection: apsw.Connection, name: str) -> Table:
    rows = cast("list[tuple[int, str, str, int, str, int]]", list(connection.execute(f"PRAGMA table_info({name})")))
    keyed = sorted((row[5], row[1]) for row in rows if row[5])
    return Table(name, tuple(row[1] for row in rows), tuple(column for _, column in keyed))
