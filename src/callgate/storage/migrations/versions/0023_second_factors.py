"""Second factors: authenticator apps, recovery codes, wrong codes in a row, and what an account asks for."""

from alembic import op

revision = "0023"
down_revision = "0021"

STATEMENTS = (
    "ALTER TABLE account ADD COLUMN mfa_policy TEXT NOT NULL DEFAULT 'allowed'",
    "ALTER TABLE extension ADD COLUMN has_factor INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE sign_in ADD COLUMN factor TEXT",
    # A code is made from the secret, so it cannot be hashed; it lies wrapped by the key outside the database.
    """
    CREATE TABLE totp (
        id INTEGER PRIMARY KEY,
        account_id INTEGER NOT NULL REFERENCES account (id),
        extension_id INTEGER NOT NULL UNIQUE REFERENCES extension (id),
        sealed_secret BLOB NOT NULL,
        spent_step INTEGER NOT NULL,
        added_ms INTEGER NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE recovery_code (
        extension_id INTEGER NOT NULL REFERENCES extension (id),
        account_id INTEGER NOT NULL,
        sha256 BLOB NOT NULL,
        PRIMARY KEY (extension_id, sha256)
    ) STRICT
    """,
    """
    CREATE TABLE factor_miss (
        extension_id INTEGER PRIMARY KEY REFERENCES extension (id),
        account_id INTEGER NOT NULL,
        in_a_row INTEGER NOT NULL,
        last_ms INTEGER NOT NULL
    ) STRICT
    """,
)


def upgrade() -> None:
    """Make the tables and columns: factors are allowed, and nobody has one."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop them. What a second factor led to goes first: the version before would take it for a password's."""
    op.execute("DELETE FROM sign_in WHERE factor IS NOT NULL")
    op.execute("DELETE FROM session WHERE credential_kind = 6")
    for table in ("factor_miss", "recovery_code", "totp"):
        op.execute(f"DROP TABLE {table}")
    for table, column in (("sign_in", "factor"), ("extension", "has_factor"), ("account", "mfa_policy")):
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
