"""Passkeys: keys on people's devices, beside a password or instead of one."""

from alembic import op

revision = "0024"
down_revision = "0019"


def upgrade() -> None:
    """Make their table: a credential id is one person's on this server."""
    op.execute(
        """
        CREATE TABLE passkey (
            id INTEGER PRIMARY KEY,
            account_id INTEGER NOT NULL REFERENCES account (id),
            extension_id INTEGER NOT NULL REFERENCES extension (id),
            credential_id BLOB NOT NULL UNIQUE,
            attested BLOB NOT NULL,
            sign_count INTEGER NOT NULL,
            added_ms INTEGER NOT NULL,
            used_ms INTEGER NOT NULL,
            doubted_ms INTEGER NOT NULL DEFAULT 0
        ) STRICT
        """
    )
    op.execute("CREATE INDEX passkey_extension ON passkey (extension_id)")


def downgrade() -> None:
    """Drop it. What passkeys led to goes first: the version before would not know what that is."""
    op.execute("DELETE FROM sign_in WHERE factor IN ('passkey', 'passkey-alone')")
    op.execute("DELETE FROM session WHERE credential_kind IN (7, 8)")
    op.execute("UPDATE extension SET has_factor = 0 WHERE id NOT IN (SELECT extension_id FROM totp)")
    op.execute("DROP TABLE passkey")
