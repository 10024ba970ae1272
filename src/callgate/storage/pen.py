"""The pen: how a saver writes. What a statement is for stands in save_….py; each engine has a pen of its own."""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from callgate.storage.load_view import View
from callgate.storage.rows import Value


class Conflict(Exception):
    """A change met a newer row than it was decided on, or a key that is taken: load and decide again."""


class Pen(ABC):
    """What a saver writes with. `written` tells whether the transaction holds anything to commit."""

    __slots__ = ("view", "written")

    def __init__(self, view: View) -> None:
        self.view = view
        self.written = False

    @abstractmethod
    def write(self, sql: str, values: tuple[Value, ...]) -> int:
        """Carry out one statement; returns how many rows it touched. Raises Conflict when a key is taken."""

    def write_all(self, sql: str, rows: Iterable[tuple[Value, ...]]) -> None:
        """Carry out one statement with each of these. Raises Conflict when a key is taken."""
        for values in rows:
            self.write(sql, values)

    def swap(self, sql: str, values: tuple[Value, ...]) -> None:
        """Carry out one compare-and-swap. Raises Conflict when the row is no longer what the decision saw."""
        if self.write(sql, values) != 1:
            raise Conflict
