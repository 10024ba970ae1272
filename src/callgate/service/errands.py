"""Requests to identity providers that somebody at a browser waits for: a few at a time, and none to one that is away.

Anybody can send us a made-up code; no provider shall be asked about many of them at once. Providers take turns, and one
has half of them at most: if it lets everybody wait, no other's people do. One that was away five times in a row is left
alone: every half minute one person's sign-in finds out whether it is back, everybody else is told at once
(docs/adr/0103-providers-that-are-away.md).
"""

import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from callgate.model.fetch import Fetched, FetchFault, NotFetched
from callgate.model.ids import ConnectionId
from callgate.service.turnstile import Turnstile

AT_ONCE = 16
AT_ONCE_EACH = 8
WAITING_MAX = 64

FAILURES_MAX = 5
REST_S = 30.0

_AWAY = frozenset({FetchFault.UNRESOLVED, FetchFault.UNREACHABLE, FetchFault.TOO_SLOW})
"""What no answer is. Whatever it answers it is there: nobody who sends made-up codes can have it left alone."""


@dataclass(slots=True)
class _Absence:
    failures: int = 0
    until_s: float = 0.0


class Errands:
    """Who goes to a provider, and when."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._turnstile = Turnstile(
            at_once=AT_ONCE,
            each_max=AT_ONCE_EACH,
            waiting_max=WAITING_MAX,
            what="requests to identity providers",
        )
        self._monotonic = monotonic
        self._absences: dict[tuple[str, str], _Absence] = {}
        self._under_way: Counter[tuple[str, str]] = Counter()

    async def run(
        self, connection_id: ConnectionId, ask: Callable[[], Awaitable[Fetched | NotFetched]], *, url: str
    ) -> Fetched | NotFetched:
        """What an address of a connection's provider answers. Raises Unavailable when too many wait already."""
        party = str(connection_id)
        address = (party, url)
        async with self._turnstile.turn(party):
            if self._is_left_alone(address):
                return NotFetched(FetchFault.LEFT_ALONE, f"{REST_S:.0f} s")
            self._under_way[address] += 1
            try:
                answer = await ask()
            finally:
                self._under_way[address] -= 1
                self._under_way += Counter()  # which keeps what is more than none
            self._note(address, answer)
            return answer

    def _is_left_alone(self, address: tuple[str, str]) -> bool:
        """Once one has failed, those under way count as if they had; the first that is answered clears it of all."""
        absence = self._absences.get(address)
        if absence is None or absence.failures + self._under_way[address] < FAILURES_MAX:
            return False
        now_s = self._monotonic()
        if now_s < absence.until_s:
            return True
        absence.until_s = now_s + REST_S  # one asks, and the others wait for what it finds
        return False

    def _note(self, address: tuple[str, str], answer: Fetched | NotFetched) -> None:
        if not isinstance(answer, NotFetched) or answer.fault not in _AWAY:
            self._absences.pop(address, None)
            return
        absence = self._absences.setdefault(address, _Absence())
        absence.failures += 1
        absence.until_s = self._monotonic() + REST_S
