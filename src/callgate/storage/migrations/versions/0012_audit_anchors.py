"""The audit log's anchors: up to which link each writer's chain was pruned."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the table; nothing was pruned yet. The version before keeps writing: it looks for a chain's last link."""
    op.execute(
        """
        CREATE TABLE audit_anchor (
            writer TEXT PRIMARY KEY,
            seq INTEGER NOT NULL,
            at_ms INTEGER NOT NULL,
            hash BLOB NOT NULL
        ) STRICT, WITHOUT ROWID
        """
    )


def downgrade() -> None:
    """Drop the table: chains that were pruned then begin in the air."""
    op.execute("DROP TABLE audit_anchor")
