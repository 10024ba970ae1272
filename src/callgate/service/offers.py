"""What apps of this cell may use: whoever reads what a server can do is answered while the database is away, too."""

import asyncio
from contextlib import suppress
from typing import Final

from callgate.model.facts import OffersFacts
from callgate.model.failure import Unavailable
from callgate.model.lookups import OffersLookup
from callgate.storage.port import Store

WAIT_S: Final = 0.25
"""How long the database may take to say so."""


class Offers:
    """Read each time; where nothing answers, it is what was read last."""

    def __init__(self, store: Store, last: OffersFacts) -> None:
        """Use `open_offers`."""
        self._store = store
        self._last = last
        self._late: asyncio.Task[None] | None = None

    async def look(self) -> OffersFacts:
        """What is offered."""
        if self._late is None or self._late.done():
            looking = asyncio.get_running_loop().create_task(self._look())
            _, late = await asyncio.wait({looking}, timeout=WAIT_S)
            self._late = late.pop() if late else None
        return self._last

    async def _look(self) -> None:
        with suppress(Unavailable):
            self._last = await self._store.read(OffersLookup())


async def open_offers(store: Store) -> Offers:
    """Read them for the first time. Raises Unavailable."""
    return Offers(store, await store.read(OffersLookup()))
