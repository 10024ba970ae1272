"""JWT credentials that have a successor, and who may make any."""

from alembic import op

revision = "0019"
down_revision = "0026"


def upgrade() -> None:
    """Add both; everybody goes on making them."""
    op.execute("ALTER TABLE jwt_credential ADD COLUMN replaced_ms INTEGER")
    op.execute(
        "CREATE INDEX jwt_credential_expiry ON jwt_credential (expires_ms) "
        "WHERE expires_ms IS NOT NULL AND replaced_ms IS NULL"
    )
    op.execute("ALTER TABLE account ADD COLUMN credential_policy TEXT NOT NULL DEFAULT 'everybody'")


def downgrade() -> None:
    """Drop both; what was replaced keeps its expiry."""
    op.execute("ALTER TABLE account DROP COLUMN credential_policy")
    op.execute("DROP INDEX jwt_credential_expiry")
    op.execute("ALTER TABLE jwt_credential DROP COLUMN replaced_ms")
