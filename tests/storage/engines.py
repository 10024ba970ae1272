"""The engines a store may run on, opened for a test, and spoken to from tests that are not coroutines."""

import asyncio
import os
import shutil
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import TypeVar

import apsw
import psycopg

from callgate.model.changes import Change
from callgate.model.decisions import Done
from callgate.model.facts import KeysFacts
from callgate.model.lookups import KeysLookup, Lookup
from callgate.storage.placeholders import numbered
from callgate.storage.port import Decided, Engine, Unit
from callgate.storage.postgres import PostgresOptions, PostgresStore
from callgate.storage.postgres_errors import Refused
from callgate.storage.schema_postgres import migrate_postgres
from callgate.storage.sqlite import SqliteStore, StoreOptions
from tests.postgres_server import PostgresServer, migrated_template, shared_postgres
from tests.storage.world import FOUNDING, NOW_MS

F = TypeVar("F")
D = TypeVar("D", bound=Decided)
T = TypeVar("T")


BROKEN_REFERENCE = (apsw.ConstraintError, Refused)
"""What either engine says of a row that refers to nothing."""


def unit_of(*changes: Change) -> Unit[KeysFacts, Done]:
    """A unit that writes changes whatever the facts are."""
    return Unit(KeysLookup(), lambda _: Done(changes))


@dataclass(slots=True)
class TestClock:
    """Time moves when a test says so."""

    __test__ = False
    now_ms: int = NOW_MS

    def __call__(self) -> int:
        """Give milliseconds since 1970."""
        return self.now_ms


@dataclass(slots=True)
class Opened:
    """An open store, its loop and its clock."""

    store: Engine
    runner: asyncio.Runner
    clock: TestClock
    look: Callable[[str, tuple[int | str, ...]], list[tuple[object, ...]]]
    """Carry out a statement beside the store."""

    def await_(self, coroutine: Coroutine[object, object, T]) -> T:
        """Run a coroutine on the store's loop."""
        return self.runner.run(coroutine)

    def read(self, lookup: Lookup[F]) -> F:
        """Ask from committed rows."""
        return self.await_(self.store.read(lookup))

    def run(self, lookup: Lookup[F], decide: Callable[[F], D]) -> D:
        """Run one unit."""
        return self.await_(self.store.run(Unit(lookup, decide)))

    def save(self, *changes: Change) -> None:
        """Write changes whatever the facts are."""
        self.await_(self.store.run(unit_of(*changes)))

    def save_at_once(self, *groups: tuple[Change, ...]) -> list[Exception | None]:
        """Write each group as a unit of its own, all submitted in one turn of the loop; the errors, in order."""

        async def submit_all() -> list[Exception | None]:
            units = [self.store.run(unit_of(*changes)) for changes in groups]
            return [
                outcome if isinstance(outcome, Exception) else None
                for outcome in await asyncio.gather(*units, return_exceptions=True)
            ]

        return self.await_(submit_all())

    def rows(self, sql: str, *values: int | str) -> list[tuple[object, ...]]:
        """Look into the database beside the store."""
        return self.look(sql, values)


@dataclass(slots=True)
class OpenedFile(Opened):
    """An open store on SQLite."""

    path: Path
    connections: list[apsw.Connection]
    """The store's own."""
    fatal: list[Exception] = field(default_factory=list)

    @property
    def writer(self) -> apsw.Connection:
        """The connection that writes: for tests that break it."""
        (writer,) = [connection for connection in self.connections if not connection.readonly("main")]
        return writer


def look_into(path: Path, sql: str, values: tuple[int | str, ...]) -> list[tuple[object, ...]]:
    """Carry out a statement on a file, beside whoever has it."""
    with closing(apsw.Connection(str(path))) as connection:
        return [tuple(row) for row in connection.execute(sql, values)]


@contextmanager
def open_sqlite(path: Path, options: StoreOptions | None = None) -> Iterator[OpenedFile]:
    """A started store on a file."""
    clock = TestClock()
    fatal: list[Exception] = []
    chosen = options or StoreOptions(on_fatal=fatal.append)
    with watching_connections() as connections:
        store = SqliteStore.open(path, clock=clock, options=chosen)
    with asyncio.Runner() as runner:
        runner.run(store.start())
        try:
            yield OpenedFile(store, runner, clock, partial(look_into, path), path, connections, fatal)
        finally:
            runner.run(store.close())


