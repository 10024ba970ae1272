"""What only PostgreSQL's writers write: one row each, which every batch that writes leaves its number in.

So a batch whose COMMIT was not answered can be looked up: whoever writes the row waits until that batch is settled.
"""

from typing import Final

from callgate.storage.pen import Pen

MARK: Final = "UPDATE writer SET batch = ?, at_ms = ? WHERE name = ?"

_ENTER: Final = """
INSERT INTO writer (name, batch, at_ms) VALUES (?, 0, ?)
ON CONFLICT (name) DO UPDATE SET at_ms = excluded.at_ms WHERE excluded.at_ms > writer.at_ms
"""
_SETTLE: Final = "UPDATE writer SET batch = batch WHERE name = ? AND batch = ?"


def enter_writer(pen: Pen, name: str, *, at_ms: int) -> None:
    """Make a writer's row, if it has none; no time is stamped before `at_ms`."""
    pen.write(_ENTER, (name, at_ms))


def settle_batch(pen: Pen, name: str, *, batch: int) -> bool:
    """Wait until a batch is settled; tells whether it was committed. Its own commit proves the other's durable."""
    return pen.write(_SETTLE, (name, batch)) == 1
