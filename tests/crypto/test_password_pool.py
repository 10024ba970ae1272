"""The pool bounds what passwords may cost, whoever asks (P2)."""

import asyncio
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from callgate.crypto.entropy import SystemEntropy
from callgate.crypto.password_pool import NICENESS, Busy, PasswordPool
from callgate.crypto.passwords import hash_password, verify_password
from callgate.model.failure import Unavailable

LEAST = 19
"""The lowest priority there is."""

STORED = hash_password("right", SystemEntropy())


class Gate:
    """Entropy that comes when the test says so: what holds a worker in the middle of a hash."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.reached = threading.Semaphore(0)

    def random_bytes(self, count: int) -> bytes:
        """Wait for the test, then give what the system gives."""
        self.reached.release()
        assert self.opened.wait(30)
        return SystemEntropy().random_bytes(count)


def run(body: Callable[[PasswordPool], Awaitable[None]], *, workers: int = 1, queue_max: int = 0) -> None:
    """Run a body with a pool, and close the pool."""

    async def whole() -> None:
        pool = PasswordPool(workers=workers, queue_max=queue_max)
        try:
            await body(pool)
        finally:
            pool.close()

    asyncio.run(whole())


def test_proofs_run_on_the_pool_and_answer() -> None:
    """True, False, and a hash that verifies."""

    async def body(pool: PasswordPool) -> None:
        assert await pool.verify(STORED, "right") is True
        assert await pool.verify(STORED, "wrong") is False
        assert await pool.verify(None, "right") is False
        made = await pool.hash("new", SystemEntropy())
        assert isinstance(made, str)
        assert verify_password(made, "new")

    run(body)


@pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities of their own on Linux alone")
def test_proofs_step_back_behind_the_token_traffic() -> None:
    """Their threads alone have a lower priority."""

    class Watching:
        def random_bytes(self, count: int) -> bytes:
            seen.append(os.getpriority(os.PRIO_PROCESS, 0))
            return SystemEntropy().random_bytes(count)

    async def body(pool: PasswordPool) -> None:
        await pool.hash("new", Watching())

    seen: list[int] = []
    run(body)
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert seen == [min(own + NICENESS, LEAST)]
    assert own < LEAST


def test_proofs_need_no_thread_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without memory none can be begun: what waited for it would be done later, before whoever signs in then."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def body(pool: PasswordPool) -> None:
        monkeypatch.setattr(threading.Thread, "start", refuse)
        assert await asyncio.gather(*(pool.verify(STORED, "right") for _ in range(2))) == [True, True]

    run(body, workers=2)


def test_what_does_not_fit_is_refused_at_once() -> None:
    """Two workers and three places: of twenty at once five are done, the others told."""
    gate = Gate()

    async def body(pool: PasswordPool) -> None:
        tasks = [asyncio.create_task(pool.hash("new", gate)) for _ in range(20)]
        refused, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        assert [task.result() for task in refused] == [Busy.POOL] * 15
        working = [thread for thread in threading.enumerate() if thread.name.startswith("password")]
        assert len(working) == 2
        gate.opened.set()
        made = await asyncio.gather(*waiting)
        assert [type(hashed) for hashed in made] == [str] * 5
        assert await pool.verify(STORED, "right") is True

    run(body, workers=2, queue_max=3)


def test_flood_of_one_network_keeps_no_other_from_its_turn() -> None:
    """Its proofs wait for each other; a single one of somebody else's is the next, also where the queue was full."""
    gate = Gate()
    done: list[str] = []

    async def body(pool: PasswordPool) -> None:
        async def prove(party: str) -> object:
            answer = await pool.verify(STORED, "right", party=party)
            done.append(party)
            return answer

        held = asyncio.create_task(pool.hash("x", gate, party="flood"))
        await asyncio.to_thread(gate.reached.acquire)
        flood = [asyncio.create_task(prove("flood")) for _ in range(10)]
        await asyncio.sleep(0)
        assert [task.done() for task in flood] == [False] * 6 + [True] * 4, "six may wait"
        owner = asyncio.create_task(prove("owner"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert [task.done() for task in flood] == [False] * 5 + [True] * 5, "the flood's latest made room"
        gate.opened.set()
        assert await owner is True
        await asyncio.gather(held, *flood)
        assert done.index("owner") <= 6, "after one of the flood's, beside the five that were refused"
        assert done.count("flood") == 10

    run(body, workers=1, queue_max=6)


def test_a_caller_who_hangs_up_frees_no_core() -> None:
    """Cancelling gives the place back when the work has ended, not before."""
    gate = Gate()

    async def body(pool: PasswordPool) -> None:
        running = asyncio.create_task(pool.hash("new", gate))
        await asyncio.to_thread(gate.reached.acquire)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await pool.verify(STORED, "right") is Busy.POOL
        gate.opened.set()
        answer: bool | Busy = Busy.POOL
        while answer is Busy.POOL:
            await asyncio.sleep(0)
            answer = await pool.verify(STORED, "right")
        assert answer is True

    run(body)


def test_cancelled_in_the_queue_gives_its_place_back() -> None:
    """What never began counts no longer."""
    gate = Gate()

    async def body(pool: PasswordPool) -> None:
        running = asyncio.create_task(pool.hash("new", gate))
        waiting = asyncio.create_task(pool.verify(STORED, "right"))
        await asyncio.to_thread(gate.reached.acquire)
        assert await pool.verify(STORED, "right") is Busy.POOL
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        next_one = asyncio.create_task(pool.verify(STORED, "right"))
        await asyncio.sleep(0)
        gate.opened.set()
        assert isinstance(await running, str)
        assert await next_one is True

    run(body, queue_max=1)


def test_turn_is_given_back_when_there_is_memory_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lost with the proof that just ended, it would be nobody's for ever, and the caller never answered."""

    async def body(pool: PasswordPool) -> None:
        loop, troubles = asyncio.get_running_loop(), [MemoryError()] * 2
        tell = loop.call_soon_threadsafe

        def tell_or_fail(callback: Callable[[], object]) -> asyncio.Handle:
            if troubles:
                raise troubles.pop()
            return tell(callback)

        monkeypatch.setattr(loop, "call_soon_threadsafe", tell_or_fail)
        async with asyncio.timeout(10):
            assert await pool.verify(STORED, "right") is True
            assert await pool.verify(STORED, "right") is True
        assert troubles == []

    run(body)


def test_turn_is_given_back_when_there_is_no_memory_to_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asked is told that it cannot be done now."""

    def refuse(*_: object) -> None:
        raise MemoryError

    async def body(pool: PasswordPool) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(ThreadPoolExecutor, "submit", refuse)
            with pytest.raises(Unavailable, match="no memory"):
                await pool.verify(STORED, "right")
        assert await pool.verify(STORED, "right") is True

    run(body)


def test_a_closed_pool_refuses_and_counts_nothing() -> None:
    """A server on its way down; the failure is the world's and goes up."""

    async def body(pool: PasswordPool) -> None:
        pool.close()
        for _ in range(3):
            with pytest.raises(Unavailable):
                await pool.verify(STORED, "right")

    run(body)


def test_derived_bounds_leave_a_core_and_two_seconds_of_queue() -> None:
    """All cores but one, at least one."""
    pool = PasswordPool()
    try:
        assert pool.workers >= 1
        assert pool.queue_max == pool.workers * 64
    finally:
        pool.close()
