"""The scripts in migrations/ as SQL, written down by Alembic and carried out by whoever asked for them.

Alembic and what it stands on take 25 MB: who only serves has them in a process of its own, which ends with its work
(docs/adr/0092-memory.md). This module is that process's as well, and imports nothing of Callgate's.
"""

import io
import json
import re
import subprocess
import sys
from enum import Enum
from itertools import pairwise
from pathlib import Path
from typing import Final, Protocol

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
    """The database's revision is not the one this version of Callgate works with."""


class Render(Protocol):
    """Gives the statements that lead from one revision to another, script by script. Raises SchemaDiffers."""

    def __call__(self, found: str, to: str, *, dialect: Dialect) -> list[str]:
        """A string for each script, in their order."""


def render_steps(found: str, to: str, *, dialect: Dialect, only_up: bool = False) -> list[str]:
    """Have Alembic write the way from one revision to another, script by script. Raises SchemaDiffers."""
    from alembic import command  # noqa: PLC0415 - imported only when there is something to migrate: it is slow
    from alembic.config import Config  # noqa: PLC0415 - likewise
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - likewise

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("dialect", dialect.value)
    newest_first = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    order = [BASE, *reversed(newest_first)]
    if found not in order:
        raise SchemaDiffers(
            f"the database has revision {found}, which a newer version of Callgate made: install that one, or go "
            "back to a backup from before"
        )
    up = order.index(found) < order.index(to)
    if only_up and not up:
        raise SchemaDiffers(f"the database has revision {found}, and who asks is of a version before: start it anew")
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


def render_apart(found: str, to: str, *, dialect: Dialect) -> list[str]:
    """The same by a process of its own, which takes with it what it imported. Raises SchemaDiffers.

    Only the way up: that process may be of a newer version than who asks, where one was installed since. It would know
    the way down, on which what the newer one wrote is lost.
    """
    words = [sys.executable, "-P", "-m", __name__, found, to, dialect.value]
    answer = subprocess.run(words, stdout=subprocess.PIPE, check=True)  # noqa: S603 - this module
    scripts: list[str] | str = json.loads(answer.stdout)
    if isinstance(scripts, str):
        raise SchemaDiffers(scripts)
    return scripts


def _answer(words: list[str]) -> list[str] | str:
    """The scripts, or why there are none."""
    found, to, dialect = words
    try:
        return render_steps(found, to, dialect=Dialect(dialect), only_up=True)
    except SchemaDiffers as error:
        return str(error)


if __name__ == "__main__":
    json.dump(_answer(sys.argv[1:]), sys.stdout)
