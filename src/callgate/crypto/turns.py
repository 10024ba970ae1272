"""Turns at what only a few may do at a time, fair between parties.

Parties are served in turn, however many of one wait. Where no more may wait, the party with the most waiting loses its
latest: whoever floods the queue stands in their own way, and one single proof of anybody else's gets its turn. Where a
party may have only some of the turns, those left are for others.
"""

import asyncio
from collections import Counter, OrderedDict, deque


class Turns:
    """Gives `at_once` turns, `each_max` of them to one party at most, and lets `waiting_max` wait for one."""

    def __init__(self, *, at_once: int, waiting_max: int, each_max: int | None = None) -> None:
        self._at_once = self._free = at_once
        self._each_max = at_once if each_max is None else each_max
        self._taken: Counter[str] = Counter()
        self._room = waiting_max
        self._waiting = 0
        self._queues: OrderedDict[str, deque[asyncio.Future[bool]]] = OrderedDict()

    @property
    def taken(self) -> int:
        """Turns that are not given back yet."""
        return self._at_once - self._free

    @property
    def waiting(self) -> int:
        """Who waits for one."""
        return self._waiting

    async def take(self, party: str) -> bool:
        """Wait for a turn, which is then to be given back; False where there is no room to wait."""
        if self._free and self._may_have(party):
            self._free -= 1
            self._taken[party] += 1
            return True
        if self._waiting >= self._room and not self._make_room(party):
            return False
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(party, deque()).append(turn)
        self._waiting += 1
        try:
            return await turn
        except asyncio.CancelledError:
            self._leave(party, turn)
            raise

    def give_back(self, party: str) -> None:
        """Hand a party's turn on: to the one that has waited longest since its last, or to whoever comes."""
        self._taken[party] -= 1
        if not self._taken[party]:
            del self._taken[party]
        while (following := next(filter(self._may_have, self._queues), None)) is not None:
            self._queues.move_to_end(following)
            if _answer(self._take_out(following, self._queues[following][0]), gets=True):
                self._taken[following] += 1
                return
        self._free += 1

    def drop(self) -> None:
        """Send away whoever waits."""
        while self._queues:
            self._shed(next(iter(self._queues)))

    def _may_have(self, party: str) -> bool:
        return self._taken[party] < self._each_max

    def _make_room(self, party: str) -> bool:
        """Send one away, of the party with the most waiting; nobody for a party that would then have as many."""
        longest = max(self._queues, key=lambda each: len(self._queues[each]), default=party)
        if len(self._queues.get(longest, ())) <= len(self._queues.get(party, ())) + 1:
            return False
        self._shed(longest)
        return True

    def _shed(self, party: str) -> None:
        _answer(self._take_out(party, self._queues[party][-1]), gets=False)

    def _leave(self, party: str, turn: "asyncio.Future[bool]") -> None:
        """Who waited hung up, perhaps in the moment in which the turn came."""
        if turn in self._queues.get(party, ()):
            self._take_out(party, turn)
        elif not turn.cancelled() and turn.result():
            self.give_back(party)

    def _take_out(self, party: str, turn: "asyncio.Future[bool]") -> "asyncio.Future[bool]":
        queue = self._queues[party]
        queue.remove(turn)
        if not queue:
            del self._queues[party]
        self._waiting -= 1
        return turn


def _answer(turn: "asyncio.Future[bool]", *, gets: bool) -> bool:
    """Whether there was anybody to tell: who has hung up leaves the queue a moment later."""
    if turn.done():
        return False
    turn.set_result(gets)
    return True
