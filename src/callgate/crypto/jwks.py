"""The public keys an app registers for `private_key_jwt`: checked when registered and whenever read.

No library judges a key set: repeated key ids, secrets among public keys, short moduli, exponent 1, another
curve than the algorithm's. Each is refused here with a reason the app's owner can act on (RFC 7517, RFC 8725
section 3.5).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from callgate.crypto.jws import HEADER_VALUE_CHARS_MAX, Key
from callgate.crypto.strict_json import decode_base64url, parse_object

JWKS_CHARS_MAX = 16_384
KEYS_MAX = 8
"""Two keys make a rotation; eight leave room for a fleet."""

RSA_BITS_MIN = 2048
RSA_BITS_MAX = 8192
"""The cost of a check grows with the modulus, and a stranger chose it."""

EXPONENT_MIN = 65_537
EXPONENT_MAX = 2**32
"""NIST SP 800-56B allows up to 2²⁵⁶; nobody uses them, and each bit costs time."""

_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_ALGORITHMS: Mapping[str, frozenset[str]] = {
    "RSA": frozenset({"RS256", "PS256"}),
    "EC": frozenset({"ES256"}),
    "OKP": frozenset({"EdDSA"}),
}
_KEY_TYPES: Mapping[str, type[RSAKey | ECKey | OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_COORDINATE_BYTES = 32

_DictKey = dict[str, str | list[str]]


class JwksFault(Enum):
    """Why a key set is refused."""

    UNREADABLE = "it is not a JSON object with a list `keys`, or is longer than 16,384 characters"
    COUNT = "it has no key, or more than eight"
    SYMMETRIC = "a key is symmetric: only public keys belong here"
    PRIVATE = "a key has private members: whoever sees it can sign; make a new pair and register its public half"
    TYPE = "a key's `kty` is not RSA, EC or OKP"
    CURVE = "an EC key is not P-256, or an OKP key is not Ed25519"
    VALUE = "a key's numbers are missing, malformed, or not a point of its curve"
    MODULUS = "an RSA modulus is shorter than 2,048 or longer than 8,192 bits"
    EXPONENT = "an RSA exponent is even, below 65,537 or above 2³²"
    USE = "a key is marked for something other than signatures (`use`, `key_ops`)"
    ALGORITHM = "a key's `alg` does not fit it; RS256, PS256, ES256 and EdDSA are supported"
    KID = "several keys, and one has no `kid`, or two share one"


@dataclass(frozen=True, slots=True)
class JwksRefused:
    """A key set that cannot be registered; `index` counts from 0 to the key to blame, if it is one key."""

    reason: JwksFault
    index: int | None = None


@dataclass(frozen=True, slots=True)
class ClientKey:
    """One public key and the algorithms it may be used with."""

    kid: str | None
    algorithms: frozenset[str]
    key: Key


@dataclass(frozen=True, slots=True)
class ClientJwks:
    """The checked keys of one app."""

    keys: tuple[ClientKey, ...]

    def key_for(self, *, alg: str, kid: str | None) -> Key | None:
        """Give the one key that can have signed with `alg` under the name `kid`, if there is exactly one."""
        only = len(self.keys) == 1
        for candidate in self.keys:
            named = candidate.kid == kid or (only and (kid is None or candidate.kid is None))
            if named and alg in candidate.algorithms:
                return candidate.key
        return None


@lru_cache(maxsize=1024)  # importing a key costs as much as checking a signature
def read_jwks(text: str) -> ClientJwks | JwksRefused:
    """Read and check a key set, as registered or as stored."""
    document = parse_object(text.encode("utf-8", "surrogatepass")) if len(text) <= JWKS_CHARS_MAX else None
    listed = None if document is None else document.get("keys")
    if not isinstance(listed, list):
        return JwksRefused(JwksFault.UNREADABLE)
    if not 1 <= len(listed) <= KEYS_MAX:
        return JwksRefused(JwksFault.COUNT)
    keys: list[ClientKey] = []
    for index, members in enumerate(listed):
        key = _read_key(members) if isinstance(members, dict) else JwksFault.UNREADABLE
        if isinstance(key, JwksFault):
            return JwksRefused(key, index)
        if len(listed) > 1 and (key.kid is None or any(key.kid == other.kid for other in keys)):
            return JwksRefused(JwksFault.KID, index)
        keys.append(key)
    return ClientJwks(tuple(keys))


def _read_key(members: Mapping[str, object]) -> ClientKey | JwksFault:
    kty = members.get("kty")
    if kty == "oct":
        return JwksFault.SYMMETRIC
    if not isinstance(kty, str) or kty not in _ALGORITHMS:
        return JwksFault.TYPE
    if not _PRIVATE_MEMBERS.isdisjoint(members):
        return JwksFault.PRIVATE
    if not _is_for_signatures(members):
        return JwksFault.USE
    algorithms = _ALGORITHMS[kty]
    if "alg" in members:
        algorithms = frozenset(alg for alg in algorithms if alg == members["alg"])
    if not algorithms:
        return JwksFault.ALGORITHM
    kid = members.get("kid")
    if kid is not None and not (isinstance(kid, str) and 0 < len(kid) <= HEADER_VALUE_CHARS_MAX):
        return JwksFault.KID
    numbers = _rsa_numbers(members) if kty == "RSA" else _curve_point(kty, members)
    if isinstance(numbers, JwksFault):
        return numbers
    try:
        return ClientKey(kid, algorithms, _KEY_TYPES[kty].import_key(numbers))
    except (JoseError, ValueError):
        return JwksFault.VALUE


def _is_for_signatures(members: Mapping[str, object]) -> bool:
    operations = members.get("key_ops", ["verify"])
    return members.get("use", "sig") == "sig" and operations in (
        ["verify"],
        ["sign", "verify"],
        ["verify", "sign"],
    )


def _rsa_numbers(members: Mapping[str, object]) -> _DictKey | JwksFault:
    modulus, exponent = _number(members, "n"), _number(members, "e")
    if modulus is None or exponent is None or modulus % 2 == 0:
        return JwksFault.VALUE
    if not RSA_BITS_MIN <= modulus.bit_length() <= RSA_BITS_MAX:
        return JwksFault.MODULUS
    if exponent % 2 == 0 or not EXPONENT_MIN <= exponent <= EXPONENT_MAX:
        return JwksFault.EXPONENT
    return {"kty": "RSA", "n": str(members["n"]), "e": str(members["e"])}


def _curve_point(kty: str, members: Mapping[str, object]) -> _DictKey | JwksFault:
    curve = {"EC": "P-256", "OKP": "Ed25519"}[kty]
    if members.get("crv") != curve:
        return JwksFault.CURVE
    names = ("x", "y") if kty == "EC" else ("x",)
    if not all(_is_coordinate(members.get(name)) for name in names):
        return JwksFault.VALUE
    point: _DictKey = {name: str(members[name]) for name in names}
    return {"kty": kty, "crv": curve, **point}


def _number(members: Mapping[str, object], name: str) -> int | None:
    text = members.get(name)
    raw = decode_base64url(text) if isinstance(text, str) else None
    return int.from_bytes(raw, "big") if raw else None


def _is_coordinate(value: object) -> bool:
    raw = decode_base64url(value) if isinstance(value, str) else None
    return raw is not None and len(raw) == _COORDINATE_BYTES
