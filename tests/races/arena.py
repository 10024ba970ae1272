"""An arena: one real server process on a world of its own, and the ways to look into it."""

import asyncio
import shutil
import time
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeVar

import apsw
import httpx

from callgate.admin.dev import SETTINGS_FILE
from callgate.admin.world import World, WorldApp, read_world
from callgate.app import CommandLine
from callgate.config import Settings
from callgate.model.session import EndReason, SessionState
from callgate.service.administer.desk import Desk
from tests.nursery import Nursery, wait_until_ready
from tests.ports import free_port
from tests.races.founding import settings_of
from tests.races.wire import Pair, Wire, logging_in

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
START_S = 60
SETTLE_S = 3
"""A mark is made within milliseconds; where there is none after this time, there will be none."""


class Seat(NamedTuple):
    """A person with an app: what the cap of sessions counts."""

    app: WorldApp
    extension_id: int
    jwt: str

    def __repr__(self) -> str:
        return f"Seat({self.app.client_id}, {self.extension_id})"


class SessionRow(NamedTuple):
    """What a test may know of a row."""

    state: SessionState
    generation: int
    slot: int | None
    first_used_ms: int | None
    ended_why: EndReason | None


@dataclass
class Arena:
    """A running server.

    `ahead_s`: how far its clock was moved. `troubles`: what befell it, how often. Until `disturbed_until`
    (perf_counter) the last of them may still be felt.
    """

    port: int
    data: Path
    pid: int
    ahead_s: int = 0
    disturbed_until: float = 0.0
    troubles: Counter[str] = field(default_factory=Counter)

    @cached_property
    def world(self) -> World:
        """Who is in it, with their secrets."""
        return read_world(self.data)

    @property
    def database(self) -> Path:
        """Its file."""
        return self.data / "callgate.db"

    @property
    def settings(self) -> Settings:
        """As commands that act on it have them."""
        return settings_of(self.data, self.port)

    @property
    def settings_file(self) -> Path:
        """With it, commands act on it."""
        return self.data / SETTINGS_FILE

    @property
    def ports(self) -> list[int]:
        """Where it answers."""
        return [self.port]

    def seat(self, app: str, person: str) -> Seat:
        """A person with an app."""
        world = self.world
        return Seat(world.apps[app], int(world.people[person].id), world.jwt_credentials[person].jwt)

    def advance(self, seconds: int) -> None:
        """Move its clock."""
        url = f"http://127.0.0.1:{self.port}/_dev/clock"
        httpx.post(url, json={"advance_s": seconds}).raise_for_status()
        self.ahead_s += seconds

    def rows(self, sql: str, *values: int | str) -> list[tuple[object, ...]]:
        """Look into the database beside the server: one snapshot of what is committed."""
        connection = apsw.Connection(str(self.database), flags=apsw.SQLITE_OPEN_READONLY)
        with closing(connection):
            return [tuple(row) for row in connection.execute(sql, values)]

    def row(self, session_id: str) -> SessionRow | None:
        """A session's row; None when it is forgotten."""
        sql = "SELECT state, generation, slot, first_used_ms, ended_why FROM session WHERE id = ?"
        connection = apsw.Connection(str(self.database), flags=apsw.SQLITE_OPEN_READONLY)
        with closing(connection):
            for state, generation, slot, first_used_ms, why in connection.execute(sql, (row_id(session_id),)):
                ended_why = None if why is None else EndReason(why)
                return SessionRow(SessionState(state), generation, slot, first_used_ms, ended_why)
        return None

    async def disturb(self, random: Random) -> None:
        """Let something befall it, at some moment beside the players: nothing, where it is the only one."""

    async def mend(self) -> None:
        """Set right what that has broken."""

    async def settle_first_use(self, session_id: str, generation: int) -> None:
        """Wait until the lazy mark of a use that was answered is there, or has become pointless."""
        until = time.monotonic() + SETTLE_S
        while (row := self.row(session_id)) and (row.state, row.generation) == (SessionState.ACTIVE, generation):
            if row.first_used_ms is not None or time.monotonic() > until:
                return
            await asyncio.sleep(0.002)

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Desk]:
        """The command line's desk, opened beside the server in this process."""
        async with CommandLine().desk(self.settings, by="races") as desk:
            desk.clock.advance(self.ahead_s)
            yield desk


def row_id(session_id: str) -> int:
    """The row id that a public session id begins with; it grows with time."""
    return int.from_bytes(urlsafe_b64decode(session_id + "==")[:8], "big")


async def log_in(wire: Wire, seat: Seat, endpoint_id: str | None = None) -> Pair:
    """Tokens of a new session."""
    return (await wire.ask(logging_in(seat.app, seat.jwt, endpoint_id))).pair


def play(game: Coroutine[object, object, T]) -> T:
    """Run a game to its end; gives what came of it. What must be so at every step is asserted there."""
    return asyncio.run(game)


@contextmanager
def open_arena(servers: Nursery, template: Path, folder: Path, *, plants: Sequence[str] = ()) -> Iterator[Arena]:
    """A server on a copy of the template, ready; gone at the end whatever happened."""
    data = folder / "world"
    shutil.copytree(template, data)
    port = free_port()
    command = ("dev", "--port", str(port), "--data", str(data))
    pid = servers.start(command, folder=folder, plants=plants, env={"CALLGATE_LOG__LEVEL": "warning"})
    try:
        wait_until_ready(pid, folder)
        yield Arena(port, data, pid)
    finally:
        status = servers.end(pid)
    assert status == 0, f"exit {status}: {(folder / 'err').read_text()}"
    # Every test of a race ends here too: nothing that happened was a defect of ours.
    if not plants:
        assert "defect" not in (folder / "err").read_text()
