"""The key that signs our requests to one SAML provider: made with its certificate, stored wrapped, opened to sign."""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from callgate.crypto.kek import KeyEncryptionKey, Wrapped
from callgate.crypto.saml_request import certificate_for
from callgate.crypto.signing_keys import RSA_BITS
from callgate.model.ids import ConnectionId


@dataclass(frozen=True, slots=True)
class ConnectionKey:
    """A new key: its certificate as base64 of DER, and itself as its row stores it."""

    certificate: str
    sealed: bytes = field(repr=False)


def new_connection_key(kek: KeyEncryptionKey, *, connection_id: ConnectionId) -> ConnectionKey:
    """Make a key for one connection. Takes some 100 ms."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=RSA_BITS)
    encoded = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return ConnectionKey(certificate_for(key), seal_connection_key(kek, encoded, connection_id=connection_id))


def seal_connection_key(kek: KeyEncryptionKey, encoded: bytes, *, connection_id: ConnectionId) -> bytes:
    """Wrap a key, bound to its connection."""
    return kek.wrap(encoded, what=Wrapped.CONNECTION_KEY, name=str(connection_id))


def unseal_connection_key(kek: KeyEncryptionKey, sealed: bytes, *, connection_id: ConnectionId) -> bytes:
    """Unwrap what `seal_connection_key` wrapped, as PKCS #8 in DER.

    Raises:
        KeyEncryptionError: another key-encryption key, another connection's row, or damage.
    """
    return kek.unwrap(sealed, what=Wrapped.CONNECTION_KEY, name=str(connection_id))


def open_connection_key(kek: KeyEncryptionKey, sealed: bytes, *, connection_id: ConnectionId) -> rsa.RSAPrivateKey:
    """Give the key to sign with. Raises as `unseal_connection_key`."""
    encoded = unseal_connection_key(kek, sealed, connection_id=connection_id)
    # Our own bytes, as unwrapping has proven; the check that the primes are prime would hold the loop for 50 ms.
    key = load_der_private_key(encoded, password=None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key
