"""The look over one server's connections, once a second: each is asked to end itself if its time is up.

Time is counted in looks: a process that stood still charges nobody for it. What times a connection has belongs to
`deadline`; here is only that all are looked at, and who is closed to make room.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Collection
from operator import itemgetter
from typing import NamedTuple, Protocol

from structlog.typing import FilteringBoundLogger

LOOK_S = 1.0
"""What times are counted in; each ends at the first look after it, at most this much later."""


class Quiet(NamedTuple):
    """A connection's place among those that may be closed to make room: who owes a request first, then who idles."""

    idle: bool
    since: int


class Watched(Protocol):
    """A connection as the watch sees it."""

    transport: asyncio.Transport

    def look(self, looks: int) -> None:
        """End it if its time is up."""

    def quiet(self, looks: int) -> Quiet | None:
        """Its place among those that may be closed to make room; None while it must not be."""


class Watch:
    """The look over one server's connections, while it has any."""

    def __init__(self, *, connections_max: int, log: FilteringBoundLogger) -> None:
        self.connections_max = connections_max
        self.looks = 0
        self.ended: Counter[str] = Counter()
        self.ended_ever: Counter[str] = Counter()
        self.connections: Collection[Watched] = ()
        self._log = log
        self._is_due = False
        self._quiet: deque[tuple[Quiet, Watched]] = deque()

    def begin(self, connections: Collection[Watched]) -> None:
        """See that the next look is due; `connections` is the server's own set, which changes."""
        self.connections = connections
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_later(LOOK_S, self._look, connections)

    def make_room(self) -> bool:
        """Close the connection that has owed its request longest, else the one longest idle; False if none can be.

        Chosen from those the last look found, so that a flood of connections does not search for each of them.
        """
        while self._quiet:
            found, connection = self._quiet.popleft()
            if connection.quiet(self.looks) == found:
                connection.transport.close()
                self.ended["crowded_out"] += 1
                return True
        return False

    def _look(self, connections: Collection[Watched]) -> None:
        self._is_due = False
        if connections:
            self.begin(connections)
        self.looks += 1
        crowded = len(connections) > self.connections_max // 2
        ranked = [(quiet, each) for each in tuple(connections) if (quiet := self._look_at(each)) and crowded]
        self._quiet = deque(sorted(ranked, key=itemgetter(0)))
        if self.ended:  # one line a look, however many there were: a flood must not fill the log
            self._log.warning("connections ended", **self.ended)
            self.ended_ever.update(self.ended)
            self.ended.clear()

    def _look_at(self, connection: Watched) -> Quiet | None:
        """Look at one; a defect there ends that one, and keeps none of the others from being looked at."""
        try:
            connection.look(self.looks)
            return connection.quiet(self.looks)
        except Exception:  # noqa: BLE001 - the edge: a defect is logged with its trace, the first of a look
            if "defective" not in self.ended:
                self._log.exception("defect", looked_at="a connection")
            self.ended["defective"] += 1
            connection.transport.abort()
            return None
