"""What every administrative act is carried out with, and how its ids are drawn."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from callgate.crypto.entropy import Entropy, RowIds, draw_id
from callgate.crypto.password_pool import PasswordPool
from callgate.model.acts import Refused
from callgate.model.decisions import Done
from callgate.model.ids import RowId
from callgate.model.lookups import Lookup
from callgate.model.policy import Policy
from callgate.service.clock import Clock
from callgate.service.context import Context
from callgate.service.fetch import Fetcher
from callgate.service.keeper import Keeper
from callgate.storage.port import Store, Unit

F = TypeVar("F")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Store, clock, entropy and keys, and who sits at it (`by` stands in the audit log).

    `keeper` is asked only by acts that need the keys, so that looking around needs no key-encryption key.
    """

    store: Store
    clock: Clock
    entropy: Entropy
    row_ids: RowIds
    passwords: PasswordPool
    policy: Policy
    keeper: Callable[[], Awaitable[Keeper]]
    fetcher: Fetcher
    by: str

    def draw_id(self) -> int:
        """A number nobody has: of two drawn alike, the second finds its key taken, and nothing is written."""
        return draw_id(self.entropy)

    def draw_row_id(self) -> RowId:
        """The id of a row that grows with time."""
        return self.row_ids.next(self.clock.now_ms())

    async def carry_out(self, lookup: Lookup[F], decide: Callable[[F], Done | Refused]) -> Done | Refused:
        """Decide on fresh facts and write what comes of it, in one transaction. Raises Unavailable."""
        return await self.store.run(Unit(lookup, decide))


def desk_of(context: Context, *, by: str) -> Desk:
    """The desk of a server that runs."""

    async def keeper() -> Keeper:
        return context.keeper

    return Desk(
        store=context.store,
        clock=context.clock,
        entropy=context.entropy,
        row_ids=context.row_ids,
        passwords=context.passwords,
        policy=context.policy,
        keeper=keeper,
        fetcher=context.fetcher,
        by=by,
    )
