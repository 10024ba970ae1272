"""Sessions judged: when a row is over, what of its life remains, and who presents which generation.

Sessions end by comparison: nothing here writes. Absolute and idle ends are computed from today's policy, so that a
stricter one takes hold at once (architecture.md, "The session").
"""

import hashlib
import hmac
from typing import NamedTuple

from callgate.model.account import Account, AccountStatus, Extension, ExtensionStatus
from callgate.model.client import Client, ClientStatus
from callgate.model.consent import SignIn
from callgate.model.decisions import TokenTimes
from callgate.model.facts import AuthorizeFacts, OpeningFacts, SessionFacts
from callgate.model.reference import Reference
from callgate.model.session import CODE_GENERATION, EndReason, Session
from callgate.model.ways import factor_needed, password_open, sso_open, way_open

FIRST_GENERATION = CODE_GENERATION + 1
"""The first tokens (ruling 1)."""

ALARM = "alarm: a generation the row never issued; a restored database or a stolen key"
"""What a denial says to be found by whoever watches the events."""

BECAUSE = {
    EndReason.REVOKED: "revoked by the application",
    EndReason.EVICTED: "session limit reached: signed in again elsewhere",
    EndReason.REPLACED: "replaced by a later sign-in of the same endpoint",
    EndReason.REPLAYED: "a used refresh token was presented again",
    EndReason.CODE_REPLAYED: "its authorization code was presented again",
    EndReason.EXPIRED: "expired",
    EndReason.ABSOLUTE_TIMEOUT: "the account's absolute session time-out was reached",
    EndReason.IDLE_TIMEOUT: "the account's idle session time-out was reached",
    EndReason.CREDENTIAL_CHANGED: "the password or a second factor changed, or the credential was withdrawn",
    EndReason.APP_BLOCKED: "the application was blocked",
    EndReason.SIGNED_OUT_EVERYWHERE: "signed out everywhere",
    EndReason.RESTORED: "all sessions were ended by the operator",
    EndReason.ADMINISTRATOR: "ended by an administrator",
    EndReason.WAY_CLOSED: "the account no longer lets people sign in this way",
    EndReason.CONSENT_WITHDRAWN: "the person's consent was withdrawn",
}
"""What whoever holds an authentic token may be told (ruling 3)."""


class Parties(NamedTuple):
    """Whose a session is: the app, and the person or service it acts for."""

    client: Client
    account: Account
    extension: Extension


def parties_of(facts: SessionFacts | OpeningFacts | AuthorizeFacts) -> Parties | None:
    """The parties, or None when one of them is gone."""
    client, account, extension = facts.client, facts.account, facts.extension
    if client is None or account is None or extension is None:
        return None
    return Parties(client, account, extension)


def holds_secret(session: Session, secret: bytes) -> bool:
    """Whether a presented reference brings this row's secret; constant time."""
    return hmac.compare_digest(hashlib.sha256(secret).digest(), session.secret_sha256)


def was_issued(session: Session, reference: Reference) -> bool:
    """Whether this row ever issued tokens of the reference's generation; one above it, or a code's, is an alarm."""
    return FIRST_GENERATION <= reference.generation <= session.generation


def opens_sign_in(sign_in: SignIn, secret: bytes) -> bool:
    """Whether a browser's cookie brings this row's secret; constant time."""
    return hmac.compare_digest(hashlib.sha256(secret).digest(), sign_in.secret_sha256)


def holds_sign_in(secret: bytes, facts: AuthorizeFacts) -> bool:
    """Whether a browser's cookie opens the sign-in it names, and today's facts have not ended that."""
    sign_in, account, extension = facts.sign_in, facts.account, facts.extension
    if sign_in is None or account is None or extension is None:
        return False
    return (
        opens_sign_in(sign_in, secret)
        and facts.now_ms < sign_in.expires_ms
        and _proof_stands(sign_in, account, extension=extension, trust_version=facts.trust_version)
        and sign_in.signed_in_ms >= max(facts.sessions_from_ms, account.sessions_from_ms, extension.sessions_from_ms)
    )


