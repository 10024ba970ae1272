"""A pen for one SQLite connection."""

from collections.abc import Iterable

import apsw

from callgate.storage.load_view import View
from callgate.storage.pen import Conflict, Pen
from callgate.storage.rows import Value

_TAKEN = frozenset(
    {
        apsw.SQLITE_CONSTRAINT_UNIQUE,
        apsw.SQLITE_CONSTRAINT_PRIMARYKEY,
        apsw.SQLITE_CONSTRAINT_ROWID,
    }
)


class SqlitePen(Pen):
    """What a saver writes with."""

    __slots__ = ("_connection", "_cursor")

    def __init__(self, connection: apsw.Connection, view: View) -> None:
        super().__init__(view)
        self._connection = connection
        self._cursor = connection.cursor()

    def write(self, sql: str, values: tuple[Value, ...]) -> int:
        """Carry out one statement; see pen.Pen."""
        try:
            self._cursor.execute(sql, values)
        except apsw.ConstraintError as error:
            raise _understood(error) from error
        touched = self._connection.changes()
        if touched:
            self.written = True
        return touched

    def write_all(self, sql: str, rows: Iterable[tuple[Value, ...]]) -> None:
        """Carry out one statement many times; see pen.Pen."""
        before = self._connection.total_changes()
        try:
            self._cursor.executemany(sql, rows)
        except apsw.ConstraintError as error:
            raise _understood(error) from error
        if self._connection.total_changes() > before:
            self.written = True


def _understood(error: apsw.ConstraintError) -> Exception:
    """A key that is taken is a conflict; the error itself, where it is anything else."""
    # apsw documents the attribute and leaves it out of its types.
    return Conflict() if vars(error).get("extendedresult") in _TAKEN else error
