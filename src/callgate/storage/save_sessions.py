"""Sessions written: one row from birth to death, every update a compare-and-swap on what the decision saw."""

from typing import Final

from callgate.model.changes import (
    AssertionClaimed,
    CredentialUsed,
    SessionEnded,
    SessionFirstUsed,
    SessionOpened,
    SessionRedeemed,
    SessionRenewed,
    SessionRotated,
)
from callgate.model.session import ENDED_MAX, Session
from callgate.storage.expiry import sweep_bucket
from callgate.storage.pen import Pen
from callgate.storage.placeholders import UNLOCKED
from callgate.storage.rows import columns, marks, session_row

_FIXED: Final = frozenset({"account_id", "id", "client_id", "extension_id", "secret_sha256"})
_LIVING: Final = Session._fields.index("generation")
_SETTLED: Final = Session._fields.index("access_ttl_s")

_MOVING: Final = tuple(field for field in Session._fields if field not in _FIXED)

_OPEN: Final = f"""
INSERT INTO session ({columns(Session._fields)}, sweep_bucket) VALUES ({marks(Session._fields)}, ?)
"""

_REDEEM: Final = f"""
UPDATE session SET {", ".join(f"{field} = ?" for field in _MOVING)}, sweep_bucket = ?
WHERE id = ? AND account_id = ? AND state = ? AND generation = ?
"""

_ISSUE: Final = """
UPDATE session SET generation = ?, key_number = ?, first_issued_ms = ?, issued_ms = ?, first_used_ms = ?
WHERE id = ? AND account_id = ? AND state = 2 AND generation = ? AND issued_ms = ?
    AND first_used_ms IS NOT DISTINCT FROM ?
"""

_FIRST_USE: Final = """
UPDATE session SET first_used_ms = ?
WHERE id = ? AND account_id = ? AND state = 2 AND generation = ? AND first_used_ms IS NULL
"""

_END: Final = """
UPDATE session SET state = 3, slot = NULL, ended_ms = ?, ended_why = ?, sweep_bucket = ?
WHERE id = ? AND account_id = ? AND state = ? AND generation = ?
"""

_FORGET: Final = f"""
DELETE FROM session WHERE account_id = ?1 AND id IN (
    SELECT id FROM session WHERE account_id = ?1 AND id IN (
        SELECT id FROM session WHERE account_id = ?1 AND extension_id = ?2 AND client_id = ?3 AND state = 3
        ORDER BY ended_ms DESC LIMIT 100 OFFSET {ENDED_MAX}
    ) {UNLOCKED}
)
"""

FORGET_EVERY: Final = 8
"""One end in so many looks for ends to forget, which takes as long as two writes; the row's id draws which."""

_USE_CREDENTIAL: Final = """
UPDATE jwt_credential SET last_used_ms = ? WHERE id = ? AND (last_used_ms IS NULL OR last_used_ms < ?)
"""

_CLAIM: Final = "INSERT INTO assertion_claim (client_id, jti, expires_ms) VALUES (?, ?, ?)"


def open_session(pen: Pen, change: SessionOpened) -> None:
    """Insert the row; its slot or endpoint may be taken."""
    pen.write(_OPEN, (*session_row(change.session), sweep_bucket(change.session)))


def redeem_session(pen: Pen, change: SessionRedeemed) -> None:
    """Turn a pending row into a living one."""
    before, after = change.before, change.after
    pen.swap(
        _REDEEM,
        (
            *(getattr(after, field) for field in _MOVING),
            sweep_bucket(after),
            before.id,
            before.account_id,
            before.state,
            before.generation,
        ),
    )


def issue_generation(pen: Pen, change: SessionRotated | SessionRenewed) -> None:
    """Make the next generation, or renew the living one's times; no indexed column changes."""
    before, after = change.before, change.after
    assert after[:_LIVING] == before[:_LIVING]
    assert after[_SETTLED:] == before[_SETTLED:]
    pen.swap(
        _ISSUE,
        (
            *session_row(after)[_LIVING : _LIVING + 2],
            after.first_issued_ms,
            after.issued_ms,
            after.first_used_ms,
            before.id,
            before.account_id,
            before.generation,
            before.issued_ms,
            before.first_used_ms,
        ),
    )


def mark_first_use(pen: Pen, change: SessionFirstUsed) -> None:
    """Note the first use; a mark already made, or a newer generation, makes this one pointless."""
    before = change.before
    pen.write(_FIRST_USE, (change.at_ms, before.id, before.account_id, before.generation))


def end_session(pen: Pen, change: SessionEnded) -> None:
    """End the row, and now and then forget the oldest ends of its (client, extension) beyond the bound."""
    before = change.before
    pen.swap(
        _END,
        (
            change.at_ms,
            change.why,
            sweep_bucket(before, ended_ms=change.at_ms),
            before.id,
            before.account_id,
            before.state,
            before.generation,
        ),
    )
    if before.id % FORGET_EVERY == 0:
        pen.write(_FORGET, (before.account_id, before.extension_id, before.client_id))


def use_credential(pen: Pen, change: CredentialUsed) -> None:
    """Note a credential's use, unless a later one is noted."""
    pen.write(_USE_CREDENTIAL, (change.at_ms, change.credential_id, change.at_ms))


def claim_assertion(pen: Pen, change: AssertionClaimed) -> None:
    """Spend an assertion's jti; spent already is a conflict."""
    pen.write(_CLAIM, (change.author, change.jti, change.expires_ms))
