"""What the audit log's retention reads: anchors, the links chains are to be cut at, and those that are due to go."""

from typing import Final, cast

from callgate.model.audit import Anchor, AuditPruneFacts, AuditPruneLookup, PrunedLinksFacts, PrunedLinksLookup
from callgate.storage.load_view import View
from callgate.storage.rows import columns

_ANCHORS: Final = f"SELECT {columns(Anchor._fields)} FROM audit_anchor ORDER BY writer"

# Not the last of its chain: the next link continues it, and a version before this one looks for it there.
_CUT: Final = f"""
SELECT {columns(Anchor._fields)} FROM audit a WHERE writer = ? AND seq = ?
    AND EXISTS (SELECT 1 FROM audit b WHERE b.writer = a.writer AND b.seq > a.seq)
"""

# The cross join keeps the order: from each anchor down its own chain, past no link that is kept.
_PRUNED: Final = """
SELECT count(*) FROM (
    SELECT 1 FROM audit_anchor CROSS JOIN audit
    WHERE audit.writer = audit_anchor.writer AND audit.seq <= audit_anchor.seq LIMIT ?
) pruned
"""


def find_anchors(view: View) -> tuple[Anchor, ...]:
    """Up to where each writer's chain was pruned."""
    return tuple(Anchor._make(cast("tuple[str, int, int, bytes]", row)) for row in view.rows(_ANCHORS))


def load_audit_prune(view: View, lookup: AuditPruneLookup) -> AuditPruneFacts:
    """Answer `AuditPruneLookup`."""
    rows = [row for cut in lookup.cuts for row in view.rows(_CUT, (cut.writer, cut.seq))]
    standing = frozenset(Anchor._make(cast("tuple[str, int, int, bytes]", row)) for row in rows)
    return AuditPruneFacts(find_anchors(view), standing.intersection(lookup.cuts))


def load_pruned_links(view: View, lookup: PrunedLinksLookup) -> PrunedLinksFacts:
    """Answer `PrunedLinksLookup`."""
    return PrunedLinksFacts(cast("int", view.rows(_PRUNED, (lookup.links_max,))[0][0]))
