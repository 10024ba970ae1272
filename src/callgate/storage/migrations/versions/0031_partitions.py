"""PostgreSQL's shape of the sessions: partitions by account, with room on each page for a refresh.

An account's sessions lie together, so that a statement that names the account looks into one partition, as all that
are hot do. A unique index of a partitioned table must hold what it is partitioned by. That makes none weaker: an
extension is one account's, and the id of a session is only ever asked for with its account.
"""

from alembic import op

revision = "0031"
down_revision = "0024"

PARTITIONS = 16

ROOM = 70
"""Percent of a page that inserts fill. A refresh writes the row anew: on the same page it touches no index."""

UP = (
    "ALTER TABLE session RENAME TO session_whole",
    "ALTER TABLE session_whole DROP CONSTRAINT session_pkey",
    "DROP INDEX session_seat",
    "DROP INDEX session_endpoint",
    "DROP INDEX session_ended",
    "DROP INDEX session_sweep",
    "CREATE TABLE session (LIKE session_whole) PARTITION BY HASH (account_id)",
    *(
        f"CREATE TABLE session_{number} PARTITION OF session "
        f"FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number}) WITH (fillfactor = {ROOM})"
        for number in range(PARTITIONS)
    ),
    "INSERT INTO session SELECT * FROM session_whole",
    "DROP TABLE session_whole",
    "ALTER TABLE session ADD PRIMARY KEY (account_id, id)",
    """
    CREATE UNIQUE INDEX session_seat ON session (account_id, extension_id, client_id, slot) WHERE slot IS NOT NULL
    """,
    """
    CREATE UNIQUE INDEX session_endpoint ON session (account_id, extension_id, client_id, endpoint_id)
    WHERE slot IS NOT NULL AND slot < 1000
    """,
    "CREATE INDEX session_ended ON session (extension_id, client_id, ended_ms) WHERE state = 3",
    "CREATE INDEX session_sweep ON session (sweep_bucket)",
)

DOWN = (
    "ALTER TABLE session RENAME TO session_parted",
    "CREATE TABLE session (LIKE session_parted)",
    "INSERT INTO session SELECT * FROM session_parted",
    "DROP TABLE session_parted",
    "ALTER TABLE session ADD PRIMARY KEY (id)",
    "CREATE UNIQUE INDEX session_seat ON session (extension_id, client_id, slot) WHERE slot IS NOT NULL",
    """
    CREATE UNIQUE INDEX session_endpoint ON session (extension_id, client_id, endpoint_id)
    WHERE slot IS NOT NULL AND slot < 1000
    """,
    "CREATE INDEX session_ended ON session (extension_id, client_id, ended_ms) WHERE state = 3",
    "CREATE INDEX session_sweep ON session (sweep_bucket)",
)


def upgrade() -> None:
    """Move the sessions into partitions; SQLite has none."""
    _execute(UP)


def downgrade() -> None:
    """Move them back into one table."""
    _execute(DOWN)


def _execute(statements: tuple[str, ...]) -> None:
    if op.get_context().dialect.name == "postgresql":
        for statement in statements:
            op.execute(statement)
