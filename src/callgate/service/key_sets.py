"""Key sets of outside issuers, fetched and kept: fresh enough for a rotation, bounded for whoever makes up key ids.

A set is fetched at its first need and again when it is older than five minutes, or when a token names a key it lacks
and the last look is half a minute old. Callers at the same time share one fetch. While the issuer cannot be reached, a
set is good for a day, and the issuer is asked again after a pause that doubles up to five minutes. Every process keeps
its own.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from callgate.crypto.jwks import ClientJwks, JwksRefused, read_issuer_jwks
from callgate.model.fetch import NotFetched
from callgate.service.fetch import Fetcher

FRESH_S = 300.0
"""How long a key that its issuer withdrew goes on being trusted, at most, while the issuer answers."""

LOOK_AGAIN_S = 30.0
"""A key id nobody knows costs the issuer one request in this time, whoever sends how many."""

STALE_S_MAX = 24 * 3600.0
PAUSE_S = 5.0
PAUSE_S_MAX = 300.0
SETS_MAX = 512
"""Some 10 KiB each. The one not asked for longest goes first."""

Wanted = Callable[[ClientJwks], bool]


@dataclass
class _Kept:
    keys: ClientJwks | None = None
    fetched_s: float = 0.0
    tried_s: float = 0.0
    failures: int = 0
    why: str = ""
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class NoKeys:
    """There is no key set to verify with, now; `why` is for an administrator."""

    why: str


class KeySets:
    """Gives the keys published at an address."""

    def __init__(self, fetcher: Fetcher, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._fetcher = fetcher
        self._monotonic = monotonic
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    async def get(self, url: str, *, wanted: Wanted) -> ClientJwks | NoKeys:
        """The keys, fetched anew if they are old, or lack what is wanted and may have it by now."""
        kept = self._kept.setdefault(url, _Kept())
        self._kept.move_to_end(url)
        while len(self._kept) > SETS_MAX:
            self._kept.popitem(last=False)
        if self._is_due(kept, wanted):
            async with kept.looking:
                if self._is_due(kept, wanted):  # whoever held the lock may have brought it
                    await self._look(kept, url)
        if kept.keys is None or self._monotonic() - kept.fetched_s > STALE_S_MAX:
            return NoKeys(kept.why)
        return kept.keys

    def _is_due(self, kept: _Kept, wanted: Wanted) -> bool:
        now_s = self._monotonic()
        if kept.failures:
            return now_s - kept.tried_s >= min(PAUSE_S * float(1 << (kept.failures - 1)), PAUSE_S_MAX)
        if kept.keys is None:
            return True
        return now_s - kept.fetched_s >= (FRESH_S if wanted(kept.keys) else LOOK_AGAIN_S)

    async def _look(self, kept: _Kept, url: str) -> None:
        read = await fetch_keys(self._fetcher, url)
        kept.tried_s = self._monotonic()
        if isinstance(read, NoKeys):
            kept.failures = min(kept.failures + 1, 16)
            kept.why = read.why
            return
        kept.keys, kept.fetched_s, kept.failures = read, kept.tried_s, 0


async def fetch_keys(fetcher: Fetcher, url: str) -> ClientJwks | NoKeys:
    """The keys published at an address now."""
    got = await fetcher.get(url)
    if isinstance(got, NotFetched):
        return NoKeys(f"the key set at {url} was not fetched: {got}")
    read = read_issuer_jwks(got.body.decode("utf-8", "replace"))
    if isinstance(read, JwksRefused):
        return NoKeys(f"the key set at {url} cannot be used: {read.reason.value}")
    return read
