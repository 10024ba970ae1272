"""The schema's revision: what the code expects, what a file has, and the way from one to the other.

Alembic writes the steps down as SQL (scripts.py); they are carried out here, by the one SQLite library that may open
the file, in one transaction. On PostgreSQL: schema_postgres.py.
"""

from contextlib import closing
from pathlib import Path
from typing import Final

import apsw

from callgate.storage.load_upkeep import find_revision
from callgate.storage.scripts import BASE, Dialect, Render, SchemaDiffers, render_steps
from callgate.storage.sqlite_file import keep_in_place, lies_on_read_only, open_writer
from callgate.storage.sqlite_view import SqliteView

HEAD: Final = "0040"
"""The newest script; a constant, so that a start without a change need not import Alembic (tests compare it)."""


class ServerUnfit(Exception):
    """A server of PostgreSQL, or how its database was made, is not what Callgate works with; the message says more."""


def pooled_apart(place: object) -> ServerUnfit:
    """What is said of a pooler that gives a connection of the server to whoever has a transaction."""
    return ServerUnfit(
        f"{place} is behind a pooler that takes connections apart: locks and prepared statements would be another's. "
        "Connect directly, or have it pool sessions (PgBouncer: pool_mode = session)"
    )


def schema_differs(place: object, found: str) -> SchemaDiffers:
    """What is said of a database of another version: which of the two is to be brought to the other."""
    is_older = found == BASE or found < HEAD
    mend = "`callgate db migrate`" if is_older else "install the newer version of Callgate"
    return SchemaDiffers(f"{place} has revision {found}; this version works with {HEAD}: {mend}")


def revision_of(connection: apsw.Connection) -> str:
    """The revision of an open file; BASE when it is empty."""
    if not connection.table_exists("main", "alembic_version"):
        return BASE
    view = SqliteView(connection)
    view.stamp(0)
    return find_revision(view) or BASE


def require_head(connection: apsw.Connection, path: Path) -> None:
    """Raise SchemaDiffers unless the file has the revision this version works with."""
    found = revision_of(connection)
    if found != HEAD:
        raise schema_differs(path, found)


def migrate(connection: apsw.Connection, to: str = HEAD, *, render: Render = render_steps) -> bool:
    """Bring an open file to a revision, up or down; returns whether there was anything to do.

    Raises:
        apsw.Error: nothing was changed.
        SchemaDiffers: the file has a revision this version does not know.
    """
    if revision_of(connection) == to:
        return False
    # Off, as SQLite asks for when tables are made anew; checked below before anything is kept.
    connection.pragma("foreign_keys", "off")
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = revision_of(connection)  # again: another process may have migrated meanwhile
        # To the end: a statement that returns rows would leave those behind it undone.
        connection.execute("".join(render(found, to, dialect=Dialect.SQLITE))).fetchall()
        assert not connection.execute("PRAGMA foreign_key_check").fetchall(), "a script broke a reference"
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.pragma("foreign_keys", "on")
    return True


def migrate_file(path: Path, to: str = HEAD, *, render: Render = render_steps) -> bool:
    """Bring a file to a revision, making it where there is none; returns whether there was anything to do.

    On a read-only file system nothing is done: the store opens such a file as it is, if its revision fits.

    Raises:
        InUse: it is being replaced or copied.
        NotOurs, SchemaDiffers, apsw.Error: nothing was changed.
    """
    if lies_on_read_only(path):
        return False
    with keep_in_place(path), closing(open_writer(path)) as connection:
        return migrate(connection, to, render=render)
