import asyncio
import threading

import pytest

from callgate.model.failure import Unavailable
from callgate.service.proofs import Proofs


def test_proofs_are_bounded_in_what_runs_and_in_what_waits() -> None:
    """A flood of documents waits for two, and what does not find room is told to come back."""
    release = threading.Event()
    at_once, most = 0, 0
    lock = threading.Lock()

    def work() -> bool:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        release.wait(10)
        with lock:
            at_once -= 1
        return True

    async def flood() -> list[bool]:
        proofs = Proofs(at_once=2, waiting_max=3)
        inside = [asyncio.create_task(proofs.run(work)) for _ in range(5)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await proofs.run(work)
        release.set()
        done = await asyncio.gather(*inside)
        assert await proofs.run(work), "there is room again"
        return done

    assert asyncio.run(flood()) == [True] * 5
    assert most <= 2


def test_room_is_free_again_when_a_proof_fails() -> None:
    """Or whoever sends nonsense would fill it for ever."""

    async def fail() -> None:
        proofs = Proofs(at_once=1, waiting_max=0)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await proofs.run(lambda: 1 // 0)

    asyncio.run(fail())
