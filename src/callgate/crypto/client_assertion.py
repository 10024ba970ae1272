"""Client assertions: an app proves itself by a JWT it signed (RFC 7523 section 3, OpenID Core section 9).

Two steps, because the key depends on who claims to speak: `read_client_assertion` gives the unproven client
id, `verify_client_assertion` proves it with that client's secret or keys. A `jti` is good once: remembering
it until `remember_until_ms` is the store's part.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from callgate.crypto.jwks import ClientJwks
from callgate.crypto.jws import HmacSecret, Jws, JwsFault, parse_jws, signature_holds
from callgate.model.ids import ClientId

LIFE_MS_MAX = 3_600_000
"""An assertion that lives longer than an hour is a password; and its `jti` must be remembered as long."""

SKEW_MS = 60_000
"""Clocks of clients are off by up to a minute (assurance.md P19)."""

JTI_CHARS_MAX = 255

_HMAC = frozenset({"HS256", "HS384", "HS512"})
_PUBLIC_KEY = frozenset({"RS256", "PS256", "ES256", "EdDSA"})
_TYPES = frozenset({None, "jwt", "client-authentication+jwt"})
_SECONDS_MAX = 2**40


class AssertionFault(Enum):
    """Why an assertion proves nothing; for the app's owner, the caller learns only that it failed."""

    UNREADABLE = "it is not a compact JWS"
    HEADER = "its header has members other than alg, typ and kid"
    TYPE = "its typ is not JWT or client-authentication+jwt"
    ALGORITHM = "its algorithm is not one this app may use"
    KEY = "none of the app's keys has its kid and algorithm"
    SECRET_SHORT = "the app's secret is shorter than the hash of the algorithm"
    SIGNATURE = "its signature does not hold"
    CLAIMS = "iss, sub, aud, exp or jti is missing or malformed"
    CLIENT = "iss and sub are not both the client id"
    AUDIENCE = "aud is not this server's issuer, as one string"
    EXPIRED = "it has expired"
    LIFE = "it lives longer than an hour"
    EARLY = "its iat or nbf lies in the future"


@dataclass(frozen=True, slots=True)
class AssertionRefused:
    """The assertion proves nothing."""

    reason: AssertionFault


@dataclass(frozen=True, slots=True, repr=False)
class UnprovenAssertion:
    """An assertion that was read: who it claims to be."""

    client_id: ClientId
    jws: Jws


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionVerified:
    """The client proved itself, unless its `jti` was seen before; remember that until `remember_until_ms`."""

    client_id: ClientId
    jti: str
    expires_ms: int
    remember_until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionRules:
    """What the claims must say; `token_url` is None unless the app may use it as `aud` (ruling 11)."""

    client_id: ClientId
    issuer: str
    token_url: str | None = None


def read_client_assertion(text: str) -> UnprovenAssertion | AssertionRefused:
    """Read an assertion and name the client it claims to come from (RFC 7521 section 4.2)."""
    jws = parse_jws(text)
    if isinstance(jws, JwsFault):
        unreadable = jws is not JwsFault.HEADER_MEMBER
        return AssertionRefused(AssertionFault.UNREADABLE if unreadable else AssertionFault.HEADER)
    subject = _string(jws.claims, "sub")
    if subject is None:
        return AssertionRefused(AssertionFault.CLAIMS)
    return UnprovenAssertion(ClientId(subject), jws)


def verify_client_assertion(
    assertion: UnprovenAssertion, key: HmacSecret | ClientJwks, *, rules: AssertionRules, now_ms: int
) -> AssertionVerified | AssertionRefused:
    """Prove the client. The signature comes first: an unsigned claim is told nothing about what is wrong."""
    jws = assertion.jws
    if (None if jws.typ is None else jws.typ.lower()) not in _TYPES:
        return AssertionRefused(AssertionFault.TYPE)
    fault = _judge_secret(jws, key) if isinstance(key, HmacSecret) else _judge_signature(jws, key)
    if fault is not None:
        return AssertionRefused(fault)
    return _judge_claims(jws.claims, rules=rules, now_ms=now_ms)


def _judge_secret(jws: Jws, secret: HmacSecret) -> AssertionFault | None:
    # What the app registered decides between the families: a public key can never serve as a MAC key.
    if jws.alg not in _HMAC:
        return AssertionFault.ALGORITHM
    if not secret.suffices_for(jws.alg):
        return AssertionFault.SECRET_SHORT
    return None if signature_holds(jws, secret.key, alg=jws.alg) else AssertionFault.SIGNATURE


def _judge_signature(jws: Jws, keys: ClientJwks) -> AssertionFault | None:
    if jws.alg not in _PUBLIC_KEY:
        return AssertionFault.ALGORITHM
    key = keys.key_for(alg=jws.alg, kid=jws.kid)
    if key is None:
        return AssertionFault.KEY
    return None if signature_holds(jws, key, alg=jws.alg) else AssertionFault.SIGNATURE


def _judge_claims(
    claims: Mapping[str, object], *, rules: AssertionRules, now_ms: int
) -> AssertionVerified | AssertionRefused:
    issuer, subject, audience = _string(claims, "iss"), _string(claims, "sub"), _string(claims, "aud")
    jti, expires_ms = _string(claims, "jti"), _time_ms(claims, "exp")
    if issuer is None or subject is None or jti is None or len(jti) > JTI_CHARS_MAX or expires_ms is None:
        return AssertionRefused(AssertionFault.CLAIMS)
    if (issuer, subject) != (rules.client_id, rules.client_id):
        return AssertionRefused(AssertionFault.CLIENT)
    # One string: in a list our name could stand beside another server's, who would then hold a proof for us.
    if audience is None or audience not in (rules.issuer, rules.token_url):
        return AssertionRefused(AssertionFault.AUDIENCE)
    if now_ms >= expires_ms + SKEW_MS:
        return AssertionRefused(AssertionFault.EXPIRED)
    if expires_ms > now_ms + LIFE_MS_MAX + SKEW_MS:
        return AssertionRefused(AssertionFault.LIFE)
    for name in ("iat", "nbf"):
        since_ms = _time_ms(claims, name)
        if name in claims and since_ms is None:
            return AssertionRefused(AssertionFault.CLAIMS)
        if since_ms is not None and since_ms > now_ms + SKEW_MS:
            return AssertionRefused(AssertionFault.EARLY)
    return AssertionVerified(
        client_id=rules.client_id, jti=jti, expires_ms=expires_ms, remember_until_ms=expires_ms + SKEW_MS
    )


def _string(claims: Mapping[str, object], name: str) -> str | None:
    value = claims.get(name)
    return value if isinstance(value, str) and value != "" else None


def _time_ms(claims: Mapping[str, object], name: str) -> int | None:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _SECONDS_MAX:
        return None
    return int(value * 1000)
