"""Sessions looked through and ended by an administrator."""

from typing import NamedTuple

from callgate.crypto.secrets import session_id
from callgate.crypto.strict_json import decode_base64url
from callgate.model.acts import CellLookup, Refused
from callgate.model.decisions import Done
from callgate.model.ids import RowId
from callgate.model.listings import ListedSession, SessionsListing
from callgate.model.lookups import SessionLookup
from callgate.model.session import EndReason, expires_ms
from callgate.protocol.administer import sessions
from callgate.service.administer.desk import Desk

_ROW_ID_BYTES = 8


class SessionSeen(NamedTuple):
    """A session as an administrator sees it: `id` is the public one, `over` why it is over, None while it lives."""

    id: str
    listed: ListedSession
    over: EndReason | None
    expires_ms: int


async def list_sessions(desk: Desk, listing: SessionsListing) -> tuple[SessionSeen, ...]:
    """A page of sessions, judged by today's facts. Raises Unavailable."""
    facts = await desk.store.read(listing)
    return tuple(
        SessionSeen(
            session_id(listed.session.id, listed.session.secret_sha256),
            listed,
            sessions.why_listed_over(listed, facts),
            expires_ms(listed.session),
        )
        for listed in facts.sessions
    )


async def find_session(desk: Desk, name: str) -> SessionSeen | Refused:
    """The session a public id means. Raises Unavailable."""
    raw = decode_base64url(name)
    found: tuple[SessionSeen, ...] = ()
    if raw is not None and len(raw) == 2 * _ROW_ID_BYTES and raw[0] < 0x80:  # noqa: PLR2004 - ids are signed
        row_id = RowId(int.from_bytes(raw[:_ROW_ID_BYTES], "big"))
        found = await list_sessions(desk, SessionsListing(row_id=row_id))
    return found[0] if found and found[0].id == name else Refused(f"there is no session {name!r}")


async def end_session(desk: Desk, seen: SessionSeen) -> Done | Refused:
    """The session's tokens are dead at once. Raises Unavailable."""
    session = seen.listed.session
    return await desk.carry_out(
        SessionLookup(session.account_id, session.id),
        lambda facts: sessions.end_session(facts=facts, by=desk.by),
    )


async def end_every_session(desk: Desk) -> Done | Refused:
    """Everything issued until now is over, for everybody. Raises Unavailable."""
    return await desk.carry_out(CellLookup(), lambda facts: sessions.end_every_session(facts=facts, by=desk.by))
