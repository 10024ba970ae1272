"""Sessions ended by an administrator: one, or all of the cell."""

from callgate.model.acts import CellFacts, Refused
from callgate.model.changes import SessionEnded, SessionsFromMoved
from callgate.model.decisions import Done
from callgate.model.facts import SessionFacts
from callgate.model.listings import ListedSession, SessionsFacts
from callgate.model.session import EndReason, SessionState, expires_ms
from callgate.protocol.sessions import Parties, person_works, why_over


def end_session(*, facts: SessionFacts, by: str) -> Done | Refused:
    """This session's tokens are dead at once."""
    session = facts.session
    if session is None or session.state is SessionState.ENDED:
        return Refused("there is no such session, or it is over already")
    return Done((SessionEnded(session, EndReason.ADMINISTRATOR, facts.now_ms, by),))


def end_every_session(*, facts: CellFacts, by: str) -> Done:
    """Everything issued until now is over: after a restore, or when a key or a token store was stolen."""
    return Done((SessionsFromMoved(max(facts.now_ms, facts.sessions_from_ms) + 1, by),))


def why_listed_over(listed: ListedSession, facts: SessionsFacts) -> EndReason | None:
    """Why a listed session is over, by its own memory or by comparison with today's facts; None while it lives."""
    session, client, account, extension = listed.session, listed.client, listed.account, listed.extension
    if session.state is SessionState.ENDED:
        return session.ended_why
    if account is None or extension is None or not person_works(account, extension):
        return EndReason.ADMINISTRATOR
    if client is None:
        return EndReason.APP_BLOCKED
    if facts.now_ms >= expires_ms(session):
        return EndReason.EXPIRED
    return why_over(
        session,
        Parties(client, account, extension),
        credential_version=listed.credential_version,
        sessions_from_ms=facts.sessions_from_ms,
        now_ms=facts.now_ms,
    )
