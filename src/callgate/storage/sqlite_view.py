"""A view of one SQLite connection."""

from typing import cast

import apsw

from callgate.storage.load_view import View
from callgate.storage.rows import Row, Value


class SqliteView(View):
    """What may be asked of one connection."""

    __slots__ = ("_cursor",)

    def __init__(self, connection: apsw.Connection) -> None:
        super().__init__()
        self._cursor = connection.cursor()

    def rows(self, sql: str, values: tuple[Value, ...] = ()) -> list[Row]:
        """Every row of a statement; read to the end, because a statement left standing holds the log."""
        return cast("list[Row]", self._cursor.execute(sql, values).fetchall())
