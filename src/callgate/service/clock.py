"""The clock: the one reader of the time of day. It never goes back, and whoever shares a database shares its time."""

import time
from typing import Final

_MS: Final = 1_000_000
_S: Final = 1_000_000_000


class Clock:
    """Milliseconds since 1970: the machine's, or the database's once that was heard.

    A step forward is believed, since it may be that the machine slept: what ended meanwhile has ended. After a step
    back the time goes on at half its pace until the world has caught up: nothing lives twice, or longer than twice its
    time. See docs/adr/0087-one-clock.md.
    """

    __slots__ = ("_ahead_ns", "_heard_at_ns", "_heard_ns", "_last_at_ns", "_last_ns")

    def __init__(self) -> None:
        self._ahead_ns = 0
        self._heard_ns: int | None = None
        self._heard_at_ns = 0
        self._last_ns = 0
        self._last_at_ns = time.monotonic_ns()

    def now_ms(self) -> int:
        """The time of day, plus what development has advanced it by."""
        at_ns = time.monotonic_ns()
        heard_ns = self._heard_ns
        told_ns = time.time_ns() if heard_ns is None else heard_ns + at_ns - self._heard_at_ns
        steady_ns = self._last_ns + (at_ns - self._last_at_ns) // 2
        self._last_ns = now_ns = max(told_ns + self._ahead_ns, steady_ns)
        self._last_at_ns = at_ns
        return now_ns // _MS

    def hear(self, told_ms: int) -> int:
        """Go by a clock that others go by too, from what it said a moment ago; gives the time."""
        self._heard_ns, self._heard_at_ns = told_ms * _MS, time.monotonic_ns()
        return self.now_ms()

    @property
    def ahead_ms(self) -> int:
        """What development has advanced it by, for times that somebody else's clock gives."""
        return self._ahead_ns // _MS

    def earlier_ms(self) -> int:
        """The time that the machine agrees has come: for what cannot be taken back once the other proves wrong."""
        return min(self.now_ms(), time.time_ns() // _MS + self.ahead_ms)

    def advance(self, by_s: int) -> None:
        """Move ahead, for tests with real clients (ruling 20). Never back: rows would come from the future."""
        assert by_s >= 0
        self._ahead_ns += by_s * _S


def wall_ns() -> int:
    """The time of day as the machine has it, in nanoseconds since 1970: for traces, where other machines' stand too."""
    return time.time_ns()
