"""Apps' secrets: the former beside the one that counts, until when, and when each was last used."""

from alembic import op

revision = "0018"
down_revision = "0023"

COLUMNS = (
    "former_sha256 BLOB",
    "former_sealed BLOB",
    "former_until_ms INTEGER",
    "secret_made_ms INTEGER",
    "secret_used_ms INTEGER",
    "former_used_ms INTEGER",
)


def upgrade() -> None:
    """Add them; no app has two secrets yet, and when one was last used is not known."""
    for column in COLUMNS:
        op.execute(f"ALTER TABLE client ADD COLUMN {column}")


def downgrade() -> None:
    """Drop them: of two secrets the new one is left."""
    for column in COLUMNS:
        op.execute(f"ALTER TABLE client DROP COLUMN {column.partition(' ')[0]}")
