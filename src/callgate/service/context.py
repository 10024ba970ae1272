"""What every service shares: made once by the composition root, passed by hand."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field

from callgate.crypto.entropy import Entropy, RowIds
from callgate.crypto.password_pool import PasswordPool
from callgate.crypto.secrets import hash_session_secret, mint_endpoint_id, mint_session_secret
from callgate.model.failure import Unavailable
from callgate.model.moment import Fresh, Moment
from callgate.model.policy import Policy
from callgate.service.clock import Clock
from callgate.service.events import Events
from callgate.service.fetch import Fetcher
from callgate.service.keeper import Keeper
from callgate.storage.port import Store


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
    _lazy: set[asyncio.Task[None]] = field(default_factory=set, repr=False)

    def moment(self) -> Moment:
        """Draw fresh values. From here on nothing is random."""
        secret = mint_session_secret(self.entropy)
        fresh = Fresh(
            row_id=self.row_ids.next(self.clock.now_ms()),
            secret=secret,
            secret_sha256=hash_session_secret(secret),
            endpoint_id=mint_endpoint_id(self.entropy),
            key_number=self.keeper.rings.sealer.active_key_number,
        )
        return Moment(fresh, self.policy)

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
