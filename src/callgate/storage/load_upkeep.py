"""What the store itself must know: keys, the latest time stamped, the audit chain, rows that may go."""

from collections.abc import Iterator
from typing import Final, NamedTuple, cast

from callgate.model.facts import KeysFacts
from callgate.model.key import StoredKey
from callgate.model.lookups import KeysLookup
from callgate.model.session import Session
from callgate.storage.load_view import View
from callgate.storage.placeholders import UNLOCKED
from callgate.storage.rows import Row, columns, key_from, session_from

_KEY_COLUMNS: Final = columns(("key_use", *StoredKey._fields[1:]))
_KEYS: Final = f"SELECT {_KEY_COLUMNS} FROM stored_key ORDER BY key_use, number"

# The cell's own mark is written about once a second; the audit chain is younger where something was audited since.
_CLOCK: Final = """
SELECT max(ms) FROM (
    SELECT clock_ms AS ms FROM cell UNION ALL SELECT sessions_from_ms FROM cell UNION ALL SELECT max(at_ms) FROM audit
) marks
"""

_CELL: Final = "SELECT name FROM cell"
_REVISION: Final = "SELECT version_num FROM alembic_version"
_HEAD: Final = "SELECT seq, hash FROM audit WHERE writer = ? ORDER BY seq DESC LIMIT 1"
_FREE: Final = "PRAGMA freelist_count"
_PAGES: Final = "PRAGMA page_count"
_LINKS: Final = """
SELECT writer, seq, at_ms, entries, previous, hash FROM audit
WHERE (writer, seq) > (?, ?) ORDER BY writer, seq LIMIT 500
"""

_DUE: Final = f"""
SELECT {columns(Session._fields)} FROM session WHERE sweep_bucket <= ? ORDER BY sweep_bucket LIMIT ? {UNLOCKED}
"""

# Both are counted in an index: no row is read.
_SESSIONS: Final = """
SELECT (SELECT count(*) FROM session) - (SELECT count(*) FROM session WHERE state = 3)
"""


class Head(NamedTuple):
    """The last link of one writer's chain."""

    seq: int
    hash: bytes


class Pages(NamedTuple):
    """Of a file's pages those that hold nothing, and all."""

    free: int
    all: int


class Link(NamedTuple):
    """One row of the audit chain."""

    writer: str
    seq: int
    at_ms: int
    entries: str
    previous: bytes
    hash: bytes


def load_keys(view: View, _lookup: KeysLookup) -> KeysFacts:
    """Answer `KeysLookup`."""
    return KeysFacts(view.now_ms, tuple(key_from(row) for row in view.rows(_KEYS)))


def find_revision(view: View) -> str | None:
    """The schema's revision, as Alembic wrote it."""
    row = view.row(_REVISION)
    return str(row[0]) if row else None


def find_cell(view: View) -> str | None:
    """The name of the cell whose rows these are, if a server has said it."""
    return cast("str | None", view.rows(_CELL)[0][0])


def find_clock(view: View) -> int:
    """The latest time the cell is known to have stamped, in milliseconds since 1970."""
    return cast("int", view.rows(_CLOCK)[0][0])


def count_pages(view: View) -> Pages:
    """How much of an SQLite file is free."""
    return Pages(cast("int", view.rows(_FREE)[0][0]), cast("int", view.rows(_PAGES)[0][0]))


def find_head(view: View, writer: str) -> Head | None:
    """Where a writer's chain ends."""
    row = view.row(_HEAD, (writer,))
    return Head._make(cast("tuple[int, bytes]", row)) if row else None


def walk_links(view: View) -> Iterator[Link]:
    """Every link, writer by writer in order, a page at a time."""
    at: Row = ("", 0)
    while rows := view.rows(_LINKS, at):
        yield from (Link._make(row) for row in rows)
        at = rows[-1][:2]


def find_due_sessions(view: View, *, bucket: int, rows_max: int) -> list[Session]:
    """Sessions whose bucket has come; some were refreshed since and live on."""
    return [session_from(row) for row in view.rows(_DUE, (bucket, rows_max))]


def count_sessions(view: View) -> int:
    """How many have not ended; those that expired are among them until they are swept."""
    return cast("int", view.rows(_SESSIONS)[0][0])
