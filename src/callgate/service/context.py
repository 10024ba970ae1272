"""What every service shares: made once by the composition root, passed by hand."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import TypeVar

from callgate.crypto.entropy import Entropy, RowIds
from callgate.crypto.password_pool import PasswordPool
from callgate.crypto.secrets import draw_session
from callgate.model.credential import JwtCredential
from callgate.model.facts import ClientFacts
from callgate.model.failure import Unavailable
from callgate.model.ids import ClientId, RowId
from callgate.model.limits import Owner
from callgate.model.moment import Fresh, Moment
from callgate.model.policy import Policy
from callgate.service.cells import Cells
from callgate.service.clock import Clock
from callgate.service.errands import Errands
from callgate.service.events import Events
from callgate.service.fetch import Fetcher
from callgate.service.figures import Figures
from callgate.service.keeper import Keeper
from callgate.service.key_sets import KeySets
from callgate.service.lately import Lately
from callgate.service.limits import Limits
from callgate.service.offers import Offers
from callgate.service.polls import Polls
from callgate.service.proofs import Proofs
from callgate.service.readiness import Readiness
from callgate.service.repeats import Repeat
from callgate.service.tallies import Tallies
from callgate.storage.port import Store

F = TypeVar("F")
D = TypeVar("D")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Store, clock, keys, entropy, policy, and the way out."""

    store: Store
    clock: Clock
    keeper: Keeper
    entropy: Entropy
    row_ids: RowIds
    passwords: PasswordPool
    policy: Policy
    events: Events
    fetcher: Fetcher
    limits: Limits
    tallies: Tallies
    polls: Polls
    key_sets: KeySets
    offers: Offers
    readiness: Readiness
    cells: Cells | None = None
    figures: Figures = field(default_factory=Figures)
    proofs: Proofs = field(default_factory=Proofs)
    errands: Errands = field(default_factory=Errands)
    apps: Lately[ClientId, ClientFacts] = field(default_factory=Lately)
    credentials: Lately[bytes, JwtCredential] = field(default_factory=Lately)
    repeats: Lately[bytes, Repeat] = field(default_factory=Lately)
    secret_uses: Lately[tuple[ClientId, int, bool], int] = field(default_factory=Lately)
    owners: Lately[RowId, Owner] = field(default_factory=Lately)
    _lazy: set[asyncio.Task[None]] = field(default_factory=set, repr=False)

    def moment(self) -> Moment:
        """Draw fresh values. From here on nothing is random."""
        drawn = draw_session(self.entropy)
        fresh = Fresh(
            row_id=self.row_ids.next(self.clock.now_ms()),
            secret=drawn.secret,
            secret_sha256=drawn.secret_sha256,
            endpoint_id=drawn.endpoint_id,
            key_number=self.keeper.rings.sealer.active_key_number,
        )
        return Moment(fresh, self.policy)

    def drawing(self, judge: Callable[[Moment, F], D]) -> Callable[[F], D]:
        """A unit's `decide`: `judge` with a moment of its own each time.

        The first is drawn now, before the transaction. The store asks once more where a key was taken, and that may be
        the row id, which another process drew in the same millisecond (ADR 31).
        """
        drawn = [self.moment()]

        def decide(facts: F) -> D:
            return judge(drawn.pop() if drawn else self.moment(), facts)

        return decide

    def later(self, work: Coroutine[object, object, object]) -> None:
        """Do a write that no reply waits for; when the store cannot, the next use makes it."""
        task = asyncio.get_running_loop().create_task(_quietly(work))
        self._lazy.add(task)
        task.add_done_callback(self._lazy.discard)


async def _quietly(work: Coroutine[object, object, object]) -> None:
    try:
        await work
    except Unavailable:
        return
