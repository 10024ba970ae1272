"""PostgreSQL's writers: a row each, with the number of its newest batch and the time that was stamped with."""

from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Make room for them; SQLite has one writer at a time, whose commits need no looking up."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            """
            CREATE TABLE writer (
                name TEXT PRIMARY KEY,
                batch INTEGER NOT NULL,
                at_ms INTEGER NOT NULL
            ) WITH (fillfactor = 10)
            """
        )


def downgrade() -> None:
    """Forget them."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP TABLE writer")
