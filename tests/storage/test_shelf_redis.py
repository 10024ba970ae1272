"""The shelf that processes share, on a real Redis: steps that do not overlap, one clock, and life without it."""

import asyncio
import signal
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from callgate.config.counters import counter_store
from callgate.model.counters import CounterStore
from callgate.model.limits import Meter, Rule
from callgate.protocol.limits import charge
from callgate.storage.shelf import MemoryShelf, Shelf
from callgate.storage.shelf_redis import Link, RedisShelves
from tests.redis_server import RedisServer, needs_redis, running_redis
from tests.service.publishers import make_tls

pytestmark = needs_redis

KEY = ("heavy", 1, "app")
RULE = Rule(10, 60_000)
WAIT_S = 0.25
CROWD = 300
"""More than are served within WAIT_S where each takes a millisecond."""


@pytest.fixture(scope="module")
def shared() -> Iterator[RedisServer]:
    """One for the tests that do it no harm."""
    with running_redis() as server:
        yield server


class Node:
    """What one process has of it."""

    def __init__(self, store: CounterStore, *, ahead_ms: int = 0, name: str = "test") -> None:
        self.told: list[Exception | None] = []
        self.link = Link(store, self.told.append)
        self.spare: MemoryShelf[Meter] = MemoryShelf(lambda: time.time_ns() // 1_000_000, keep_ms=120_000)
        shelves = RedisShelves(self.link, ahead_ms=lambda: ahead_ms, name=name)
        self.shelf: Shelf[Meter] = shelves.share("meter", Meter._make, spare=self.spare)

    async def call(self, *, mark: str = "") -> int:
        """One call of ten a minute; what is left, or minus one for a refusal."""
        spent = await self.shelf.change(KEY, lambda meter, now_ms: charge(meter, RULE, now_ms=now_ms, mark=mark))
        return -1 if spent.retry_after_s else spent.remaining


def place_of(server: RedisServer) -> CounterStore:
    """As settings give it."""
    place = counter_store(server.url)
    assert place is not None
    return place._replace(wait_ms=5000)  # a busy machine is no trouble


def play(server: RedisServer | None, body: Callable[..., Awaitable[object]], *nodes: Node) -> None:
    """Empty a server that is used again, open every node's way, run the body with them, hang up."""
    if server is not None:
        server.said("FLUSHALL")

    async def whole() -> None:
        try:
            for node in nodes:
                await node.link.open()
            await body(*nodes)
        finally:
            for node in nodes:
                await node.link.close()

    asyncio.run(whole())


async def until(true: Callable[[], bool]) -> None:
    """Wait for what a task in the background does."""
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - what is waited for is in a task that tells nobody
            await asyncio.sleep(0.01)


def test_two_processes_count_as_one(shared: RedisServer) -> None:
    """Ten a minute, whichever of them is asked; and each record lives as long as its shelf keeps it."""

    async def body(one: Node, two: Node) -> None:
        assert [await node.call() for _ in range(6) for node in (one, two)] == [*range(9, -1, -1), -1, -1]
        assert (one.told, two.told) == ([None], [None])
        assert len(one.spare) == 0
        [name] = [line for line in shared.said("KEYS", "*").decode().splitlines() if line.startswith("test:")]
        assert 119_000 < int(shared.said("PTTL", name).decode()[1:]) <= 120_000
        assert "app" not in name

    play(shared, body, Node(place_of(shared)), Node(place_of(shared)))


def test_of_many_steps_at_once_none_is_lost(shared: RedisServer) -> None:
    """Two processes, a hundred calls each, all at once, on one record: ten are let in."""

    async def body(one: Node, two: Node) -> None:
        left = await asyncio.gather(*(node.call() for _ in range(20) for node in (one, two)))
        assert sorted(left, reverse=True) == [*range(9, -1, -1), *[-1] * 30]
        assert (one.told, two.told) == ([None], [None])

    play(shared, body, Node(place_of(shared)), Node(place_of(shared)))


class SlowRedis(asyncio.SelectorEventLoop):
    """A loop by whose time each step takes a millisecond, and nothing else takes any: whatever the machine is doing."""

    steps = 0

    def time(self) -> float:
        """The seconds that time-outs go by."""
        return self.steps / 1000


def test_crowd_at_one_record_has_nobody_count_alone(shared: RedisServer) -> None:
    """More calls at once than Redis answers in time: who waits in vain is counted here, everybody else in Redis still.

    Otherwise whoever sends many requests that come to nothing would switch off what servers count together.
    """
    shared.said("FLUSHALL")
    node = Node(place_of(shared)._replace(wait_ms=int(WAIT_S * 1000)))

    async def call(loop: SlowRedis) -> int:
        def step(meter: Meter | None, now_ms: int) -> tuple[Meter | None, int]:
            loop.steps += 1
            after, spent = charge(meter, RULE, now_ms=now_ms, mark="")
            return after, -1 if spent.retry_after_s else spent.remaining

        return await node.shelf.change(KEY, step)

    async def crowd(loop: SlowRedis) -> list[int]:
        await node.link.open()
        left = await asyncio.gather(*(call(loop) for _ in range(CROWD)))
        await node.link.close()
        return left

    with asyncio.Runner(loop_factory=SlowRedis) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, SlowRedis)
        left = runner.run(crowd(loop))
    assert left.count(-1) == CROWD - 20, "ten of Redis, and ten of this process for who waited in vain"
    assert len(node.spare) == 1, "it was a crowd"
    assert node.told == [None]


