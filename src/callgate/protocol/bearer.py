"""Bearer tokens at the API (RFC 6750; protocol.md I.1, I.2, ruling 3): admit an access token or say why not."""

from urllib.parse import unquote_to_bytes

from callgate.model import api_faults as faults
from callgate.model.changes import SessionFirstUsed
from callgate.model.decisions import Admitted, Denied
from callgate.model.facts import SessionFacts
from callgate.model.reference import Reference
from callgate.model.session import EndReason, Session, SessionState
from callgate.protocol.guards import may_serve
from callgate.protocol.sessions import (
    ALARM,
    BECAUSE,
    FIRST_GENERATION,
    access_end_ms,
    holds_secret,
    parties_of,
    person_works,
    policy_end_ms,
    was_issued,
    why_facts_end,
)

_QUERY_NAME = b"access_token="


def read_token(authorization: str | None, query: bytes, *, query_tokens: bool) -> str | Denied:
    """The access token of a call: from the header, any case of the scheme, or from the query.

    Two that are equal are one; two that differ are refused (RFC 6750 section 2).
    """
    sent = _in_query(query) if _QUERY_NAME in query else None
    if sent and not query_tokens:
        return Denied(fault=faults.QUERY_TOKEN_OFF)
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            return Denied(fault=faults.AUTHORIZATION_MALFORMED)
        return Denied(fault=faults.TOKENS_DIFFER) if sent and sent != {token} else token
    if not sent:
        return Denied(fault=faults.AUTHORIZATION_ABSENT)
    return Denied(fault=faults.TOKENS_DIFFER) if len(sent) > 1 else sent.pop()


def _in_query(query: bytes) -> set[str]:
    fields = (part for part in query.split(b"&") if part.startswith(_QUERY_NAME))
    return {unquote_to_bytes(field[len(_QUERY_NAME) :]).decode("ascii", "replace") for field in fields} - {""}


def decide(reference: Reference, facts: SessionFacts) -> Admitted | Denied:
    """Authentic, alive, of the living generation, unexpired. A first use rides along as a change, made lazily.

    Whatever became of the session meanwhile, the change holds only while the same generation lives unmarked.
    """
    session = facts.session
    if session is None or not holds_secret(session, reference.secret):
        return _unknown("no such session")
    if not was_issued(session, reference):
        return _unknown(ALARM)
    if session.state is SessionState.ENDED:
        return _over(session.ended_why)
    parties, role = parties_of(facts), facts.role
    if parties is None or role is None:
        return _unknown("the app, account, extension or role is gone")
    if reference.generation < session.generation:
        return Denied(fault=faults.TOKEN_SUPERSEDED, why="a refresh made a newer generation")
    why = why_facts_end(session, parties, facts=facts)
    if why:
        return _over(why)
    expires = access_end_ms(session)
    if facts.now_ms >= expires:
        return Denied(fault=faults.TOKEN_EXPIRED)
    client, account, extension = parties
    if not person_works(account, extension):
        return _unknown("the account or extension is disabled")
    if may_serve(client, account, role=role):
        values = (("permissionName", "ThirdPartyAppAccess"),)
        return Denied(fault=faults.PERMISSION_MISSING, values=values, why="the role lacks ThirdPartyAppAccess today")
    end = policy_end_ms(session, account)
    return Admitted(
        session=session,
        client=client,
        account=account,
        extension=extension,
        role=role,
        expires_ms=expires if end is None else min(expires, end),
        changes=_first_use(session, facts.now_ms),
    )


def _first_use(session: Session, now_ms: int) -> tuple[SessionFirstUsed, ...]:
    """Only where a refresh token came before: a first generation has no repeat to end."""
    if session.first_used_ms is not None or session.generation == FIRST_GENERATION or not session.refresh_ttl_s:
        return ()
    return (SessionFirstUsed(session, now_ms),)


def _over(why: EndReason | None) -> Denied:
    if why is EndReason.EXPIRED:
        return Denied(fault=faults.TOKEN_EXPIRED, why="the session expired and gave up its seat")
    return _unknown("the session is over", why)


def _unknown(why: str, ended: EndReason | None = None) -> Denied:
    because = f": {BECAUSE[ended]}" if ended else ""
    return Denied(fault=faults.TOKEN_UNKNOWN, values=(("because", because),), why=f"{why}{because}")
