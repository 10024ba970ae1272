"""The composition root: the only place that builds things from settings.

Floor 4. `running` gives a started server's parts; everything it opens it closes. `CommandLine` gives commands theirs,
and `main` is what the console script runs.
"""

import asyncio
import contextlib
import errno
import gc
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import uvloop
from starlette.types import ASGIApp
from structlog.typing import FilteringBoundLogger

from callgate.admin.composition import AuditSeen, ChainSeen, DatabaseSeen, Progress
from callgate.admin.entry import run_cli
from callgate.admin.notify import announce
from callgate.admin.station import Station, Unsupervised
from callgate.admin.supervisor import Left, supervise
from callgate.admin.world import WorldFolder
from callgate.config import KeySettings, LogFormat, Place, Settings, load_settings
from callgate.crypto.entropy import RowIds, SystemEntropy
from callgate.crypto.kek import KeyEncryptionError, KeyEncryptionKey, kek_from_text, load_kek, load_or_create_kek
from callgate.crypto.kek_change import add_kek, drop_old_keks
from callgate.crypto.password_pool import PasswordPool
from callgate.model.database import CopiedTable
from callgate.model.failure import Unavailable
from callgate.model.lookups import KeysLookup
from callgate.service.administer.desk import Desk, desk_of
from callgate.service.administer.people import keep_predefined_roles
from callgate.service.cells import open_cells
from callgate.service.clock import Clock
from callgate.service.context import Context
from callgate.service.events import Events
from callgate.service.expiry import Warner
from callgate.service.fetch import Fetcher
from callgate.service.figures import Connections
from callgate.service.keeper import Keeper
from callgate.service.key_sets import KeySets
from callgate.service.limits import Limits
from callgate.service.log import open_log
from callgate.service.offers import open_offers
from callgate.service.own_cell import start_as
from callgate.service.polls import Polls
from callgate.service.readiness import Readiness
from callgate.service.retold import Retold
from callgate.service.shelves import open_shelves
from callgate.service.tallies import Tallies
from callgate.service.upkeep import keep_up
from callgate.storage.backup import back_up, compact, restore
from callgate.storage.engines import copy, explain_trouble, look_over, migrate, open_store, verify
from callgate.storage.port import Engine, Store
from callgate.storage.sqlite import StoreOptions
from callgate.storage.sweep import SteadyClock, sweep_due

_NO_DATABASE = "there is no database: `callgate db migrate` makes one, and `callgate dev` prints how to use its own"

GC_THRESHOLD = 20_000
"""Objects made beyond those dropped before the young ones are walked: a request makes hundreds and keeps none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A started server: the application to serve, and what the command line needs beside it."""

    application: ASGIApp
    context: Context
    store: Engine
    log: FilteringBoundLogger