def test_record_is_what_it_was_in_the_other_process(shared: RedisServer) -> None:
    """Times, marks and all; one that nobody can read is none, and what is to be forgotten is gone."""

    async def body(one: Node, two: Node) -> None:
        assert await one.call(mark="7:1") == 9
        assert await two.call(mark="7:1") == 9, "the same call again, presented to another process"
        assert await two.shelf.change(KEY, lambda meter, _now_ms: (meter, isinstance(meter and meter.times_ms, tuple)))
        name = next(line for line in shared.said("KEYS", "test:*").decode().splitlines() if line.startswith("test:"))
        shared.said("SET", name, "no-record")
        assert await two.call() == 9
        await two.shelf.change(KEY, lambda _meter, _now_ms: (None, None))
        assert shared.said("EXISTS", name) == b":0\r\n"

    play(shared, body, Node(place_of(shared)), Node(place_of(shared)))


def test_step_that_changes_nothing_writes_nothing(shared: RedisServer) -> None:
    """Whoever is refused again and again costs a read, and keeps no record alive."""

    async def body(node: Node) -> None:
        assert await node.call() == 9
        name = next(line for line in shared.said("KEYS", "test:*").decode().splitlines() if line.startswith("test:"))
        shared.said("PEXPIRE", name, "5000")
        await node.shelf.change(KEY, lambda meter, _now_ms: (meter, None))
        assert int(shared.said("PTTL", name).decode()[1:]) <= 5000
        await node.call()
        assert int(shared.said("PTTL", name).decode()[1:]) > 5000

    play(shared, body, Node(place_of(shared)))


def test_time_is_that_of_redis_and_what_development_adds(shared: RedisServer) -> None:
    """Processes whose clocks differ count alike, and tests still move the clock."""

    async def body(one: Node, ahead: Node) -> None:
        seen = await one.shelf.change(KEY, lambda _meter, now_ms: (None, now_ms))
        seconds = int(shared.said("TIME").split(b"\r\n")[2])
        assert seconds - 2 <= seen // 1000 <= seconds
        assert await ahead.shelf.change(KEY, lambda _meter, now_ms: (None, now_ms)) - seen >= 3_600_000

    play(shared, body, Node(place_of(shared)), Node(place_of(shared), ahead_ms=3_600_000))


def test_servers_of_another_name_count_by_themselves(shared: RedisServer) -> None:
    """Two cells in one Redis."""

    async def body(one: Node, two: Node) -> None:
        assert (await one.call(), await two.call()) == (9, 9)

    play(shared, body, Node(place_of(shared)), Node(place_of(shared), name="other"))


