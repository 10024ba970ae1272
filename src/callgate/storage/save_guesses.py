"""Guesses written: locks, their lifting, and networks that became familiar."""

from typing import Final

from callgate.model.guesses import FAMILIAR_MAX, Lock, LocksLifted, NetworkBecameFamiliar, SubjectLocked
from callgate.storage.pen import Pen
from callgate.storage.rows import columns, marks, row_of

_LOCK: Final = f"""
INSERT INTO guess_lock ({columns(Lock._fields)}) VALUES ({marks(Lock._fields)})
ON CONFLICT (subject, network) DO UPDATE SET locked_ms = excluded.locked_ms, until_ms = excluded.until_ms,
    locks = excluded.locks
WHERE excluded.locked_ms > guess_lock.locked_ms
"""
_LIFT: Final = "UPDATE guess_lock SET locked_ms = ?1, until_ms = ?1, locks = 0 WHERE subject = ?2 AND network = ?3"
_FAMILIAR: Final = """
INSERT INTO familiar_network (subject, network, seen_ms) VALUES (?, ?, ?)
ON CONFLICT (subject, network) DO UPDATE SET seen_ms = excluded.seen_ms
WHERE excluded.seen_ms > familiar_network.seen_ms
"""
_OLDEST: Final = """
DELETE FROM familiar_network WHERE subject = ?1 AND network NOT IN (
    SELECT network FROM familiar_network WHERE subject = ?1 ORDER BY seen_ms DESC, network LIMIT ?2
)
"""


def lock_subject(pen: Pen, change: SubjectLocked) -> None:
    """Keep a party's latest lock."""
    pen.write(_LOCK, row_of(change.lock))


def lift_locks(pen: Pen, change: LocksLifted) -> None:
    """End locks at once: each becomes one that begins and ends now."""
    for lock in change.locks:
        pen.write(_LIFT, (change.at_ms, lock.subject, lock.network))


def remember_network(pen: Pen, change: NetworkBecameFamiliar) -> None:
    """Keep the latest networks of a subject."""
    pen.write(_FAMILIAR, (change.subject, change.network, change.seen_ms))
    pen.write(_OLDEST, (change.subject, FAMILIAR_MAX))