@contextlib.asynccontextmanager
async def running(settings: Settings, *, development: bool = False) -> AsyncIterator[Running]:
    """Open, start, and close again. Migrates the database to this version first.

    Raises:
        InUse, ConfigError: another server has the database, or it is being replaced or copied; it is another cell's.
        KeyEncryptionError: the key-encryption key is missing, unsafe or not the one that wrapped the keys.
        Unavailable: at the end, when the store failed.
    """
    from callgate.web.development import development_table  # noqa: PLC0415 - the command line waits for no web
    from callgate.web.network import Networks  # noqa: PLC0415 - likewise
    from callgate.web.routes import build  # noqa: PLC0415 - likewise

    log, clock, entropy = _open_log(settings), Clock(), SystemEntropy()
    migrate(place := settings.database.place)
    fatal: list[Exception] = []

    def die(error: Exception) -> None:
        # What was written cannot be known any more: stop, so that the next start reads it from the disk.
        log.critical("storage", outcome="fatal", trouble=str(error))
        fatal.append(error)
        os.kill(os.getpid(), signal.SIGTERM)

    async with contextlib.AsyncExitStack() as stack:
        store = open_store(place, clock=clock, options=StoreOptions(on_fatal=die))
        stack.push_async_callback(store.close)
        await start_as(settings.server.cell, store, log=log)
        keeper = Keeper(store, await open_kek(settings.keys, store), entropy, cell=settings.server.cell)
        await keeper.start()
        passwords = PasswordPool(workers=settings.limits.password_workers, processes=settings.server.workers)
        stack.callback(passwords.close)
        shelves = await stack.enter_async_context(open_shelves(settings, clock, log=log))
        fetcher = Fetcher(settings.fetch.rules, ca_file=settings.fetch.ca_file)
        traces = await stack.enter_async_context(_traces(settings, log=log))
        context = Context(
            store=store if traces is None else traces.around(store),
            clock=clock,
            keeper=keeper,
            entropy=entropy,
            row_ids=RowIds(entropy),
            passwords=passwords,
            policy=settings.policy,
            events=Events(log, Retold(shelves.refusals, keeper, clock) if shelves.refusals else None),
            fetcher=fetcher,
            key_sets=KeySets(fetcher),
            offers=await open_offers(store),
            limits=Limits(settings.limits.rates_charged, shelves.meters),
            tallies=Tallies(settings.limits.guessing, shelves.tallies),
            polls=Polls(shelves.polls),
            readiness=Readiness(store),
            cells=await stack.enter_async_context(open_cells(settings, store, clock=clock, entropy=entropy, log=log)),
        )
        stack.callback(asyncio.get_running_loop().create_task(_keep_up(keeper, store, clock=clock, log=log)).cancel)
        networks = Networks(settings.server.trusted_proxies, settings.server.forwarded_field)
        more = (development_table(context),) if development else ()
        door = build(context, log, networks=networks, tells=settings.log.requests, development=more)
        application = door if traces is None else traces.around_door(door, networks)
        yield Running(application=application, context=context, store=store, log=log)
        if fatal:  # not an orderly end: whoever supervises the process is to start it again
            raise Unavailable(f"it is unknown what the last commit did: {fatal[0]}") from fatal[0]


def _open_log(settings: Settings) -> FilteringBoundLogger:
    return open_log(settings.log.level.value, for_people=settings.log.format is LogFormat.CONSOLE)


class _Traces(NamedTuple):
    """What tracing puts around a store and a door."""

    around: Callable[[Store], Store]
    around_door: Callable[..., ASGIApp]


@contextlib.asynccontextmanager
async def _traces(settings: Settings, *, log: FilteringBoundLogger) -> AsyncIterator[_Traces | None]:
    """Where finished spans go, if requests are to be traced; what waits is sent at the end."""
    endpoint = settings.traces.endpoint
    if endpoint is None:
        yield None
        return
    from callgate.service.traces import TracedStore, Traces  # noqa: PLC0415 - whoever traces nothing waits for none
    from callgate.web.traces import Traced  # noqa: PLC0415 - likewise

    traces = Traces(endpoint, ratio=settings.traces.ratio, cell=settings.server.cell, log=log)
    try:
        yield _Traces(
            lambda store: TracedStore(store, traces.tracer),
            lambda door, networks: Traced(door, traces.tracer, networks=networks),
        )
    finally:
        await traces.close()


async def open_kek(keys: KeySettings, store: Store) -> KeyEncryptionKey:
    """The key outside the database: the setting's, or its file's, which is made only where nothing is wrapped yet.

    Raises:
        KeyEncryptionError: neither is set, or the file is unsafe or unreadable, or lost.
    """
    if keys.key_encryption_key is not None:
        return kek_from_text(keys.key_encryption_key.get_secret_value())
    if keys.key_encryption_key_file is None:
        raise KeyEncryptionError("set keys.key_encryption_key_file to a file outside the database's folder")
    if (await store.read(KeysLookup())).keys:
        return load_kek(keys.key_encryption_key_file)
    return load_or_create_kek(keys.key_encryption_key_file, SystemEntropy())


async def _keep_up(keeper: Keeper, store: Engine, *, clock: Clock, log: FilteringBoundLogger) -> None:
    steady = SteadyClock(clock.earlier_ms)
    warn = Warner(store, clock, log).warn
    await keep_up(keeper, lambda: sweep_due(store, clock.agreed(steady())), warn=warn, log=log)


