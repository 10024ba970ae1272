"""Indexes of the few apps that make discovery promise more; their conditions are load_offers.py's, to the letter."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make them."""
    op.execute("CREATE INDEX client_pkce_plain ON client (id) WHERE ' ' || switches || ' ' LIKE '% pkce_plain %'")
    op.execute("CREATE INDEX client_implicit ON client (id) WHERE ' ' || grants || ' ' LIKE '% implicit %'")


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP INDEX client_implicit")
    op.execute("DROP INDEX client_pkce_plain")
