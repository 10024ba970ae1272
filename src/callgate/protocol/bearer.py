"""Bearer tokens at the API (RFC 6750; protocol.md I.1, I.2, ruling 3): admit an access token or say why not."""

from urllib.parse import unquote_to_bytes

from callgate.model import api_faults as faults
from callgate.model.changes import SessionFirstUsed
from callgate.model.decisions import Admitted, Denied, Done
from callgate.model.facts import SessionFacts
from callgate.model.reference import Reference
from callgate.model.session import EndReason, Session, SessionState
from callgate.protocol.grants.refresh_token import ALARM
from callgate.protocol.sessions import (
    BECAUSE,
    access_end_ms,
    holds_secret,
    person_works,
    policy_end_ms,
    why_facts_end,
)

_QUERY_NAME = b"access_token="


def read_token(authorization: str | None, query: bytes, *, query_tokens: bool) -> str | Denied:
    """The access token of a call: from the header, any case of the scheme, or from the query."""
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            return Denied(fault=faults.AUTHORIZATION_MALFORMED)
        return token
    in_query = [part[len(_QUERY_NAME) :] for part in query.split(b"&") if part.startswith(_QUERY_NAME)]
    if not in_query or not in_query[0]:
        return Denied(fault=faults.AUTHORIZATION_ABSENT)
    if not query_tokens:
        return Denied(fault=faults.QUERY_TOKEN_OFF)
    return unquote_to_bytes(in_query[0]).decode("ascii", "replace")


def decide(reference: Reference, facts: SessionFacts) -> Admitted | Denied:
    """Authentic, alive, of the living generation, unexpired. A first use rides along as a change, made lazily."""
    session = facts.session
    if session is None or not holds_secret(session, reference.secret):
        return _unknown("no such session")
    if session.state is SessionState.ENDED:
        return _unknown("the session is over", session.ended_why)
    if session.state is SessionState.PENDING:
        return _unknown(ALARM)
    client, account, extension, role = facts.client, facts.account, facts.extension, facts.role
    if client is None or account is None or extension is None or role is None:
        return _unknown("the app, account, extension or role is gone")
    if reference.generation != session.generation:
        if reference.generation > session.generation:
            return _unknown(ALARM)
        return Denied(fault=faults.TOKEN_SUPERSEDED, why="a refresh made a newer generation")
    why = why_facts_end(facts, session, account, extension)
    if why:
        return _unknown("over by comparison", why)
    if facts.now_ms >= access_end_ms(session):
        return Denied(fault=faults.TOKEN_EXPIRED)
    if not person_works(account, extension):
        return _unknown("the account or extension is disabled")
    end = policy_end_ms(session, account)
    expires = access_end_ms(session)
    return Admitted(
        session=session,
        client=client,
        account=account,
        extension=extension,
        role=role,
        expires_ms=expires if end is None else min(expires, end),
        changes=_first_use(session, facts.now_ms),
    )


def mark_first_use(reference: Reference, facts: SessionFacts) -> Done:
    """The lazy write after an admission: only while the same generation lives unmarked."""
    session = facts.session
    if session is None or session.generation != reference.generation or session.state is not SessionState.ACTIVE:
        return Done()
    return Done(_first_use(session, facts.now_ms))


def _first_use(session: Session, now_ms: int) -> tuple[SessionFirstUsed, ...]:
    """Only where a refresh token came before: a first generation has no repeat to end."""
    if session.first_used_ms is not None or session.generation < 2 or not session.refresh_ttl_s:  # noqa: PLR2004
        return ()
    return (SessionFirstUsed(session, now_ms),)


def _unknown(why: str, ended: EndReason | None = None) -> Denied:
    because = f": {BECAUSE[ended]}" if ended else ""
    return Denied(fault=faults.TOKEN_UNKNOWN, values=(("because", because),), why=f"{why}{because}")
