"""Proofs that take milliseconds of a core and come from strangers: SAML documents, on threads, few at a time.

Whoever sends many of them waits, and then is told to come back; the loop that serves everybody else is never theirs.
"""

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from callgate.service.turnstile import Turnstile

AT_ONCE: Final = 2
"""A document takes some 10 ms; two cores' worth is more than a company's people send in the morning."""

WAITING_MAX: Final = 64
"""Whoever is let in waits a second at most."""

T = TypeVar("T")


class Proofs:
    """Runs proofs. Bounded in what runs and in what waits."""

    def __init__(self, *, at_once: int = AT_ONCE, waiting_max: int = WAITING_MAX) -> None:
        self._turnstile = Turnstile(at_once=at_once, waiting_max=waiting_max, what="proofs")

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` gives. Raises Unavailable when too many wait already."""
        async with self._turnstile.turn():
            return await asyncio.to_thread(work)
