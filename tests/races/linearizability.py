"""Is there an order in which these operations, one at a time, would have answered the same?

A search after Wing and Gong (1993) with Lowe's memory of configurations seen (2017). An operation takes effect at one
moment between its call and its return. One whose reply was lost takes effect at any moment after its call, or never.
What operations mean stands in a model (spec.py); nothing here knows it.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from math import inf
from typing import NamedTuple, TypeVar

S = TypeVar("S", bound=Hashable)

USUAL_S = 0.005
"""About how long an operation takes: where the search looks first, no more."""


class Operation(NamedTuple):
    """One call and what came of it. Times are seconds of one monotonic clock; `returned` is `inf` for a lost reply.

    `result` is None where nobody read it.
    Operations of different sessions commute in every model used here; one without a session commutes with none.
    """

    number: int
    kind: str
    session: str
    generation: int
    called: float
    returned: float = inf
    result: str | None = None


Step = Callable[[S, Operation], Iterable[tuple[str, S]]]
"""Every result an operation may give in a state, and the state it leaves."""


class Verdict(NamedTuple):
    """`order` is a whole explanation if `holds`; else the longest beginning of one, after which nothing fits."""

    holds: bool
    order: tuple[Operation, ...]
    stuck: tuple[Operation, ...]


def explain(history: Sequence[Operation], initial: S, step: Step[S]) -> Verdict:
    """Search for an order that explains every result."""
    ops = sorted(history, key=lambda op: op.called)
    needed = sum(1 << place for place, op in enumerate(ops) if op.returned < inf)
    seen: set[tuple[int, S]] = set()
    deepest: tuple[int, ...] = ()
    stack: list[tuple[int, S, tuple[int, ...]]] = [(0, initial, ())]
    while stack:
        done, state, order = stack.pop()
        if done & needed == needed:
            return Verdict(holds=True, order=tuple(ops[place] for place in order), stuck=())
        if len(order) > len(deepest):
            deepest = order
        for place, after in reversed(_branches(ops, done, state=state, step=step)):
            found = (done | 1 << place, after)
            if found not in seen:
                seen.add(found)
                stack.append((*found, (*order, place)))
    left = tuple(op for place, op in enumerate(ops) if place not in deepest)
    return Verdict(holds=False, order=tuple(ops[place] for place in deepest), stuck=left)


def _branches(ops: Sequence[Operation], done: int, *, state: S, step: Step[S]) -> list[tuple[int, S]]:
    """What may come next.

    What a session answers without changing it, it would not change later: that may as well come now, and is then the
    only branch.
    """
    branches: list[tuple[int, S]] = []
    for place in _next(ops, done):
        op = ops[place]
        fitting = [after for result, after in step(state, op) if op.result in {None, result}]
        if op.session and op.returned < inf and fitting == [state]:
            return [(place, state)]
        # A lost one that would change nothing is as good as one that was never carried out.
        branches += [(place, after) for after in fitting if op.returned < inf or after != state]
    return branches


def _next(ops: Sequence[Operation], done: int) -> list[int]:
    """The places of those that may come next: called before any other that is left returned; likeliest first.

    If all of them have sessions, only those of the session that has the first to return must be tried: nothing else
    that may come before that one has to do with it, so nothing is lost if it comes after.
    """
    found, first = [], -1
    until = inf
    for place in range((~done & (done + 1)).bit_length() - 1, len(ops)):
        if done >> place & 1:
            continue
        if ops[place].called > until:
            break  # and so were all after it: they are in the order of their calls
        if ops[place].returned < until:
            until, first = ops[place].returned, place
        found.append(place)
    if all(ops[place].session for place in found):
        found = [place for place in found if ops[place].session == ops[first].session]
    return sorted(found, key=lambda place: _likely_at(ops[place]))


def _likely_at(op: Operation) -> float:
    """Most requests are carried out, those among them whose sender hung up."""
    return op.returned if op.returned < inf else op.called + USUAL_S
