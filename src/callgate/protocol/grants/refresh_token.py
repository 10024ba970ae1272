"""The refresh (RFC 6749 section 6; architecture.md, "The session"): rotation that loses nothing and notices theft.

presented        session's generation n
n                rotate: n + 1 is made, the old access token is dead at once
n - 1            repeat: the same pair again, while its access token is unused (60 min) or first used <= 10 s ago;
later, a public app's session ends, a confidential app is refused
n - 2 or older   replay: the session ends (RFC 9700 section 4.14.2)
above n          a restored database or a stolen key: refuse, change nothing, alarm
"""

from callgate.model import faults, grant_faults
from callgate.model.changes import SessionEnded, SessionRenewed, SessionRotated
from callgate.model.client import Client, GrantType, Switch
from callgate.model.decisions import Denied, Granted, LookAgain
from callgate.model.evidence import ClientProven
from callgate.model.facts import SessionFacts
from callgate.model.lookups import SessionLookup
from callgate.model.policy import REPEAT_UNUSED_MS, REPEAT_USED_MS
from callgate.model.reference import Reference
from callgate.model.session import EndReason, Session, SessionState, expires_ms
from callgate.model.value import value
from callgate.protocol.forms import Form
from callgate.protocol.guards import client_stands, may_serve, still_works
from callgate.protocol.scopes import is_within
from callgate.protocol.sessions import (
    ALARM,
    BECAUSE,
    Parties,
    access_end_ms,
    holds_secret,
    parties_of,
    refresh_end_ms,
    token_times,
    was_issued,
    why_facts_end,
)

TYPE = GrantType.REFRESH_TOKEN


@value
class RefreshRequest:
    """The token as sent. TTL fields and endpoint_id are parsed and ignored: SDKs echo remaining times.

    A narrower `scope` is accepted and ignored too: the reply always says which scope the tokens have (RFC 6749
    section 3.3), and a repeat must give the very same ones.
    """

    refresh_token: str
    scope: str | None

    def __repr__(self) -> str:
        return "RefreshRequest(…)"


def parse(form: Form, client: Client) -> RefreshRequest | Denied:  # noqa: ARG001 - every grant has this shape
    """refresh_token and scope."""
    token = form.get("refresh_token")
    if token is None:
        return Denied(fault=faults.PARAMETER_MISSING, values=(("parameter", "refresh_token"),))
    return RefreshRequest(token, form.get("scope"))


def lookup(reference: Reference) -> SessionLookup:
    """The one row, with everything it is compared with."""
    return SessionLookup(reference.account_id, reference.row_id)


def decide(
    request: RefreshRequest, *, client: ClientProven, reference: Reference, key_number: int, facts: SessionFacts
) -> Granted | Denied | LookAgain:
    """Authentic, this app's, alive; then theft; then the person, the token's own life and the scope.

    `key_number` is the one that a new generation's tokens are sealed with.

    Theft comes before the person on purpose: who replays a token while its person is disabled must not find the
    session alive when the person is enabled again.
    """
    session = facts.session
    if session is None or not holds_secret(session, reference.secret):
        return Denied(fault=grant_faults.TOKEN_NOT_FOUND, why="no such session")
    if session.client_id != client.client_id:
        return Denied(fault=grant_faults.TOKEN_NOT_FOUND, why="the token belongs to another app")
    if not was_issued(session, reference):
        return Denied(fault=grant_faults.TOKEN_NOT_FOUND, why=ALARM)
    if session.state is SessionState.ENDED:
        return _over(session.ended_why or EndReason.REVOKED)
    parties = parties_of(facts)
    if parties is None:
        return Denied(fault=grant_faults.TOKEN_NOT_FOUND, why="the app, account or extension is gone")
    if not client_stands(client, parties.client):
        return LookAgain()
    why = why_facts_end(session, parties, facts=facts)
    if why:
        return _over(why)
    if facts.now_ms >= expires_ms(session):
        return _over(EndReason.EXPIRED)
    return (
        _theft(session, reference, app=parties.client, now_ms=facts.now_ms)
        or still_works(parties.account, parties.extension)
        or may_serve(parties.client, parties.account, role=facts.role)
        or _too_late_or_wide(session, request, now_ms=facts.now_ms)
        or _issue(session, reference, parties=parties, key_number=key_number, now_ms=facts.now_ms)
    )


def _over(why: EndReason) -> Denied:
    if why in {EndReason.ABSOLUTE_TIMEOUT, EndReason.IDLE_TIMEOUT, EndReason.EXPIRED}:
        return Denied(fault=grant_faults.TOKEN_EXPIRED, why=BECAUSE[why])
    return Denied(fault=grant_faults.TOKEN_REVOKED, values=(("because", f": {BECAUSE[why]}"),), why=BECAUSE[why])


def _theft(session: Session, reference: Reference, *, app: Client, now_ms: int) -> Denied | None:
    """A grandparent ends the session always; so does a parent after its window, unless its app proved a secret.

    A confidential app is a slow twin of itself, not a thief, where its switch does not say otherwise.
    """
    if reference.generation == session.generation:
        return None
    if reference.generation == session.generation - 1:
        if _may_repeat(session, now_ms):
            return None
        if app.confidential and Switch.LATE_REPEAT_ENDS not in app.switches:
            return Denied(fault=grant_faults.REFRESH_SPENT, why="repeated after the window; the successor is in use")
    return Denied(
        fault=grant_faults.TOKEN_REVOKED,
        values=(("because", f": {BECAUSE[EndReason.REPLAYED]}"),),
        why="replay: an old generation was presented; the session is ended",
        changes=(SessionEnded(session, EndReason.REPLAYED, now_ms, app.id),),
    )


def _may_repeat(session: Session, now_ms: int) -> bool:
    if session.first_used_ms is None:
        return now_ms - session.first_issued_ms <= REPEAT_UNUSED_MS
    return now_ms - session.first_used_ms <= REPEAT_USED_MS


def _too_late_or_wide(session: Session, request: RefreshRequest, *, now_ms: int) -> Denied | None:
    if now_ms >= refresh_end_ms(session):
        return Denied(fault=grant_faults.TOKEN_EXPIRED, why="the refresh token's own life is over")
    if not is_within(session.scope, request.scope):
        return Denied(fault=grant_faults.SCOPE_INVALID, why="a refresh cannot widen the scope")
    return None


def _issue(session: Session, reference: Reference, *, parties: Parties, key_number: int, now_ms: int) -> Granted:
    """The next generation, or the living one's strings again.

    A repeat whose access token is unused and has under half its life left renews the times.
    """
    changes: tuple[SessionRotated | SessionRenewed, ...] = ()
    after = session
    if reference.generation == session.generation:
        after = session._replace(
            generation=session.generation + 1,
            key_number=key_number,
            first_issued_ms=now_ms,
            issued_ms=now_ms,
            first_used_ms=None,
        )
        changes = (SessionRotated(session, after),)
    elif session.first_used_ms is None and access_end_ms(session) - now_ms < session.access_ttl_s * 1000 // 2:
        after = session._replace(issued_ms=now_ms)
        changes = (SessionRenewed(session, after),)
    return Granted(
        session=after,
        secret=reference.secret,
        times=token_times(after, parties.account, now_ms=now_ms),
        extension=parties.extension,
        client=parties.client,
        now_ms=now_ms,
        changes=changes,
    )
