"""A turnstile: few at a time, some waiting, fair between parties; who finds no room is told to come back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from callgate.crypto.turns import Turns
from callgate.model.failure import Unavailable

NOBODY_IN_PARTICULAR = ""


class Turnstile:
    """Bounds work that strangers can ask for, in what runs and in what waits."""

    def __init__(self, *, at_once: int, waiting_max: int, what: str, each_max: int | None = None) -> None:
        self._turns = Turns(at_once=at_once, waiting_max=waiting_max, each_max=each_max)
        self._what = what

    @asynccontextmanager
    async def turn(self, party: str = NOBODY_IN_PARTICULAR) -> AsyncIterator[None]:
        """Wait for a turn. Raises Unavailable when too many wait already."""
        if not await self._turns.take(party):
            raise Unavailable(f"too many {self._what} at once")
        try:
            yield
        finally:
            self._turns.give_back(party)
