"""A turnstile: few at a time, some waiting, and whoever comes after that is told to come back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from callgate.model.failure import Unavailable


class Turnstile:
    """Bounds work that strangers can ask for, in what runs and in what waits."""

    def __init__(self, *, at_once: int, waiting_max: int, what: str) -> None:
        self._running = asyncio.Semaphore(at_once)
        self._room = at_once + waiting_max
        self._inside = 0
        self._what = what

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn. Raises Unavailable when too many wait already."""
        if self._inside >= self._room:
            raise Unavailable(f"too many {self._what} at once")
        self._inside += 1
        try:
            async with self._running:
                yield
        finally:
            self._inside -= 1
