"""Index of the apps that may bring SAML assertions; its condition is load_offers.py's, to the letter."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make it."""
    op.execute("CREATE INDEX client_saml2_bearer ON client (id) WHERE ' ' || grants || ' ' LIKE '%saml2-bearer %'")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP INDEX client_saml2_bearer")
