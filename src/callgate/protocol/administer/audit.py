"""Pruning the audit log: only what was verified, never a chain's last link, and never unseen."""

from callgate.model.acts import Refused
from callgate.model.audit import Anchor, AuditPruned, AuditPruneFacts, PrunedLinksDeleted, PrunedLinksFacts
from callgate.model.decisions import Done


def prune_audit(cuts: tuple[Anchor, ...], *, before_ms: int, facts: AuditPruneFacts, by: str) -> Done | Refused:
    """Move the anchors to the cuts, which a check of every chain gave; nothing is written when there are none."""
    held = {anchor.writer: anchor for anchor in facts.anchors}
    due = [cut for cut in cuts if cut.writer not in held or cut.seq > held[cut.writer].seq]
    if not due:
        return Done()
    if not facts.standing.issuperset(due):
        return Refused("the audit log changed while it was checked; run the command again")
    anchors = held | {cut.writer: cut for cut in due}
    return Done((AuditPruned(tuple(anchors[writer] for writer in sorted(anchors)), before_ms, by),))


def delete_pruned_links(links_max: int, *, facts: PrunedLinksFacts) -> Done:
    """Delete a few of the links that count no more."""
    return Done((PrunedLinksDeleted(links_max),)) if facts.links else Done()
