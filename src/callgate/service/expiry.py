"""Credentials about to expire, told to the log 30 days, 7 days and one day before."""

from structlog.typing import FilteringBoundLogger

from callgate.model.instant import render_instant
from callgate.model.radar import ExpiringLookup
from callgate.service.clock import Clock
from callgate.storage.port import Store

LOOK_S = 3600
"""How often it is looked; each look tells of those that came closer than a mark since the one before."""

_DAY_MS = 24 * 3600 * 1000
_MARKS_DAYS = (30, 7, 1)


class Warner:
    """Tells of each credential once for each mark. Where the server was off at the time, the next mark tells."""

    def __init__(self, store: Store, clock: Clock, log: FilteringBoundLogger) -> None:
        self._store = store
        self._clock = clock
        self._log = log

    async def warn(self) -> None:
        """One look, three small reads. Raises Unavailable."""
        now_ms = self._clock.now_ms()
        for days in _MARKS_DAYS:
            mark_ms = now_ms + days * _DAY_MS
            facts = await self._store.read(ExpiringLookup(mark_ms - LOOK_S * 1000, mark_ms))
            for each in facts.credentials:
                assert each.expires_ms is not None, "it was found by its expiry"
                self._log.warning(
                    "credentials",
                    outcome="expiring",
                    days=days,
                    credential_id=each.id,
                    account_id=each.account_id,
                    extension_id=each.extension_id,
                    expires=render_instant(each.expires_ms),
                )
