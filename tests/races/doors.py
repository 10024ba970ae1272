"""An arena of several server processes on one database of PostgreSQL, behind one door that gives each its turn."""

import asyncio
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import cast

import psycopg

from callgate.admin.dev import CELL
from callgate.model.session import EndReason, SessionState
from callgate.storage.copying import copy_to_postgres
from callgate.storage.placeholders import numbered
from tests.nursery import Nursery, free_port, wait_until_ready
from tests.postgres_server import migrated_template, shared_postgres
from tests.races.arena import Arena, SessionRow, row_id

SERVERS = 2

_SETTINGS = """
[server]
port = {port}
cell = "{cell}"
[database]
url = "{url}"
[keys]
key_encryption_key_file = "{data}/kek"
[limits]
rates = false
lockout = false
[log]
level = "warning"
"""


@dataclass
class SharedArena(Arena):
    """Running servers, and one look into what they share."""

    connection: psycopg.Connection | None = None

    def rows(self, sql: str, *values: int | str) -> list[tuple[object, ...]]:
        """Look into the database: one snapshot of what is committed."""
        assert self.connection is not None
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


@contextmanager
def open_doors(
    servers: Nursery,
    template: Path,
    folder: Path,
    *,
    plants: Sequence[str] = (),
) -> Iterator[Arena]:
    """Servers on a copy of the template, ready; gone at the end whatever happened."""
    data = folder / "world"
    shutil.copytree(template, data)
    place = shared_postgres().place(shared_postgres().create(template=migrated_template()))
    copy_to_postgres(data / "callgate.db", place, progress=lambda *_: None)
    ports = [free_port() for _ in range(SERVERS)]
    pids: dict[int, Path] = {}
    statuses = []
    try:
        for port in ports:
            home = folder / str(port)
            home.mkdir()
            (home / "callgate.toml").write_text(_SETTINGS.format(port=port, cell=CELL, url=place.url, data=data))
            pids[servers.start(("serve", "--config", str(home / "callgate.toml")), folder=home, plants=plants)] = home
        for pid, home in pids.items():
            wait_until_ready(pid, home)
        with (
            closing(psycopg.connect(place.url, autocommit=True, cursor_factory=psycopg.RawCursor)) as connection,
            _door(ports) as port,
        ):
            yield SharedArena(port, data, next(iter(pids)), connection=connection)
    finally:
        statuses = [servers.end(pid) for pid in pids]
    said = "".join((home / "err").read_text() for home in pids.values())
    assert set(statuses) == {0}, said
    if not plants:
        assert "defect" not in said


@contextmanager
def _door(ports: Sequence[int]) -> Iterator[int]:
    """A port whose connections lead to each of the others in turn."""
    turns = cycle(ports)
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
        inner, outer = await asyncio.open_connection("127.0.0.1", next(turns))
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
