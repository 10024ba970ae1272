"""Newcomers of one socket, shared out among those who listen there: nobody has most of them, and nobody waits."""

import asyncio
import errno
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager

import pytest

from callgate.admin.accepting import Accepting, Share, Shares

CROWD = 64
WAIT_S_MAX = 30


class Connections(set[asyncio.BaseTransport]):
    """Those of one worker."""

    def protocol(self) -> asyncio.Protocol:
        """One more."""
        return _Connection(self)


class _Connection(asyncio.Protocol):
    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._connections.add(transport)

    def connection_lost(self, _: Exception | None) -> None:
        self._connections.discard(self._transport)
        self._transport.close()


@asynccontextmanager
async def listening(
    listener: socket.socket, shares: Shares, *, places: Sequence[int] = (1,)
) -> AsyncIterator[list[tuple[Accepting, Connections]]]:
    """Workers side by side, each with a descriptor of its own as processes have."""
    opened = []
    with ExitStack() as doors:
        for place in places:
            door, connections = doors.enter_context(listener.dup()), Connections()
            accepting = Accepting(door, connections.protocol, connections=connections, share=Share(shares, place))
            opened.append((accepting, connections))
        yield opened
        for accepting, connections in opened:
            accepting.close()
            await until(lambda: not connections)  # noqa: B023 - called here


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for it."""
    for _ in range(WAIT_S_MAX * 200):
        if is_so():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not come to that")


async def come(listener: socket.socket, stack: ExitStack, opened: Sequence[tuple[Accepting, Connections]]) -> list[int]:
    """A crowd comes at once; gives how many each worker has when everybody was let in."""
    there = sum(len(connections) for _, connections in opened) + CROWD
    for _ in range(CROWD):
        stack.enter_context(socket.create_connection(listener.getsockname()))
    await until(lambda: sum(len(connections) for _, connections in opened) == there)
    return [len(connections) for _, connections in opened]


async def turn_for(seconds: float) -> None:
    """Other work of a loop: so much at each of its turns."""
    while True:
        time.sleep(seconds)  # noqa: ASYNC251 - that others must wait is what it is for
        await asyncio.sleep(0)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A socket with room for a crowd."""
    with socket.create_server(("127.0.0.1", 0), backlog=2 * CROWD) as opened:
        yield opened


def test_whoever_has_fewer_takes_the_next(listener: socket.socket) -> None:
    """One was alone until the others came; when one is to end, the rest share out what comes then."""

    async def share_out() -> None:
        shares = Shares(3)
        async with listening(listener, shares, places=[1]) as alone, AsyncExitStack() as later:
            with ExitStack() as stack:
                assert await come(listener, stack, alone) == [CROWD]
                opened = [*alone, *await later.enter_async_context(listening(listener, shares, places=[2, 3]))]
                first, *others = await come(listener, stack, opened)
                assert first <= CROWD + 1
                assert min(others) >= CROWD // 2 - 2
                leaving, _ = opened[1]
                leaving.leave()
                leaving.close()
                first, third = await come(listener, stack, [opened[0], opened[2]])
                assert first + third == 2 * CROWD + others[1]
                assert third >= first - 2 - first // 8

    asyncio.run(share_out())


@pytest.mark.parametrize("busy_s", [0.0005, 0.01])
def test_nobody_waits_for_a_worker_that_does_not_come(listener: socket.socket, busy_s: float) -> None:
    """Stopped, or dead and not replaced yet: it has less than all others, for ever; and this one's loop may be busy."""

    async def share_out() -> None:
        shares = Shares(2)
        shares.note(2, 0)
        async with listening(listener, shares) as opened:
            with ExitStack() as stack:
                loop = asyncio.get_running_loop()
                stack.callback(loop.create_task(turn_for(busy_s)).cancel)
                began = loop.time()
                assert await come(listener, stack, opened) == [CROWD]
                assert loop.time() - began < 5

    asyncio.run(share_out())


def test_newcomers_wait_when_there_are_no_files_left(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are taken when there are some again, and meanwhile nothing turns in circles."""
    accept, refused = socket.socket.accept, [0]

    def lack(one: socket.socket) -> tuple[socket.socket, object]:
        if refused[0] < 2:
            refused[0] += 1
            raise OSError(errno.EMFILE, "Too many open files")
        return accept(one)

    async def wait() -> None:
        async with listening(listener, Shares(1)) as opened:
            monkeypatch.setattr(socket.socket, "accept", lack)
            with ExitStack() as stack:
                began = asyncio.get_running_loop().time()
                assert await come(listener, stack, opened) == [CROWD]
                assert asyncio.get_running_loop().time() - began > 0.2

    asyncio.run(wait())
    assert refused == [2]
