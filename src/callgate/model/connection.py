"""Connections: the identity providers an account signs its people in with, and who may use a password beside them.

What a provider's answer must hold is judged in crypto (its signature) and protocol (the rest); here are the values.
"""

from enum import Enum
from typing import NamedTuple

from callgate.model.ids import AccountId, ConnectionId, read_id


class ConnectionKind(Enum):
    """Which protocol the provider speaks."""

    SAML = "SAML"
    OIDC = "OIDC"


class ClientAuth(Enum):
    """How we prove ourselves at a provider's token endpoint (OpenID Connect Core section 9)."""

    BASIC = "client_secret_basic"
    POST = "client_secret_post"


class SsoPolicy(Enum):
    """An account's switch: no single sign-on, beside passwords, or instead of them (protocol.md H)."""

    OFF = "off"
    ALLOWED = "allowed"
    ENFORCED = "enforced"


class SsoExemption(Enum):
    """An extension's own switch. DEFAULT: as its account says; EXEMPT may use a password; ENFORCED may not."""

    DEFAULT = "default"
    EXEMPT = "exempt"
    ENFORCED = "enforced"


NAME_ID = "NameID"
"""The `email_attribute` that stands for the subject itself, not for one of its attributes."""

CERTIFICATES_MAX = 2
"""A primary and a secondary: the provider's certificate of today and the one it will roll over to."""

_OURS = "/restapi/oauth/sso/"


class Connection(NamedTuple):
    """One identity provider of one account.

    `issuer` is a SAML provider's entity id, or an OpenID Connect provider's issuer. `sso_url` is where a browser is
    sent: SAML's SingleSignOnService by HTTP-Redirect, or the authorization endpoint. `certificates` are base64 of DER,
    the primary first; a response must be signed with the key of one of them. `email_attribute` names the attribute, or
    claim, that tells whom the answer is about. `email_domains` are in normal form and belong to one connection alone.

    `client_id` to `jwks` and what follows `own_certificate` are OpenID Connect's, empty for SAML. `scopes` are what is
    asked for; with `announces_iss` every answer names its issuer (RFC 9207); with `believes_email` an address is taken
    that the provider does not say it has verified. `own_certificate` carries the key that signs requests to a SAML
    provider: each connection's own, so that rolling it over is a matter between two.

    `trust_version` changes when what the provider vouched for must not stand any longer (disabled, or another issuer):
    sessions compare it, so that a new certificate signs nobody out. `version` changes with everything.
    """

    id: ConnectionId
    account_id: AccountId
    kind: ConnectionKind
    name: str
    enabled: bool
    issuer: str
    sso_url: str
    certificates: tuple[str, ...]
    email_attribute: str
    email_domains: tuple[str, ...]
    signs_requests: bool
    allows_idp_initiated: bool
    client_id: str
    token_url: str
    jwks_url: str
    jwks: str
    trust_version: int
    version: int
    own_certificate: str = ""
    userinfo_url: str = ""
    scopes: tuple[str, ...] = ()
    client_auth: ClientAuth = ClientAuth.BASIC
    announces_iss: bool = False
    believes_email: bool = False

    @property
    def primary_certificate(self) -> str | None:
        """The certificate its provider signs with today."""
        return self.certificates[0] if self.certificates else None

    @property
    def secondary_certificate(self) -> str | None:
        """The one it is about to sign with, or still signs with."""
        return self.certificates[1] if len(self.certificates) > 1 else None


class OurAddresses(NamedTuple):
    """What a provider must be told of us. Each connection has its own, so that no other company's answer fits here.

    `entity_id` is who we are to a SAML provider, and where our metadata is; `acs_url` and `callback_url` are where
    answers go, SAML's and OpenID Connect's; `start_url` begins a sign-in without an app.
    """

    entity_id: str
    acs_url: str
    callback_url: str
    start_url: str


def our_addresses(issuer: str, connection_id: ConnectionId) -> OurAddresses:
    """Our side of a connection; `issuer` is this server's public URL."""
    here = f"{issuer}{_OURS}{connection_id}"
    return OurAddresses(f"{here}/metadata", f"{here}/acs", f"{here}/callback", f"{here}/start")


def connection_meant(issuer: str, entity_id: str) -> ConnectionId | None:
    """The connection whose our side goes by this name, if it could be one of ours."""
    number = read_id(entity_id.removeprefix(f"{issuer}{_OURS}").removesuffix("/metadata"))
    if number is None:
        return None
    named = ConnectionId(number)
    return named if our_addresses(issuer, named).entity_id == entity_id else None


class ConnectionSecret(NamedTuple):
    """What proves us to a provider, wrapped: a client secret, or the key that signs requests (PKCS #8 in DER).

    Loaded only for the proof, never part of a decision.
    """

    sealed_client_secret: bytes | None = None
    sealed_signing_key: bytes | None = None

    def __repr__(self) -> str:
        return "ConnectionSecret(…)"
