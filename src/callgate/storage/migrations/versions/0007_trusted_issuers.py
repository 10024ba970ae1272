"""Outside issuers that accounts trust: whose tokens open sessions of service extensions, or prove apps."""

from alembic import op

revision = "0007"
down_revision = "0006"

STATEMENTS = (
    # `conditions` has one claim=pattern a line. `jwks_url` or `jwks` is set, never both.
    """
    CREATE TABLE trusted_issuer (
        id INTEGER PRIMARY KEY,
        account_id INTEGER NOT NULL REFERENCES account (id),
        client_id TEXT NOT NULL REFERENCES client (id),
        extension_id INTEGER REFERENCES extension (id),
        name TEXT NOT NULL,
        issuer TEXT NOT NULL,
        audience TEXT NOT NULL,
        conditions TEXT NOT NULL,
        jwks_url TEXT,
        jwks TEXT,
        life_max_s INTEGER NOT NULL,
        repeatable INTEGER NOT NULL,
        created_ms INTEGER NOT NULL,
        last_used_ms INTEGER,
        version INTEGER NOT NULL,
        UNIQUE (account_id, name)
    ) STRICT
    """,
    "CREATE INDEX trusted_issuer_app ON trusted_issuer (client_id, issuer)",
    "CREATE INDEX trusted_issuer_extension ON trusted_issuer (extension_id)",
)


def upgrade() -> None:
    """Make the table; nobody outside is trusted yet."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop it. Sessions opened by an outside token go first; apps that proved themselves by one need new keys."""
    op.execute("DELETE FROM session WHERE credential_kind = 5")
    op.execute("UPDATE client SET auth_method = 'private_key_jwt' WHERE auth_method = 'federated_jwt'")
    op.execute("DROP TABLE trusted_issuer")
