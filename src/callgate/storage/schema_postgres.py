"""The schema on PostgreSQL: what a database has, and the way to what the code expects.

Each script is a transaction of its own: it holds its locks shortly, gives up rather than make whoever uses the tables
wait, and works while the version before runs. So what is left of a way that stopped in the middle is whole.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg.errors import DeadlockDetected, LockNotAvailable

from callgate.model.database import PostgresPlace
from callgate.storage.load_postgres import find_answering, find_postgres_revision, find_tables, free_lock, take_lock
from callgate.storage.postgres_hosts import conninfo_of
from callgate.storage.schema import HEAD, ServerUnfit, pooled_apart, schema_differs
from callgate.storage.scripts import BASE, Dialect, Render, render_steps
from callgate.storage.sqlite_file import InUse, NotOurs

VERSION_MIN: Final = 15
"""The oldest major version of PostgreSQL that is tested."""

_MIGRATING: Final = 0x43474154
"""The number of the advisory lock that whoever migrates holds ("CGAT")."""

_PATIENCE: Final = "60s"
"""How long to wait for another process that migrates."""

_TRIES_MAX: Final = 5

_LIMITS: Final = "SET LOCAL lock_timeout = '4s'; SET LOCAL statement_timeout = '5s';"
"""A statement that waits for a lock makes all that come after it wait as well."""


def migrate_postgres(place: PostgresPlace, to: str = HEAD, *, render: Render = render_steps) -> bool:
    """Bring a database to a revision, up or down; returns whether there was anything to do.

    Raises:
        NotOurs: it has tables of something else.
        ServerUnfit: it cannot be used as it is.
        SchemaDiffers: it has a revision this version does not know.
        InUse: another process has been migrating it for long, or holds a table. What was done so far stays.
        psycopg.Error: the server cannot be reached, or does not let us. What was done so far stays.
    """
    with open_link(place) as connection:
        if revision_of_postgres(connection, place) == to:
            return False
        require_own_session(connection, place)
        with _alone(connection, place):
            found = revision_of_postgres(connection, place)  # again: another process may have migrated meanwhile
            for script in render(found, to, dialect=Dialect.POSTGRESQL):
                carry_out(connection, script, place=place)
    return True


def require_postgres_head(place: PostgresPlace) -> None:
    """Raise SchemaDiffers unless a database has the revision this version works with; else as migrate_postgres."""
    with open_link(place) as connection:
        found = revision_of_postgres(connection, place)
    if found != HEAD:
        raise schema_differs(place, found)


@contextmanager
def open_link(place: PostgresPlace) -> Iterator[psycopg.Connection]:
    """A connection for upkeep, each statement a transaction of its own. Raises ServerUnfit and psycopg.Error."""
    with psycopg.connect(conninfo_of(place), autocommit=True) as connection:
        connection.execute("SET search_path = public; SET statement_timeout = 0")
        info = connection.info
        if info.server_version < VERSION_MIN * 10_000:
            raise ServerUnfit(
                f"{place} is on PostgreSQL {info.server_version // 10_000}; Callgate needs {VERSION_MIN} or newer"
            )
        if info.parameter_status("server_encoding") != "UTF8":
            raise ServerUnfit(f"{place} does not hold UTF-8: make another with createdb --encoding=UTF8 -T template0")
        yield connection


def revision_of_postgres(connection: psycopg.Connection, place: PostgresPlace) -> str:
    """The revision of an open database; BASE when it is empty. Raises NotOurs."""
    tables = find_tables(connection)
    if not tables.some:
        return BASE
    if not tables.versioned or not tables.ours:
        raise NotOurs(f"{place} has tables of something else: give Callgate a database of its own")
    return find_postgres_revision(connection) or BASE


def require_own_session(connection: psycopg.Connection, place: PostgresPlace) -> None:
    """Raise ServerUnfit where an open connection's server process answers another connection, too."""
    answering = find_answering(connection)
    with open_link(place) as other:
        if find_answering(other) == answering:
            raise pooled_apart(place)


@contextmanager
def _alone(connection: psycopg.Connection, place: PostgresPlace) -> Iterator[None]:
    """Hold off others who would migrate. Raises InUse."""
    connection.execute(f"SET lock_timeout = '{_PATIENCE}'")
    try:
        take_lock(connection, _MIGRATING)
    except LockNotAvailable:
        raise InUse(f"{place} is being migrated by another process") from None
    try:
        yield
    finally:
        if not connection.broken:
            free_lock(connection, _MIGRATING)


def carry_out(connection: psycopg.Connection, script: str, *, place: PostgresPlace) -> None:
    """Carry out one script whole, or nothing of it. Raises InUse and psycopg.Error.

    A script that changes two tables may meet somebody who reads both in the other order: then it goes again.
    """
    for tries_left in reversed(range(_TRIES_MAX)):
        try:
            with connection.transaction():
                connection.execute((_LIMITS + script).encode())
        except LockNotAvailable as error:
            raise InUse(
                f"a table of {place} was in use for longer than 4 s; nothing of this step was done: again"
            ) from error
        except DeadlockDetected as error:
            if not tries_left:
                raise InUse(
                    f"others were always in the way at {place}; nothing of this step was done: again"
                ) from error
        else:
            return
