"""SQLite without the index that keeps an endpoint to one session: nobody can come between a look and its writes there.

Its pages were two fifths of what a person's grant wrote (docs/adr/0090-no-index-over-endpoints-on-sqlite.md).
"""

from alembic import op

revision = "0036"
down_revision = "0028"

INDEX = """
    CREATE UNIQUE INDEX session_endpoint ON session (extension_id, client_id, endpoint_id)
    WHERE slot IS NOT NULL AND slot < 1000
    """


def upgrade() -> None:
    """Drop it; on PostgreSQL transactions run side by side, and it stays."""
    _execute("DROP INDEX session_endpoint")


def downgrade() -> None:
    """Make it again."""
    _execute(INDEX)


def _execute(statement: str) -> None:
    if op.get_context().dialect.name == "sqlite":
        op.execute(statement)
