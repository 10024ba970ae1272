"""The call log, and the indexes that the directory of an account is read by."""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    # Columns are what the log is filtered and ordered by; the rest of a record is its document (JSON), and its legs,
    # which few ask for, are another. Phone numbers are E.164 digits without '+'; `categories` begins and ends with a
    # space, and separates by them.
    """
    CREATE TABLE call_record (
        id INTEGER PRIMARY KEY,
        account_id INTEGER NOT NULL,
        extension_id INTEGER NOT NULL,
        started_ms INTEGER NOT NULL,
        in_company_log INTEGER NOT NULL,
        deleted INTEGER NOT NULL,
        blocked INTEGER NOT NULL,
        direction TEXT NOT NULL,
        type TEXT NOT NULL,
        transport TEXT NOT NULL,
        recording TEXT,
        session_id TEXT NOT NULL,
        telephony_session_id TEXT NOT NULL,
        from_phone TEXT,
        to_phone TEXT,
        from_extension TEXT,
        to_extension TEXT,
        categories TEXT NOT NULL,
        document TEXT NOT NULL,
        legs TEXT NOT NULL
    ) STRICT
    """,
    # Covering for every filter the company's log is usually read with: a page is skipped without touching the rows.
    """
    CREATE INDEX call_record_company
    ON call_record (account_id, started_ms, id, deleted, direction, type, recording, from_phone, to_phone)
    WHERE in_company_log = 1
    """,
    "CREATE INDEX call_record_extension ON call_record (extension_id, started_ms, id, deleted)",
    "CREATE INDEX call_record_session ON call_record (account_id, session_id)",
    "CREATE INDEX call_record_telephony ON call_record (account_id, telephony_session_id)",
    # How many calls of the company's log began in each quarter of a day, so that page 5,000 is found by adding up.
    """
    CREATE TABLE call_count (
        account_id INTEGER NOT NULL,
        quarter INTEGER NOT NULL,
        direction TEXT NOT NULL,
        type TEXT NOT NULL,
        calls INTEGER NOT NULL,
        PRIMARY KEY (account_id, quarter, direction, type)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX phone_extension ON phone (extension_id)",
    "CREATE INDEX extension_account ON extension (account_id, id)",
)


def upgrade() -> None:
    """Make the tables and indexes."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop them; the log goes with its table."""
    op.execute("DROP INDEX extension_account")
    op.execute("DROP INDEX phone_extension")
    op.execute("DROP TABLE call_count")
    op.execute("DROP TABLE call_record")
