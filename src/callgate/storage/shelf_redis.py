"""The shelf that several processes share: records in Redis or Valkey, judged here, swapped there.

A step is pure Python and runs in the process that asks; what Redis does is to say the time and the record, and to take
the new record if nobody else changed the old one meanwhile (two scripts, each atomic). The time is Redis's, so that
processes whose clocks differ count alike; what development has moved its clock by is added.

Redis is waited for a quarter of a second at most, and never needed: while it is away each process keeps a shelf of its
own. So limits hold for each process by itself then, instead of for nobody or against everybody (ADR 53).
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from functools import partial
from hashlib import sha256
from typing import Final, Generic, TypeVar, cast

import orjson
from redis.asyncio import BlockingConnectionPool, Redis, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from callgate.model.counters import CounterStore
from callgate.storage.shelf import Key, MemoryShelf, Shelf, Step

RETRY_S: Final = 1.0
"""How often Redis is asked, by nobody's request, whether it is back."""

CONNECTIONS_MAX: Final = 32

STRIPES: Final = 64
"""Steps of one process on one record take turns here, so that they do not meet each other in Redis."""

_LOOK: Final = """
local now = redis.call('TIME')
return {now[1], now[2], redis.call('GET', KEYS[1])}
"""
_SWAP: Final = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1
"""

R = TypeVar("R", bound=tuple[object, ...])
T = TypeVar("T")

Told = Callable[[Exception | None], None]
"""Is told when Redis goes away, and why, and with None when it is back."""


class _NotInTime(Exception):
    """A step that is to be taken on a shelf of our own."""


class Link:
    """The way to Redis, up or down. Found down by a request, found up again by a task that asks every second."""

    def __init__(self, place: CounterStore, told: Told) -> None:
        self._told = told
        self.wait_s = place.wait_ms / 1000
        self._up = False
        self._watch: asyncio.Task[None] | None = None
        # One try for each command: what fails is answered from memory, and the watch tries again.
        pool = partial(
            BlockingConnectionPool,
            max_connections=CONNECTIONS_MAX,
            timeout=self.wait_s,
            host=place.host,
            port=place.port,
            db=place.database,
            username=place.user,
            password=place.password,
            socket_timeout=self.wait_s,
            socket_connect_timeout=self.wait_s,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )
        self._redis = Redis.from_pool(
            pool(connection_class=SSLConnection, ssl_ca_certs=place.ca_file, ssl_check_hostname=True)
            if place.tls
            else pool()
        )
        self.look = self._redis.register_script(_LOOK)
        self.swap = self._redis.register_script(_SWAP)

    @property
    def up(self) -> bool:
        """Whether Redis answered when it was last asked."""
        return self._up

    async def open(self) -> None:
        """Ask for the first time; tells how that went."""
        try:
            await self._ping()
        except (RedisError, OSError) as error:
            self.lose(error)
        else:
            self._find()

    def lose(self, error: Exception) -> None:
        """Redis did not answer: ask it no more until it does."""
        self._up = False
        if self._watch is None:
            self._told(error)
            self._watch = asyncio.get_running_loop().create_task(self._wait_for_it())

    async def close(self) -> None:
        """Hang up."""
        if self._watch is not None:
            self._watch.cancel()
        await self._redis.aclose()

    def _find(self) -> None:
        self._up = True
        self._told(None)

    async def _wait_for_it(self) -> None:
        while not self._up:
            await asyncio.sleep(RETRY_S)
            with contextlib.suppress(RedisError, OSError):
                await self._ping()
                self._watch = None
                self._find()

    async def _ping(self) -> None:
        async with asyncio.timeout(self.wait_s):
            await self.look(keys=["callgate"])


class RedisShelf(Generic[R]):
    """Records of all processes that share a Redis; of this one alone while it is away."""

    def __init__(
        self,
        link: Link,
        spare: MemoryShelf[R],
        *,
        name: str,
        make: Callable[[Iterable[object]], R],
        ahead_ms: Callable[[], int],
    ) -> None:
        self._link = link
        self._spare = spare
        self._name = name
        self._make = make
        self._ahead_ms = ahead_ms
        self._stripes = tuple(asyncio.Lock() for _ in range(STRIPES))

    async def change(self, key: Key, step: Step[R, T]) -> T:
        """Run a step, again if another process was faster; here alone where Redis does not answer in time."""
        if self._link.up:
            # A request may run in no task (web/exchange.py), and time-outs need one.
            with contextlib.suppress(_NotInTime):
                return await asyncio.get_running_loop().create_task(self._change_in_time(key, step))
        return await self._spare.change(key, step)

    async def _change_in_time(self, key: Key, step: Step[R, T]) -> T:
        # A key may hold a name: what lies in Redis tells none. Nor can a long one fill it.
        digest = sha256(orjson.dumps(key)).hexdigest()[:32]
        stripe = self._stripes[int(digest[:8], 16) % STRIPES]
        try:
            async with asyncio.timeout(self._link.wait_s):
                await stripe.acquire()
        except TimeoutError as error:
            # A crowd at one record says nothing of Redis: else whoever sends one would have everybody count alone.
            raise _NotInTime from error
        try:
            return await self._change_in_turn(f"{self._name}:{digest}", step)
        finally:
            stripe.release()

    async def _change_in_turn(self, name: str, step: Step[R, T]) -> T:
        if not self._link.up:  # it was lost while this waited for its turn
            raise _NotInTime
        try:
            async with asyncio.timeout(self._link.wait_s):
                return await self._change(name, step)
        except (RedisError, OSError) as error:
            self._link.lose(error)
            raise _NotInTime from error

    async def _change(self, name: str, step: Step[R, T]) -> T:
        """Look, judge, swap; again, in the time there is, when another process swapped between."""
        while True:
            seconds, micros, raw = cast("tuple[bytes, bytes, bytes | None]", await self._link.look(keys=[name]))
            now_ms = int(seconds) * 1000 + int(micros) // 1000 + self._ahead_ms()
            after, outcome = step(self._read(raw), now_ms)
            new = b"" if after is None else orjson.dumps(list(after))
            before = raw or b""
            if new == before or await self._link.swap(keys=[name], args=[before, new, self._spare.keep_ms]):
                return outcome

    def _read(self, raw: bytes | None) -> R | None:
        """A record, or None where there is none, or another version's."""
        if not raw:
            return None
        try:
            fields = orjson.loads(raw)
            return self._make(tuple(field) if isinstance(field, list) else field for field in fields)
        except (orjson.JSONDecodeError, TypeError):
            return None


class RedisShelves:
    """Makes the shelves of one server in one Redis, where servers of one name share them."""

    def __init__(self, link: Link, *, ahead_ms: Callable[[], int], name: str) -> None:
        self._link = link
        self._ahead_ms = ahead_ms
        self._name = name

    def share(self, kind: str, make: Callable[[Iterable[object]], R], *, spare: MemoryShelf[R]) -> Shelf[R]:
        """Records of a kind, which `make` puts together again from their fields: numbers, texts, tuples of these."""
        return RedisShelf(self._link, spare, name=f"{self._name}:{kind}", make=make, ahead_ms=self._ahead_ms)
