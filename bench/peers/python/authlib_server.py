"""Authlib's authorization server on Flask and SQLAlchemy, as its manual sets it up, on SQLite.

python authlib_server.py PORT FOLDER REFRESH_TOKENS  -> one JSON line, then gunicorn in this process.
"""

import json
import os
import secrets
import sys
import time
from pathlib import Path

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.integrations.sqla_oauth2 import (
    OAuth2ClientMixin,
    OAuth2TokenMixin,
    create_query_client_func,
    create_revocation_endpoint,
    create_save_token_func,
)
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7523 import JWTBearerGrant
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from joserfc.jwk import ECKey, KeySet
from serving import become
from sqlalchemy import event
from werkzeug.security import check_password_hash, generate_password_hash

APPS = 50
ISSUER = "https://login.example.com"
FOLDER = Path(os.environ.get("BENCH_FOLDER", "."))

application = Flask(__name__)
application.config |= {
    "SQLALCHEMY_DATABASE_URI": f"sqlite:///{FOLDER}/authlib.db",
    "OAUTH2_REFRESH_TOKEN_GENERATOR": True,
}
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
db = SQLAlchemy(application)


class User(db.Model):
    """A person."""

    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(40), unique=True)
    password_hash = db.Column(db.String(200))

    def get_user_id(self) -> int:
        """What tokens name."""
        return self.id


class Client(db.Model, OAuth2ClientMixin):
    """An app."""

    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer, db.ForeignKey("user.id"))
    user = db.relationship("User")


class Token(db.Model, OAuth2TokenMixin):
    """A token."""

    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer, db.ForeignKey("user.id"))
    user = db.relationship("User")


class RefreshTokenGrant(grants.RefreshTokenGrant):
    """Rotation: the old pair is revoked."""

    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
        """Find it, unless it was revoked."""
        token = Token.query.filter_by(refresh_token=refresh_token).first()
        return token if token and not token.is_revoked() else None

    def authenticate_user(self, refresh_token: Token) -> User:
        """Whose it is."""
        return refresh_token.user

    def revoke_old_credential(self, refresh_token: Token) -> None:
        """The old pair is dead."""
        now = int(time.time())
        refresh_token.access_token_revoked_at = refresh_token.refresh_token_revoked_at = now
        db.session.add(refresh_token)
        db.session.commit()


class PasswordGrant(grants.ResourceOwnerPasswordCredentialsGrant):
    """Names and passwords, hashed as Flask's own library does by default."""

    def authenticate_user(self, username: str, password: str) -> User | None:
        """Whose they are."""
        user = User.query.filter_by(name=username).first()
        return user if user and check_password_hash(user.password_hash, password) else None


class AssertionGrant(JWTBearerGrant):
    """Assertions that an app signs with the key it registered."""

    def resolve_issuer_client(self, issuer: str) -> Client | None:
        """The app."""
        return Client.query.filter_by(client_id=issuer).first()

    def resolve_client_public_key(self, client: Client) -> KeySet:
        """What it registered."""
        return KeySet.import_key_set(client.jwks)

    def authenticate_user(self, subject: str) -> User | None:
        """For whom it asks."""
        return User.query.filter_by(name=subject).first()

    def get_audiences(self) -> list[str]:
        """This server."""
        return [ISSUER]

    def has_granted_permission(self, client: Client, user: User) -> bool:
        """Its owner's."""
        return client.user_id == user.id


class Introspection(IntrospectionEndpoint):
    """RFC 7662."""

    def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:
        """Find an access token."""
        return Token.query.filter_by(access_token=token_string).first()

    def introspect_token(self, token: Token) -> dict[str, object]:
        """What is told of it."""
        return {"active": True, "client_id": token.client_id, "scope": token.scope, "sub": str(token.user_id)}

    def check_permission(self, token: Token, client: Client, request: object) -> bool:
        """Its own app may ask."""
        return token.client_id == client.client_id


server = AuthorizationServer(
    application,
    query_client=create_query_client_func(db.session, Client),
    save_token=create_save_token_func(db.session, Token),
)
server.register_grant(grants.ClientCredentialsGrant)
server.register_grant(RefreshTokenGrant)
server.register_grant(PasswordGrant)
server.register_grant(AssertionGrant)
server.register_endpoint(create_revocation_endpoint(db.session, Token))
server.register_endpoint(Introspection)


@application.post("/o/token/")
def issue() -> object:
    """The token endpoint."""
    return server.create_token_response()


@application.post("/o/introspect/")
def introspect() -> object:
    """The introspection endpoint."""
    return server.create_endpoint_response("introspection")


@application.post("/o/revoke_token/")
def revoke() -> object:
    """The revocation endpoint."""
    return server.create_endpoint_response("revocation")


with application.app_context():

    @event.listens_for(db.engine, "connect")
    def durable(connection: object, _record: object) -> None:
        """The same durability as Callgate's."""
        connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=20000;")


def prepare(count: int) -> dict[str, object]:
    """Make the database; gives what the measurement presents."""
    with application.app_context():
        db.create_all()
        password, key = secrets.token_urlsafe(16), ECKey.generate_key("P-256", {"kid": "1", "alg": "ES256"})
        db.session.add(User(id=1, name="person", password_hash=generate_password_hash(password)))
        clients = []
        for index in range(APPS):
            client = Client(client_id=f"app{index}", client_id_issued_at=int(time.time()), user_id=1)
            client.set_client_metadata(
                {
                    "grant_types": ["client_credentials", "refresh_token", "password", AssertionGrant.GRANT_TYPE],
                    "scope": "read",
                    "token_endpoint_auth_method": "client_secret_basic",
                    "jwks": {"keys": [key.as_dict(private=False)]},
                }
            )
            client.client_secret = secrets.token_urlsafe(32)
            db.session.add(client)
            clients.append([client.client_id, client.client_secret])
        made = [
            Token(
                user_id=1,
                client_id="app0",
                token_type="Bearer",
                scope="read",
                access_token=secrets.token_urlsafe(32),
                refresh_token=secrets.token_urlsafe(32),
                expires_in=3600,
            )
            for _ in range(count + 1)
        ]
        db.session.add_all(made)
        db.session.commit()
        return {
            "clients": clients,
            "assertions": [
                [*client, AssertionGrant.sign(key, client[0], ISSUER, "person", header={"alg": "ES256", "kid": "1"})]
                for client in clients
            ],
            "logins": [[*clients[0], "person", password]],
            "refreshTokens": [[*clients[0], token.refresh_token] for token in made[:-1]],
            "introspect": [*clients[0], made[-1].access_token],
        }


if __name__ == "__main__":
    port, _, chains = sys.argv[1:]
    print(json.dumps(prepare(int(chains))), flush=True)
    become(int(port), "authlib_server:application")