def test_process_counts_alone_while_redis_is_away_and_with_the_others_when_it_is_back() -> None:
    """Killed in the middle and started anew: no call fails, the loss and the return are told once each."""

    async def body(node: Node) -> None:
        for told in (1, 3):
            assert [await node.call() for _ in range(3)] == [9, 8, 7], "what Redis held is lost with it"
            server.kill()
            left = [await node.call() for _ in range(12)]
            assert left == ([*range(9, -1, -1), -1, -1] if told == 1 else [-1] * 12)
            assert len(node.told) == told + 1
            assert isinstance(node.told[told], Exception)
            server.start_again()
            await until(lambda: node.link.up)
            assert node.told[told + 1] is None
        assert await node.call() == 9
        assert server.said("DBSIZE") == b":1\r\n"

    with running_redis() as server:
        play(server, body, Node(place_of(server)))


def test_redis_that_was_never_there_is_found_when_it_comes() -> None:
    """A server starts without it."""

    async def body(node: Node) -> None:
        assert await node.call() == 9
        assert await node.call() == 8
        [trouble] = node.told
        assert trouble is not None
        server.start_again()
        await until(lambda: node.link.up)
        assert await node.call() == 9

    with running_redis() as server:
        place = place_of(server)
        server.said("FLUSHALL")
        server.kill()

        async def whole() -> None:
            node = Node(place)
            await node.link.open()
            try:
                await body(node)
            finally:
                await node.link.close()

        asyncio.run(whole())


def test_redis_that_stands_still_holds_nobody_up() -> None:
    """Whoever asked waits a quarter of a second and is answered from memory; whoever asks after them not at all."""

    async def body(node: Node) -> None:
        assert await node.call() == 9
        node.link.wait_s = WAIT_S  # from here on: a busy machine may take longer to connect
        server.process.send_signal(signal.SIGSTOP)
        began_s = time.monotonic()
        left = await asyncio.gather(*(node.call() for _ in range(20)))
        assert sorted(left, reverse=True) == [*range(9, -1, -1), *[-1] * 10]
        assert time.monotonic() - began_s < len(left) * WAIT_S, "all of them at once"
        assert not node.link.up
        took_s = []
        for _ in range(200):
            began_s = time.monotonic()
            await node.call()
            took_s.append(time.monotonic() - began_s)
        assert statistics.median(took_s) < WAIT_S
        server.process.send_signal(signal.SIGCONT)
        await until(lambda: node.link.up)

    with running_redis() as server:
        play(server, body, Node(place_of(server)))


def test_password_is_shown_to_redis_and_a_wrong_one_leaves_the_process_alone() -> None:
    """And stands in nothing that is told."""

    async def body(right: Node, wrong: Node) -> None:
        assert right.told == [None]
        assert await right.call() == 9
        assert await wrong.call() == 9
        assert len(wrong.told) == 1
        assert "sesame" not in repr(wrong.told)

    with running_redis("--requirepass", "open-sesame") as server:
        place = place_of(server)
        play(server, body, Node(place._replace(password="open-sesame")), Node(place._replace(password="sesame-shut")))


def test_redis_is_spoken_to_over_tls_and_only_if_it_proves_its_name(tmp_path: Path) -> None:
    """By an authority that was named, and for the name that was asked for."""
    files = {}
    for name in ("127.0.0.1", "redis.example"):
        (tmp_path / name).mkdir()
        _, files[name] = make_tls(tmp_path / name, name)

    async def body(right: Node, stranger: Node) -> None:
        assert await right.call() == 9
        assert right.told == [None]
        [trouble] = stranger.told
        assert "CERTIFICATE_VERIFY_FAILED" in str(trouble)
        assert await stranger.call() == 9, "by itself"

    def trusting(server: RedisServer, authority: Path) -> Node:
        return Node(place_of(server)._replace(tls=True, ca_file=str(authority)))

    with running_redis(tls=files["127.0.0.1"].with_name("chain.pem")) as server:
        play(None, body, trusting(server, files["127.0.0.1"]), trusting(server, files["redis.example"]))
    with running_redis(tls=files["redis.example"].with_name("chain.pem")) as server:
        node = trusting(server, files["redis.example"])
        play(None, lambda node: node.call(), node)
        assert "CERTIFICATE_VERIFY_FAILED" in str(node.told[0]), "it has another's name"
