"""The name of the cell whose database it is: its tokens begin with it."""

from alembic import op

revision = "0040"
down_revision = "0036"


def upgrade() -> None:
    """Add the column; the next server that starts says its name."""
    op.execute("ALTER TABLE cell ADD COLUMN name TEXT")


def downgrade() -> None:
    """Drop it."""
    op.execute("ALTER TABLE cell DROP COLUMN name")
