"""Roles: when they changed, who has one, and which one the new people of an account get."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add what is asked of roles; no account has chosen a default yet."""
    op.execute("ALTER TABLE role ADD COLUMN changed_ms INTEGER NOT NULL DEFAULT 0")
    # Whether somebody has a role is asked before it is deleted.
    op.execute("CREATE INDEX extension_role ON extension (role_id)")
    op.execute(
        """
        CREATE TABLE default_role (
            account_id INTEGER PRIMARY KEY REFERENCES account (id),
            role_id INTEGER NOT NULL REFERENCES role (id)
        ) STRICT
        """
    )
    op.execute("CREATE INDEX default_role_role ON default_role (role_id)")


def downgrade() -> None:
    """Drop it; new people get the role Standard again."""
    op.execute("DROP TABLE default_role")
    op.execute("DROP INDEX extension_role")
    op.execute("ALTER TABLE role DROP COLUMN changed_ms")
