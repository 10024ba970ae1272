"""What limits are counted on, and refusals told on, opened as the settings say: one process's memory, or Redis."""

import contextlib
from collections.abc import AsyncIterator
from typing import NamedTuple

from structlog.typing import FilteringBoundLogger

from callgate.config import Settings
from callgate.model.device import DEVICE_CODE_TTL_S
from callgate.model.guesses import DAY_MS, Tally
from callgate.model.limits import WINDOW_S, Meter
from callgate.protocol.device import Poll
from callgate.protocol.guesses import TALLY_WEIGHTS, weigh
from callgate.service.clock import Clock
from callgate.service.retold import KEEP_MS, Sealed
from callgate.storage.shelf import MemoryShelf, Shelf


class Shelves(NamedTuple):
    """What limits are counted on, and refusals told on."""

    meters: Shelf[Meter]
    tallies: Shelf[Tally]
    polls: Shelf[Poll]
    refusals: Shelf[Sealed] | None
    """What other processes are told of (service/retold.py); None where there are none to tell."""


@contextlib.asynccontextmanager
async def open_shelves(settings: Settings, clock: Clock, *, log: FilteringBoundLogger) -> AsyncIterator[Shelves]:
    """In this process's memory, or shared with others, and then in memory while they cannot be shared."""
    meters: MemoryShelf[Meter] = MemoryShelf(clock.now_ms, keep_ms=2 * WINDOW_S * 1000)
    tallies: MemoryShelf[Tally] = MemoryShelf(clock.now_ms, keep_ms=2 * DAY_MS, weigh=weigh, weights=TALLY_WEIGHTS)
    polls: MemoryShelf[Poll] = MemoryShelf(clock.now_ms, keep_ms=DEVICE_CODE_TTL_S * 1000)
    store = settings.limits.counters
    if store is None:
        yield Shelves(meters, tallies, polls, None)
        return
    # What could not be told is told to nobody: it is remembered by whoever refused.
    refusals: MemoryShelf[Sealed] = MemoryShelf(clock.now_ms, keep_ms=KEEP_MS, records_max=1)
    from callgate.storage.shelf_redis import Link, RedisShelves  # noqa: PLC0415 - whoever has none waits for none

    def told(trouble: Exception | None) -> None:
        if trouble is None:
            log.info("limits", outcome="shared", store=repr(store))
        else:
            log.warning("limits", outcome="alone", store=repr(store), trouble=repr(trouble))

    link = Link(store, told)
    shared = RedisShelves(link, ahead_ms=lambda: clock.ahead_ms, name=f"callgate:{settings.server.cell}")
    try:
        await link.open()
        yield Shelves(
            shared.share("meter", Meter._make, spare=meters),
            shared.share("tally", Tally._make, spare=tallies),
            shared.share("poll", Poll._make, spare=polls),
            shared.share("refusal", Sealed._make, spare=refusals),
        )
    finally:
        await link.close()
