"""The clock: the one reader of the time of day. It never goes back, and whoever shares a database shares its time."""

import time
from typing import Final

from callgate.model.failure import Unavailable
from callgate.model.instant import render_instant
from callgate.storage.awake import passed_ns

APART_MS_MAX: Final = 24 * 3_600_000
"""How far a database's clock and the machine's may be apart. Further, and one of them is not set at all."""

_MS: Final = 1_000_000
_S: Final = 1_000_000_000


class Clock:
    """Milliseconds since 1970: the machine's, or the database's once that was heard.

    A step forward is believed, since it may be that the machine slept: what ended meanwhile has ended. After a step
    back the time goes on at half its pace until the world has caught up: nothing lives twice, or longer than twice its
    time. A database's clock is not believed where the machine's is days away from it. See docs/adr/0087-one-clock.md
    and docs/adr/0094-clocks-that-are-days-apart.md.
    """

    __slots__ = ("_ahead_ns", "_apart_ms", "_heard_at_ns", "_heard_ns", "_last_at_ns", "_last_ns")

    def __init__(self) -> None:
        self._ahead_ns = 0
        self._apart_ms = 0
        self._heard_ns: int | None = None
        self._heard_at_ns = 0
        self._last_ns = 0
        self._last_at_ns = passed_ns()

    def now_ms(self) -> int:
        """The time of day, plus what development has advanced it by."""
        at_ns = passed_ns()
        heard_ns = self._heard_ns
        told_ns = time.time_ns() if heard_ns is None else heard_ns + at_ns - self._heard_at_ns
        steady_ns = self._last_ns + (at_ns - self._last_at_ns) // 2
        self._last_ns = now_ns = max(told_ns + self._ahead_ns, steady_ns)
        self._last_at_ns = at_ns
        return now_ns // _MS

    def hear(self, told_ms: int, stamped_ms: int) -> int:
        """Go by a clock that others go by too, from what it said a moment ago; gives the time.

        It is not before `stamped_ms`, the latest that anybody stamped. A clock that cannot be right is passed over for
        what it said while it was. Raises Unavailable where it never was.
        """
        machine_ms = time.time_ns() // _MS
        self._apart_ms = told_ms - machine_ms
        if abs(self._apart_ms) <= APART_MS_MAX:
            self._heard_ns, self._heard_at_ns = told_ms * _MS, passed_ns()
        elif self._heard_ns is None:
            self.agreed(told_ms)
        return self.not_before(stamped_ms)

    def not_before(self, stamped_ms: int) -> int:
        """Go on from what was stamped, by us before a restart or by others, where that is later; gives the time."""
        now_ms = self.now_ms()
        if stamped_ms > now_ms:
            self._last_ns = stamped_ms * _MS
        return max(now_ms, stamped_ms)

    def agreed(self, at_ms: int) -> int:
        """This time. Raises Unavailable where the database's clock, heard last, was days away from the machine's."""
        if abs(self._apart_ms) > APART_MS_MAX:
            ours_ms = time.time_ns() // _MS
            told, ours = render_instant(ours_ms + self._apart_ms), render_instant(ours_ms)
            raise Unavailable(f"the database's clock says {told}, this machine's {ours}: set the one that is wrong")
        return at_ms

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
