"""JWT credentials as texts: minted once, and looked at when they come back (protocol.md G, ruling 6).

A credential is accepted because its row is there and the row's SHA-256 is the text's; the signature, the
times and the audience inside are information. What is found out here chooses the error of a text that is not
accepted, and lets forgeries be refused before the database is asked.
"""

import hashlib
from dataclasses import dataclass
from enum import Enum

from callgate.crypto.jws import JwsFault, parse_jws, sign_jws, signature_holds
from callgate.crypto.signing_keys import SigningKey, SigningKeys
from callgate.crypto.strict_json import decode_base64url, encode_base64url
from callgate.model.ids import AccountId, ExtensionId, RowId

NEVER_S = 2**31 - 1
"""A credential that never expires says it does so many seconds after it was issued, as the platform's do."""

_ID_BYTES = 8


class NotOurs(Enum):
    """Why a text cannot be a credential of this server."""

    UNREADABLE = "unreadable"
    """OAU-331: not a compact JWS."""

    ALGORITHM = "algorithm"
    """OAU-347: an algorithm other than RS256."""

    SIGNATURE = "signature"
    """OAU-345: no key of this server that signs credentials made it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OurCredential:
    """A credential this server signed: which row it may be. Whether it is, its row says."""

    account_id: AccountId
    extension_id: ExtensionId
    row_id: RowId
    sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialClaims:
    """What a credential says. `expires_s` None means never; `audience` is the token endpoint's URL."""

    audience: str
    issuer: str
    account_id: AccountId
    extension_id: ExtensionId
    row_id: RowId
    issued_s: int
    expires_s: int | None


def mint_jwt_credential(claims: CredentialClaims, key: SigningKey) -> str:
    """Write and sign a credential: aud, sub, iss, exp, iat, jti, in this order; `jti` names the row."""
    expires_s = claims.issued_s + NEVER_S if claims.expires_s is None else claims.expires_s
    members: dict[str, object] = {
        "aud": claims.audience,
        "sub": str(claims.extension_id),
        "iss": claims.issuer,
        "exp": expires_s,
        "iat": claims.issued_s,
        "jti": _row_name(claims.account_id, claims.row_id),
    }
    return sign_jws(members, key.key, alg=key.alg, kid=key.kid)


def inspect_jwt_credential(text: str, keys: SigningKeys) -> OurCredential | NotOurs:
    """Tell what an assertion is: one of ours, or how it cannot be."""
    jws = parse_jws(text)
    if jws is JwsFault.HEADER_MEMBER:
        return NotOurs.SIGNATURE  # a whole JWT, with members in its header that ours never have
    if isinstance(jws, JwsFault):
        return NotOurs.UNREADABLE
    if jws.alg != keys.active.alg:
        return NotOurs.ALGORITHM
    signing = keys.by_kid(jws.kid)
    if signing is None or not signature_holds(jws, signing.key, alg=signing.alg):
        return NotOurs.SIGNATURE
    account_id, row_id = _row_named(str(jws.claims["jti"]))
    return OurCredential(
        account_id=account_id,
        extension_id=ExtensionId(int(str(jws.claims["sub"]))),
        row_id=row_id,
        sha256=hash_jwt_credential(text),
    )


def hash_jwt_credential(text: str) -> bytes:
    """Give the SHA-256 of a credential: what its row keeps of it, and what it is accepted by."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _row_name(account_id: AccountId, row_id: RowId) -> str:
    # The account stands in it as in a reference, so that one account's rows are asked and no index of all.
    return encode_base64url(account_id.to_bytes(_ID_BYTES, "big") + row_id.to_bytes(_ID_BYTES, "big"))


def _row_named(name: str) -> tuple[AccountId, RowId]:
    raw = decode_base64url(name)
    assert raw is not None, "signed by us, so written by _row_name"
    return AccountId(int.from_bytes(raw[:_ID_BYTES], "big")), RowId(int.from_bytes(raw[_ID_BYTES:], "big"))
