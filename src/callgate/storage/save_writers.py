"""What only PostgreSQL's writers write: a mark each, a row which every batch that writes leaves its number in.

So a batch whose COMMIT was not answered can be looked up: whoever writes the row waits until that batch is settled. A
mark is one connection's and nobody's after it: by a name that others take once it is free, a batch could be found that
is another's.
"""

from typing import Final

from callgate.storage.pen import Pen

KEPT_MS: Final = 600_000
"""How long a mark stays whose connection is gone: longer than anybody looks for what a COMMIT came to."""

MARK: Final = "UPDATE writer SET batch = ?, at_ms = ? WHERE name = ?"

BEAT: Final = """
DO $$
DECLARE
    mark CONSTANT TEXT := current_setting('callgate.mark');
    now_ms CONSTANT BIGINT := current_setting('callgate.now_ms');
BEGIN
    UPDATE writer SET batch = batch + 1, at_ms = greatest(at_ms, now_ms) WHERE name = mark;
    IF NOT FOUND THEN
        INSERT INTO writer (name, batch, at_ms) SELECT mark, 1, greatest(now_ms, max(at_ms)) FROM writer;
    END IF;
    COMMIT;
END
$$
"""
"""A commit in the row of a mark, which is made where it is missing. Both parameters are handed over before: a block
takes none.

Within the block the COMMIT is a part of the statement, and ends with that: nothing else ends one that waits for a
standby, and whoever asked again every few seconds would have every connection there is waiting.
"""

_ENTER: Final = """
INSERT INTO writer (name, batch, at_ms) SELECT CAST(? AS TEXT), 0, greatest(?, max(at_ms)) FROM writer
"""
_FORGET: Final = """
DELETE FROM writer WHERE (name = ? OR at_ms < (SELECT max(at_ms) FROM writer) - ?) AND name <> ?
    AND pg_try_advisory_xact_lock(hashtextextended('callgate writer ' || name, 0))
"""
_WAIT: Final = "UPDATE writer SET batch = batch WHERE name = ?"
_SETTLE: Final = "UPDATE writer SET batch = batch WHERE name = ? AND batch = ?"


class MarkGone(Exception):
    """Nobody can tell any more what became of a batch: the row that would know it has been forgotten."""


def enter_mark(pen: Pen, mark: str, *, former: str, at_ms: int) -> None:
    """Make a connection's mark; no time is stamped before `at_ms`. Its `former` one is settled, and forgotten.

    It is as new as the newest, and not looked at: a lock does not keep out the connection that has it.
    """
    pen.write(_ENTER, (mark, at_ms))
    pen.write(_FORGET, (former, KEPT_MS, mark))


def settle_batch(pen: Pen, mark: str, *, batch: int) -> bool:
    """Wait until a batch is settled; tells whether it was committed. Its own commit proves the other's durable.

    It waits for the mark, whatever is in it: who looks for the number does not see what is being committed, nor
    waits for it. Raises MarkGone: without it nobody would have waited.
    """
    if pen.write(_WAIT, (mark,)) == 0:
        raise MarkGone
    return pen.write(_SETTLE, (mark, batch)) == 1