class CommandLine:
    """What the command line is given: this module's parts, opened for one command (admin/composition.py)."""

    def load(self, file: Path | None) -> Settings:
        """Settings of this run. Raises ConfigError."""
        return load_settings(file)

    def describe(self, settings: Settings) -> dict[str, object]:
        """The server's OpenAPI document."""
        from callgate.web.openapi import describe_server  # noqa: PLC0415 - no other command waits for it

        return describe_server(settings.server.issuer, statuses=settings.wire.statuses)

    @contextlib.asynccontextmanager
    async def desk(self, settings: Settings, *, by: str) -> AsyncIterator[Desk]:
        """The database opened beside whoever serves it; the keys only when they are asked for."""
        place = settings.database.place
        if isinstance(place, Path) and not place.exists():
            raise OSError(errno.ENOENT, _NO_DATABASE, str(place))
        clock, entropy = Clock(), SystemEntropy()
        async with contextlib.AsyncExitStack() as stack:
            store = open_store(place, clock=clock, options=StoreOptions(writer="cli", exclusive=False))
            stack.push_async_callback(store.close)
            await store.start()
            passwords = PasswordPool(workers=settings.limits.password_workers)
            stack.callback(passwords.close)

            async def keeper() -> Keeper:
                opened = Keeper(store, await open_kek(settings.keys, store), entropy, cell=settings.server.cell)
                await opened.start()
                return opened

            yield Desk(
                store=store,
                clock=clock,
                entropy=entropy,
                row_ids=RowIds(entropy),
                passwords=passwords,
                policy=settings.policy,
                keeper=keeper,
                fetcher=Fetcher(settings.fetch.rules, ca_file=settings.fetch.ca_file),
                by=by,
            )

    def migrate(self, settings: Settings) -> bool:
        """Bring the database to this version, with the predefined roles; tells whether there was anything to do."""
        changed = migrate(settings.database.place)
        asyncio.run(self._keep_roles(settings))
        return changed

    def back_up(self, settings: Settings, to: Path, *, progress: Progress) -> None:
        """Copy the database while it is served."""
        back_up(settings.database.path, to, progress=progress)

    def restore(self, settings: Settings, backup: Path, *, progress: Progress) -> None:
        """Put a backup in the database's place, with every session issued until now over."""
        restore(backup, settings.database.path, clock=Clock().now_ms, by="cli", progress=progress)

    def compact(self, settings: Settings) -> tuple[int, int]:
        """Write the SQLite file anew without what is free in it; gives its bytes before and after."""
        return compact(settings.database.path)

    def copy(self, source: Place, target: Place, *, progress: Progress) -> tuple[CopiedTable, ...]:
        """Copy a database that nobody has into one that is empty, and compare all of it."""
        return copy(source, target, progress=progress)

    def look_over(self, settings: Settings) -> DatabaseSeen:
        """How large the database is, and what SQLite finds wrong with the file."""
        return DatabaseSeen(*look_over(settings.database.place))

    def verify_audit(self, settings: Settings, *, progress: Progress, cut_before_ms: int = 0) -> AuditSeen:
        """Check every audit chain, and find the newest link of each that was written before a moment."""
        report = verify(settings.database.place, progress, cut_before_ms=cut_before_ms)
        chains = (
            ChainSeen(each.writer, each.links, each.pruned, each.entries, each.head.hex()) for each in report.chains
        )
        breaks = (f"link {each.seq} of {each.writer}: {each.why}" for each in report.breaks)
        cuts = (each.cut for each in report.chains if each.cut is not None)
        return AuditSeen(tuple(chains), tuple(breaks), tuple(cuts))

    def add_key_encryption_key(self, file: Path) -> str:
        """Write a new key into the key file, before those it holds; gives the new key's id."""
        return add_kek(file, SystemEntropy()).id

    def drop_old_key_encryption_keys(self, file: Path) -> int:
        """Keep only the first key of the file; tells how many went."""
        return drop_old_keks(file, SystemEntropy())

    def serve(self, settings: Settings, left: Left | None) -> int:
        """Serve until told to stop; gives the exit status."""
        from callgate.admin import listening  # noqa: PLC0415 - the command line waits for no web
        from callgate.web import deadline, routes  # noqa: F401, PLC0415 - likewise; imported once for all workers

        listener = listening.bind(settings.server) if left is None else socket.socket(fileno=left.listener)
        station = supervise(
            settings, listener, left=left, announce=partial(announce, settings), log=_open_log(settings)
        )
        if isinstance(station, int):
            return station
        uvloop.run(self._serve(settings, listener, station=station))
        return 0

    def serve_development(self, settings: Settings, world: WorldFolder) -> None:
        """Seed if empty, then serve with the development clock until told to stop."""
        from callgate.admin.dev import announce_world  # noqa: PLC0415 - what seeds a world is no part of a server
        from callgate.admin.listening import bind  # noqa: PLC0415 - the command line waits for no web

        station = Unsupervised(partial(announce_world, settings, world))
        uvloop.run(self._serve(settings, bind(settings.server), station=station, world=world))

    def explain(self, error: Exception) -> str | None:
        """A line for a failure of the world; None for a defect, which is ours."""
        match error:
            case Unavailable():
                return f"the database cannot be used now: {error}"
            case KeyEncryptionError():
                return str(error)
            case OSError():
                return f"{error.strerror}: {error.filename}" if error.filename else str(error.strerror or error)
            case _:
                return explain_trouble(error)

    async def _wait_turn(self, settings: Settings, station: Station) -> None:
        """Find out what would go wrong once the former process has given its database up; then wait until it has."""
        if station.succeeds and settings.database.has_one_server:
            migrate(settings.database.place)
            async with self.desk(settings, by="cli") as desk:
                await desk.keeper()
        station.wait_turn()

    async def _keep_roles(self, settings: Settings) -> None:
        async with self.desk(settings, by="cli") as desk:
            await keep_predefined_roles(desk)

    async def _serve(
        self,
        settings: Settings,
        listener: socket.socket,
        *,
        station: Station | Unsupervised,
        world: WorldFolder | None = None,
    ) -> None:
        from callgate.admin.listening import Serving, listen  # noqa: PLC0415 - the command line waits for no web
        from callgate.web.deadline import bounded_protocol  # noqa: PLC0415 - likewise

        # The thread that commits needs the interpreter twice a commit, and the busy loop gives it up this often.
        sys.setswitchinterval(0.0005)
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(listener.close)
            if isinstance(station, Station):
                await self._wait_turn(settings, station)
            server = await stack.enter_async_context(running(settings, development=world is not None))
            desk = desk_of(server.context, by="cli" if world is None else "seed")
            await (keep_predefined_roles(desk) if world is None else _settle(desk, world))
            protocol = bounded_protocol(connections_max=settings.limits.connections_max, log=server.log)
            await stack.enter_async_context(_watching(server, settings, connections=protocol.watch))
            # What was made until now lives as long as the process: the collector need not walk it, nor look as often.
            gc.collect()
            gc.freeze()
            gc.set_threshold(GC_THRESHOLD, 20, 20)
            serving = Serving(
                application=server.application,
                protocol=protocol,
                settings=settings.server,
                on_ready=station.say_ready,
                on_end=partial(station.say_end, server.context.readiness.leave),
                share=station.share,
            )
            await listen(serving, listener)


