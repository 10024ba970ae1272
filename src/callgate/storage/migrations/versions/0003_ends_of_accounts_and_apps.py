"""What an account or an app was issued before this moment is over: disabling and blocking are for good."""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = ("account", "client")


def upgrade() -> None:
    """Add the column; nothing is over yet."""
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ADD COLUMN sessions_from_ms INTEGER NOT NULL DEFAULT 0")


def downgrade() -> None:
    """Drop the column; what was over by it alone works again."""
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} DROP COLUMN sessions_from_ms")
