"""The clock: the one reader of the time of day. Development may move it; nothing else can."""

import time


class Clock:
    """Milliseconds since 1970."""

    __slots__ = ("_ahead_ms",)

    def __init__(self) -> None:
        self._ahead_ms = 0

    def now_ms(self) -> int:
        """The time of day, plus what development has advanced it by."""
        return time.time_ns() // 1_000_000 + self._ahead_ms

    @property
    def ahead_ms(self) -> int:
        """What development has advanced it by, for times that somebody else's clock gives."""
        return self._ahead_ms

    def advance(self, by_s: int) -> None:
        """Move ahead, for tests with real clients (ruling 20). Never back: rows would come from the future."""
        assert by_s >= 0
        self._ahead_ms += by_s * 1000


def wall_ns() -> int:
    """The time of day as the machine has it, in nanoseconds since 1970: for traces, where other machines' stand too."""
    return time.time_ns()
