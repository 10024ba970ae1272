"""Guesses read: locks, familiar networks, and by which numbers a person is called."""

from typing import Final, cast

from callgate.model.guesses import (
    EVERYWHERE,
    GuessFacts,
    GuessLookup,
    Lock,
    LocksFacts,
    LocksLookup,
    OwnNamesFacts,
    OwnNamesLookup,
)
from callgate.storage.load_view import View
from callgate.storage.rows import Row, columns

_LOCKS: Final = f"SELECT {columns(Lock._fields)} FROM guess_lock WHERE subject = ? AND network IN (?, ?)"
_FAMILIAR: Final = "SELECT seen_ms FROM familiar_network WHERE subject = ? AND network = ?"
_LASTING: Final = f"""
SELECT {columns(Lock._fields)} FROM guess_lock WHERE subject = ? AND until_ms > ? ORDER BY network
"""
_NUMBERS: Final = """
SELECT number FROM phone WHERE account_id = ? AND coalesce(extension_id, account_id) = ? ORDER BY number
"""


def load_guess(view: View, lookup: GuessLookup) -> GuessFacts:
    """Answer `GuessLookup`."""
    rows = view.rows(_LOCKS, (lookup.subject, lookup.network, EVERYWHERE))
    locks = {lock.network: lock for lock in map(_lock, rows)}
    familiar = view.row(_FAMILIAR, (lookup.subject, lookup.network))
    seen_ms = cast("int", familiar[0]) if familiar else None
    return GuessFacts(view.now_ms, locks.get(lookup.network), locks.get(EVERYWHERE), seen_ms)


def load_own_names(view: View, lookup: OwnNamesLookup) -> OwnNamesFacts:
    """Answer `OwnNamesLookup`; the company's own number means its main administrator (protocol.md B)."""
    rows = view.rows(_NUMBERS, (lookup.account_id, lookup.extension_id))
    return OwnNamesFacts(tuple(str(row[0]) for row in rows))


def load_locks(view: View, lookup: LocksLookup) -> LocksFacts:
    """Answer `LocksLookup`."""
    found = (view.rows(_LASTING, (subject, view.now_ms)) for subject in lookup.subjects)
    return LocksFacts(view.now_ms, tuple(_lock(row) for rows in found for row in rows))


def _lock(row: Row) -> Lock:
    return Lock._make(cast("tuple[bytes, str, int, int, int]", row))
