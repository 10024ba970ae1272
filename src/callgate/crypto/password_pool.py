"""The bounded pool in which passwords are hashed and checked.

Bounds, and whom each protects: workers, the token traffic's core and the memory (19 MiB a worker); the queue,
whoever waits (a proof that would start seconds later is refused now); proofs under way per key, everybody
else (one login name or one network under attack cannot fill the queue).
"""

import asyncio
import os
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from enum import Enum
from typing import NamedTuple, TypeVar

from callgate.crypto.entropy import Entropy
from callgate.crypto.passwords import hash_password, verify_password

QUEUE_PER_WORKER = 64
"""At some 30 ms a proof: whoever is let in waits two seconds at most."""

_T = TypeVar("_T")


class Busy(Enum):
    """Why a proof was not begun; the same for known and unknown people."""

    POOL = "pool"
    KEY = "key"


class UnderWay(NamedTuple):
    """One bound a proof is counted under: a login name or a network, and how many may be under way for it."""

    key: str
    at_most: int


class PasswordPool:
    """Runs proofs on its own threads (argon2 releases the interpreter lock). Close it with the server."""

    def __init__(self, *, workers: int | None = None, queue_max: int | None = None) -> None:
        """Take bounds, or derive them: all cores but one, and two seconds of queue."""
        self.workers = workers or max(1, len(os.sched_getaffinity(0)) - 1)
        self._room = self.workers + (QUEUE_PER_WORKER * self.workers if queue_max is None else queue_max)
        self._executor = ThreadPoolExecutor(self.workers, thread_name_prefix="password")
        self._lock = threading.Lock()
        self._total = 0
        self._under_way: Counter[str] = Counter()

    async def verify(self, stored: str | None, password: str, *, under: Sequence[UnderWay] = ()) -> bool | Busy:
        """Check a password as `verify_password` does, unless the pool or one of the bounds is full."""
        return await self._run(lambda: verify_password(stored, password), under)

    async def hash(self, password: str, entropy: Entropy, *, under: Sequence[UnderWay] = ()) -> str | Busy:
        """Hash a new password as `hash_password` does, unless the pool or one of the bounds is full."""
        return await self._run(lambda: hash_password(password, entropy), under)

    def close(self) -> None:
        """Drop what waits and end the threads after the proofs that run."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    async def _run(self, work: Callable[[], _T], under: Sequence[UnderWay]) -> _T | Busy:
        busy = self._enter(under)
        if busy is not None:
            return busy
        try:
            future = self._executor.submit(work)
        except BaseException:
            self._leave(under)
            raise
        # Counted until the work itself ends: a caller who hangs up does not free the core that serves it.
        future.add_done_callback(lambda _: self._leave(under))
        return await _outcome(future)

    def _enter(self, under: Sequence[UnderWay]) -> Busy | None:
        with self._lock:
            if self._total >= self._room:
                return Busy.POOL
            if any(self._under_way[bound.key] >= bound.at_most for bound in under):
                return Busy.KEY
            self._total += 1
            self._under_way.update(bound.key for bound in under)
            return None

    def _leave(self, under: Sequence[UnderWay]) -> None:
        with self._lock:
            self._total -= 1
            for bound in under:
                self._under_way[bound.key] -= 1
                if self._under_way[bound.key] == 0:
                    del self._under_way[bound.key]


async def _outcome(future: Future[_T]) -> _T:
    return await asyncio.wrap_future(future)
