"""Device codes (RFC 8628): apps that wait for a person's answer, and an index of the apps that may."""

from alembic import op

revision = "0017"
down_revision = "0015"

STATEMENTS = (
    # The code itself is stored nowhere, its hash is. A user code opens nothing: it lets a person name what waits.
    """
    CREATE TABLE device_code (
        id INTEGER PRIMARY KEY,
        client_id TEXT NOT NULL REFERENCES client (id),
        secret_sha256 BLOB NOT NULL,
        user_code TEXT NOT NULL UNIQUE,
        scope TEXT NOT NULL,
        network TEXT NOT NULL,
        opened_ms INTEGER NOT NULL,
        expires_ms INTEGER NOT NULL,
        state INTEGER NOT NULL,
        account_id INTEGER,
        extension_id INTEGER,
        sign_in_id INTEGER,
        signed_in_ms INTEGER,
        approved_ms INTEGER,
        credential_kind INTEGER,
        credential_id INTEGER,
        credential_version INTEGER
    ) STRICT
    """,
    "CREATE INDEX device_code_app ON device_code (client_id, expires_ms) WHERE state = 1",
    "CREATE INDEX device_code_network ON device_code (network, expires_ms) WHERE state = 1",
    "CREATE INDEX device_code_expiry ON device_code (expires_ms)",
    # The condition is load_offers.py's, to the letter.
    "CREATE INDEX client_device_code ON client (id) WHERE ' ' || grants || ' ' LIKE '%device_code %'",
)


def upgrade() -> None:
    """Make them; no app has the grant yet."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop them. Sessions that came by the grant stay: they are like any that a browser's sign-in led to."""
    op.execute("DROP INDEX client_device_code")
    op.execute("DROP TABLE device_code")
    # The version before does not know the grant, and would read no app that has it.
    op.execute(
        "UPDATE client SET grants = trim(replace(' ' || grants || ' ', "
        "' urn:ietf:params:oauth:grant-type:device_code ', ' '))"
    )
