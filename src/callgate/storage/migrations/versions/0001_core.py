"""The core: accounts, people, apps, credentials, sessions, keys and the audit chain."""

from alembic import op

revision = "0001"
down_revision = None

TABLES = (
    # One row: what is true of the whole cell. `clock_ms` is the latest time stamped, to about a second.
    """
    CREATE TABLE cell (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        sessions_from_ms INTEGER NOT NULL,
        clock_ms INTEGER NOT NULL
    ) STRICT
    """,
    "INSERT INTO cell (one, sessions_from_ms, clock_ms) VALUES (1, 0, 0)",
    # `use` is a word of SQL in some dialects.
    """
    CREATE TABLE stored_key (
        key_use TEXT NOT NULL,
        number INTEGER NOT NULL,
        state INTEGER NOT NULL,
        wrapped BLOB NOT NULL,
        published_ms INTEGER NOT NULL,
        active_ms INTEGER,
        retired_ms INTEGER,
        PRIMARY KEY (key_use, number)
    ) STRICT
    """,
    """
    CREATE TABLE account (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        main_number TEXT NOT NULL,
        status TEXT NOT NULL,
        brand_id TEXT NOT NULL,
        absolute_timeout_s INTEGER NOT NULL,
        idle_timeout_s INTEGER NOT NULL,
        version INTEGER NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE role (
        id INTEGER PRIMARY KEY,
        account_id INTEGER REFERENCES account (id),
        name TEXT NOT NULL,
        description TEXT NOT NULL,
        permissions TEXT NOT NULL,
        version INTEGER NOT NULL
    ) STRICT
    """,
    # `email_normal` is what a login name is compared with; `email` is how its owner writes it.
    """
    CREATE TABLE extension (
        id INTEGER PRIMARY KEY,
        account_id INTEGER NOT NULL REFERENCES account (id),
        number TEXT,
        type TEXT NOT NULL,
        status TEXT NOT NULL,
        first_name TEXT NOT NULL,
        last_name TEXT NOT NULL,
        email TEXT,
        role_id INTEGER NOT NULL REFERENCES role (id),
        password_version INTEGER NOT NULL,
        sessions_from_ms INTEGER NOT NULL,
        version INTEGER NOT NULL,
        email_normal TEXT UNIQUE,
        password_hash TEXT,
        UNIQUE (account_id, number)
    ) STRICT
    """,
    # E.164 digits without '+'. `extension_id` is NULL for a company number.
    """
    CREATE TABLE phone (
        number TEXT PRIMARY KEY,
        account_id INTEGER NOT NULL REFERENCES account (id),
        extension_id INTEGER REFERENCES extension (id)
    ) STRICT
    """,
    "CREATE INDEX phone_account ON phone (account_id)",
    """
    CREATE TABLE client (
        id TEXT PRIMARY KEY,
        account_id INTEGER NOT NULL REFERENCES account (id),
        name TEXT NOT NULL,
        kind TEXT NOT NULL,
        private INTEGER NOT NULL,
        status TEXT NOT NULL,
        auth_method TEXT NOT NULL,
        grants TEXT NOT NULL,
        scopes TEXT NOT NULL,
        redirect_uris TEXT NOT NULL,
        switches TEXT NOT NULL,
        issues_refresh_tokens INTEGER NOT NULL,
        access_ttl_s INTEGER NOT NULL,
        refresh_ttl_s INTEGER NOT NULL,
        session_cap INTEGER NOT NULL,
        version INTEGER NOT NULL,
        secret_sha256 BLOB,
        sealed_secret BLOB,
        jwks TEXT
    ) STRICT
    """,
    """
    CREATE TABLE allowance (
        id INTEGER PRIMARY KEY,
        account_id INTEGER NOT NULL REFERENCES account (id),
        client_id TEXT NOT NULL REFERENCES client (id),
        extension_id INTEGER NOT NULL REFERENCES extension (id),
        version INTEGER NOT NULL,
        UNIQUE (client_id, account_id)
    ) STRICT
    """,
    # `client_ids` is NULL when every app of the organisation may use it.
    """
    CREATE TABLE jwt_credential (
        id INTEGER PRIMARY KEY,
        account_id INTEGER NOT NULL REFERENCES account (id),
        extension_id INTEGER NOT NULL REFERENCES extension (id),
        label TEXT NOT NULL,
        sha256 BLOB NOT NULL UNIQUE,
        client_ids TEXT,
        created_ms INTEGER NOT NULL,
        expires_ms INTEGER,
        last_used_ms INTEGER
    ) STRICT
    """,
    "CREATE INDEX jwt_credential_extension ON jwt_credential (extension_id)",
    """
    CREATE TABLE consent (
        account_id INTEGER NOT NULL,
        extension_id INTEGER NOT NULL,
        client_id TEXT NOT NULL,
        scopes TEXT NOT NULL,
        granted_ms INTEGER NOT NULL,
        PRIMARY KEY (extension_id, client_id)
    ) STRICT
    """,
    """
    CREATE TABLE sign_in (
        id INTEGER PRIMARY KEY,
        account_id INTEGER NOT NULL,
        extension_id INTEGER NOT NULL,
        secret_sha256 BLOB NOT NULL,
        signed_in_ms INTEGER NOT NULL,
        expires_ms INTEGER NOT NULL,
        password_version INTEGER NOT NULL
    ) STRICT
    """,
    "CREATE INDEX sign_in_expires ON sign_in (expires_ms)",
    """
    CREATE TABLE assertion_claim (
        client_id TEXT NOT NULL,
        jti TEXT NOT NULL,
        expires_ms INTEGER NOT NULL,
        PRIMARY KEY (client_id, jti)
    ) STRICT
    """,
    "CREATE INDEX assertion_claim_expires ON assertion_claim (expires_ms)",
    # No foreign keys: a session's rows are compared with at every use, and a missing one is a refusal.
    """
    CREATE TABLE session (
        id INTEGER PRIMARY KEY,
        account_id INTEGER NOT NULL,
        client_id TEXT NOT NULL,
        extension_id INTEGER NOT NULL,
        state INTEGER NOT NULL,
        slot INTEGER,
        secret_sha256 BLOB NOT NULL,
        generation INTEGER NOT NULL,
        key_number INTEGER NOT NULL,
        opened_ms INTEGER NOT NULL,
        first_issued_ms INTEGER NOT NULL,
        issued_ms INTEGER NOT NULL,
        first_used_ms INTEGER,
        access_ttl_s INTEGER NOT NULL,
        refresh_ttl_s INTEGER NOT NULL,
        scope TEXT NOT NULL,
        endpoint_id TEXT NOT NULL,
        credential_kind INTEGER NOT NULL,
        credential_id INTEGER NOT NULL,
        credential_version INTEGER NOT NULL,
        sign_in_id INTEGER,
        signed_in_ms INTEGER,
        nonce TEXT,
        redirect_uri TEXT,
        redirect_uri_sent INTEGER NOT NULL,
        code_challenge TEXT,
        challenge_plain INTEGER NOT NULL,
        redeemed_ms INTEGER,
        ended_ms INTEGER,
        ended_why INTEGER,
        sweep_bucket INTEGER NOT NULL
    ) STRICT
    """,
    # The cap is a set of numbered seats, so that two openings at once cannot both take the last one.
    """
    CREATE UNIQUE INDEX session_seat ON session (extension_id, client_id, slot) WHERE slot IS NOT NULL
    """,
    """
    CREATE UNIQUE INDEX session_endpoint ON session (extension_id, client_id, endpoint_id)
    WHERE slot IS NOT NULL AND slot < 1000
    """,
    "CREATE INDEX session_ended ON session (extension_id, client_id, ended_ms) WHERE state = 3",
    "CREATE INDEX session_sweep ON session (sweep_bucket)",
    """
    CREATE TABLE audit (
        writer TEXT NOT NULL,
        seq INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        entries TEXT NOT NULL,
        previous BLOB NOT NULL,
        hash BLOB NOT NULL,
        PRIMARY KEY (writer, seq)
    ) STRICT
    """,
    "CREATE INDEX audit_at ON audit (at_ms)",
)


def upgrade() -> None:
    """Make every table, in the order of their references."""
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    """Drop them in the opposite order."""
    for table in (
        "audit",
        "session",
        "assertion_claim",
        "sign_in",
        "consent",
        "jwt_credential",
        "allowance",
        "client",
        "phone",
        "extension",
        "role",
        "account",
        "stored_key",
        "cell",
    ):
        op.execute(f"DROP TABLE {table}")
