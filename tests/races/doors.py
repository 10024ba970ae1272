"""An arena of several server processes on one database of PostgreSQL, behind one door that gives each its turn.

What may befall them beside the players: connections to the database are cut, a process is killed and another begun in
its place, without a word to anybody.
"""

import asyncio
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from time import perf_counter
from typing import cast

import httpx
import psycopg

from callgate.admin.dev import SETTINGS_FILE
from callgate.config import Settings, load_settings
from callgate.model.database import PostgresPlace
from callgate.model.session import EndReason, SessionState
from callgate.storage.copying import copy_database
from callgate.storage.placeholders import numbered
from tests.nursery import Nursery, wait_until_ready
from tests.ports import free_port
from tests.postgres_server import migrated_template, shared_postgres
from tests.races.arena import Arena, SessionRow, row_id

SERVERS = 3

DISTURBED_S = 1.0
"""How long after it a trouble may still cost an answer or a lazy mark."""

_CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND datname = current_database() AND pid <> pg_backend_pid()
"""


@dataclass
class House:
    """One server's place: its port, and a folder for its copy of the world. `pid` 0: nobody is in."""

    port: int
    folder: Path
    pid: int = 0

    @property
    def data(self) -> Path:
        """The world without its database, which all share."""
        return self.folder / "world"


@dataclass
class SharedArena(Arena):
    """Running servers, and one look into what they share. `port` is the door's, which leads to each in turn."""

    servers: Nursery = field(kw_only=True)
    houses: Sequence[House] = field(kw_only=True)
    plants: Sequence[str] = field(kw_only=True)
    place: PostgresPlace = field(kw_only=True)
    connection: psycopg.Connection = field(kw_only=True)

    @property
    def settings_file(self) -> Path:
        """Any server's: all name the same database."""
        return self.houses[0].data / SETTINGS_FILE

    @property
    def settings(self) -> Settings:
        """As commands that act on it have them."""
        return load_settings(self.settings_file)

    @property
    def ports(self) -> list[int]:
        """Of those who answer."""
        return [house.port for house in self.houses if house.pid]

    def advance(self, seconds: int) -> None:
        """Move all their clocks. Nobody must be asking."""
        for port in self.ports:
            _advance(port, seconds)
        self.ahead_s += seconds

    def rows(self, sql: str, *values: int | str) -> list[tuple[object, ...]]:
        """Look into the database: one snapshot of what is committed."""
        return self.connection.execute(numbered(sql).encode(), values).fetchall()

    def row(self, session_id: str) -> SessionRow | None:
        """A session's row; None when it is forgotten."""
        sql = "SELECT state, generation, slot, first_used_ms, ended_why FROM session WHERE id = ?"
        found = self.rows(sql, row_id(session_id))
        if not found:
            return None
        state, generation, slot, first_used_ms, why = cast(
            "tuple[int, int, int | None, int | None, int | None]", found[0]
        )
        ended_why = None if why is None else EndReason(why)
        return SessionRow(SessionState(state), generation, slot, first_used_ms, ended_why)

    async def disturb(self, random: Random) -> None:
        """Nothing, or all connections to the database are cut, or a server is killed; at some moment."""
        trouble = random.choice((None, self.cut, self.kill))
        if trouble is not None:
            await asyncio.sleep(random.uniform(0, 0.1))
            trouble(random)
            self.disturbed_until = perf_counter() + DISTURBED_S
            self.troubles["cut off" if trouble == self.cut else "killed"] += 1

    def cut(self, _: Random) -> None:
        """Whatever each server asks the database right now, the answer does not come."""
        self.connection.execute(_CUT.encode())

    def kill(self, random: Random) -> None:
        """End one in the midst of whatever it does."""
        house = random.choice([house for house in self.houses if house.pid])
        pid, house.pid = house.pid, 0
        os.kill(pid, signal.SIGKILL)
        self.servers.end(pid)

    async def mend(self) -> None:
        """Have another take the place of whoever was killed."""
        for house in self.houses:
            if not house.pid:
                pid = self._begin(house)
                await asyncio.to_thread(wait_until_ready, pid, house.folder)
                if self.ahead_s:
                    await asyncio.to_thread(_advance, house.port, self.ahead_s)
                house.pid = pid

    def open(self) -> None:
        """Begin all, side by side."""
        for house in self.houses:
            house.pid = self._begin(house)
        for house in self.houses:
            wait_until_ready(house.pid, house.folder)

    def close(self) -> str:
        """End all; gives what they said. Each must have been there, and end in order."""
        statuses = [self.servers.end(house.pid) for house in self.houses if house.pid]
        said = "".join((house.folder / "err").read_text() for house in self.houses)
        assert set(statuses) <= {0}, said
        return said

    def _begin(self, house: House) -> int:
        command = ("dev", "--port", str(house.port), "--data", str(house.data), "--database", self.place.url)
        env = {"CALLGATE_LOG__LEVEL": "warning"}
        return self.servers.start(command, folder=house.folder, plants=self.plants, env=env)


