"""OpenID Connect providers: what is asked of them, how we prove ourselves there, what of their answers is believed."""

from alembic import op

revision = "0026"
down_revision = "0018"

_COLUMNS = (
    "userinfo_url TEXT NOT NULL DEFAULT ''",
    "scopes TEXT NOT NULL DEFAULT ''",
    "client_auth TEXT NOT NULL DEFAULT 'client_secret_basic'",
    "announces_iss INTEGER NOT NULL DEFAULT 0",
    "believes_email INTEGER NOT NULL DEFAULT 0",
)


def upgrade() -> None:
    """Add the columns; SAML's connections have nothing in them."""
    for column in _COLUMNS:
        op.execute(f"ALTER TABLE sso_connection ADD COLUMN {column}")


def downgrade() -> None:
    """Drop them. Connections of the kind go too, which the version before could not use: their sessions end."""
    of_the_kind = "SELECT id FROM sso_connection WHERE kind = 'OIDC'"
    op.execute(f"DELETE FROM sso_domain WHERE connection_id IN ({of_the_kind})")
    op.execute("DELETE FROM sso_connection WHERE kind = 'OIDC'")
    for column in reversed(_COLUMNS):
        op.execute(f"ALTER TABLE sso_connection DROP COLUMN {column.split()[0]}")
