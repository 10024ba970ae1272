"""Upkeep: what happens by the clock and not by a request. Keys are reloaded and rotated, expired rows swept."""

import asyncio
from collections.abc import Awaitable, Callable

from structlog.typing import FilteringBoundLogger

from callgate.crypto.kek import KeyEncryptionError
from callgate.crypto.rotation import RELOAD_MS
from callgate.model.failure import Unavailable
from callgate.service.expiry import LOOK_S
from callgate.service.keeper import Keeper

KEYS_S = RELOAD_MS // 1000
"""To look whether a rotation is due costs one read, so a key that somebody publishes waits no longer than it must."""

SWEEP_S = 60

Work = Callable[[], Awaitable[object]]


async def keep_up(keeper: Keeper, sweep: Work, *, warn: Work, log: FilteringBoundLogger) -> None:
    """Run until cancelled; a failure is logged and tried again at its next time."""
    async with asyncio.TaskGroup() as group:
        group.create_task(every(KEYS_S, keeper.reload, log=log))
        group.create_task(every(KEYS_S, keeper.rotate, log=log))
        group.create_task(every(SWEEP_S, sweep, log=log))
        group.create_task(every(LOOK_S, warn, log=log))


async def every(seconds: int, work: Work, *, log: FilteringBoundLogger) -> None:
    """One of these works, again and again, until cancelled."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
        except Unavailable as trouble:
            log.warning("upkeep", outcome="unavailable", trouble=str(trouble))
        except KeyEncryptionError as trouble:
            # The key file was changed under us: what is loaded goes on working, and a restart reads the file anew.
            log.error("upkeep", outcome="keys unreadable", trouble=str(trouble))  # noqa: TRY400 - the line says it all
        except Exception:  # a defect in one work must not end the others; the log shouts it every time
            log.exception("upkeep", outcome="defect")