@contextmanager
def open_doors(
    servers: Nursery,
    template: Path,
    folder: Path,
    *,
    plants: Sequence[str] = (),
) -> Iterator[SharedArena]:
    """Servers on a copy of the template, ready; gone at the end whatever happened."""
    name = shared_postgres().create(template=migrated_template())
    place = shared_postgres().place(name)
    data = folder / "world"
    shutil.copytree(template, data)
    copy_database(data / "callgate.db", place, progress=lambda *_: None)
    houses = [House(free_port(), folder / str(number)) for number in range(SERVERS)]
    for house in houses:
        shutil.copytree(data, house.data, ignore=shutil.ignore_patterns("callgate.db*"))
    with closing(psycopg.connect(place.url, autocommit=True, cursor_factory=psycopg.RawCursor)) as connection:
        arena = SharedArena(
            0, data, 0, servers=servers, houses=houses, plants=plants, place=place, connection=connection
        )
        said = ""
        try:
            arena.open()
            with _door(lambda: arena.ports) as arena.port:
                yield arena
        finally:
            said = arena.close()
    shared_postgres().drop(name)
    if not plants:
        assert "defect" not in said


def _advance(port: int, seconds: int) -> None:
    httpx.post(f"http://127.0.0.1:{port}/_dev/clock", json={"advance_s": seconds}).raise_for_status()


@contextmanager
def _door(ports: Callable[[], Sequence[int]]) -> Iterator[int]:
    """A port whose connections lead to each of the others in turn."""
    turns = count()
    opened: list[int] = []
    ready, ended = threading.Event(), threading.Event()
    inside: set[asyncio.Task[object] | None] = set()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(65536):
                writer.write(chunk)
                await writer.drain()
        writer.close()

    async def enter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = ports()
        inner, outer = await asyncio.open_connection("127.0.0.1", there[next(turns) % len(there)])
        inside.add(asyncio.current_task())
        try:
            await asyncio.gather(pass_on(reader, outer), pass_on(inner, writer))
        finally:
            for each in (writer, outer):
                each.close()
                with suppress(ConnectionError):
                    await each.wait_closed()

    async def keep_open() -> None:
        server = await asyncio.start_server(enter, "127.0.0.1", 0)
        opened.append(server.sockets[0].getsockname()[1])
        ready.set()
        await asyncio.to_thread(ended.wait)
        server.close()
        passing = [task for task in inside if task is not None]
        for task in passing:
            task.cancel()
        await asyncio.gather(*passing, return_exceptions=True)

    keeper = threading.Thread(target=lambda: asyncio.run(keep_open()), name="door")
    keeper.start()
    ready.wait()
    try:
        yield opened[0]
    finally:
        ended.set()
        keeper.join()
