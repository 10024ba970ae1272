"""What a store counts of its own work, for whoever watches it. Counted once a batch, so that a unit pays nothing."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from callgate.model.histogram import Histogram

BATCH_BOUNDS: Final = (1, 2, 4, 8, 16, 32, 64, 128)
"""Units of one commit."""

COMMIT_BOUNDS_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""From a disk that syncs in its own memory to one that has stopped."""


class Standing(Enum):
    """How a connection to the database stands."""

    BUSY = "busy"
    IDLE = "idle"
    GONE = "gone"
    """It was lost or closed; whoever needs it next opens it anew."""


@dataclass(slots=True)
class StoreFigures:
    """Commits, batches that came to nothing, and what the newest of them leaves to be believed.

    `doubtful`: the newest batch could not be written, and none has been since. `busy_since_s`: since when, on the
    monotonic clock, the batch under way waits for lock, units or disk; None between two.
    """

    batch_units: Histogram = field(default_factory=lambda: Histogram(BATCH_BOUNDS))
    commit_s: Histogram = field(default_factory=lambda: Histogram(COMMIT_BOUNDS_S))
    lost_batches: int = 0
    doubtful: bool = False
    busy_since_s: float | None = None

    def committed(self, units: int, seconds: float) -> None:
        """A batch is durable."""
        self.batch_units.add(units)
        self.commit_s.add(seconds)
        self.doubtful = False

    def lost(self) -> None:
        """A batch could not be written."""
        self.lost_batches += 1
        self.doubtful = True