def _proof_stands(sign_in: SignIn, account: Account, *, extension: Extension, trust_version: int | None) -> bool:
    """What the person proved themselves by is still so, and the account still lets people in that way."""
    if sign_in.connection_id is None:
        enough = sign_in.factor is not None or not factor_needed(account, extension)
        return enough and sign_in.password_version == extension.password_version and password_open(account, extension)
    return sign_in.trust_version == trust_version and sso_open(account)


def access_end_ms(session: Session) -> int:
    """When the living generation's access token expires."""
    return session.issued_ms + session.access_ttl_s * 1000


def refresh_end_ms(session: Session) -> int:
    """When the living generation's refresh token expires; its issue where there is none."""
    return session.issued_ms + session.refresh_ttl_s * 1000


def policy_end_ms(session: Session, account: Account) -> int | None:
    """When the account's absolute or idle time-out ends the session; None without either."""
    absolute_s, idle_s = account.absolute_timeout_s, account.idle_timeout_s
    absolute = session.opened_ms + absolute_s * 1000 if absolute_s else None
    idle = session.issued_ms + idle_s * 1000 if idle_s else None
    if absolute is None or idle is None:
        return idle if absolute is None else absolute
    return min(absolute, idle)


def why_over(
    session: Session, parties: Parties, *, credential_version: int | None, sessions_from_ms: int, now_ms: int
) -> EndReason | None:
    """Why today's facts end this row, or None while it lives. Expiry of single tokens is not asked here."""
    client, account, extension = parties
    if client.status is ClientStatus.BLOCKED:
        return EndReason.APP_BLOCKED
    if session.issued_ms < client.sessions_from_ms:  # it was, and is not any more
        return EndReason.APP_BLOCKED
    if credential_version != session.credential_version:
        return EndReason.CREDENTIAL_CHANGED
    if not way_open(session.credential_kind, account=account, extension=extension):
        return EndReason.WAY_CLOSED
    if session.issued_ms < sessions_from_ms:
        return EndReason.RESTORED
    if session.issued_ms < extension.sessions_from_ms:
        return EndReason.SIGNED_OUT_EVERYWHERE
    if session.issued_ms < account.sessions_from_ms:
        return EndReason.ADMINISTRATOR
    if account.absolute_timeout_s and now_ms >= session.opened_ms + account.absolute_timeout_s * 1000:
        return EndReason.ABSOLUTE_TIMEOUT
    if account.idle_timeout_s and now_ms >= session.issued_ms + account.idle_timeout_s * 1000:
        return EndReason.IDLE_TIMEOUT
    return None


def why_facts_end(session: Session, parties: Parties, *, facts: SessionFacts) -> EndReason | None:
    """`why_over` for a session loaded with its facts."""
    return why_over(
        session,
        parties,
        credential_version=facts.credential_version,
        sessions_from_ms=facts.sessions_from_ms,
        now_ms=facts.now_ms,
    )


def person_works(account: Account, extension: Extension) -> bool:
    """Whether account and extension are in a state in which tokens work: disabled means disabled."""
    return account.status is AccountStatus.CONFIRMED and extension.status is ExtensionStatus.ENABLED


def token_times(session: Session, account: Account, *, now_ms: int) -> TokenTimes:
    """What remains of the living generation, never beyond the account's own time-outs (protocol.md D.3)."""
    end = policy_end_ms(session, account)
    access_end = access_end_ms(session)
    refresh_end = refresh_end_ms(session)
    absolute_end = session.opened_ms + account.absolute_timeout_s * 1000 if account.absolute_timeout_s else None
    return TokenTimes(
        expires_in_s=_seconds(access_end if end is None else min(access_end, end), now_ms),
        refresh_expires_in_s=(
            _seconds(refresh_end if end is None else min(refresh_end, end), now_ms) if session.refresh_ttl_s else None
        ),
        session_expires_in_s=None if absolute_end is None else _seconds(absolute_end, now_ms),
        session_expires_at_ms=absolute_end,
        session_idle_timeout_s=account.idle_timeout_s or None,
    )


def _seconds(end_ms: int, now_ms: int) -> int:
    return max(0, end_ms - now_ms) // 1000