class PostgresWorld:
    """One database with the world of world.py, put back before each of them to what it was founded with."""

    def __init__(self, server: PostgresServer | None = None) -> None:
        self._server = server or shared_postgres()
        self.name = self._server.create(template="template0" if server else migrated_template())
        self.place = self._server.place(self.name)
        migrate_postgres(self.place)
        with open_postgres(self, PostgresOptions(writer="cli", lanes=1)) as opened:
            opened.save(*FOUNDING)
        tables = [str(row[0]) for row in self.look(_TABLES, ())]
        self.look("CREATE SCHEMA founding", ())
        filled = [table for table in tables if self.look(f"SELECT 1 FROM {table} LIMIT 1", ())]
        for table in filled:
            self.look(f"CREATE TABLE founding.{table} AS SELECT * FROM {table}", ())
        self._founded = ";".join(
            (
                "BEGIN; SET LOCAL session_replication_role = replica",
                *(f"DELETE FROM {table}" for table in tables),
                *(f"INSERT INTO {table} SELECT * FROM founding.{table}" for table in filled),
                "COMMIT",
            )
        )

    def put_back(self) -> None:
        """Undo what the tests before did."""
        self._server.execute(self._founded, database=self.name)

    def look(self, sql: str, values: tuple[int | str, ...]) -> list[tuple[object, ...]]:
        """Carry out a statement beside the store."""
        with psycopg.connect(self.place.url, autocommit=True, cursor_factory=psycopg.RawCursor) as connection:
            cursor = connection.execute(numbered(sql).encode(), values)
            return cursor.fetchall() if cursor.description else []

    def end_connections(self) -> None:
        """Close those of everybody else, as a proxy between may do at any time."""
        self.look(f"SELECT pg_terminate_backend(pid) {_BESIDE}", ())

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """The server process of each connection stands still."""
        pids = [int(str(pid)) for (pid,) in self.look(f"SELECT pid {_BESIDE}", ())]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)


_BESIDE = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"

_TABLES = """
SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
    AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
"""


@cache
def postgres_world() -> PostgresWorld:
    """The one of this process's tests."""
    return PostgresWorld()


@contextmanager
def open_postgres(world: PostgresWorld, options: PostgresOptions | None = None) -> Iterator[Opened]:
    """A started store on a database."""
    clock = TestClock()
    chosen = options or PostgresOptions(lanes=1)
    chosen = replace(chosen, time_of=lambda *_: clock.now_ms, trusts_server=True)
    with asyncio.Runner() as runner:
        store = runner.run(_start(world, chosen))
        try:
            yield Opened(store, runner, clock, world.look)
        finally:
            runner.run(store.close())


async def _start(world: PostgresWorld, options: PostgresOptions) -> PostgresStore:
    store = PostgresStore(world.place, options)
    await store.start()
    return store


@contextmanager
def watching_connections() -> Iterator[list[apsw.Connection]]:
    """Every connection that is opened meanwhile, as apsw tells whoever wants to know."""
    opened: list[apsw.Connection] = []
    apsw.connection_hooks.append(opened.append)
    try:
        yield opened
    finally:
        apsw.connection_hooks.remove(opened.append)


def copy_database(template: Path, folder: Path) -> Path:
    """A database of a test's own."""
    return Path(shutil.copy(template, folder / "callgate.db"))


class FaultyFile(apsw.VFSFile):
    """A file whose writes and syncs do what the test's plan says first."""

    def __init__(self, plan: "Plan", filename: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("", filename, flags)
        name = filename.filename() if isinstance(filename, apsw.URIFilename) else str(filename)
        self._plan = plan
        self._is_log = name.endswith("-wal")

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        """Sync, unless the plan says otherwise."""
        if self._is_log:
            self._plan.syncs += 1
            self._plan.on_sync()
        super().xSync(flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        """Write, unless the plan says otherwise."""
        if self._is_log:
            self._plan.on_write()
        super().xWrite(data, offset)


def go_on() -> None:
    """Hinder nothing."""


@dataclass(slots=True)
class Plan:
    """What the log's file does: called before each sync and each write, in whatever thread commits."""

    on_sync: Callable[[], None] = go_on
    on_write: Callable[[], None] = go_on
    syncs: int = 0


class FaultyDisk(apsw.VFS):
    """A file system over the real one that carries out a plan."""

    def __init__(self, name: str, plan: Plan) -> None:
        super().__init__(name, "")
        self._plan = plan

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        """Open a file that follows the plan."""
        return FaultyFile(self._plan, name, flags)


@dataclass(slots=True)
class Gate:
    """Holds whoever passes until it is opened."""

    arrived: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    def __call__(self) -> None:
        """Wait to be let through."""
        self.arrived.set()
        assert self.opened.wait(20), "nobody opened the gate"
