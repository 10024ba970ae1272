"""Key pairs of our own: one use signs JWT credentials, others sign ID tokens, and no key serves two uses.

That separation is what tells the kinds of JWT apart: on the wire all say `typ: JWT`, as the platform's do,
but an ID token can never pass for a JWT credential, because the credential's keys did not sign it.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from joserfc.jwk import ECKey, RSAKey

from callgate.crypto.kek import KeyEncryptionKey
from callgate.crypto.keys import unwrap_key, wrap_key
from callgate.crypto.strict_json import decode_base64url
from callgate.model.key import KeyState, KeyUse, StoredKey

RSA_BITS = 2048
_KID_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SigningKey:
    """A pair, unwrapped. `kid` is 32 hex digits of the public key's thumbprint (RFC 7638)."""

    number: int
    state: KeyState
    alg: str
    kid: str
    key: RSAKey | ECKey

    def __repr__(self) -> str:
        return f"SigningKey({self.alg}, number={self.number}, kid={self.kid}, …)"


class SigningKeys:
    """The pairs of one use: one signs, all verify."""

    __slots__ = ("_by_kid", "active")

    def __init__(self, keys: Iterable[SigningKey], *, active: SigningKey) -> None:
        self.active = active
        self._by_kid = {key.kid: key for key in keys}
        assert active.kid in self._by_kid

    def __repr__(self) -> str:
        return f"SigningKeys({list(self)})"

    def __iter__(self) -> Iterator[SigningKey]:
        return iter(self._by_kid.values())

    def by_kid(self, kid: str | None) -> SigningKey | None:
        """Give the pair a header names."""
        return None if kid is None else self._by_kid.get(kid)


def new_signing_key(kek: KeyEncryptionKey, *, use: KeyUse, number: int) -> bytes:
    """Make a pair and give its private key wrapped, as its row stores it. RSA takes some 100 ms."""
    private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    match use:
        case KeyUse.JWT_CREDENTIAL | KeyUse.ID_TOKEN_RS256:
            private = rsa.generate_private_key(public_exponent=65_537, key_size=RSA_BITS)
        case KeyUse.ID_TOKEN_ES256:
            private = ec.generate_private_key(ec.SECP256R1())
        case KeyUse.SEALING:
            raise AssertionError("a root is not a pair")
    encoded = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return wrap_key(kek, encoded, use=use, number=number)


def open_signing_keys(stored: Iterable[StoredKey], kek: KeyEncryptionKey, *, use: KeyUse) -> SigningKeys | None:
    """Unwrap the pairs of one use, or give None when none is active yet.

    Raises:
        KeyEncryptionError: the key-encryption key is not the one that wrapped them.
    """
    keys = [_open(key, kek) for key in stored if key.use is use]
    active = [key for key in keys if key.state is KeyState.ACTIVE]
    return SigningKeys(keys, active=max(active, key=lambda key: key.number)) if active else None


def jwks_document(*key_sets: SigningKeys) -> str:
    """Write the public halves as a JWK Set, members in the platform's order (protocol.md F, RFC 7517)."""
    return json.dumps({"keys": [_public_members(key) for keys in key_sets for key in keys]})


def _open(stored: StoredKey, kek: KeyEncryptionKey) -> SigningKey:
    encoded = unwrap_key(kek, stored)
    # The bytes are our own, as unwrapping has proven. OpenSSL would take 50 ms to check that the primes are prime, and
    # the loop that loads keys serves everybody.
    private = load_der_private_key(encoded, password=None, unsafe_skip_rsa_key_validation=True)
    key: RSAKey | ECKey
    if isinstance(private, rsa.RSAPrivateKey):
        alg, key = "RS256", RSAKey.import_key(private)
    else:
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        alg, key = "ES256", ECKey.import_key(private)
    return SigningKey(number=stored.number, state=stored.state, alg=alg, kid=_kid(key), key=key)


def _kid(key: RSAKey | ECKey) -> str:
    thumbprint = decode_base64url(key.thumbprint())
    assert thumbprint is not None
    return thumbprint[:_KID_BYTES].hex()


def _public_members(signing: SigningKey) -> dict[str, object]:
    public = signing.key.as_dict(private=False)
    numbers: dict[str, object] = {name: public[name] for name in ("crv", "x", "y", "n", "e") if name in public}
    return {"kty": public["kty"], "alg": signing.alg, "use": "sig", "kid": signing.kid, **numbers}
