"""Recordings of calls by their ids, those of legs too."""

from alembic import op

revision = "0028"
down_revision = "0032"

RECORDED = {
    "sqlite": (
        "SELECT account_id, json_extract(document, '$.segment.recording[0]') AS name, id FROM call_record"
        " UNION SELECT account_id, json_extract(leg.value, '$.segment.recording[0]'), call_record.id"
        " FROM call_record, json_each(legs) AS leg"
    ),
    "postgresql": (
        "SELECT account_id, CAST(document AS json) #>> '{segment,recording,0}' AS name, id FROM call_record"
        " UNION SELECT account_id, leg #>> '{segment,recording,0}', id"
        " FROM call_record, json_array_elements(CAST(legs AS json)) AS leg"
    ),
}


def upgrade() -> None:
    """Make the table, and find what the records have."""
    op.execute(
        """
        CREATE TABLE call_recording (
            account_id INTEGER NOT NULL,
            name TEXT NOT NULL,
            record_id INTEGER NOT NULL,
            PRIMARY KEY (account_id, name, record_id)
        ) STRICT, WITHOUT ROWID
        """
    )
    found = RECORDED[op.get_context().dialect.name]
    op.execute(f"INSERT INTO call_recording SELECT account_id, name, id FROM ({found}) AS found WHERE name IS NOT NULL")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE call_recording")
