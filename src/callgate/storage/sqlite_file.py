"""The file: opened with the settings durability rests on, and locked so that one server has it, and none too many.

who                         NAME.lock       NAME.open.lock
a server                    alone           shared
a command that writes       –               shared
a restore, a compaction,    alone           alone
a copy to another place
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Final, TextIO

import apsw

APPLICATION_ID: Final = 0x43474154
"""Says in the file's header whose it is ("CGAT")."""

_CHECKPOINT_PAGES: Final = 4000  # 16 MB: a checkpoint runs inside a COMMIT, and makes the longest one
_LOG_BYTES_MAX: Final = 64 * 1024 * 1024
_WRITER_CACHE_KIB: Final = 64 * 1024
_READER_CACHE_KIB: Final = 4 * 1024  # dropped whole whenever the writer commits: more is seldom filled
_STATEMENTS_KEPT: Final = 300  # more than there are: preparing one costs as much as running it twenty times

_READS: Final = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_NOMUTEX
_WRITES: Final = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_NOMUTEX
"""Whoever has a connection sees to it that one thread at a time uses it, so SQLite need not: it would take a lock, and
let it go, for each column of a row."""


class InUse(Exception):
    """Another process has this database, and this one cannot have it beside that."""


class NotOurs(Exception):
    """The file is a database of something else."""


def open_writer(path: Path, *, vfs: str | None = None) -> apsw.Connection:
    """Open, or create, the connection that writes. Raises apsw.Error and NotOurs."""
    make_private(path)
    connection = apsw.Connection(str(path), flags=_WRITES, vfs=vfs, statementcachesize=_STATEMENTS_KEPT)
    connection.set_busy_timeout(5000)
    owner = connection.pragma("application_id")
    if owner not in {0, APPLICATION_ID} or (owner == 0 and connection.pragma("schema_version") != 0):
        connection.close()
        raise NotOurs(f"{path} is not a database of Callgate")
    if owner == 0:
        connection.pragma("auto_vacuum", "incremental")  # before anything is written: it decides the file's format
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
    connection = apsw.Connection(str(path), flags=_READS, vfs=vfs, statementcachesize=_STATEMENTS_KEPT)
    connection.set_busy_timeout(1000)  # only recovery of the log after a crash makes a reader wait
    connection.pragma("cache_size", -_READER_CACHE_KIB)
    _configure(connection)
    return connection


def open_frozen(path: Path) -> apsw.Connection:
    """Open a file on a read-only file system, where neither locks nor shared memory can be made. Raises apsw.Error.

    The log that a crash left holds the newest commits, revocations among them, so it is read where there is one: into
    this process's memory, without locks, since nobody can write.
    """
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size:
        connection = apsw.Connection(str(path), flags=_READS, vfs="unix-none")
        connection.pragma("locking_mode", "exclusive")
    else:
        flags = _READS | apsw.SQLITE_OPEN_URI
        connection = apsw.Connection(f"{path.absolute().as_uri()}?immutable=1", flags=flags)
    _configure(connection)
    return connection


def lies_on_read_only(path: Path) -> bool:
    """Tell whether a file exists on a file system that is mounted read-only."""
    return path.exists() and bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def open_committed(path: Path) -> apsw.Connection:
    """Open a connection that sees committed rows only, on whatever file system they lie. Raises apsw.Error."""
    return open_frozen(path) if lies_on_read_only(path) else open_reader(path)


def lock_file(path: Path) -> TextIO:
    """Take the database for one server until the file returned is closed: two would each trust their own caches.

    Raises:
        InUse: another server has it.
    """
    return _lock(path, ".lock", kind=fcntl.LOCK_EX, otherwise="is served by another process")


def keep_in_place(path: Path) -> TextIO:
    """Hold off whoever puts another file in its place, or copies it, until the file returned is closed; any number may.

    What is written while another file takes the name would be lost, and a log begun in that moment be taken for the
    new file's.

    Raises:
        InUse: one of them is under way.
    """
    return _lock(path, ".open.lock", kind=fcntl.LOCK_SH, otherwise="is being restored, compacted or copied")


def take_place(path: Path) -> TextIO:
    """Hold off everybody who writes until the file returned is closed. Raises InUse."""
    return _lock(path, ".open.lock", kind=fcntl.LOCK_EX, otherwise="is open in another process; let it end first")


def _lock(path: Path, ending: str, *, kind: int, otherwise: str) -> TextIO:
    # On a file beside it: SQLite's own locks on the database are lost when any descriptor of it is closed.
    name = path.with_name(path.name + ending)
    make_private(name)
    beside = name.open("a")
    try:
        fcntl.flock(beside, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        beside.close()
        raise InUse(f"{path} {otherwise}") from None
    return beside


def make_private(path: Path) -> None:
    """Make a file with its permissions before SQLite does: its log and shared memory inherit them.

    One that exists is not even opened: closing a descriptor of it would drop the locks this process has on it.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _configure(connection: apsw.Connection) -> None:
    connection.pragma("temp_store", "memory")
    connection.pragma("trusted_schema", "off")
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    # One plan for each statement. Otherwise this build (STAT4) plans anew for every new parameter: 80 µs, not 6.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
