"""Upkeep on PostgreSQL that may block, one statement after the other: what commands ask beside the servers."""

from typing import cast

import psycopg
from psycopg.raw_cursor import RawCursor

from callgate.model.database import PostgresPlace
from callgate.storage.audit import AuditReport, verify_audit
from callgate.storage.check import Progress
from callgate.storage.load_listings import count_links
from callgate.storage.load_postgres import measure_database
from callgate.storage.load_view import View
from callgate.storage.placeholders import numbered
from callgate.storage.rows import Row, Value
from callgate.storage.schema import HEAD, schema_differs
from callgate.storage.schema_postgres import open_link, revision_of_postgres


class BlockingView(View):
    """What may be asked of one connection, inside its transaction."""

    __slots__ = ("_cursor",)

    def __init__(self, connection: psycopg.Connection) -> None:
        super().__init__()
        self._cursor = RawCursor(connection)

    def rows(self, sql: str, values: tuple[Value, ...] = ()) -> list[Row]:
        """Every row of a statement."""
        return cast("list[Row]", self._cursor.execute(numbered(sql).encode(), values).fetchall())


def check_postgres_audit(place: PostgresPlace, progress: Progress, *, cut_before_ms: int = 0) -> AuditReport:
    """Check every audit chain as of one moment. Raises as schema_postgres.require_postgres_head."""
    with open_link(place) as link, link.transaction():
        link.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        found = revision_of_postgres(link, place)
        if found != HEAD:
            raise schema_differs(place, found)
        view = BlockingView(link)
        total = count_links(view)
        return verify_audit(view, lambda done: progress(done, total), cut_before_ms=cut_before_ms)


def measure_postgres(place: PostgresPlace) -> int:
    """How many bytes a database takes. Raises ServerUnfit and psycopg.Error."""
    with open_link(place) as link:
        return measure_database(link)
