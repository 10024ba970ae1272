"""The servers of one URL, as the connections of a store reach them: the one that is written, and can be.

A leader that is cut off says that it is written, and cannot commit: it is asked a moment after the others.
"""

import asyncio
from contextlib import suppress
from time import monotonic
from typing import Final

from callgate.model.database import PostgresPlace
from callgate.storage.postgres_errors import Lost, Refused, Unfit
from callgate.storage.postgres_link import Link

REST_S: Final = 0.2
"""How long servers that could not be reached are not tried again."""

SHUNNED_S: Final = 30.0
"""How long one that did not answer a commit is asked after the others."""


class Servers:
    """All that a URL names. `trusted`: none is left for what it says of its settings."""

    def __init__(self, place: PostgresPlace, *, trusted: bool = False) -> None:
        self._place = place
        self._trusted = trusted
        self._rests_until_s = 0.0
        self._shunned: int | None = None
        self._shunned_until_s = 0.0

    async def connect(self) -> Link:
        """Connect to the one that is written, unless it may lose what it says it has. Raises Lost, Unfit and Refused.

        It is asked each time: after a failover another one answers, which somebody else may have set up.
        """
        if monotonic() < self._rests_until_s:
            raise Lost("the server did not answer a moment ago")
        try:
            link = await Link.open(self._place, last=self._last)
            self._require_careful(link)
        except Lost:
            self._rests_until_s = monotonic() + REST_S
            raise
        return link

    async def find_other(self, former: Link) -> Link:
        """Connect to another server than this one, as soon as one is written. One that is asked last is not asked."""
        while True:
            with suppress(Lost, Refused):
                link = await Link.open(self._place, but={former.host, self._last})
                self._require_careful(link)
                return link
            await asyncio.sleep(REST_S)

    @property
    def _last(self) -> int | None:
        """The place of the one that is asked after the others."""
        return self._shunned if monotonic() < self._shunned_until_s else None

    def _require_careful(self, link: Link) -> None:
        careless = None if self._trusted else link.settings.careless
        if careless is not None:
            self.shun(link)
            link.close()
            raise Unfit(f"{self._place} has {careless}: it may lose what it says it has; set it to on")

    def shun(self, link: Link) -> None:
        """It did not answer a commit, or may lose it: if another is written, that is the one."""
        self._shunned, self._shunned_until_s = link.host, monotonic() + SHUNNED_S
