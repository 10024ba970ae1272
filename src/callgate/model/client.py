"""Apps ("clients" in RFC 6749): what they are, which grants each kind may have, what is registered for them."""

from enum import Enum
from typing import NamedTuple

from callgate.model.ids import AccountId, ClientId
from callgate.model.limits import AppRate


class AppKind(Enum):
    """Platform type of an app (protocol.md A.1)."""

    SERVER_WEB = "ServerWeb"
    SERVER_OTHER = "ServerOther"
    SERVER_BOT = "ServerBot"
    BROWSER_BASED = "BrowserBased"
    MOBILE_IOS = "MobileIOS"
    MOBILE_ANDROID = "MobileAndroid"
    MOBILE_OTHER = "MobileOther"
    DESKTOP_WINDOWS = "DesktopWindows"
    DESKTOP_MAC = "DesktopMac"
    DESKTOP_OTHER = "DesktopOther"


class GrantType(Enum):
    """A way to get a token, spelled as on the wire. IMPLICIT is the authorize endpoint's `response_type=token`."""

    AUTHORIZATION_CODE = "authorization_code"
    REFRESH_TOKEN = "refresh_token"
    PASSWORD = "password"
    JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    CLIENT_CREDENTIALS = "client_credentials"
    SAML2_BEARER = "urn:ietf:params:oauth:grant-type:saml2-bearer"
    DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
    IMPLICIT = "implicit"


class AuthMethod(Enum):
    """How an app proves itself at the token endpoint (RFC 8414 section 2, protocol.md A.3)."""

    NONE = "none"
    CLIENT_SECRET_BASIC = "client_secret_basic"
    CLIENT_SECRET_JWT = "client_secret_jwt"
    PRIVATE_KEY_JWT = "private_key_jwt"
    FEDERATED_JWT = "federated_jwt"
    """By the token of an outside issuer that its account trusts: no key of its own is kept anywhere."""


class Switch(Enum):
    """Deviations from RFC 9700 or from the platform, off for new apps unless said otherwise; docs/settings.md."""

    PKCE_PLAIN = "pkce_plain"
    """Accept `code_challenge_method=plain`, also when the method is omitted (RFC 7636 section 4.2)."""

    CLIENT_SECRET_POST = "client_secret_post"
    """Accept client_id and client_secret in the body without an Authorization header (RFC 6749 section 2.3.1)."""

    ASSERTION_FOR_TOKEN_URL = "assertion_for_token_url"
    """Accept the token endpoint's URL as `aud` of a client assertion, beside the issuer (ruling 11)."""

    LATE_REPEAT_ENDS = "late_repeat_ends"
    """A confidential app's late repeat of a refresh ends the session, as it does for a public app."""

    ID_TOKEN_ES256 = "id_token_es256"
    """Sign this app's ID tokens with ES256 instead of RS256."""

    ID_TOKEN_HS256 = "id_token_hs256"
    """Sign this app's ID tokens with its own secret, which is then stored sealed."""

    FIXED_RATE_PENALTY = "fixed_rate_penalty"
    """A call refused for its rate does not prolong the penalty: for clients that try again before Retry-After."""


class ClientStatus(Enum):
    """ACTIVE apps work; a BLOCKED app's every session is over."""

    ACTIVE = "Active"
    BLOCKED = "Blocked"


CONFIDENTIAL_KINDS = frozenset({AppKind.SERVER_WEB, AppKind.SERVER_OTHER, AppKind.SERVER_BOT})
"""Kinds that can keep a secret (RFC 6749 section 2.1)."""

_SERVERS = frozenset({AppKind.SERVER_WEB, AppKind.SERVER_OTHER})
_DESKTOP = frozenset({AppKind.DESKTOP_WINDOWS, AppKind.DESKTOP_MAC, AppKind.DESKTOP_OTHER})
_REDIRECTING = frozenset(AppKind) - {AppKind.SERVER_OTHER}
_MOBILE = frozenset({AppKind.MOBILE_IOS, AppKind.MOBILE_ANDROID, AppKind.MOBILE_OTHER})
_DEVICES = _DESKTOP | _MOBILE | {AppKind.SERVER_OTHER}
"""Programs that may run where no browser is: command lines, phones on desks, televisions, jobs. Others have one."""


class Client(NamedTuple):
    """One app as registered. `version` changes with everything a proof or a decision may rely on.

    What it was issued before `sessions_from_ms` is over. `rates` are its own numbers, where it has any. A browser that
    signed out may go to its `post_logout_redirect_uris` (OpenID Connect RP-Initiated Logout section 3.1).
    """

    id: ClientId
    account_id: AccountId
    name: str
    kind: AppKind
    private: bool
    status: ClientStatus
    auth_method: AuthMethod
    grants: frozenset[GrantType]
    scopes: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    switches: frozenset[Switch]
    issues_refresh_tokens: bool
    access_ttl_s: int
    refresh_ttl_s: int
    session_cap: int
    version: int
    sessions_from_ms: int = 0
    rates: tuple[AppRate, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()

    @property
    def confidential(self) -> bool:
        """Whether the app can keep a secret (RFC 6749 section 2.1)."""
        return self.kind in CONFIDENTIAL_KINDS


class ClientKeys(NamedTuple):
    """What proves a client: loaded only for the proof, never part of facts a decision sees.

    A secret that was changed with an overlap counts until `former_until_ms` beside its successor.
    """

    secret_sha256: bytes | None
    sealed_secret: bytes | None
    jwks: str | None
    former_sha256: bytes | None = None
    former_sealed: bytes | None = None
    former_until_ms: int | None = None

    def __repr__(self) -> str:
        return "ClientKeys(…)"


def grants_possible(kind: AppKind, *, private: bool) -> frozenset[GrantType]:
    """Grants an app of this kind may be registered for (protocol.md A.2, ruling 7)."""
    allowed = {GrantType.REFRESH_TOKEN}
    if kind in _REDIRECTING:
        allowed.add(GrantType.AUTHORIZATION_CODE)
    if kind in _SERVERS:
        allowed |= {GrantType.JWT_BEARER, GrantType.CLIENT_CREDENTIALS, GrantType.SAML2_BEARER}
    if private and kind in _SERVERS | _DESKTOP:
        allowed.add(GrantType.PASSWORD)
    if kind in _DEVICES:
        allowed.add(GrantType.DEVICE_CODE)
    if kind is AppKind.BROWSER_BASED:
        allowed.add(GrantType.IMPLICIT)
    return frozenset(allowed)
