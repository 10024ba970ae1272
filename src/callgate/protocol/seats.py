"""Seats: where a session sits among those of its (client, extension), and who must rise for it.

Slots 0… are for live sessions, up to the app's cap; PENDING_SLOT_FIRST… for unredeemed codes. A unique index over the
slot makes the cap hold under any race: the loser of a slot loads and decides again.
"""

from collections.abc import Iterable
from typing import NamedTuple

from callgate.model.account import Account, Extension
from callgate.model.changes import SessionEnded
from callgate.model.client import Client
from callgate.model.facts import Seated
from callgate.model.session import PENDING_MAX, PENDING_SLOT_FIRST, EndReason, Session
from callgate.protocol.sessions import expires_ms, why_over


class Row(NamedTuple):
    """Everything the seats of one (client, extension) are judged by."""

    client: Client
    account: Account
    extension: Extension
    seat: tuple[Seated, ...]
    sessions_from_ms: int
    now_ms: int


class Placed(NamedTuple):
    """The slot found, and the sessions that end for it, to be saved before the newcomer."""

    slot: int
    changes: tuple[SessionEnded, ...]


def place_live(row: Row, *, endpoint_id: str | None, by: str) -> Placed:
    """A slot for tokens: the same endpoint's, a free one, or the one whose living generation is oldest.

    Sessions already over by comparison free their slots before anyone is evicted (ruling 4).
    """
    over, live = _sort_out(row, (s for s in row.seat if not _is_pending(s.session)), by)
    same = [s for s in live if endpoint_id is not None and s.endpoint_id == endpoint_id]
    ended = over + [SessionEnded(s, EndReason.REPLACED, row.now_ms, by) for s in same]
    staying = [s for s in live if s not in same]
    staying.sort(key=lambda session: (session.first_issued_ms, session.id))
    surplus = max(0, len(staying) - row.client.session_cap + 1)
    evicted = staying[:surplus]
    ended += [SessionEnded(s, EndReason.EVICTED, row.now_ms, by) for s in evicted]
    inherited = [s.slot for s in (*same, *evicted) if s.slot is not None]
    slot = inherited[0] if inherited else _lowest_free(staying[surplus:], 0)
    return Placed(slot, tuple(ended))


def place_pending(row: Row, *, by: str) -> Placed:
    """A slot for a code: a free one, or the oldest code's."""
    over, waiting = _sort_out(row, (s for s in row.seat if _is_pending(s.session)), by)
    waiting.sort(key=lambda session: (session.opened_ms, session.id))
    surplus = max(0, len(waiting) - PENDING_MAX + 1)
    ended = over + [SessionEnded(s, EndReason.REPLACED, row.now_ms, by) for s in waiting[:surplus]]
    return Placed(_lowest_free(waiting[surplus:], PENDING_SLOT_FIRST), tuple(ended))


def _is_pending(session: Session) -> bool:
    return session.slot is not None and session.slot >= PENDING_SLOT_FIRST


def _sort_out(row: Row, seated: Iterable[Seated], by: str) -> tuple[list[SessionEnded], list[Session]]:
    over: list[SessionEnded] = []
    live: list[Session] = []
    for session, credential_version in seated:
        why = why_over(
            session,
            credential_version=credential_version,
            client=row.client,
            account=row.account,
            extension=row.extension,
            sessions_from_ms=row.sessions_from_ms,
            now_ms=row.now_ms,
        )
        if why is None and row.now_ms >= expires_ms(session):
            why = EndReason.EXPIRED
        if why is None:
            live.append(session)
        else:
            over.append(SessionEnded(session, why, row.now_ms, by))
    return over, live


def _lowest_free(taken: list[Session], first: int) -> int:
    slots = {session.slot for session in taken}
    return next(slot for slot in range(first, first + len(slots) + 1) if slot not in slots)
