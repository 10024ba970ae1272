"""The pen: how a saver writes. What a statement is for stands in save_….py; how its miss is told stands here."""

import apsw

from callgate.storage.load_view import View
from callgate.storage.rows import Value

_TAKEN = frozenset(
    {
        apsw.SQLITE_CONSTRAINT_UNIQUE,
        apsw.SQLITE_CONSTRAINT_PRIMARYKEY,
        apsw.SQLITE_CONSTRAINT_ROWID,
    }
)


class Conflict(Exception):
    """A change met a newer row than it was decided on, or a key that is taken: load and decide again."""


class Pen:
    """What a saver writes with. `written` tells whether the transaction holds anything to commit."""

    __slots__ = ("_connection", "_cursor", "view", "written")

    def __init__(self, connection: apsw.Connection, view: View) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self.view = view
        self.written = False

    def write(self, sql: str, values: tuple[Value, ...]) -> int:
        """Carry out one statement; returns how many rows it touched. Raises Conflict when a key is taken."""
        try:
            self._cursor.execute(sql, values)
        except apsw.ConstraintError as error:
            # apsw documents the attribute and leaves it out of its types.
            if vars(error).get("extendedresult") in _TAKEN:
                raise Conflict from error
            raise
        touched = self._connection.changes()
        if touched:
            self.written = True
        return touched

    def swap(self, sql: str, values: tuple[Value, ...]) -> None:
        """Carry out one compare-and-swap. Raises Conflict when the row is no longer what the decision saw."""
        if self.write(sql, values) != 1:
            raise Conflict
