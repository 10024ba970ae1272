"""A JWT writer for attackers: anything can be put anywhere. Written against `cryptography`, not against our code."""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

Sign = Callable[[bytes], bytes]


def b64(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def b64_int(number: int, length: int | None = None) -> str:
    """A number as JWKs write it."""
    return b64(number.to_bytes(length or (number.bit_length() + 7) // 8, "big"))


def part(members: Mapping[str, object] | str | bytes) -> str:
    """A header or claims: members, or the very bytes."""
    match members:
        case bytes():
            return b64(members)
        case str():
            return b64(members.encode())
        case _:
            return b64(json.dumps(members).encode())


def forge(header: Mapping[str, object] | str | bytes, claims: Mapping[str, object] | str | bytes, sign: Sign) -> str:
    """A compact JWS of whatever it is given."""
    signing_input = f"{part(header)}.{part(claims)}"
    return f"{signing_input}.{b64(sign(signing_input.encode()))}"


def unsigned(_: bytes) -> bytes:
    """No signature."""
    return b""


def hs(key: bytes, digest: str = "sha256") -> Sign:
    """HMAC."""
    return lambda message: hmac.digest(key, message, digest)


def rs256(key: rsa.RSAPrivateKey) -> Sign:
    """RSASSA-PKCS1-v1_5."""
    return lambda message: key.sign(message, padding.PKCS1v15(), SHA256())


def ps256(key: rsa.RSAPrivateKey) -> Sign:
    """RSASSA-PSS."""
    return lambda message: key.sign(message, padding.PSS(padding.MGF1(SHA256()), 32), SHA256())


def es256(key: ec.EllipticCurvePrivateKey) -> Sign:
    """ECDSA with SHA-256 as JOSE writes it: r and s, each as long as the curve's numbers."""

    def sign(message: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(SHA256())))
        size = (key.curve.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    return sign


def es256_der(key: ec.EllipticCurvePrivateKey) -> Sign:
    """ECDSA as X.509 writes it, which JOSE does not take."""
    return lambda message: key.sign(message, ec.ECDSA(SHA256()))


@lru_cache
def rsa_key(bits: int = 2048, which: int = 0) -> rsa.RSAPrivateKey:
    """An RSA pair, the same for the same arguments within a run."""
    del which
    return rsa.generate_private_key(public_exponent=65_537, key_size=bits)


@lru_cache
def ec_key(curve: type[ec.EllipticCurve] = ec.SECP256R1, which: int = 0) -> ec.EllipticCurvePrivateKey:
    """A pair on a curve, the same for the same arguments within a run."""
    del which
    return ec.generate_private_key(curve())


@lru_cache
def ed_key(which: int = 0) -> ed25519.Ed25519PrivateKey:
    """An Ed25519 pair, the same for the same argument within a run."""
    del which
    return ed25519.Ed25519PrivateKey.generate()


def rsa_jwk(key: rsa.RSAPrivateKey, **members: object) -> dict[str, object]:
    """The public half, as registered."""
    numbers = key.public_key().public_numbers()
    return {"kty": "RSA", "n": b64_int(numbers.n), "e": b64_int(numbers.e), **members}


def ec_jwk(key: ec.EllipticCurvePrivateKey, **members: object) -> dict[str, object]:
    """The public half, as registered."""
    numbers = key.public_key().public_numbers()
    size = (key.curve.key_size + 7) // 8
    name = {"secp256r1": "P-256", "secp384r1": "P-384", "secp256k1": "secp256k1"}[key.curve.name]
    return {"kty": "EC", "crv": name, "x": b64_int(numbers.x, size), "y": b64_int(numbers.y, size), **members}


def ed_jwk(key: ed25519.Ed25519PrivateKey, **members: object) -> dict[str, object]:
    """The public half, as registered."""
    return {"kty": "OKP", "crv": "Ed25519", "x": b64(key.public_key().public_bytes_raw()), **members}


def jwks(*keys: Mapping[str, object]) -> str:
    """A key set."""
    return json.dumps({"keys": list(keys)})
