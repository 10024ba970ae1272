"""Clients of two servers, and somebody who asks each of them all the time whether it answers.

A read that is answered "unavailable" is repeated, as clients do; a write comes back to the lane, which knows what it
means to repeat it.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from itertools import chain, cycle, pairwise
from time import monotonic
from typing import Final

from tests.faults.founding import World
from tests.faults.traffic import JWT_BEARER, REVOKE, SELF, TOKEN, UNAVAILABLE
from tests.faults.wire import Answer, LostError, Rejoining, Wire

ASKING_S: Final = 0.1
"""How often it is asked for a new session, and shown the token of an old one."""

IDLE_S_MAX: Final = 3.0
"""How long a connection is kept that nobody uses: the server closes it after five."""

OLD = 12
"""Sessions that are opened before anything happens, and ended when it has."""


class Doors(Wire):
    """One client's connections, one to each server: each request at the next."""

    def __init__(self, ports: Sequence[int], *, first: int, pause_s: float) -> None:
        """Nothing is opened yet."""
        self._wires = [Rejoining(port, fresh=False) for port in ports]
        self._used_s = [0.0 for _ in ports]
        self._turn = first
        self._pause_s = pause_s

    async def raw(self, request: bytes) -> Answer:
        """Send these bytes at the next door and wait for a reply. Raises LostError."""
        while True:
            await asyncio.sleep(self._pause_s)
            self._turn += 1
            place = self._turn % len(self._wires)
            if monotonic() - self._used_s[place] > IDLE_S_MAX:
                self._wires[place].close()
            answer = await self._wires[place].raw(request)
            self._used_s[place] = monotonic()
            if answer.status != UNAVAILABLE or not request.startswith(b"GET "):
                return answer

    def close(self) -> None:
        """Hang up."""
        for wire in self._wires:
            wire.close()


@dataclass(slots=True)
class Opening:
    """Gives each lane its doors; for traffic.Traffic."""

    ports: Sequence[int]
    pause_s: float
    given: int = 0

    async def __call__(self, _: int) -> Wire:
        """The next lane's."""
        self.given += 1
        return Doors(self.ports, first=self.given, pause_s=self.pause_s)


@dataclass(slots=True)
class Watch:
    """When each server answered: a request after the other at short intervals, whatever became of those before."""

    world: World
    ports: Sequence[int]
    old: list[str] = field(default_factory=list, repr=False)
    written_s: dict[int, list[float]] = field(default_factory=dict)
    read_s: dict[int, list[float]] = field(default_factory=dict)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Ask for as long as this lasts."""
        self.written_s = {port: [] for port in self.ports}
        self.read_s = {port: [] for port in self.ports}
        self.old = [await self._write(self.ports[0], person=-2) for _ in range(OLD)]
        asking = asyncio.create_task(self._ask(await self._write(self.ports[0])))
        try:
            yield
        finally:
            asking.cancel()

    async def _ask(self, token: str) -> None:
        async with asyncio.TaskGroup() as asked:
            while True:
                for port in self.ports:
                    asked.create_task(self._write(port))
                    asked.create_task(self._read(port, token))
                await asyncio.sleep(ASKING_S)

    async def end_the_old(self) -> list[str]:
        """Revoke the old sessions wherever that can be done, and show each at every door; tells what was wrong."""
        return [wrong for token in self.old for wrong in await self._end(token)]

    async def _end(self, token: str) -> list[str]:
        for port in cycle(self.ports):
            with closing(Rejoining(port, fresh=True, pause_s=ASKING_S)) as wire:
                if (await wire.post(REVOKE, self.world.script, {"token": token})).status == 200:
                    break
        found = [await self._status(port, token) for port in self.ports]
        return [f"a revoked token was answered {status}" for status in found if status not in {401, UNAVAILABLE}]

    async def _status(self, port: int, token: str) -> int:
        with closing(Rejoining(port, fresh=True)) as wire:
            return (await wire.ask("GET", SELF, headers={"Authorization": f"Bearer {token}"})).status

    async def _write(self, port: int, *, person: int = -1) -> str:
        """A session of somebody whom no lane has."""
        form = {"grant_type": JWT_BEARER, "assertion": self.world.people[person].jwt}
        with suppress(LostError), closing(Rejoining(port, fresh=True)) as wire:
            answer = await wire.post(TOKEN, self.world.script, form)
            if answer.status == 200:
                self.written_s[port].append(monotonic())
                return answer.text("access_token")
        return ""

    async def _read(self, port: int, token: str) -> None:
        with suppress(LostError):
            if await self._status(port, token) in {200, 401}:  # the newest sessions push it out at last
                self.read_s[port].append(monotonic())


def outage_s(moments_s: Mapping[int, Sequence[float]], since_s: float) -> float:
    """The longest time after this moment without an answer at any door, as who comes by a balancer sees it."""
    every = sorted(chain.from_iterable(moments_s.values()))
    last = max((moment for moment in every if moment <= since_s), default=since_s)
    after = [last, *(moment for moment in every if moment > since_s)]
    return max((later - earlier for earlier, later in pairwise(after)), default=float("inf"))
