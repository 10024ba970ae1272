"""Time that passes while the machine sleeps as well: by it, what was true before the sleep is old after it.

Linux' monotonic clock stands still in a suspended machine. A beat from before the sleep would be believed for a moment
after it, though another server has led for hours.
"""

import time
from typing import Final

CLOCK: Final[int] = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Which of the machine's clocks; where it has no such one, its monotonic clock does not stop."""


def passed_ns() -> int:
    """Nanoseconds since some moment in the past."""
    return time.clock_gettime_ns(CLOCK)


def passed_s() -> float:
    """Seconds since that moment."""
    return time.clock_gettime(CLOCK)
