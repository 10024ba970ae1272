"""Call records that come from elsewhere: the id each has on the wire, and when it was last written."""

from alembic import op

revision = "0020"
down_revision = "0013"

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_SIXES = " || ".join(
    f"substr('{_ALPHABET}', CAST((id {shift} 63) + 1 AS INT), 1)"
    for shift in (*(f">> {bits} &" for bits in range(58, 0, -6)), "<< 2 &")
)
"""An id's 11 characters of base64url, as every record was named until now."""


def upgrade() -> None:
    """Name every record as it was called, and number the writes as they came: ids grow with time."""
    op.execute("ALTER TABLE call_record ADD COLUMN name TEXT NOT NULL DEFAULT ''")
    op.execute("ALTER TABLE call_record ADD COLUMN seq INTEGER NOT NULL DEFAULT 0")
    op.execute(f"UPDATE call_record SET name = {_SIXES}, seq = id")
    op.execute("CREATE UNIQUE INDEX call_record_name ON call_record (account_id, name)")
    op.execute("CREATE UNIQUE INDEX call_record_written ON call_record (account_id, seq)")
    op.execute("CREATE INDEX call_record_written_of ON call_record (extension_id, seq)")


def downgrade() -> None:
    """Drop it; records that came with another id go by ours."""
    op.execute("DROP INDEX call_record_written_of")
    op.execute("DROP INDEX call_record_written")
    op.execute("DROP INDEX call_record_name")
    op.execute("ALTER TABLE call_record DROP COLUMN seq")
    op.execute("ALTER TABLE call_record DROP COLUMN name")
