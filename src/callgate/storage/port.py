"""The port of a store: two verbs. One contract suite (tests/storage) defines them and runs on every engine."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from callgate.model.changes import Change
from callgate.model.lookups import Lookup
from callgate.model.value import value

F = TypeVar("F")


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