async def _settle(desk: Desk, world: WorldFolder) -> None:
    from callgate.admin.dev import settle_world  # noqa: PLC0415 - what seeds a world is no part of a server

    await settle_world(desk, world)


@contextlib.asynccontextmanager
async def _watching(server: Running, settings: Settings, *, connections: Connections) -> AsyncIterator[None]:
    """The second address, for whoever watches the server, if there is to be one."""
    if settings.metrics.port is None:
        yield
        return
    from callgate.admin.listening import Beside  # noqa: PLC0415 - only where it is asked for
    from callgate.service.metrics import Metrics  # noqa: PLC0415 - likewise
    from callgate.web.deadline import bounded_protocol  # noqa: PLC0415 - likewise
    from callgate.web.watching import WATCHERS_MAX, build_watching  # noqa: PLC0415 - likewise

    metrics = Metrics(server.context, server.store, connections=connections, cell=settings.server.cell)
    counting = asyncio.get_running_loop().create_task(metrics.keep_counting(server.log))
    beside = Beside(
        application=build_watching(server.context, metrics, server.log),
        protocol=bounded_protocol(connections_max=WATCHERS_MAX, log=server.log),
        host=settings.metrics.host,
        ports=range(settings.metrics.port, settings.metrics.port + max(settings.server.workers, 1)),
        told=lambda error: server.log.warning("metrics", outcome="waiting", trouble=str(error)),
    )
    async with beside.listening():
        yield
    counting.cancel()


def main() -> None:
    """The console script."""
    run_cli(CommandLine())
