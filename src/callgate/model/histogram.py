"""A histogram that costs next to nothing to add to: how many values fell under each bound, and what they came to.

Whoever shows it adds up what is below each bound; here nothing is summed twice.
"""

from bisect import bisect_left
from itertools import accumulate


class Histogram:
    """Counts of values by ascending bounds; the last count is of those above all of them."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count a value; one that equals a bound is under it."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def at_most(self) -> tuple[int, ...]:
        """How many values were at most each bound, and last how many there were at all."""
        return tuple(accumulate(self.counts))
