"""An app's own numbers for the rate groups, as words `group=number`; empty where the server's count."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column; no app has a number of its own yet."""
    op.execute("ALTER TABLE client ADD COLUMN rates TEXT NOT NULL DEFAULT ''")


def downgrade() -> None:
    """Drop the column, and with it the numbers."""
    op.execute("ALTER TABLE client DROP COLUMN rates")
