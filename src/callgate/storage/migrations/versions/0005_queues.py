"""Call queues: their settings, and who takes their calls."""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = (
    # A queue is an extension of type Department; one whose settings were never changed has no row here.
    """
    CREATE TABLE queue (
        queue_id INTEGER PRIMARY KEY REFERENCES extension (id),
        account_id INTEGER NOT NULL,
        sla_goal_percent INTEGER NOT NULL,
        sla_threshold_s INTEGER NOT NULL,
        counts_abandoned INTEGER NOT NULL,
        abandoned_threshold_s INTEGER NOT NULL,
        editable_member_status INTEGER NOT NULL,
        alert_timer_s INTEGER NOT NULL,
        version INTEGER NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE queue_member (
        queue_id INTEGER NOT NULL REFERENCES extension (id),
        extension_id INTEGER NOT NULL REFERENCES extension (id),
        account_id INTEGER NOT NULL,
        PRIMARY KEY (queue_id, extension_id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX queue_member_extension ON queue_member (extension_id, queue_id)",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop them: queues remain as extensions, without members."""
    op.execute("DROP TABLE queue_member")
    op.execute("DROP TABLE queue")
