"""ID tokens (OpenID Connect Core section 2): RS256; for apps that ask ES256, or HS256 with their secret.

They come back as hints, on which nothing is granted: expired ones are read too.
"""

import hashlib
from dataclasses import dataclass

from callgate.crypto.jws import HmacSecret, Jws, JwsFault, parse_jws, sign_jws, signature_holds
from callgate.crypto.signing_keys import SigningKey
from callgate.crypto.strict_json import encode_base64url

_HMAC_ALG = "HS256"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class IdTokenClaims:
    """What an ID token says (protocol.md F). Times in seconds since 1970; what is None is left out."""

    issuer: str
    subject: str
    audience: str
    issued_s: int
    expires_s: int
    jti: str
    account_id: str
    auth_time_s: int | None = None
    methods: tuple[str, ...] | None = None
    nonce: str | None = None
    access_token: str | None = None
    email: str | None = None
    email_verified: bool | None = None
    given_name: str | None = None
    family_name: str | None = None


def sign_id_token(claims: IdTokenClaims, signer: SigningKey | HmacSecret) -> str:
    """Write and sign an ID token; RSA takes most of a millisecond: never inside a transaction, nor on the loop."""
    members: dict[str, object | None] = {
        "iss": claims.issuer,
        "sub": claims.subject,
        "aud": claims.audience,
        "exp": claims.expires_s,
        "iat": claims.issued_s,
        "jti": claims.jti,
        "auth_time": claims.auth_time_s,
        "amr": claims.methods,
        "nonce": claims.nonce,
        "at_hash": None if claims.access_token is None else access_token_hash(claims.access_token),
        "account_id": claims.account_id,
        "email": claims.email,
        "email_verified": claims.email_verified,
        "given_name": claims.given_name,
        "family_name": claims.family_name,
    }
    said: dict[str, object] = {name: value for name, value in members.items() if value is not None}
    if isinstance(signer, HmacSecret):
        assert signer.suffices_for(_HMAC_ALG)
        return sign_jws(said, signer.key, alg=_HMAC_ALG, kid=None)
    return sign_jws(said, signer.key, alg=signer.alg, kid=signer.kid)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class IdTokenRead:
    """An ID token that says it is ours; nothing in it is proven until `id_token_holds`."""

    jws: Jws
    subject: str
    audience: str

    @property
    def kid(self) -> str | None:
        """Which of our key pairs signed it; None: the app's own secret."""
        return self.jws.kid

    @property
    def by_secret(self) -> bool:
        """Whether it says that it was made with its app's secret."""
        return self.jws.alg == _HMAC_ALG


def read_id_token(text: str, *, issuer: str) -> IdTokenRead | None:
    """Read an ID token of this issuer, expired or not; None when it is none."""
    jws = parse_jws(text)
    if isinstance(jws, JwsFault) or jws.claims.get("iss") != issuer:
        return None
    subject, audience = jws.claims.get("sub"), jws.claims.get("aud")
    if not isinstance(subject, str) or not isinstance(audience, str):
        return None
    return IdTokenRead(jws=jws, subject=subject, audience=audience)


def id_token_holds(read: IdTokenRead, signer: SigningKey | HmacSecret) -> bool:
    """Check its signature by the pair its header names, or by the secret of the app it was made for."""
    alg = _HMAC_ALG if isinstance(signer, HmacSecret) else signer.alg
    return signature_holds(read.jws, signer.key, alg=alg)


def access_token_hash(access_token: str) -> str:
    """Give `at_hash`: the left half of the token's SHA-256 (OpenID Connect Core section 3.1.3.6)."""
    return encode_base64url(hashlib.sha256(access_token.encode("ascii")).digest()[:16])
