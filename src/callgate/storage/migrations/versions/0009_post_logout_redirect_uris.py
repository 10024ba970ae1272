"""Where a browser may go after it signed out, for each app."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the column; nobody has registered anything yet."""
    op.execute("ALTER TABLE client ADD COLUMN post_logout_redirect_uris TEXT NOT NULL DEFAULT ''")


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE client DROP COLUMN post_logout_redirect_uris")
