"""A file looked over, whether or not it is being served: SQLite's own checks, and the audit chains."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from callgate.storage.audit import AuditReport, verify_audit
from callgate.storage.load_listings import count_links
from callgate.storage.sqlite_file import open_committed
from callgate.storage.sqlite_view import SqliteView

Progress = Callable[[int, int], None]
"""Told the links checked and the links there are."""


def check_file(path: Path) -> tuple[str, ...]:
    """What SQLite finds wrong with a file, line by line. Raises apsw.Error when it cannot be read at all."""
    with closing(open_committed(path)) as connection:
        found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
        strays = [f"{row[0]} {row[1]} refers to no {row[2]}" for row in connection.execute("PRAGMA foreign_key_check")]
    return tuple(line for line in (*found, *strays) if line != "ok")


def check_audit(path: Path, progress: Progress, *, cut_before_ms: int = 0) -> AuditReport:
    """Check every audit chain as of one moment. Raises apsw.Error."""
    with closing(open_committed(path)) as connection:
        connection.execute("BEGIN")
        view = SqliteView(connection)
        view.stamp(0)
        total = count_links(view)
        return verify_audit(view, lambda done: progress(done, total), cut_before_ms=cut_before_ms)
