"""The audit log pruned: first the anchors move, in one entry of the log itself, then what is behind them goes."""

import asyncio
from collections.abc import Callable

from callgate.model.acts import Refused
from callgate.model.audit import Anchor, AuditPruneLookup, PrunedLinksFacts, PrunedLinksLookup
from callgate.model.decisions import Done
from callgate.protocol.administer import audit
from callgate.service.administer.desk import Desk

LINKS_MAX = 200
"""Deleted in one transaction: some milliseconds, for which a server that writes must wait."""


async def prune_audit(
    desk: Desk, cuts: tuple[Anchor, ...], *, before_ms: int, progress: Callable[[int], None] = lambda _: None
) -> int | Refused:
    """Prune up to the cuts that a check of every chain gave; tells how many links went. Raises Unavailable.

    Stopped in the middle, it is finished by the next run: what is behind an anchor counts no more, there or not.
    """
    decision = await desk.carry_out(
        AuditPruneLookup(cuts), lambda facts: audit.prune_audit(cuts, before_ms=before_ms, facts=facts, by=desk.by)
    )
    if isinstance(decision, Refused):
        return decision
    deleted = 0
    time = asyncio.get_running_loop().time
    while True:
        began = time()
        count = await _delete(desk)
        if count == 0:
            return deleted
        deleted += count
        progress(deleted)
        await asyncio.sleep(time() - began)  # half of the time is the server's


async def _delete(desk: Desk) -> int:
    found = 0

    def decide(facts: PrunedLinksFacts) -> Done:
        nonlocal found
        found = facts.links
        return audit.delete_pruned_links(LINKS_MAX, facts=facts)

    await desk.carry_out(PrunedLinksLookup(LINKS_MAX), decide)
    return found
