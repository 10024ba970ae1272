"""The port of a store: two verbs. One contract suite (tests/storage) defines them and runs on every engine."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Generic, Protocol, TypeVar

from callgate.model.changes import Change
from callgate.model.lookups import Lookup
from callgate.model.value import value
from callgate.storage.figures import Standing, StoreFigures
from callgate.storage.pen import Pen

F = TypeVar("F")
T = TypeVar("T")


class Decided(Protocol):
    """Anything a unit may come to: it carries the changes to be saved."""

    @property
    def changes(self) -> tuple[Change, ...]:
        """What to write, in order."""


D = TypeVar("D", bound=Decided)


@value
class Unit(Generic[F, D]):
    """One question and the judgement of its answer. `decide` may be called again when a change meets a newer row."""

    lookup: Lookup[F]
    decide: Callable[[F], D]


class Health(Enum):
    """What a store can do now."""

    SERVING = "serving"
    READ_ONLY = "read-only"
    """The file system is: reads, and units that need no write, are answered. A restart looks again."""

    FAILED = "failed"
    """It is unknown what the last commit did: the process ends."""

    UNREACHABLE = "unreachable"
    """Its server does not answer, or cannot be written: it is tried again without a restart."""

    STOPPED = "stopped"


class Store(Protocol):
    """What the service asks of storage."""

    async def read(self, lookup: Lookup[F]) -> F:
        """Answer from committed rows, writing nothing. Raises failure.Unavailable."""

    async def run(self, unit: Unit[F, D]) -> D:
        """Load, decide, save, commit; returns after the commit is durable. Raises failure.Unavailable.

        Facts are stamped `now_ms` inside the transaction. A change that meets a newer row than its `before`, or a taken
        unique key, means load and decide again, five times at most.
        """

    def save_later(self, changes: tuple[Change, ...]) -> None:
        """Save changes that say themselves what they hold for and that no reply waits for.

        They are lost where the store cannot write: for those that whatever happens next makes anew.
        """


class Engine(Store, Protocol):
    """A store as whoever opened it holds it: `await start()` on the loop that uses it, `await close()`."""

    @property
    def health(self) -> Health:
        """What can be asked of it now."""

    @property
    def figures(self) -> StoreFigures:
        """What it has counted since it started."""

    @property
    def waiting(self) -> int:
        """Units that wait for their turn to be written."""

    @property
    def connections(self) -> Mapping[str, Sequence[Standing]]:
        """What it is connected by, for as long as it is open: by purpose, `write` or `read`."""

    async def start(self) -> None:
        """Begin to serve on the running loop."""

    async def close(self) -> None:
        """Finish what was asked, and let go of the database."""

    async def work(self, work: Callable[[Pen], T]) -> T:
        """Carry out upkeep, that no decision stands behind, in a transaction. Raises failure.Unavailable."""

    async def shrink(self) -> bool:
        """Give some of the space back that swept rows have left, and tell whether there was any.

        False where the database does so by itself. Raises failure.Unavailable.
        """

    async def count_sessions(self) -> int:
        """Sessions that have not ended, some of them expired lately; beside the loop. Raises failure.Unavailable."""
