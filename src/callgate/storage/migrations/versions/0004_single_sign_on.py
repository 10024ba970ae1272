"""Single sign-on: identity providers, the switches of accounts and people, and assertions that are spent."""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = (
    # Lists lie as words. What follows `version` proves us to an OpenID Connect provider, wrapped.
    """
    CREATE TABLE sso_connection (
        id INTEGER PRIMARY KEY,
        account_id INTEGER NOT NULL REFERENCES account (id),
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        enabled INTEGER NOT NULL,
        issuer TEXT NOT NULL,
        sso_url TEXT NOT NULL,
        certificates TEXT NOT NULL,
        email_attribute TEXT NOT NULL,
        email_domains TEXT NOT NULL,
        signs_requests INTEGER NOT NULL,
        allows_idp_initiated INTEGER NOT NULL,
        client_id TEXT NOT NULL,
        token_url TEXT NOT NULL,
        jwks_url TEXT NOT NULL,
        jwks TEXT NOT NULL,
        trust_version INTEGER NOT NULL,
        version INTEGER NOT NULL,
        sealed_client_secret BLOB,
        UNIQUE (account_id, issuer),
        UNIQUE (account_id, name)
    ) STRICT
    """,
    # A domain leads to one identity provider on this server: two companies cannot both claim it.
    """
    CREATE TABLE sso_domain (
        domain TEXT PRIMARY KEY,
        connection_id INTEGER NOT NULL REFERENCES sso_connection (id)
    ) STRICT
    """,
    "CREATE INDEX sso_domain_connection ON sso_domain (connection_id)",
    # No foreign key: a removed connection's assertions stay spent until they expire.
    """
    CREATE TABLE assertion_consumed (
        connection_id INTEGER NOT NULL,
        assertion_id TEXT NOT NULL,
        expires_ms INTEGER NOT NULL,
        PRIMARY KEY (connection_id, assertion_id)
    ) STRICT
    """,
    "CREATE INDEX assertion_consumed_expires ON assertion_consumed (expires_ms)",
    "ALTER TABLE account ADD COLUMN sso_policy TEXT NOT NULL DEFAULT 'off'",
    "ALTER TABLE extension ADD COLUMN sso_exemption TEXT NOT NULL DEFAULT 'default'",
    "ALTER TABLE sign_in ADD COLUMN connection_id INTEGER",
    "ALTER TABLE sign_in ADD COLUMN trust_version INTEGER NOT NULL DEFAULT 0",
)


def upgrade() -> None:
    """Make the tables and columns; single sign-on is off everywhere."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop them. Sign-ins that came by a provider go first: the version before would take them for a password's."""
    op.execute("DELETE FROM sign_in WHERE connection_id IS NOT NULL")
    op.execute("DELETE FROM session WHERE credential_kind = 4")
    for table, column in (
        ("sign_in", "trust_version"),
        ("sign_in", "connection_id"),
        ("extension", "sso_exemption"),
        ("account", "sso_policy"),
    ):
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    for table in ("assertion_consumed", "sso_domain", "sso_connection"):
        op.execute(f"DROP TABLE {table}")
