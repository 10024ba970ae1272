"""Tokens of outside issuers: read strictly, verified with the issuer's keys (RFC 7523 section 3, RFC 8725).

What the claims must say is judged in protocol/issuers; where the keys come from is the service's. A token without an id
of its own is known by the bytes that were signed: not by the whole text, for an ECDSA signature has two spellings.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from callgate.crypto.jwks import ClientJwks
from callgate.crypto.jws import Jws, JwsFault, parse_jws, signature_holds
from callgate.crypto.strict_json import encode_base64url

_ALGORITHMS = frozenset({"RS256", "PS256", "ES256", "EdDSA"})
_PLAIN_TYPES = frozenset({None, "jwt", "jose"})
_TYPES = _PLAIN_TYPES | {"authorization-grant+jwt", "client-authentication+jwt"}
"""Those that workloads' tokens carry; what is marked as another kind of token is none (RFC 8725 section 3.11)."""

_THUMBPRINTS = frozenset({"x5t", "x5t#S256"})
"""Some issuers name their certificate beside the key; a thumbprint brings no key, and is not looked at."""


@dataclass(frozen=True, slots=True, repr=False)
class OutsideToken:
    """A token that was read; nothing in it is proven until `is_signed_by`."""

    issuer: str
    alg: str
    kid: str | None
    claims: Mapping[str, object]
    digest: str
    jws: Jws


def read_outside_token(text: str) -> OutsideToken | None:
    """Read a token, or None where it is none that an outside issuer can have made."""
    return _read(text, types=_TYPES)


def read_upstream_id_token(text: str) -> OutsideToken | None:
    """Read an ID token of an identity provider (OpenID Connect Core section 2), or None where it is none."""
    return _read(text, types=_PLAIN_TYPES)


def access_token_hash(access_token: str, *, alg: str) -> str:
    """Give `at_hash`: the left half of the hash that `alg` is built on (OpenID Connect Core section 3.1.3.6)."""
    digest = (hashlib.sha512 if alg == "EdDSA" else hashlib.sha256)(access_token.encode("utf-8")).digest()
    return encode_base64url(digest[: len(digest) // 2])


def _read(text: str, *, types: frozenset[str | None]) -> OutsideToken | None:
    jws = parse_jws(text, ignored=_THUMBPRINTS)
    if isinstance(jws, JwsFault) or jws.alg not in _ALGORITHMS:
        return None
    if (None if jws.typ is None else jws.typ.lower()) not in types:
        return None
    issuer = jws.claims.get("iss")
    if not isinstance(issuer, str) or not issuer:
        return None
    digest = encode_base64url(hashlib.sha256(jws.signing_input).digest())
    return OutsideToken(issuer, jws.alg, jws.kid, jws.claims, digest, jws)


def is_signed_by(token: OutsideToken, keys: ClientJwks) -> bool:
    """Whether one of these keys made the signature: the one of its kid, for its algorithm."""
    key = keys.key_for(alg=token.alg, kid=token.kid)
    return key is not None and signature_holds(token.jws, key, alg=token.alg)


def has_key(token: OutsideToken, keys: ClientJwks) -> bool:
    """Whether a key of the token's kid and algorithm is there at all; an issuer may have a newer one."""
    return keys.key_for(alg=token.alg, kid=token.kid) is not None
