"""The refresh (RFC 6749 section 6; architecture.md, "The session"): rotation that loses nothing and notices theft.

presented        session's generation n
n                rotate: n + 1 is made, the old access token is dead at once
n - 1            repeat: the same pair again, while its access token is unused (60 min) or first used <= 10 s ago;
later, a public app's session ends, a confidential app is refused
n - 2 or older   replay: the session ends (RFC 9700 section 4.14.2)
above n          a restored database or a stolen key: refuse, change nothing, alarm
"""

from dataclasses import dataclass

from callgate.model import faults, grant_faults
from callgate.model.changes import SessionEnded, SessionRenewed, SessionRotated
from callgate.model.client import Client, GrantType, Switch
from callgate.model.decisions import Denied, Granted, LookAgain
from callgate.model.evidence import ClientProven
from callgate.model.facts import SessionFacts
from callgate.model.lookups import SessionLookup
from callgate.model.moment import Moment
from callgate.model.policy import REPEAT_UNUSED_MS, REPEAT_USED_MS
from callgate.model.reference import Reference
from callgate.model.session import EndReason, Session, SessionState
from callgate.protocol.forms import Form
from callgate.protocol.guards import client_stands, may_serve, still_works
from callgate.protocol.scopes import is_narrower
from callgate.protocol.sessions import BECAUSE, access_end_ms, holds_secret, refresh_end_ms, token_times, why_facts_end

TYPE = GrantType.REFRESH_TOKEN
ALARM = "alarm: a generation above the row's; a restored database or a stolen key"


@dataclass(frozen=True, slots=True)
class RefreshRequest:
    """The token as sent. TTL fields and endpoint_id are parsed and ignored: SDKs echo remaining times."""

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
    request: RefreshRequest, *, client: ClientProven, reference: Reference, moment: Moment, facts: SessionFacts
) -> Granted | Denied | LookAgain:
    """Authentic, this app's, alive, its person's; then the generation."""
    session = facts.session
    if session is None or not holds_secret(session, reference.secret):
        return Denied(fault=grant_faults.TOKEN_NOT_FOUND, why="no such session")
    if session.client_id != client.client_id:
        return Denied(fault=grant_faults.TOKEN_NOT_FOUND, why="the token belongs to another app")
    if session.state is SessionState.ENDED:
        return _over(session.ended_why or EndReason.REVOKED)
    if reference.generation > session.generation:
        return Denied(fault=grant_faults.TOKEN_NOT_FOUND, why=ALARM)
    app, account, extension = facts.client, facts.account, facts.extension
    if app is None or account is None or extension is None:
        return Denied(fault=grant_faults.TOKEN_NOT_FOUND, why="the app, account or extension is gone")
    if not client_stands(client, app):
        return LookAgain()
    why = why_facts_end(facts, session, account, extension)
    if why:
        return _over(why)
    refused = still_works(account, extension) or may_serve(app, account, facts.role)
    if refused:
        return refused
    if reference.generation < session.generation - 1:
        return _replayed(session, app, facts.now_ms)
    if facts.now_ms >= refresh_end_ms(session):
        return Denied(fault=grant_faults.TOKEN_EXPIRED, why="the refresh token's own life is over")
    if not is_narrower(session.scope, request.scope):
        return Denied(fault=grant_faults.SCOPE_INVALID, why="a refresh cannot widen the scope")
    if reference.generation == session.generation:
        return _rotate(session, reference, moment, facts)
    if _may_repeat(session, facts.now_ms):
        return _repeat(session, reference, facts)
    return _late(session, app, facts.now_ms)


def _over(why: EndReason) -> Denied:
    if why in {EndReason.ABSOLUTE_TIMEOUT, EndReason.IDLE_TIMEOUT, EndReason.EXPIRED}:
        return Denied(fault=grant_faults.TOKEN_EXPIRED, why=BECAUSE[why])
    return Denied(fault=grant_faults.TOKEN_REVOKED, values=(("because", f": {BECAUSE[why]}"),), why=BECAUSE[why])


def _rotate(session: Session, reference: Reference, moment: Moment, facts: SessionFacts) -> Granted:
    after = session._replace(
        generation=session.generation + 1,
        key_number=moment.fresh.key_number,
        first_issued_ms=facts.now_ms,
        issued_ms=facts.now_ms,
        first_used_ms=None,
    )
    return _granted(after, reference, facts, (SessionRotated(session, after),))


def _may_repeat(session: Session, now_ms: int) -> bool:
    if session.first_used_ms is None:
        return now_ms - session.first_issued_ms <= REPEAT_UNUSED_MS
    return now_ms - session.first_used_ms <= REPEAT_USED_MS


def _repeat(session: Session, reference: Reference, facts: SessionFacts) -> Granted:
    """The same strings. An unused access token with under half its life left gets its times renewed."""
    half_ms = session.access_ttl_s * 1000 // 2
    if session.first_used_ms is None and access_end_ms(session) - facts.now_ms < half_ms:
        after = session._replace(issued_ms=facts.now_ms)
        return _granted(after, reference, facts, (SessionRenewed(session, after),))
    return _granted(session, reference, facts, ())


def _late(session: Session, app: Client, now_ms: int) -> Denied:
    """A confidential app proved its secret, so it is a slow twin, not a thief, unless its switch says otherwise."""
    if app.confidential and Switch.LATE_REPEAT_ENDS not in app.switches:
        return Denied(fault=grant_faults.REFRESH_SPENT, why="repeated after the window; the successor is in use")
    return _replayed(session, app, now_ms)


def _replayed(session: Session, app: Client, now_ms: int) -> Denied:
    return Denied(
        fault=grant_faults.TOKEN_REVOKED,
        values=(("because", f": {BECAUSE[EndReason.REPLAYED]}"),),
        why="replay: an old generation was presented; the session is ended",
        changes=(SessionEnded(session, EndReason.REPLAYED, now_ms, app.id),),
    )


def _granted(
    session: Session,
    reference: Reference,
    facts: SessionFacts,
    changes: tuple[SessionRotated | SessionRenewed, ...],
) -> Granted:
    assert facts.account is not None
    assert facts.extension is not None
    assert facts.client is not None
    return Granted(
        session=session,
        secret=reference.secret,
        times=token_times(session, facts.account, facts.now_ms),
        extension=facts.extension,
        client=facts.client,
        now_ms=facts.now_ms,
        changes=changes,
    )
