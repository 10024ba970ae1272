"""Key sets of issuers, kept: one fetch for many callers, rotations followed, made-up key ids bounded, outages outlived.

A real publisher on loopback is asked by the real fetcher; only the time that passes between looks is ours.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack

import pytest

from callgate.crypto.jwks import ClientJwks
from callgate.model.fetch import FetchRules
from callgate.service.fetch import Fetcher
from callgate.service.key_sets import (
    FRESH_S,
    LOOK_AGAIN_S,
    PAUSE_S,
    PAUSE_S_MAX,
    SETS_MAX,
    STALE_S_MAX,
    KeySets,
    NoKeys,
)
from tests.crypto.forge import ec_jwk, ec_key, jwks
from tests.service.publishers import Publisher, publishing, says

OLD = {**ec_jwk(ec_key()), "kid": "old"}
NEW = {**ec_jwk(ec_key(which=1)), "kid": "new"}


class Time:
    """Seconds, moved by the test."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        """The seconds."""
        return self.now_s


class Scene:
    """A publisher whose key set can be changed, or that can be down; and who keeps what it published."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self.time = Time()
        self.sets = KeySets(Fetcher(FetchRules(loopback=True)), monotonic=self.time)
        self.body = jwks(OLD).encode()
        self.status = b"200 OK"
        self.publisher: Publisher

    async def begin(self) -> None:
        """Publish."""

        async def answer(writer: asyncio.StreamWriter) -> None:
            await says(self.body, status=self.status)(writer)

        self.publisher = await self._stack.enter_async_context(publishing(answer))

    async def kids(self, wanted: str) -> list[str | None] | str:
        """What `get` gives to a token that names this key."""
        got = await self.sets.get(self.publisher.url(), wanted=_naming(wanted))
        return [key.kid for key in got.keys] if isinstance(got, ClientJwks) else got.why

    @property
    def looks(self) -> int:
        """How often the publisher was asked."""
        return self.publisher.connections


def _naming(kid: str) -> Callable[[ClientJwks], bool]:
    return lambda keys: any(key.kid == kid for key in keys.keys)


def play(act: Callable[[Scene], Coroutine[object, object, None]]) -> None:
    """One test on a loop of its own."""

    async def run() -> None:
        async with AsyncExitStack() as stack:
            scene = Scene(stack)
            await scene.begin()
            await act(scene)

    asyncio.run(run())


def test_set_is_fetched_once_while_it_is_fresh() -> None:
    """Also when a hundred callers need it at the same moment."""

    async def act(scene: Scene) -> None:
        assert await asyncio.gather(*(scene.kids("old") for _ in range(100))) == [["old"]] * 100
        scene.time.now_s += FRESH_S - 1
        assert await scene.kids("old") == ["old"]
        assert scene.looks == 1
        scene.time.now_s += 1
        assert await asyncio.gather(*(scene.kids("old") for _ in range(100))) == [["old"]] * 100
        assert scene.looks == 2

    play(act)


def test_rotation_is_followed_when_a_token_names_a_new_key() -> None:
    """Half a minute after the last look at the earliest: who makes up key ids cannot make us knock faster."""

    async def act(scene: Scene) -> None:
        assert await scene.kids("old") == ["old"]
        scene.body = jwks(OLD, NEW).encode()
        scene.time.now_s += LOOK_AGAIN_S - 1
        assert await scene.kids("new") == ["old"]
        scene.time.now_s += 1
        assert await asyncio.gather(*(scene.kids("new") for _ in range(100))) == [["old", "new"]] * 100
        assert scene.looks == 2
        for _ in range(1000):
            assert await scene.kids("made up") == ["old", "new"]
        assert scene.looks == 2

    play(act)


def test_withdrawn_key_is_trusted_no_longer_than_five_minutes() -> None:
    """While the issuer answers."""

    async def act(scene: Scene) -> None:
        assert await scene.kids("old") == ["old"]
        scene.body = jwks(NEW).encode()
        scene.time.now_s += FRESH_S
        assert await scene.kids("old") == ["new"]

    play(act)


def test_set_outlives_an_outage_of_a_day() -> None:
    """The issuer is asked again after pauses that double; afterwards what is known is too old to be trusted."""

    async def act(scene: Scene) -> None:
        assert await scene.kids("old") == ["old"]
        scene.status = b"503 Service Unavailable"
        began = scene.time.now_s
        pauses: list[float] = []
        last = 0.0
        scene.time.now_s += FRESH_S
        while len(pauses) < 9:
            before = scene.looks
            assert await scene.kids("old") == ["old"]
            if scene.looks > before:
                pauses.append(scene.time.now_s - last)
                last = scene.time.now_s
            scene.time.now_s += PAUSE_S
        assert pauses[1:] == [5, 10, 20, 40, 80, 160, 300, 300]
        assert pauses[-1] == PAUSE_S_MAX
        scene.time.now_s = began + STALE_S_MAX + 1
        refused = await scene.kids("old")
        assert isinstance(refused, str)
        assert refused.endswith("the answer was not 200 OK (503)")
        scene.status = b"200 OK"
        scene.time.now_s += PAUSE_S_MAX
        assert await scene.kids("old") == ["old"]

    play(act)


@pytest.mark.parametrize("body", [b"<html>", b'{"keys":[]}', b'{"keys":[{"kty":"oct","k":"AAAA"}]}', b"\xff"])
def test_set_that_cannot_be_used_counts_as_none(body: bytes) -> None:
    """What was known stays known; who asks learns why there is nothing."""

    async def act(scene: Scene) -> None:
        scene.body = body
        refused = await scene.kids("old")
        assert isinstance(refused, str)
        assert "cannot be used" in refused
        scene.body = jwks(OLD).encode()
        scene.time.now_s += PAUSE_S
        assert await scene.kids("old") == ["old"]
        scene.body = body
        scene.time.now_s += FRESH_S
        assert await scene.kids("old") == ["old"]

    play(act)


def test_memory_is_bounded_however_many_issuers_there_are() -> None:
    """The one not asked for longest goes first."""

    async def act(scene: Scene) -> None:
        assert await scene.kids("old") == ["old"]
        for number in range(SETS_MAX):
            got = await scene.sets.get(f"https://127.0.0.1:1/{number}\n", wanted=_naming("x"))
            assert isinstance(got, NoKeys)
        assert await scene.kids("old") == ["old"]
        assert scene.looks == 2

    play(act)
