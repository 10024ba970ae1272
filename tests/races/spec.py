"""What a seat is, one operation at a time: a small model written from architecture.md, "The session", and rulings 2-4.

A seat is a person's sessions with one app. Its clock is the development clock's advances; what passes beside them is
less than any window. It knows nothing of how Callgate works.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tests.races.linearizability import Operation

CAP = 5
ACCESS_S = 3600
REPEAT_UNUSED_S = 3600
REPEAT_USED_S = 10
FIRST = 1
SAME_STAMP_S = 0.001
"""The server stamps milliseconds: of two issues within one, it cannot know the older."""


_ALIVE = frozenset({"ok", "superseded", "expired", "spent"})
_GONE = "over evicted"


class Living(NamedTuple):
    """A session that lives. `issue`: the operation that made its generation. Times are seconds of the seat's clock."""

    name: str
    generation: int
    issue: int
    first_issued: int
    issued: int
    used: int | None


class Seat(NamedTuple):
    """Living sessions, and why the others are over."""

    now: int
    living: frozenset[Living]
    over: frozenset[tuple[str, str]]


def seated(names: tuple[str, ...]) -> Seat:
    """A seat with sessions opened in this order, before the history begins."""
    living = (Living(name, FIRST, -len(names) + place, 0, 0, None) for place, name in enumerate(names))
    return Seat(0, frozenset(living), frozenset())


Outcome = Iterator[tuple[str, Seat]]


@dataclass(frozen=True, slots=True)
class Model:
    """The steps of one history. `lenient`: a late repeat is refused, and ends nothing.

    `family`: that session is looked at alone, where any login of another may evict it. `unmarked_until`: the mark of a
    first use called before may never be made, since the server that owed it was killed, or cut off.
    """

    operations: Mapping[int, Operation]
    lenient: bool
    family: str | None = None
    unmarked_until: float = 0.0

    def step(self, seat: Seat, op: Operation) -> Outcome:
        """Every result the operation may give now."""
        match op.kind:
            case "login":
                return self._login(seat, op)
            case "refresh":
                return self._refresh(seat, op)
            case "use":
                return self._use(seat, op)
            case "revoke":
                return self._revoke(seat, op)
            case "wait":
                return iter([("", seat._replace(now=seat.now + op.generation))])
            case _:
                raise AssertionError(op.kind)

    def _login(self, seat: Seat, op: Operation) -> Outcome:
        """A sixth session ends the one whose generation is oldest."""
        name = f"lost {op.number}" if op.result is None else op.result.removeprefix("opened ")
        if _find(seat, name) or name in dict(seat.over):
            return
        if self.family not in {None, name}:
            yield f"opened {name}", seat
            for session in seat.living:
                yield f"opened {name}", _end(seat, session, "evicted")
            return
        newcomer = Living(name, FIRST, op.number, seat.now, seat.now, None)
        if len(seat.living) < CAP:
            yield f"opened {name}", _change(seat, None, newcomer)
            return
        for victim in seat.living:
            if not any(self._was_issued_before(other, victim) for other in seat.living) and self._may_go(victim, op):
                yield f"opened {name}", _change(_end(seat, victim, "evicted"), None, newcomer)

    def _refresh(self, seat: Seat, op: Operation) -> Outcome:
        session = _find(seat, op.session)
        if session is None:
            yield from _over(seat, op.session)
        elif op.generation == session.generation:
            after = Living(session.name, session.generation + 1, op.number, seat.now, seat.now, None)
            yield f"pair {after.generation}", _change(seat, session, after)
        elif op.generation == session.generation - 1 and _may_repeat(session, seat.now):
            yield from self._repeat(seat, session)
        elif op.generation == session.generation - 1 and self.lenient:
            yield "spent", seat
        else:
            yield "over replayed", _end(seat, session, "replayed")

    def _repeat(self, seat: Seat, session: Living) -> Outcome:
        """The same pair; an unused token with under half its life left has its times renewed.

        The mark of a first use is made soon after the use, not with it.
        """
        due = session.issued + ACCESS_S - seat.now < ACCESS_S // 2
        if due and session.used in {None, seat.now}:
            yield f"pair {session.generation}", _change(seat, session, session._replace(issued=seat.now))
        if not due or session.used is not None:
            yield f"pair {session.generation}", seat

    def _use(self, seat: Seat, op: Operation) -> Outcome:
        session = _find(seat, op.session)
        if session is None:
            yield from _over(seat, op.session)
        elif op.generation < session.generation:
            yield "superseded", seat
        elif seat.now >= session.issued + ACCESS_S:
            yield "expired", seat
        elif session.used is not None or session.generation == FIRST:
            yield "ok", seat
        else:
            yield "ok", _change(seat, session, session._replace(used=seat.now))
            if op.called < self.unmarked_until:
                yield "ok", seat

    def _revoke(self, seat: Seat, op: Operation) -> Outcome:
        session = _find(seat, op.session)
        if session is not None:
            yield "done", _end(seat, session, "revoked")
        elif op.session in dict(seat.over):
            yield "done", seat

    def _may_go(self, victim: Living, login: Operation) -> bool:
        """Not when it is seen alive later, or over for another reason: the search need not go there to find out."""
        return all(
            each.called <= login.returned
            if each.result in _ALIVE or each.result[:4] == "pair"
            else each.result == _GONE
            for each in self.operations.values()
            if each.session == victim.name and each.kind in {"use", "refresh"} and each.result is not None
        )

    def _was_issued_before(self, one: Living, other: Living) -> bool:
        """For certain: operations that met may have been stamped in either order."""
        if one.issue < 0:
            return one.issue < other.issue
        if other.issue < 0:
            return False
        return self.operations[one.issue].returned + SAME_STAMP_S < self.operations[other.issue].called


def _find(seat: Seat, name: str) -> Living | None:
    return next((session for session in seat.living if session.name == name), None)


def _over(seat: Seat, name: str) -> Outcome:
    """Told why; of a session that is not opened yet, nobody can know a token."""
    return ((f"over {why}", seat) for over, why in seat.over if over == name)


def _change(seat: Seat, before: Living | None, after: Living) -> Seat:
    return seat._replace(living=seat.living - {before} | {after})


def _end(seat: Seat, session: Living, why: str) -> Seat:
    return seat._replace(living=seat.living - {session}, over=seat.over | {(session.name, why)})


def _may_repeat(session: Living, now: int) -> bool:
    if session.used is None:
        return now - session.first_issued <= REPEAT_UNUSED_S
    return now - session.used <= REPEAT_USED_S
