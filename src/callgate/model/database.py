"""Where everything is kept, when that is no file of this machine, and what was moved there."""

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


class CopiedTable(NamedTuple):
    """A table that is the same in two databases: its rows, and the SHA-256 of all of them in order."""

    table: str
    rows: int
    sha256: str
