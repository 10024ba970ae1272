"""Shelves: small records that limits are counted in, kept beside the database because they may be lost.

A record is changed by one pure step, `(record, now) -> (record after, outcome)`, of which no two overlap for one key.
The time is the shelf's, so that all who share one have the same. Here are the port and the shelf of a single process;
shelf_redis.py has the one that several share. Nothing on a shelf may be needed for an answer to be right, only for it
to be slow in coming.
"""

from collections.abc import Callable
from itertools import islice
from typing import Final, Generic, Protocol, TypeVar

R = TypeVar("R")
T = TypeVar("T")

Key = tuple[str | int, ...]

Step = Callable[[R | None, int], tuple[R | None, T]]
"""Judges a record at a time (ms): None before means that there is none, None after that none is to be kept."""

RECORDS_MAX: Final = 50_000


class Shelf(Protocol[R]):
    """Records of one kind by their key."""

    async def change(self, key: Key, step: Step[R, T]) -> T:
        """Run a step on a record, and keep what comes of it for as long as the shelf keeps anything."""


class MemoryShelf(Generic[R]):
    """Records of one process. Where there is no more room, the lightest go first, of these the longest untouched.

    So whoever wants a heavy record forgotten must fill the shelf with records as heavy.
    """

    def __init__(
        self,
        clock: Callable[[], int],
        *,
        keep_ms: int,
        records_max: int = RECORDS_MAX,
        weigh: Callable[[R], int] | None = None,
        weights: int = 1,
    ) -> None:
        """`weigh` gives 0 to `weights` - 1."""
        self._clock = clock
        self.keep_ms = keep_ms
        self._room = records_max
        self._weigh = weigh
        self._layers: tuple[dict[Key, tuple[R, int]], ...] = tuple({} for _ in range(weights))

    async def change(self, key: Key, step: Step[R, T]) -> T:
        """Run a step: there is no `await` within, so that none overlaps."""
        now_ms = self._clock()
        before = None
        for layer in self._layers:
            before = layer.pop(key, None)
            if before is not None:
                break
        after, outcome = step(before[0] if before is not None and now_ms < before[1] else None, now_ms)
        if after is not None:
            # Back at the end of its layer: the order of a dict is the order of use.
            self._layers[self._weigh(after) if self._weigh else 0][key] = after, now_ms + self.keep_ms
            if before is None:
                self._make_room(now_ms, newest=key)
        return outcome

    def __len__(self) -> int:
        return sum(len(layer) for layer in self._layers)

    def _make_room(self, now_ms: int, *, newest: Key) -> None:
        """Drop the two oldest of each layer if their time is over, and one more if there are too many.

        Never the newest: if light records could not come in, none would ever become heavy.
        """
        for layer in self._layers:
            for key in tuple(islice(layer, 2)):
                if layer[key][1] <= now_ms:
                    del layer[key]
        if len(self) > self._room:
            layer, key = next((layer, key) for layer in self._layers for key in layer if key != newest)
            del layer[key]
