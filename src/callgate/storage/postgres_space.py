"""Space that a crowd of sessions leaves on PostgreSQL (docs/adr/0095-indexes-made-anew.md).

Autovacuum cuts empty pages off the end of a table, and never off an index: those much larger than what is in them are
made anew, one at a time, beside everybody who uses them.
"""

from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Final

from callgate.storage.load_space import claim_shrinking, find_left_over, find_loose
from callgate.storage.load_view import View
from callgate.storage.postgres_asking import PostgresView, carry_out
from callgate.storage.postgres_errors import Lost, Refused, as_failure
from callgate.storage.postgres_link import Link, Statement
from callgate.storage.postgres_servers import Servers
from callgate.storage.rows import Row
from callgate.storage.save_upkeep import DROP_LEFT_OVER, MAKE_ANEW

REST_S: Final = 3600.0
"""How long an index is left alone once it was made anew; and all are when that failed: somebody's transaction is open,
a backup's perhaps."""

ANEW_S: Final = 600.0
"""How long one index may take."""

_PATIENTLY: Final[Statement] = ("SET statement_timeout = 0", ())


class Space:
    """Makes indexes anew, on a connection of its own."""

    def __init__(self, servers: Servers, stamp_of: Callable[[Row], int]) -> None:
        self._servers = servers
        self._view = PostgresView(stamp_of)
        self._rests_until_s = 0.0
        self._alone_until_s: dict[str, float] = {}

    def find(self, view: View) -> str | None:
        """The largest index that is loose and whose turn it is."""
        now_s = monotonic()
        if now_s < self._rests_until_s:
            return None
        return next((name for name in find_loose(view) if now_s >= self._alone_until_s.get(name, 0.0)), None)

    async def make_anew(self, name: str) -> bool:
        """Make an index anew, unless another process is at it; tells whether it did. Raises Unavailable."""
        self._rests_until_s = monotonic() + REST_S
        try:
            link = await self._servers.connect()
            try:
                made = await self._make_anew(link, name)
            finally:
                link.close()
        except (Lost, Refused) as error:
            raise as_failure(error) from error
        self._rests_until_s = 0.0
        return made

    async def _make_anew(self, link: Link, name: str) -> bool:
        if not await carry_out(link, partial(claim_shrinking, self._view)):
            return False
        link.round_s = ANEW_S
        await link.ask([_PATIENTLY])
        for left_over in await carry_out(link, partial(find_left_over, self._view)):
            await link.ask([(DROP_LEFT_OVER.format(left_over), ())])
        self._alone_until_s[name] = monotonic() + REST_S
        await link.ask([(MAKE_ANEW.format(name), ())])
        return True
