"""Whole tables written, as they were read: for the way from one engine to the other."""

from collections.abc import Iterable

import apsw

from callgate.storage.load_tables import Side, Table
from callgate.storage.rows import Row, marks


def empty_table(side: Side, table: Table) -> None:
    """Delete what a migration put into a table."""
    delete = f"DELETE FROM {table.name}"
    if isinstance(side, apsw.Connection):
        side.execute(delete)
    else:
        side.execute(delete.encode())


def fill_table(side: Side, table: Table, *, rows: Iterable[Row]) -> None:
    """Write rows into an empty table. Raises apsw.Error and psycopg.Error."""
    columns = ", ".join(table.columns)
    if isinstance(side, apsw.Connection):
        side.executemany(f"INSERT INTO {table.name} ({columns}) VALUES ({marks(table.columns)})", rows)
        return
    with side.cursor() as cursor, cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN".encode()) as sink:
        for row in rows:
            sink.write_row(row)


def gather_figures(side: Side) -> None:
    """Have PostgreSQL's planner know what lies in the tables now: what it assumes of empty ones is wrong."""
    if not isinstance(side, apsw.Connection):
        side.execute("ANALYZE")
