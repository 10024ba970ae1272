"""Whole tables written, as they were read: for the way from one engine to the other."""

from collections.abc import Iterable

import psycopg

from callgate.storage.load_tables import Table
from callgate.storage.rows import Row


def empty_table(connection: psycopg.Connection, table: Table) -> None:
    """Delete what a migration put into a table."""
    connection.execute(f"DELETE FROM {table.name}".encode())


def fill_table(connection: psycopg.Connection, table: Table, *, rows: Iterable[Row]) -> None:
    """Write rows into an empty table. Raises psycopg.Error."""
    copy = f"COPY {table.name} ({', '.join(table.columns)}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(copy.encode()) as sink:
        for row in rows:
            sink.write_row(row)


def gather_figures(connection: psycopg.Connection) -> None:
    """Have the planner know what lies in the tables now: what it assumes of empty ones is wrong."""
    connection.execute("ANALYZE")
