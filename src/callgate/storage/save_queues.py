"""Call queues written: their settings and their members."""

from typing import Final

from callgate.model.queues import QueueMembersChanged, QueueSettings, QueueSettingsChanged
from callgate.storage.pen import Pen
from callgate.storage.rows import columns, marks, row_of

_FIRST: Final = f"INSERT INTO queue ({columns(QueueSettings._fields)}) VALUES ({marks(QueueSettings._fields)})"
_CHANGE: Final = f"""
UPDATE queue SET {", ".join(f"{field} = ?" for field in QueueSettings._fields[2:])} WHERE queue_id = ? AND version = ?
"""
_ADD: Final = "INSERT INTO queue_member (queue_id, extension_id, account_id) VALUES (?, ?, ?)"
_REMOVE: Final = "DELETE FROM queue_member WHERE queue_id = ? AND extension_id = ?"


def change_queue_settings(pen: Pen, change: QueueSettingsChanged) -> None:
    """Insert a queue's settings, or change them."""
    before, after = change.before, change.after
    assert after[:2] == before[:2]
    assert after.version == before.version + 1
    if before.version == 0:
        pen.write(_FIRST, row_of(after))
    else:
        pen.swap(_CHANGE, (*row_of(after[2:]), before.queue_id, before.version))


def change_queue_members(pen: Pen, change: QueueMembersChanged) -> None:
    """Add and remove members; each must be as the decision saw it."""
    for extension_id in sorted(change.removed):
        pen.swap(_REMOVE, (change.queue_id, extension_id))
    for extension_id in sorted(change.added):
        pen.write(_ADD, (change.queue_id, extension_id, change.account_id))
