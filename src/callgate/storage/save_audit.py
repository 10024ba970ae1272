"""What the audit log's retention writes: anchors that move on, and links that go."""

from typing import Final

from callgate.model.audit import Anchor, AuditPruned, PrunedLinksDeleted
from callgate.storage.pen import Pen
from callgate.storage.rows import columns, marks, row_of

_ANCHOR: Final = f"""
INSERT INTO audit_anchor ({columns(Anchor._fields)}) VALUES ({marks(Anchor._fields)})
ON CONFLICT (writer) DO UPDATE SET seq = excluded.seq, at_ms = excluded.at_ms, hash = excluded.hash
    WHERE excluded.seq >= audit_anchor.seq
"""
_DELETE: Final = """
DELETE FROM audit WHERE (writer, seq) IN (
    SELECT audit.writer, audit.seq FROM audit_anchor CROSS JOIN audit
    WHERE audit.writer = audit_anchor.writer AND audit.seq <= audit_anchor.seq LIMIT ?
)
"""


def prune_audit(pen: Pen, change: AuditPruned) -> None:
    """Move the anchors. Raises Conflict when one would move back."""
    for anchor in change.anchors:
        pen.swap(_ANCHOR, row_of(anchor))


def delete_pruned_links(pen: Pen, change: PrunedLinksDeleted) -> None:
    """Delete some of the links up to an anchor."""
    pen.write(_DELETE, (change.links_max,))
