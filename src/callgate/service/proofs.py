"""Proofs that take milliseconds of a core and come from strangers: SAML documents, on threads, few at a time.

Whoever sends many of them waits, and then is told to come back; the loop that serves everybody else is never theirs.
"""

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from callgate.model.failure import Unavailable

AT_ONCE: Final = 2
"""A document takes some 10 ms; two cores' worth is more than a company's people send in the morning."""

WAITING_MAX: Final = 64
"""Whoever is let in waits a second at most."""

T = TypeVar("T")


class Proofs:
    """Runs proofs. Bounded in what runs and in what waits."""

    def __init__(self, *, at_once: int = AT_ONCE, waiting_max: int = WAITING_MAX) -> None:
        self._running = asyncio.Semaphore(at_once)
        self._room = at_once + waiting_max
        self._inside = 0

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` gives. Raises Unavailable when too many wait already."""
        if self._inside >= self._room:
            raise Unavailable("too many proofs at once")
        self._inside += 1
        try:
            async with self._running:
                return await asyncio.to_thread(work)
        finally:
            self._inside -= 1
