"""Seats: where a session sits among those of its (client, extension), and who must rise for it.

Slots 0… are for live sessions, up to the app's cap; PENDING_SLOT_FIRST… for unredeemed codes. A unique index over the
slot makes the cap hold under any race: the loser of a slot loads and decides again. So no slot beyond the cap is ever
given, whatever the cap was when the others sat down.
"""

from operator import attrgetter
from typing import NamedTuple

from callgate.model.changes import SessionEnded
from callgate.model.facts import Seated
from callgate.model.session import PENDING_MAX, PENDING_SLOT_FIRST, EndReason, Session, expires_ms
from callgate.protocol.sessions import Parties, why_over


class Row(NamedTuple):
    """Everything the seats of one (client, extension) are judged by."""

    parties: Parties
    seat: tuple[Seated, ...]
    sessions_from_ms: int
    now_ms: int


class Placed(NamedTuple):
    """The slot found, and the sessions that end for it, to be saved before the newcomer."""

    slot: int
    changes: tuple[SessionEnded, ...]


def place_live(row: Row, *, endpoint_id: str | None) -> Placed:
    """A slot for tokens: the same endpoint's, a free one, or the one whose living generation is oldest.

    Sessions already over by comparison free their slots before anyone is evicted (ruling 4).
    """
    cap = row.parties.client.session_cap
    ended, live = _sort_out(row, pending=False)
    same = [s for s in live if s.endpoint_id == endpoint_id]
    staying = sorted([s for s in live if s.endpoint_id != endpoint_id], key=_ISSUED)
    surplus = max(0, len(staying) - cap + 1)
    inherited = [s.slot for s in same if s.slot is not None and s.slot < cap]
    slot = inherited[0] if inherited else _lowest_free(staying[surplus:], 0)
    ended += [_end(row, s, why=EndReason.REPLACED) for s in same]
    ended += [_end(row, s, why=EndReason.EVICTED) for s in staying[:surplus]]
    return Placed(slot, tuple(ended))


def place_pending(row: Row) -> Placed:
    """A slot for a code: a free one, or the oldest code's."""
    ended, waiting = _sort_out(row, pending=True)
    waiting.sort(key=_OPENED)
    surplus = max(0, len(waiting) - PENDING_MAX + 1)
    ended += [_end(row, s, why=EndReason.REPLACED) for s in waiting[:surplus]]
    return Placed(_lowest_free(waiting[surplus:], PENDING_SLOT_FIRST), tuple(ended))


_ISSUED, _OPENED = attrgetter("first_issued_ms", "id"), attrgetter("opened_ms", "id")


def _is_pending(session: Session) -> bool:
    return session.slot is not None and session.slot >= PENDING_SLOT_FIRST


def _end(row: Row, session: Session, *, why: EndReason) -> SessionEnded:
    return SessionEnded(session, why, row.now_ms, row.parties.client.id)


def _sort_out(row: Row, *, pending: bool) -> tuple[list[SessionEnded], list[Session]]:
    """Of those with tokens, or of those that wait for a code: who is over, and who lives."""
    over: list[SessionEnded] = []
    live: list[Session] = []
    for session, credential_version in row.seat:
        if _is_pending(session) is not pending:
            continue
        why = why_over(
            session,
            row.parties,
            credential_version=credential_version,
            sessions_from_ms=row.sessions_from_ms,
            now_ms=row.now_ms,
        )
        if why is None and row.now_ms >= expires_ms(session):
            why = EndReason.EXPIRED
        if why is None:
            live.append(session)
        else:
            over.append(_end(row, session, why=why))
    return over, live


def _lowest_free(taken: list[Session], first: int) -> int:
    slots = {session.slot for session in taken}
    slot = first
    while slot in slots:
        slot += 1
    return slot
