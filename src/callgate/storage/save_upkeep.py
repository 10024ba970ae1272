"""What the store itself writes: keys, the latest time stamped, links of the audit chain, the sweep, and its space."""

from typing import Final

from callgate.model.changes import KeyForgotten, KeyStored
from callgate.model.guesses import DAY_MS, FAMILIAR_MS
from callgate.model.key import StoredKey
from callgate.model.session import Session
from callgate.storage.expiry import spent_ms, sweep_bucket
from callgate.storage.load_upkeep import Link
from callgate.storage.pen import Pen
from callgate.storage.placeholders import UNLOCKED
from callgate.storage.rows import columns, marks, row_of

_KEY_FIELDS: Final = ("key_use", *StoredKey._fields[1:])

_KEY: Final = f"""
INSERT INTO stored_key ({columns(_KEY_FIELDS)}) VALUES ({marks(_KEY_FIELDS)})
ON CONFLICT (key_use, number) DO UPDATE SET state = excluded.state, wrapped = excluded.wrapped,
    active_ms = excluded.active_ms, retired_ms = excluded.retired_ms
"""
_FORGET_KEY: Final = "DELETE FROM stored_key WHERE key_use = ? AND number = ?"

_CELL: Final = "UPDATE cell SET name = ?"
_CLOCK: Final = "UPDATE cell SET clock_ms = ?"
_LINK: Final = f"INSERT INTO audit ({columns(Link._fields)}) VALUES ({marks(Link._fields)})"

GIVE_BACK: Final = "PRAGMA incremental_vacuum(64)"
"""Cut so many free pages off an SQLite file, by moving those at its end; a row is told for each."""

MAKE_ANEW: Final = "REINDEX INDEX CONCURRENTLY {}"
DROP_LEFT_OVER: Final = "DROP INDEX CONCURRENTLY IF EXISTS {}"
"""On PostgreSQL, for an index by its SQL name: beside everybody, and outside any transaction."""

_SWEEP: Final = "DELETE FROM session WHERE id = ? AND account_id = ?"
_REBUCKET: Final = "UPDATE session SET sweep_bucket = ? WHERE id = ? AND account_id = ?"
_SWEEP_SIGN_INS: Final = f"""
DELETE FROM sign_in WHERE id IN (
    SELECT id FROM sign_in WHERE expires_ms < ?
    ORDER BY expires_ms LIMIT ? {UNLOCKED}
)
"""
_SWEEP_CLAIMS: Final = f"""
DELETE FROM assertion_claim WHERE (client_id, jti) IN (
    SELECT client_id, jti FROM assertion_claim WHERE expires_ms < ?
    ORDER BY expires_ms LIMIT ? {UNLOCKED}
)
"""

_SWEEP_CONSUMED: Final = f"""
DELETE FROM assertion_consumed WHERE (connection_id, assertion_id) IN (
    SELECT connection_id, assertion_id FROM assertion_consumed WHERE expires_ms < ?
    ORDER BY expires_ms LIMIT ? {UNLOCKED}
)
"""

_SWEEP_DEVICES: Final = f"""
DELETE FROM device_code WHERE id IN (
    SELECT id FROM device_code WHERE expires_ms < ?
    ORDER BY expires_ms LIMIT ? {UNLOCKED}
)
"""


_SWEEP_LOCKS: Final = f"""
DELETE FROM guess_lock WHERE (subject, network) IN (
    SELECT subject, network FROM guess_lock WHERE until_ms < ?
    ORDER BY until_ms LIMIT ? {UNLOCKED}
)
"""
_SWEEP_FAMILIAR: Final = f"""
DELETE FROM familiar_network WHERE (subject, network) IN (
    SELECT subject, network FROM familiar_network WHERE seen_ms < ?
    ORDER BY seen_ms LIMIT ? {UNLOCKED}
)
"""


def store_key(pen: Pen, change: KeyStored) -> None:
    """Insert a key, or move it to its next state."""
    pen.write(_KEY, row_of(change.key))


def forget_key(pen: Pen, change: KeyForgotten) -> None:
    """Delete a key; forgotten already is as good."""
    pen.write(_FORGET_KEY, (change.use.value, change.number))


def name_cell(pen: Pen, name: str) -> None:
    """Remember whose rows these are."""
    pen.write(_CELL, (name,))


def move_clock(pen: Pen, now_ms: int) -> None:
    """Remember the latest time stamped."""
    pen.write(_CLOCK, (now_ms,))


def touch(pen: Pen) -> None:
    """Write something small, to see whether anything can be written."""
    move_clock(pen, pen.view.now_ms)


def append_link(pen: Pen, link: Link) -> None:
    """Add a link to a writer's chain."""
    pen.write(_LINK, row_of(link))


def sweep_sessions(pen: Pen, due: list[Session], *, before_ms: int) -> int:
    """Delete those of the rows that were spent before, move the others to their new bucket; returns the deleted."""
    swept = 0
    for session in due:
        if spent_ms(session) < before_ms:
            swept += pen.write(_SWEEP, (session.id, session.account_id))
        else:
            pen.write(_REBUCKET, (sweep_bucket(session), session.id, session.account_id))
    return swept


def sweep_sign_ins(pen: Pen, *, before_ms: int, rows_max: int) -> int:
    """Delete sign-ins that expired before; returns how many."""
    return pen.write(_SWEEP_SIGN_INS, (before_ms, rows_max))


def sweep_claims(pen: Pen, *, before_ms: int, rows_max: int) -> int:
    """Delete claims of assertions that expired before, apps' and identity providers'; returns the larger number."""
    claims = pen.write(_SWEEP_CLAIMS, (before_ms, rows_max))
    return max(claims, pen.write(_SWEEP_CONSUMED, (before_ms, rows_max)))


def sweep_guesses(pen: Pen, *, before_ms: int, rows_max: int) -> int:
    """Delete locks that lengthen no other any more, and networks nobody came from; returns the larger number."""
    locks = pen.write(_SWEEP_LOCKS, (before_ms - DAY_MS, rows_max))
    return max(locks, pen.write(_SWEEP_FAMILIAR, (before_ms - FAMILIAR_MS, rows_max)))


def sweep_devices(pen: Pen, *, before_ms: int, rows_max: int) -> int:
    """Delete device codes that expired before, whatever came of them; returns how many."""
    return pen.write(_SWEEP_DEVICES, (before_ms, rows_max))
