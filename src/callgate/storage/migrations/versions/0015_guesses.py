"""Guesses: login names locked for a network, and the networks their owners come from."""

from alembic import op

revision = "0015"
down_revision = "0020"


def upgrade() -> None:
    """Add both; nobody is locked, and every network is strange once."""
    op.execute(
        """
        CREATE TABLE guess_lock (
            subject BLOB NOT NULL,
            network TEXT NOT NULL,
            locked_ms INTEGER NOT NULL,
            until_ms INTEGER NOT NULL,
            locks INTEGER NOT NULL,
            PRIMARY KEY (subject, network)
        ) STRICT, WITHOUT ROWID
        """
    )
    op.execute("CREATE INDEX guess_lock_until ON guess_lock (until_ms)")
    op.execute(
        """
        CREATE TABLE familiar_network (
            subject BLOB NOT NULL,
            network TEXT NOT NULL,
            seen_ms INTEGER NOT NULL,
            PRIMARY KEY (subject, network)
        ) STRICT, WITHOUT ROWID
        """
    )
    op.execute("CREATE INDEX familiar_network_seen ON familiar_network (seen_ms)")


def downgrade() -> None:
    """Drop both: whoever was locked out is heard again."""
    op.execute("DROP TABLE familiar_network")
    op.execute("DROP TABLE guess_lock")
