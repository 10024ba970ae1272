"""The schema's revision: what the code expects, what a file has, and the way from one to the other.

Alembic writes the steps down as SQL (its scripts lie in migrations/); they are carried out here, by the one SQLite
library that may open the file, in one transaction. On PostgreSQL: schema_postgres.py.
"""

import io
import re
from contextlib import closing
from enum import Enum
from itertools import pairwise
from pathlib import Path
from typing import Final

import apsw

from callgate.storage.load_upkeep import find_revision
from callgate.storage.sqlite_file import keep_in_place, lies_on_read_only, open_writer
from callgate.storage.sqlite_view import SqliteView

HEAD: Final = "0028"
"""The newest script; a constant, so that a start without a change need not import Alembic (tests compare it)."""

BASE: Final = "base"
"""No schema at all."""

_SCRIPTS: Final = Path(__file__).parent / "migrations"

_WORDS: Final = {
    "INTEGER": "bigint",
    "BLOB": "bytea",
    "TEXT": 'text COLLATE "C"',  # compared and ordered by bytes, as SQLite does
    ") STRICT, WITHOUT ROWID": ")",
    ") STRICT": ")",
}
"""What the scripts' tables are made of, as PostgreSQL says it; everything else both engines read alike."""

_WORD: Final = re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in _WORDS))


class Dialect(Enum):
    """Whose SQL a script is written down in."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


class SchemaDiffers(Exception):
    """The file's revision is not the one this version of Callgate works with."""


class ServerUnfit(Exception):
    """A server of PostgreSQL, or how its database was made, is not what Callgate works with; the message says more."""


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
        raise SchemaDiffers(f"{path} has revision {found}; this version works with {HEAD}")


def migrate(connection: apsw.Connection, to: str = HEAD) -> bool:
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
        connection.execute(render_sql(found, to)).fetchall()
        assert not connection.execute("PRAGMA foreign_key_check").fetchall(), "a script broke a reference"
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.pragma("foreign_keys", "on")
    return True


def migrate_file(path: Path, to: str = HEAD) -> bool:
    """Bring a file to a revision, making it where there is none; returns whether there was anything to do.

    On a read-only file system nothing is done: the store opens such a file as it is, if its revision fits.

    Raises:
        InUse: it is being restored.
        NotOurs, SchemaDiffers, apsw.Error: nothing was changed.
    """
    if lies_on_read_only(path):
        return False
    with keep_in_place(path), closing(open_writer(path)) as connection:
        return migrate(connection, to)


def render_sql(found: str, to: str, *, dialect: Dialect = Dialect.SQLITE) -> str:
    """The statements that lead from one revision to another. Raises SchemaDiffers."""
    return "".join(render_steps(found, to, dialect=dialect))


def render_steps(found: str, to: str, *, dialect: Dialect) -> list[str]:
    """The same, script by script. Raises SchemaDiffers."""
    from alembic import command  # noqa: PLC0415 - imported only when there is something to migrate: it is slow
    from alembic.config import Config  # noqa: PLC0415 - likewise
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - likewise

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("dialect", dialect.value)
    newest_first = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    order = [BASE, *reversed(newest_first)]
    if found not in order:
        raise SchemaDiffers(f"the database has revision {found}, which a newer version of Callgate made")
    up = order.index(found) < order.index(to)
    move = command.upgrade if up else command.downgrade
    ordered = order if up else order[::-1]
    scripts = []
    for step in pairwise(ordered[ordered.index(found) : ordered.index(to) + 1]):
        config.output_buffer = buffer = io.StringIO()
        move(config, ":".join(step), sql=True)
        # Alembic leaves its table at the end of the way down, and makes it anew on the way up.
        sql = buffer.getvalue() + ("DROP TABLE alembic_version;" if step[1] == BASE else "")
        scripts.append(sql if dialect is Dialect.SQLITE else _WORD.sub(lambda word: _WORDS[word[0]], sql))
    return scripts
