"""What a server counts of its answers, as plain numbers: `metrics` shows them to whoever asks, nothing here is shown.

Cardinality is bounded by what is ours: paths are templates, statuses and codes come from the catalogue. No client,
person or network is a label.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from callgate.model.histogram import Histogram

LATENCY_BOUNDS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

GONE: Final = 499
"""Stands for a status where the caller hung up before there was an answer."""


class PathFigures(dict[int, Histogram]):
    """What one path has answered: for each status, how many took how long."""

    def __missing__(self, status: int) -> Histogram:
        """Begin one at its first answer."""
        seen = self[status] = Histogram(LATENCY_BOUNDS_S)
        return seen


class Connections(Protocol):
    """A listener's connections, and why those ended that it ended itself."""

    @property
    def connections(self) -> Collection[object]:
        """Those that are open."""

    @property
    def ended_ever(self) -> Mapping[str, int]:
        """How many, by why."""


@dataclass(slots=True)
class Figures:
    """Of one server. `sessions` is None until they are counted."""

    paths: dict[str, PathFigures] = field(default_factory=dict)
    sessions: int | None = None

    def path(self, path: str) -> PathFigures:
        """Of one path, or of all that nobody serves."""
        return self.paths.setdefault(path, PathFigures())
