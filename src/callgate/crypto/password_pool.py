"""The bounded pool in which passwords are hashed and checked.

Bounds, and whom each protects: workers, the token traffic's core and the memory (19 MiB a worker); the queue, whoever
waits (a proof that would start seconds later is refused now); turns between parties, everybody else (the network of an
attacker cannot keep another's proof from its turn). Where a proof and the token traffic share a core, the proof waits.
"""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from enum import Enum
from threading import Barrier
from typing import TypeVar

from callgate.crypto.entropy import Entropy
from callgate.crypto.passwords import hash_password, verify_password
from callgate.crypto.turns import Turns
from callgate.model.failure import Unavailable

QUEUE_PER_WORKER = 64
"""At some 30 ms a proof: whoever is let in waits two seconds at most."""

NICENESS = 5
"""Of the threads, above the process's: a third of the token traffic's weight, where both want one core."""

ROOM_S = 0.05
"""How often a thread looks whether there is memory again."""

OWN = ""
"""The party of what an administrator has the server do."""

_T = TypeVar("_T")


class Busy(Enum):
    """Why a proof was not begun; the same for known and unknown people."""

    POOL = "pool"


class PasswordPool:
    """Runs proofs on its own threads (argon2 releases the interpreter lock). Close it with the server."""

    def __init__(self, *, workers: int | None = None, queue_max: int | None = None, processes: int = 1) -> None:
        """Take bounds, or derive them: this process's share of all cores but one, and two seconds of queue."""
        self.workers = workers or max(1, (len(os.sched_getaffinity(0)) - 1) // max(1, processes))
        self.queue_max = QUEUE_PER_WORKER * self.workers if queue_max is None else queue_max
        self.refused = 0
        self._turns = Turns(at_once=self.workers, waiting_max=self.queue_max)
        self._executor = ThreadPoolExecutor(
            self.workers, thread_name_prefix="password", initializer=_step_back if sys.platform == "linux" else None
        )
        self._begin_threads()

    @property
    def in_flight(self) -> int:
        """Proofs that run."""
        return self._turns.taken

    @property
    def waiting(self) -> int:
        """Proofs that wait for a thread."""
        return self._turns.waiting

    async def verify(self, stored: str | None, password: str, *, party: str = OWN) -> bool | Busy:
        """Check a password as `verify_password` does, unless the pool is full for this party."""
        return await self._run(lambda: verify_password(stored, password), party)

    async def hash(self, password: str, entropy: Entropy, *, party: str = OWN) -> str | Busy:
        """Hash a new password as `hash_password` does, unless the pool is full for this party."""
        return await self._run(lambda: hash_password(password, entropy), party)

    def close(self) -> None:
        """Drop what waits and end the threads after the proofs that run."""
        self._turns.drop()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _begin_threads(self) -> None:
        """Begin all of them now: where one could not be begun later, for want of memory, its work would stay behind.

        It would be done once there is room, for nobody, and whoever signs in then would wait for all of it.
        """
        all_there = Barrier(self.workers)
        try:
            for _ in range(self.workers):
                self._executor.submit(all_there.wait)
        except RuntimeError:
            all_there.abort()
            raise

    async def _run(self, work: Callable[[], _T], party: str) -> _T | Busy:
        if not await self._turns.take(party):
            self.refused += 1
            return Busy.POOL
        try:
            ended, proof = self._begin(work, party)
        except (RuntimeError, MemoryError) as error:  # the end of the server, or no room
            self._turns.give_back(party)
            raise Unavailable(f"no proof of a password can be begun: {str(error) or 'no memory'}") from error
        await ended
        return proof.result()

    def _begin(self, work: Callable[[], _T], party: str) -> "tuple[asyncio.Future[None], Future[_T]]":
        """When it has ended, and with what. The turn is given back then: who hangs up does not free the core."""
        loop = asyncio.get_running_loop()
        ended = loop.create_future()

        def end() -> None:
            self._turns.give_back(party)
            if not ended.done():
                ended.set_result(None)

        proof = self._executor.submit(work)
        proof.add_done_callback(lambda _: _tell(loop, end))
        return ended, proof


def _tell(loop: asyncio.AbstractEventLoop, what: Callable[[], None]) -> None:
    """Have a loop do something, from a thread of the pool; where there is no memory for that, when there is.

    Else a turn would be nobody's for ever, and a caller never answered.
    """
    with contextlib.suppress(RuntimeError):  # the loop ended before the work did
        while True:
            try:
                loop.call_soon_threadsafe(what)
            except MemoryError:
                time.sleep(ROOM_S)
            else:
                return


def _step_back() -> None:
    """Lower the priority of this thread alone: Linux gives each its own (sched(7))."""
    with contextlib.suppress(OSError):  # a sandbox may forbid the call; it only makes others wait less
        os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)
