"""Errands: a provider that is away is found out by few, and by nobody at anybody else's expense (assurance R17).

Real publishers on loopback are asked by the real fetcher; only the time that passes between is ours.
"""

import asyncio
import socket
from collections.abc import Sequence
from functools import partial

import pytest

from callgate.model.fetch import Address, Fetched, FetchFault, FetchRules, NotFetched
from callgate.model.ids import ConnectionId
from callgate.service.errands import FAILURES_MAX, REST_S, Errands
from callgate.service.fetch import Fetcher
from tests.figures import Figure
from tests.service.publishers import publishing, says

OURS, THEIRS = ConnectionId(1), ConnectionId(2)
URL = "https://provider.example/token"


async def nowhere(_host: str, _port: int) -> Sequence[Address]:
    """What no name has an address in."""
    return ()


HERE = Fetcher(FetchRules(loopback=True))
NOWHERE = Fetcher(FetchRules(), resolve=nowhere)


class Time:
    """Seconds, moved by the test."""

    now_s = 1000.0

    def __call__(self) -> float:
        """The seconds."""
        return self.now_s


class Asking:
    """Somebody's errands, and how often an address was really asked."""

    def __init__(self, fetcher: Fetcher = HERE) -> None:
        self.fetcher = fetcher
        self.time = Time()
        self.errands = Errands(monotonic=self.time)
        self.asked = 0

    async def __call__(self, url: str, connection_id: ConnectionId = OURS) -> FetchFault | None:
        """Why there is no answer, or None."""

        async def ask() -> Fetched | NotFetched:
            self.asked += 1
            return await self.fetcher.get(url)

        got = await self.errands.run(connection_id, ask, url=url)
        return got.fault if isinstance(got, NotFetched) else None

    async def times(self, count: int, url: str) -> list[FetchFault | None]:
        """The same, one after the other."""
        return [await self(url) for _ in range(count)]


@pytest.fixture
def port() -> int:
    """Nobody listens there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_provider_that_is_away_is_left_alone_until_one_finds_it_back(port: int, figure: Figure) -> None:
    """After five failures in a row one person asks every half minute, and everybody else is told at once."""
    url = f"http://127.0.0.1:{port}/keys"

    async def act() -> None:
        asking = Asking()
        assert await asking.times(100, url) == [FetchFault.UNREACHABLE] * FAILURES_MAX + [FetchFault.LEFT_ALONE] * 95
        assert asking.asked == FAILURES_MAX
        assert await asking(url, THEIRS) is FetchFault.UNREACHABLE, "another company's sign-ins are its own"
        asking.time.now_s += REST_S - 1
        assert await asking(url) is FetchFault.LEFT_ALONE
        asking.time.now_s += 1
        told = await asyncio.gather(*(asking(url) for _ in range(10)))
        assert [told.count(FetchFault.UNREACHABLE), told.count(FetchFault.LEFT_ALONE)] == [1, 9]
        async with publishing(says(b"{}"), port=port):
            assert await asking(url) is FetchFault.LEFT_ALONE
            asking.time.now_s += REST_S
            assert await asking.times(10, url) == [None] * 10
        figure(
            "providers.refuse",
            f"of 100 sign-ins {FAILURES_MAX} asked it; {REST_S:.0f} s later 1 of 10; then it was back",
        )

    asyncio.run(act())


def test_name_without_an_address_is_an_absence_too(figure: Figure) -> None:
    """Each look-up of a name occupies a thread."""

    async def act() -> None:
        asking = Asking(NOWHERE)
        await asking.times(20, "https://nobody.example/token")
        assert asking.asked == FAILURES_MAX
        figure("providers.refuse", f"a name without an address was looked up {asking.asked} times of 20")

    asyncio.run(act())


@pytest.mark.parametrize("status", [b"200 OK", b"404 Not Found", b"500 Internal Server Error", b"302 Found"])
def test_provider_that_answers_is_never_left_alone(status: bytes) -> None:
    """Whatever it says: else whoever sends made-up codes to one that calls them its own error would shut people out."""

    async def act() -> None:
        asking = Asking()
        async with publishing(says(b"{}", status=status)) as publisher:
            assert FetchFault.LEFT_ALONE not in await asking.times(3 * FAILURES_MAX, publisher.url())
        assert asking.asked == 3 * FAILURES_MAX

    asyncio.run(act())


def test_failures_count_in_a_row(port: int) -> None:
    """One that is away now and then is asked each time."""
    url = f"http://127.0.0.1:{port}/keys"

    async def act() -> None:
        asking = Asking()
        for _ in range(3):
            assert FetchFault.LEFT_ALONE not in await asking.times(FAILURES_MAX - 1, url)
            async with publishing(says(b"{}"), port=port):
                assert await asking(url) is None

    asyncio.run(act())


def test_those_who_wait_ask_no_more_once_one_of_those_under_way_failed() -> None:
    """Else each would wait as long as the first did; and where one is answered, all are asked again."""

    async def act() -> None:
        asking, failing, answering = Asking(), asyncio.Event(), asyncio.Event()

        async def hang(until: asyncio.Event, answer: Fetched | NotFetched) -> Fetched | NotFetched:
            await until.wait()
            return answer

        away = partial(hang, failing, NotFetched(FetchFault.TOO_SLOW))
        there = partial(hang, answering, Fetched(b""))
        first = asyncio.create_task(asking.errands.run(OURS, away, url=URL))
        slower = [asyncio.create_task(asking.errands.run(OURS, there, url=URL)) for _ in range(FAILURES_MAX - 1)]
        await asyncio.sleep(0)
        failing.set()
        await first
        told = await asyncio.wait_for(asking.errands.run(OURS, there, url=URL), 5)
        assert told == NotFetched(FetchFault.LEFT_ALONE, f"{REST_S:.0f} s")
        answering.set()
        await asyncio.wait_for(asyncio.gather(*slower), 5)
        assert await asking.errands.run(OURS, there, url=URL) == Fetched(b"")

    asyncio.run(act())
