"""The public keys of others, checked when given and whenever read: those an app registers, those an issuer publishes.

No library judges a key set: repeated key ids, secrets among public keys, short moduli, exponent 1, another curve than
the algorithm's. Each is refused here with a reason its owner can act on (RFC 7517, RFC 8725 section 3.5). An app's set
is for us alone, so anything we cannot use is a mistake. An issuer publishes for everybody: keys for other uses, or of
kinds we do not know, are passed over (RFC 7517 section 5); weak, ambiguous or secret ones condemn its set as well.
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

ISSUER_JWKS_CHARS_MAX = 65_536
ISSUER_KEYS_MAX = 30
"""Some ten with their certificates is the most seen."""

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

# Weak primes are powers of 65,537 modulo the small primes, and so are their products; of sound moduli, one in 2²⁷ is.
_ROCA_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)
_ROCA_MARKS = tuple((prime, frozenset(pow(65_537, power, prime) for power in range(prime))) for prime in _ROCA_PRIMES)

_DictKey = dict[str, str | list[str]]


class JwksFault(Enum):
    """Why a key set is refused."""

    UNREADABLE = "it is not a JSON object with a list `keys`, or is too long (16,384 characters; an issuer's: 65,536)"
    COUNT = "it has no key that can be used, or too many (more than eight; an issuer's: more than thirty)"
    SYMMETRIC = "a key is symmetric: only public keys belong here"
    PRIVATE = "a key has private members: whoever sees it can sign; make a new pair and register its public half"
    TYPE = "a key's `kty` is not RSA, EC or OKP"
    CURVE = "an EC key is not P-256, or an OKP key is not Ed25519"
    VALUE = "a key's numbers are missing, malformed, or not a point of its curve"
    MODULUS = "an RSA modulus is shorter than 2,048 or longer than 8,192 bits"
    EXPONENT = "an RSA exponent is even, below 65,537 or above 2³²"
    ROCA = "an RSA modulus was made by a chip or library that makes weak ones (ROCA, CVE-2017-15361): make a new pair"
    USE = "a key is marked for something other than signatures (`use`, `key_ops`)"
    ALGORITHM = "a key's `alg` does not fit it; RS256, PS256, ES256 and EdDSA are supported"
    KID = "several keys, and one has no `kid`, or two share one"


_PASSED_OVER = frozenset({JwksFault.TYPE, JwksFault.CURVE, JwksFault.USE, JwksFault.ALGORITHM})
"""What is no mistake in a set that is published for everybody."""


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
    """Read and check an app's key set, as registered or as stored."""
    listed = _listed(text) if len(text) <= JWKS_CHARS_MAX else None
    if listed is None:
        return JwksRefused(JwksFault.UNREADABLE)
    if not 1 <= len(listed) <= KEYS_MAX:
        return JwksRefused(JwksFault.COUNT)
    return _read_keys(listed, passed_over=frozenset())


@lru_cache(maxsize=256)
def read_issuer_jwks(text: str) -> ClientJwks | JwksRefused:
    """Read and check the key set that an outside issuer publishes."""
    listed = _listed(text) if len(text) <= ISSUER_JWKS_CHARS_MAX else None
    if listed is None:
        return JwksRefused(JwksFault.UNREADABLE)
    if len(listed) > ISSUER_KEYS_MAX:
        return JwksRefused(JwksFault.COUNT)
    read = _read_keys(listed, passed_over=_PASSED_OVER)
    return JwksRefused(JwksFault.COUNT) if isinstance(read, ClientJwks) and not read.keys else read


def _listed(text: str) -> list[object] | None:
    document = parse_object(text.encode("utf-8", "surrogatepass"))
    listed = None if document is None else document.get("keys")
    return listed if isinstance(listed, list) else None


def _read_keys(listed: list[object], *, passed_over: frozenset[JwksFault]) -> ClientJwks | JwksRefused:
    keys: dict[int, ClientKey] = {}
    for index, members in enumerate(listed):
        key = _read_key(members) if isinstance(members, dict) else JwksFault.UNREADABLE
        if isinstance(key, ClientKey):
            keys[index] = key
        elif key not in passed_over:
            return JwksRefused(key, index)
    names: set[str] = set()
    for index, key in keys.items():
        if len(keys) > 1 and (key.kid is None or key.kid in names):
            return JwksRefused(JwksFault.KID, index)
        names.add(key.kid or "")
    return ClientJwks(tuple(keys.values()))


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
    if all(modulus % prime in powers for prime, powers in _ROCA_MARKS):
        return JwksFault.ROCA
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
