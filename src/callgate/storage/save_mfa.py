"""Second factors written: authenticator apps, recovery codes, wrong codes in a row."""

from typing import Final

from callgate.model.factor import Passkey, Totp
from callgate.model.mfa import (
    CodeMissed,
    FactorsReset,
    MissesForgotten,
    PasskeyAdded,
    PasskeyDoubted,
    PasskeyRemoved,
    PasskeyUsed,
    RecoveryCodesMade,
    RecoveryCodeUsed,
    TotpAdded,
    TotpRemoved,
    TotpRewrapped,
    TotpUsed,
)
from callgate.storage.pen import Pen
from callgate.storage.rows import columns, marks, row_of
from callgate.storage.save_accounts import swap_extension

_ADD: Final = f"INSERT INTO totp ({columns(Totp._fields)}) VALUES ({marks(Totp._fields)})"
_REMOVE: Final = "DELETE FROM totp WHERE extension_id = ?"
_USE: Final = "UPDATE totp SET spent_step = ? WHERE id = ? AND account_id = ? AND spent_step = ?"
_REWRAP: Final = "UPDATE totp SET sealed_secret = ? WHERE id = ? AND account_id = ? AND sealed_secret = ?"

_ADD_PASSKEY: Final = f"INSERT INTO passkey ({columns(Passkey._fields)}) VALUES ({marks(Passkey._fields)})"
_REMOVE_PASSKEY: Final = "DELETE FROM passkey WHERE id = ? AND account_id = ?"
_REMOVE_PASSKEYS: Final = "DELETE FROM passkey WHERE extension_id = ?"
_USE_PASSKEY: Final = """
UPDATE passkey SET sign_count = ?, used_ms = ? WHERE id = ? AND account_id = ? AND sign_count = ?
"""

_DOUBT_PASSKEY: Final = "UPDATE passkey SET doubted_ms = ? WHERE id = ? AND account_id = ?"

_CODE: Final = "INSERT INTO recovery_code (extension_id, account_id, sha256) VALUES (?, ?, ?)"
_VOID_CODES: Final = "DELETE FROM recovery_code WHERE extension_id = ?"
_USE_CODE: Final = "DELETE FROM recovery_code WHERE extension_id = ? AND account_id = ? AND sha256 = ?"

_MISS: Final = """
INSERT INTO factor_miss (extension_id, account_id, in_a_row, last_ms) VALUES (?, ?, ?, ?)
ON CONFLICT (extension_id) DO UPDATE SET in_a_row = excluded.in_a_row, last_ms = excluded.last_ms
WHERE factor_miss.in_a_row = ?
"""
_FORGET_MISSES: Final = "DELETE FROM factor_miss WHERE extension_id = ?"


def add_totp(pen: Pen, change: TotpAdded) -> None:
    """Insert an authenticator app in the place of the one before."""
    swap_extension(pen, change.before, after=change.after)
    pen.write(_REMOVE, (change.totp.extension_id,))
    pen.write(_ADD, row_of(change.totp))


def remove_totp(pen: Pen, change: TotpRemoved) -> None:
    """Delete an authenticator app; recovery codes recover nothing where no factor is left."""
    swap_extension(pen, change.before, after=change.after)
    pen.write(_REMOVE, (change.before.id,))
    if not change.after.has_factor:
        pen.write(_VOID_CODES, (change.before.id,))


def use_totp(pen: Pen, change: TotpUsed) -> None:
    """Spend a step; whoever spent one meanwhile was first."""
    totp = change.before
    assert change.step > totp.spent_step
    pen.swap(_USE, (change.step, totp.id, totp.account_id, totp.spent_step))


def rewrap_totp(pen: Pen, change: TotpRewrapped) -> None:
    """Keep the same secret in another wrapping."""
    totp = change.before
    pen.swap(_REWRAP, (change.sealed_secret, totp.id, totp.account_id, totp.sealed_secret))


def make_recovery_codes(pen: Pen, change: RecoveryCodesMade) -> None:
    """Keep new recovery codes, hashed, instead of those before."""
    pen.write(_VOID_CODES, (change.extension_id,))
    for sha256 in sorted(change.sha256s):
        pen.write(_CODE, (change.extension_id, change.account_id, sha256))


def use_recovery_code(pen: Pen, change: RecoveryCodeUsed) -> None:
    """Delete a recovery code; gone already means that another process was first."""
    pen.swap(_USE_CODE, (change.extension_id, change.account_id, change.sha256))


def miss_code(pen: Pen, change: CodeMissed) -> None:
    """Count a wrong code; whoever counted meanwhile was first."""
    after = change.after
    pen.swap(_MISS, (change.extension_id, change.account_id, after.in_a_row, after.last_ms, change.before.in_a_row))


def forget_misses(pen: Pen, change: MissesForgotten) -> None:
    """Begin to count anew."""
    pen.write(_FORGET_MISSES, (change.extension_id,))


def reset_factors(pen: Pen, change: FactorsReset) -> None:
    """Delete everything a person has beside the password."""
    swap_extension(pen, change.before, after=change.after)
    for statement in (_REMOVE, _REMOVE_PASSKEYS, _VOID_CODES, _FORGET_MISSES):
        pen.write(statement, (change.before.id,))


def add_passkey(pen: Pen, change: PasskeyAdded) -> None:
    """Insert a passkey."""
    swap_extension(pen, change.before, after=change.after)
    pen.write(_ADD_PASSKEY, row_of(change.passkey))


def remove_passkey(pen: Pen, change: PasskeyRemoved) -> None:
    """Delete a passkey, and the recovery codes with the last factor."""
    swap_extension(pen, change.before, after=change.after)
    pen.swap(_REMOVE_PASSKEY, (change.passkey.id, change.passkey.account_id))
    if not change.after.has_factor:
        pen.write(_VOID_CODES, (change.before.id,))


def use_passkey(pen: Pen, change: PasskeyUsed) -> None:
    """Move a passkey's counter on; whoever moved it meanwhile was first."""
    passkey = change.before
    pen.swap(_USE_PASSKEY, (change.sign_count, change.at_ms, passkey.id, passkey.account_id, passkey.sign_count))


def doubt_passkey(pen: Pen, change: PasskeyDoubted) -> None:
    """Mark a passkey, for its person to see."""
    pen.write(_DOUBT_PASSKEY, (change.at_ms, change.passkey.id, change.passkey.account_id))
