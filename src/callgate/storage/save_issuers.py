"""Trusted issuers written: trusted, changed, revoked, and the hour of their last use."""

from typing import Final

from callgate.model.account import ExtensionStatus
from callgate.model.changes import IssuerTrusted, OutsideTokenAccepted, TrustChanged, TrustRevoked
from callgate.model.issuer import TrustedIssuer
from callgate.model.policy import CREDENTIAL_USE_STEP_MS
from callgate.storage.pen import Pen
from callgate.storage.rows import columns, marks, trust_row
from callgate.storage.save_accounts import insert_extension

_TRUST: Final = f"INSERT INTO trusted_issuer ({columns(TrustedIssuer._fields)}) VALUES ({marks(TrustedIssuer._fields)})"
_CHANGE: Final = f"""
UPDATE trusted_issuer SET {", ".join(f"{field} = ?" for field in TrustedIssuer._fields[1:])}
WHERE id = ? AND account_id = ? AND version = ?
"""
_REVOKE: Final = "DELETE FROM trusted_issuer WHERE id = ? AND account_id = ? AND version = ?"
_DISABLE: Final = "UPDATE extension SET status = ?, version = version + 1 WHERE id = ? AND account_id = ?"
_USE: Final = """
UPDATE trusted_issuer SET last_used_ms = ? WHERE id = ? AND account_id = ? AND coalesce(last_used_ms, 0) <= ?
"""


def trust_issuer(pen: Pen, change: IssuerTrusted) -> None:
    """Insert a trust, and the service extension made with it."""
    if change.extension is not None:
        insert_extension(pen, change.extension, password_hash=None)
    pen.write(_TRUST, trust_row(change.trust))


def change_trust(pen: Pen, change: TrustChanged) -> None:
    """Change what is trusted; sessions of the former version end by comparison."""
    before, after = change.before, change.after
    assert after.id == before.id
    assert after.version == before.version + 1
    pen.swap(_CHANGE, (*trust_row(after)[1:], before.id, before.account_id, before.version))


def revoke_trust(pen: Pen, change: TrustRevoked) -> None:
    """Delete a trust, and disable its service extension where nothing else stands on it; past records name it still."""
    trust = change.trust
    pen.swap(_REVOKE, (trust.id, trust.account_id, trust.version))
    if change.disables:
        pen.swap(_DISABLE, (ExtensionStatus.DISABLED.value, trust.extension_id, trust.account_id))


def use_trust(pen: Pen, change: OutsideTokenAccepted) -> None:
    """Note a trust's use, once an hour."""
    trust = change.proven.trust
    pen.write(_USE, (change.at_ms, trust.id, trust.account_id, change.at_ms - CREDENTIAL_USE_STEP_MS))
