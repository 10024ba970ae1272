"""Where everything is kept, when that is no file of this machine."""

from typing import NamedTuple


class PostgresPlace(NamedTuple):
    """A database on PostgreSQL: a libpq URL, a password that stands beside it, and the URL with its own masked."""

    url: str
    password: str | None
    shown: str

    def __repr__(self) -> str:
        return f"PostgresPlace({self.shown})"

    def __str__(self) -> str:
        return self.shown
