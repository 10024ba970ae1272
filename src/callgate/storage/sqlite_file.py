"""The file: opened with the settings durability rests on, and locked so that one server has it."""

import fcntl
from pathlib import Path
from typing import Final, TextIO

import apsw

APPLICATION_ID: Final = 0x43474154
"""Says in the file's header whose it is ("CGAT")."""

_CHECKPOINT_PAGES: Final = 4000  # 16 MB: a checkpoint runs inside a COMMIT, and makes the longest one
_LOG_BYTES_MAX: Final = 64 * 1024 * 1024
_WRITER_CACHE_KIB: Final = 64 * 1024
_READER_CACHE_KIB: Final = 32 * 1024


class AlreadyServed(Exception):
    """Another server has this database: two would each trust their own caches and clocks."""


class NotOurs(Exception):
    """The file is a database of something else."""


def open_writer(path: Path, *, vfs: str | None = None) -> apsw.Connection:
    """Open, or create, the connection that writes. Raises apsw.Error and NotOurs."""
    connection = apsw.Connection(str(path), vfs=vfs)
    connection.set_busy_timeout(5000)
    owner = connection.pragma("application_id")
    if owner not in {0, APPLICATION_ID} or (owner == 0 and connection.pragma("schema_version") != 0):
        connection.close()
        raise NotOurs(f"{path} is not a database of Callgate")
    if owner == 0:
        connection.pragma("application_id", APPLICATION_ID)
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full")
    connection.pragma("foreign_keys", "on")
    connection.pragma("journal_size_limit", _LOG_BYTES_MAX)
    connection.pragma("cache_size", -_WRITER_CACHE_KIB)
    connection.wal_autocheckpoint(_CHECKPOINT_PAGES)
    _configure(connection)
    return connection


def open_reader(path: Path, *, vfs: str | None = None) -> apsw.Connection:
    """Open a connection that sees committed rows only and cannot write. Raises apsw.Error."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY, vfs=vfs)
    connection.set_busy_timeout(1000)  # only recovery of the log after a crash makes a reader wait
    connection.pragma("cache_size", -_READER_CACHE_KIB)
    _configure(connection)
    return connection


def lock_file(path: Path) -> TextIO:
    """Take the database for one server until the file returned is closed. Raises AlreadyServed.

    The lock lies on a file beside it: SQLite's own locks on the database are lost when any descriptor of it is closed.
    """
    beside = path.with_name(path.name + ".lock").open("a")
    try:
        fcntl.flock(beside, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        beside.close()
        raise AlreadyServed(f"{path} is served by another process") from None
    return beside


def _configure(connection: apsw.Connection) -> None:
    connection.pragma("temp_store", "memory")
    connection.pragma("trusted_schema", "off")
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    # One plan for each statement. Otherwise this build (STAT4) plans anew for every new parameter: 80 µs, not 6.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
