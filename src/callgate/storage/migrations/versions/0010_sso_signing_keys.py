"""Keys that sign what we send identity providers: each connection has its own, wrapped, beside its certificate."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the columns; a connection from before has no key, and sends its requests unsigned until it gets one."""
    op.execute("ALTER TABLE sso_connection ADD COLUMN own_certificate TEXT NOT NULL DEFAULT ''")
    op.execute("ALTER TABLE sso_connection ADD COLUMN sealed_signing_key BLOB")


def downgrade() -> None:
    """Drop them."""
    op.execute("ALTER TABLE sso_connection DROP COLUMN sealed_signing_key")
    op.execute("ALTER TABLE sso_connection DROP COLUMN own_certificate")
