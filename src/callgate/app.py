"""The composition root: the only place that builds things from settings.

Floor 4. `running` gives a started server's parts; everything it opens it closes.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

from starlette.types import ASGIApp
from structlog.typing import FilteringBoundLogger

from callgate.config import KeySettings, LogFormat, Settings
from callgate.crypto.entropy import RowIds, SystemEntropy
from callgate.crypto.kek import KeyEncryptionError, KeyEncryptionKey, kek_from_text, load_or_create_kek
from callgate.crypto.password_pool import PasswordPool
from callgate.service.clock import Clock
from callgate.service.context import Context
from callgate.service.events import Events
from callgate.service.keeper import Keeper
from callgate.service.log import open_log
from callgate.service.upkeep import keep_up
from callgate.storage.schema import migrate_file
from callgate.storage.sqlite import SqliteStore, StoreOptions
from callgate.storage.sweep import SteadyClock, sweep_due
from callgate.web.development import development_table
from callgate.web.routes import build


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A started server: the application to serve, and what the command line needs beside it."""

    application: ASGIApp
    context: Context
    log: FilteringBoundLogger


@contextlib.asynccontextmanager
async def running(settings: Settings, *, development: bool = False) -> AsyncIterator[Running]:
    """Open, start, and close again. Migrates the database to this version first.

    Raises:
        AlreadyServed: another server has the database.
        KeyEncryptionError: the key-encryption key is missing, unsafe or not the one that wrapped the keys.
    """
    log = open_log(settings.log.level.value, for_people=settings.log.format is LogFormat.CONSOLE)
    path = settings.database.path
    path.parent.mkdir(parents=True, exist_ok=True)
    migrate_file(path)
    clock = Clock()
    entropy = SystemEntropy()
    async with contextlib.AsyncExitStack() as stack:
        options = StoreOptions(on_fatal=lambda error: _die(log, error))
        store = SqliteStore.open(path, clock=clock.now_ms, options=options)
        stack.push_async_callback(store.close)
        await store.start()
        keeper = Keeper(store, open_kek(settings.keys), entropy, cell=settings.server.cell)
        await keeper.start()
        passwords = PasswordPool(workers=settings.limits.password_workers)
        stack.callback(passwords.close)
        context = Context(
            store=store,
            clock=clock,
            keeper=keeper,
            entropy=entropy,
            row_ids=RowIds(entropy),
            passwords=passwords,
            policy=settings.policy,
            events=Events(log),
        )
        steady = SteadyClock(clock.now_ms)
        sweep = partial(_sweep, store, steady)
        upkeep = asyncio.get_running_loop().create_task(keep_up(keeper, sweep, log))
        stack.callback(upkeep.cancel)
        tables = (development_table(context),) if development else ()
        yield Running(application=build(context, log, development=tables), context=context, log=log)


def open_kek(keys: KeySettings) -> KeyEncryptionKey:
    """The key outside the database: the setting's, or its file's, which is made when there is none yet.

    Raises:
        KeyEncryptionError: neither is set, or the file is unsafe or unreadable.
    """
    if keys.key_encryption_key is not None:
        return kek_from_text(keys.key_encryption_key.get_secret_value())
    if keys.key_encryption_key_file is None:
        raise KeyEncryptionError("set keys.key_encryption_key_file to a file outside the database's folder")
    return load_or_create_kek(keys.key_encryption_key_file, SystemEntropy())


async def _sweep(store: SqliteStore, steady: SteadyClock) -> None:
    await sweep_due(store, steady())


def _die(log: FilteringBoundLogger, error: Exception) -> None:
    """What was written cannot be known any more: stop, so that the next start reads it from the disk."""
    log.critical("storage", outcome="fatal", trouble=str(error))
    os.kill(os.getpid(), signal.SIGTERM)
