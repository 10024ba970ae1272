"""Missed calls, which people ask their phones for, found without looking at all the others."""

from alembic import op

revision = "0021"
down_revision = "0017"

RESULT = {
    "sqlite": "json_extract(document, '$.segment.result')",
    "postgresql": "CAST(document AS json) #>> '{segment,result}'",
}


def upgrade() -> None:
    """Tell them apart."""
    op.execute("ALTER TABLE call_record ADD COLUMN missed INTEGER NOT NULL DEFAULT 0")
    op.execute(f"UPDATE call_record SET missed = 1 WHERE {RESULT[op.get_context().dialect.name]} = 'Missed'")
    op.execute("CREATE INDEX call_record_missed ON call_record (account_id, started_ms, id) WHERE missed = 1")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP INDEX call_record_missed")
    op.execute("ALTER TABLE call_record DROP COLUMN missed")
