"""Guesses on a real store: what becomes of those that nobody waits for, and of those that nobody looked at."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from callgate.admin.dev import development_settings
from callgate.app import CommandLine, running
from callgate.config import load_settings
from callgate.model.failure import Unavailable
from callgate.service.context import Context
from callgate.service.guesses import Judged, judge

SUBJECT, NETWORK = "login:ada@example.com", "192.0.2.1"


def play(folder: Path, body: Callable[[Context], Awaitable[None]]) -> None:
    """Run a body with a server that counts."""
    settings = development_settings(load_settings(), port=1, data=folder, limits=True)
    CommandLine().migrate(settings)

    async def whole() -> None:
        async with running(settings) as server:
            await body(server.context)

    asyncio.run(whole())


async def right() -> bool:
    """A proof that succeeds."""
    return True


class Endless:
    """Proofs that take longer than anybody waits; `begun` is released by each."""

    def __init__(self) -> None:
        self.begun = asyncio.Semaphore(0)

    async def __call__(self) -> bool:
        """One more."""
        self.begun.release()
        await asyncio.Event().wait()
        return True


async def full() -> bool:
    """A proof that the pool has no room for."""
    raise Unavailable("too many sign-ins at once")


def test_guess_whose_caller_hangs_up_counts_as_wrong(tmp_path: Path) -> None:
    """Else whoever hangs up before the answer guesses for nothing, and looks at the next answer's time instead."""

    async def body(context: Context) -> None:
        never = Endless()
        for _ in range(10):
            guessing = asyncio.create_task(judge(context, SUBJECT, NETWORK, proof=never))
            await never.begun.acquire()
            guessing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await guessing
        assert await judge(context, SUBJECT, NETWORK, proof=right) is Judged.LOCKED
        assert await judge(context, SUBJECT, "192.0.2.2", proof=right) is Judged.RIGHT

    play(tmp_path, body)


def test_guess_that_the_pool_had_no_room_for_costs_nothing(tmp_path: Path) -> None:
    """A flood of others does not lock anybody out."""

    async def body(context: Context) -> None:
        for _ in range(30):
            with pytest.raises(Unavailable):
                await judge(context, SUBJECT, NETWORK, proof=full)
        assert await judge(context, SUBJECT, NETWORK, proof=right) is Judged.RIGHT

    play(tmp_path, body)


def test_fifth_guess_at_once_is_told_to_come_back_and_other_networks_are_not(tmp_path: Path) -> None:
    """Four under way of one network at one name; nobody holds anybody else at 503."""

    async def body(context: Context) -> None:
        never = Endless()
        under_way = [asyncio.create_task(judge(context, SUBJECT, NETWORK, proof=never)) for _ in range(4)]
        for _ in under_way:
            await never.begun.acquire()
        with pytest.raises(Unavailable):
            await judge(context, SUBJECT, NETWORK, proof=right)
        assert await judge(context, SUBJECT, "192.0.2.2", proof=right) is Judged.RIGHT
        assert await judge(context, "login:ben@example.com", NETWORK, proof=right) is Judged.RIGHT
        for each in under_way:
            each.cancel()
        await asyncio.wait(under_way)
        assert await judge(context, SUBJECT, NETWORK, proof=right) is Judged.RIGHT

    play(tmp_path, body)
