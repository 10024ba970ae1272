"""Compact JWS: a strict reader in front of joserfc's signatures (RFC 7515, RFC 8725).

One parse decides everything: the bytes that were judged are the bytes whose signature is checked. Of the
header's members only `alg`, `typ` and `kid` are taken, so nothing a stranger sends can bring a key, name an
address to fetch or change how the signature is read. Which algorithm may be used is the caller's word, never
the header's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from joserfc.errors import JoseError
from joserfc.jwa import EdDSAAlgorithm, ESAlgorithm, HMACAlgorithm, JWSAlgModel, RSAAlgorithm, RSAPSSAlgorithm
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from callgate.crypto.strict_json import decode_base64url, encode_base64url, parse_object

JWS_CHARS_MAX = 8192
"""A client assertion takes some 800 characters; nothing above this is decoded."""

HEADER_VALUE_CHARS_MAX = 256

Key = RSAKey | ECKey | OKPKey | OctKey

_ALGORITHMS: Mapping[str, JWSAlgModel] = {
    "HS256": HMACAlgorithm(256),
    "HS384": HMACAlgorithm(384),
    "HS512": HMACAlgorithm(512),
    "RS256": RSAAlgorithm(256),
    "PS256": RSAPSSAlgorithm(256),
    "ES256": ESAlgorithm("ES256", "P-256", 256),
    "EdDSA": EdDSAAlgorithm(),  # which curves, `jwks` says: Ed25519
}
_HEADER_MEMBERS = frozenset({"alg", "typ", "kid"})


class JwsFault(Enum):
    """Why a text is not a JWS we read."""

    TOO_LONG = "longer than 8,192 characters"
    NOT_COMPACT = "not three parts of base64url without padding, joined by dots"
    NOT_JSON = "its header or claims are not one plain JSON object"
    HEADER_MEMBER = "its header has a member other than alg, typ and kid"
    HEADER_VALUE = "its header's alg, typ or kid is not a short string, or alg is missing"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Jws:
    """A JWS that was read; nothing in it is proven until `signature_holds`."""

    alg: str
    kid: str | None
    typ: str | None
    claims: Mapping[str, object]
    signing_input: bytes
    signature: bytes


class HmacSecret:
    """A client's secret as a MAC key; its repr shows nothing."""

    __slots__ = ("key", "length")

    def __init__(self, secret: str) -> None:
        raw = secret.encode()
        self.length = len(raw)
        self.key = OctKey.import_key(raw)

    def __repr__(self) -> str:
        return "HmacSecret(…)"

    def suffices_for(self, alg: str) -> bool:
        """Tell whether the secret is as long as the algorithm's hash (RFC 7518 section 3.2)."""
        return alg in _HASH_BYTES and self.length >= _HASH_BYTES[alg]


_HASH_BYTES: Mapping[str, int] = {"HS256": 32, "HS384": 48, "HS512": 64}


def parse_jws(text: str, *, ignored: frozenset[str] = frozenset()) -> Jws | JwsFault:
    """Read a compact JWS strictly; costs no more than its length, whatever it holds.

    `ignored` are members of the header that may stand there and mean nothing to us.
    """
    if len(text) > JWS_CHARS_MAX:
        return JwsFault.TOO_LONG
    parts = text.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - RFC 7515 section 3.1
        return JwsFault.NOT_COMPACT
    header_raw, claims_raw, signature = (decode_base64url(part) for part in parts)
    if not header_raw or not claims_raw or not signature:
        return JwsFault.NOT_COMPACT
    header, claims = parse_object(header_raw), parse_object(claims_raw)
    if header is None or claims is None:
        return JwsFault.NOT_JSON
    if not header.keys() <= _HEADER_MEMBERS | ignored:
        return JwsFault.HEADER_MEMBER
    alg, kid, typ = header.get("alg"), header.get("kid"), header.get("typ")
    if not _is_short(alg) or not all(_is_short(value) for value in header.values()):
        return JwsFault.HEADER_VALUE
    return Jws(
        alg=str(alg),
        kid=None if kid is None else str(kid),
        typ=None if typ is None else str(typ),
        claims=claims,
        signing_input=text[: text.rindex(".")].encode("ascii"),
        signature=signature,
    )


def signature_holds(jws: Jws, key: Key, *, alg: str) -> bool:
    """Check the signature with a key whose algorithm the caller settled beforehand."""
    if jws.alg != alg:
        return False
    algorithm = _ALGORITHMS[alg]
    try:
        algorithm.check_key(key)
        return algorithm.verify(jws.signing_input, jws.signature, key)
    except (JoseError, ValueError):
        return False


def sign_jws(claims: Mapping[str, object], key: Key, *, alg: str, kid: str | None) -> str:
    """Sign claims in their order; the header is `kid`, `typ`, `alg`, as on the wire (protocol.md G)."""
    header = {"typ": "JWT", "alg": alg} if kid is None else {"kid": kid, "typ": "JWT", "alg": alg}
    signing_input = f"{_part(header)}.{_part(claims)}"
    algorithm = _ALGORITHMS[alg]
    algorithm.check_key(key)
    return f"{signing_input}.{encode_base64url(algorithm.sign(signing_input.encode('ascii'), key))}"


def _part(members: Mapping[str, object]) -> str:
    return encode_base64url(json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode())


def _is_short(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= HEADER_VALUE_CHARS_MAX
