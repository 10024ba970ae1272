"""The seeded call log: 2,000 calls over 90 days, the same ones at every seeding, as offsets from its moment.

The calls keep office hours, on the assumption that seeding happens on a Wednesday at four in the afternoon: offsets
cannot know better. What one call of each kind leaves in the log stands in admin/seed_call_kinds.py.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from callgate.admin.seed_call_kinds import KINDS, Cast, Occasion, make_records
from callgate.crypto.entropy import SeededEntropy
from callgate.model.calls import CallRecord, CallsRecorded, renumber
from callgate.model.ids import ROW_EPOCH_MS, ROW_ORDER_BITS, RowId
from callgate.model.instant import DAY_MS

CALLS: Final = 2000
DAYS: Final = 90
_SEED: Final = 20_201_210
_BATCH: Final = 250

_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 60 * _MINUTE_MS
_SEEDED_AT_MS: Final = 16 * _HOUR_MS
_SEEDED_WEEKDAY: Final = 2
_WEEKDAYS: Final = (1.0, 0.95, 0.9, 0.95, 0.85, 0.12, 0.04)
"""How busy Monday to Sunday are."""

_HOURS: Final = (
    (8, 0.4),
    (9, 0.9),
    (10, 1.0),
    (11, 0.9),
    (12, 0.5),
    (13, 0.7),
    (14, 0.9),
    (15, 0.8),
    (16, 0.6),
    (17, 0.3),
)
"""How busy the hours of a day are; nobody calls outside them."""

_LATEST_MS: Final = (4 * _MINUTE_MS, 17 * _MINUTE_MS, 41 * _MINUTE_MS, 95 * _MINUTE_MS)
"""Ends of calls that are always there, so that the last day and the last hours are never empty."""

T = TypeVar("T")


class Dice:
    """Draws from a fixed seed: the same calls on every machine and version of Python."""

    __slots__ = ("_entropy",)

    def __init__(self, seed: int) -> None:
        self._entropy = SeededEntropy(seed)

    def share(self) -> float:
        """A number from 0 up to 1."""
        return int.from_bytes(self._entropy.random_bytes(6), "big") / (1 << 48)

    def happens(self, *, percent: int) -> bool:
        """Whether something happens this time."""
        return self.share() * 100 < percent

    def digits(self, length: int) -> str:
        """So many hexadecimal digits."""
        return self._entropy.random_bytes(length).hex()[:length]

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high."""
        return low + int(self.share() * (high - low + 1))

    def pick(self, members: Sequence[T]) -> T:
        """One of them."""
        return members[int(self.share() * len(members))]

    def weigh(self, weighed: Sequence[tuple[T, float]]) -> T:
        """One of them, each as often as its weight says."""
        left = self.share() * sum(weight for _, weight in weighed)
        for member, weight in weighed[:-1]:
            left -= weight
            if left < 0:
                return member
        return weighed[-1][0]

    def long_tailed(self, usual: int, most: int) -> int:
        """A duration: mostly about the usual, seldom very long."""
        return min(int(-math.log(1 - self.share()) * usual) + usual // 8, most)


def make_calls(cast: Cast, *, seeded_ms: int) -> tuple[CallRecord, ...]:
    """Every record of the seeded log, oldest first."""
    dice = Dice(_SEED)
    ages_ms = sorted((*_LATEST_MS, *_draw_ages(dice)), reverse=True)
    records: list[CallRecord] = []
    for number, age_ms in enumerate(ages_ms):
        occasion = Occasion(number, seeded_ms - age_ms, dice.weigh(KINDS))
        records.extend(make_records(occasion, cast=cast, dice=dice))
    return tuple(renumber(record, _row_id(record.segment.started_ms, order)) for order, record in enumerate(records))


def batch_calls(records: Sequence[CallRecord]) -> Iterator[CallsRecorded]:
    """The records as changes small enough for one transaction each."""
    for first in range(0, len(records), _BATCH):
        yield CallsRecorded(tuple(records[first : first + _BATCH]))


def _draw_ages(dice: Dice) -> Iterator[int]:
    """How long before the seeding calls began, in milliseconds: all but the few latest."""
    days = [(age, _WEEKDAYS[(_SEEDED_WEEKDAY - age) % 7]) for age in range(DAYS)]
    found = len(_LATEST_MS)
    while found < CALLS:
        time_ms = dice.weigh(_HOURS) * _HOUR_MS + dice.between(0, _HOUR_MS - 1)
        age_ms = dice.weigh(days) * DAY_MS + _SEEDED_AT_MS - time_ms
        # Not in the future, nor too near the end of the 90 days for somebody who looks a little later.
        if _LATEST_MS[-1] < age_ms < DAYS * DAY_MS - _HOUR_MS:
            found += 1
            yield age_ms


def _row_id(started_ms: int, order: int) -> RowId:
    return RowId((started_ms - ROW_EPOCH_MS << ROW_ORDER_BITS) + order)
