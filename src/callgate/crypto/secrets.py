"""Client ids and secrets, session secrets, and the hashes that are stored of them.

All of these but user codes are drawn at random with at least 160 bits, so a plain SHA-256 keeps them: nobody can go
through 2¹⁶⁰ guesses, however fast the hash, and a slow one would cost a thousand times the work of a whole token
request. What people choose for themselves is hashed in `passwords`.
"""

import hashlib
import hmac
from typing import NamedTuple

from callgate.crypto.entropy import Entropy, alphanumeric, characters
from callgate.crypto.kek import KeyEncryptionKey, Wrapped
from callgate.crypto.strict_json import encode_base64url
from callgate.model.device import USER_CODE_ALPHABET, USER_CODE_CHARS
from callgate.model.ids import ClientId, ConnectionId, RowId

CLIENT_ID_CHARS = 22
CLIENT_SECRET_CHARS = 43
SESSION_SECRET_BYTES = 20
ENDPOINT_ID_BYTES = 16
CODE_VERIFIER_BYTES = 32

_NO_HASH = bytes(32)
"""Compared with where nothing is stored; the answer is no whatever the comparison says."""


def mint_client_id(entropy: Entropy) -> ClientId:
    """Draw an app's id: 22 characters of [A-Za-z0-9] (ruling 11)."""
    return ClientId(alphanumeric(entropy, CLIENT_ID_CHARS))


def mint_client_secret(entropy: Entropy) -> str:
    """Draw an app's secret: 43 characters of [A-Za-z0-9], 256 bits (ruling 11)."""
    return alphanumeric(entropy, CLIENT_SECRET_CHARS)


def mint_endpoint_id(entropy: Entropy) -> str:
    """Draw the name of a client's instance: 22 characters of base64url (protocol.md D.1)."""
    return encode_base64url(entropy.random_bytes(ENDPOINT_ID_BYTES))


def mint_user_code(entropy: Entropy) -> str:
    """Draw what a person types for a device: 34 bits, which whoever guesses must try here, a few a minute."""
    return characters(entropy, USER_CODE_ALPHABET, length=USER_CODE_CHARS)


def mint_code_verifier(entropy: Entropy) -> str:
    """Draw what only whoever asked for a code can redeem it with: 256 bits in base64url (RFC 7636 section 4.1)."""
    return encode_base64url(entropy.random_bytes(CODE_VERIFIER_BYTES))


class DrawnSession(NamedTuple):
    """What is random about a session: the 20 bytes that only the holders of its tokens will know, and its endpoint."""

    secret: bytes
    secret_sha256: bytes
    endpoint_id: str

    def __repr__(self) -> str:
        return f"DrawnSession(endpoint_id={self.endpoint_id!r}, …)"


def draw_session(entropy: Entropy) -> DrawnSession:
    """Draw all of it at once: asking the operating system twice costs twice."""
    drawn = entropy.random_bytes(SESSION_SECRET_BYTES + ENDPOINT_ID_BYTES)
    secret = drawn[:SESSION_SECRET_BYTES]
    return DrawnSession(secret, hash_session_secret(secret), encode_base64url(drawn[SESSION_SECRET_BYTES:]))


def hash_secret(secret: str) -> bytes:
    """Give the SHA-256 of a minted secret: what a row keeps of it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def secret_held(presented: str, *stored_sha256: bytes | None) -> int | None:
    """Which of the stored ones is presented, by its place; None for none. The empty string is never a secret.

    All are compared, each in constant time, with the same work where nothing is stored.
    """
    sha256 = hash_secret(presented)
    matches = [_matches(sha256, each) for each in stored_sha256]
    return matches.index(True) if presented != "" and True in matches else None


def hash_session_secret(secret: bytes) -> bytes:
    """Give the SHA-256 of a session's or a sign-in's secret: what its row keeps of it."""
    return hashlib.sha256(secret).digest()


def session_id(row_id: RowId, secret_sha256: bytes) -> str:
    """Give a session's public name, 22 characters that open nothing (ruling 1)."""
    return encode_base64url(row_id.to_bytes(8, "big") + secret_sha256[:8])


def seal_client_secret(kek: KeyEncryptionKey, secret: str, *, client_id: ClientId) -> bytes:
    """Wrap the secret of an app that uses HMAC: it has to be read again, so it cannot be hashed."""
    return kek.wrap(secret.encode(), what=Wrapped.CLIENT_SECRET, name=client_id)


def open_client_secret(kek: KeyEncryptionKey, sealed: bytes, *, client_id: ClientId) -> str:
    """Read what `seal_client_secret` made for the same app.

    Raises:
        KeyEncryptionError: another key-encryption key, another app's row, or damage.
    """
    return kek.unwrap(sealed, what=Wrapped.CLIENT_SECRET, name=client_id).decode()


def seal_connection_secret(kek: KeyEncryptionKey, secret: str, *, connection_id: ConnectionId) -> bytes:
    """Wrap what proves us to an OpenID Connect provider: it is sent there, so it cannot be hashed."""
    return kek.wrap(secret.encode(), what=Wrapped.CONNECTION_SECRET, name=str(connection_id))


def open_connection_secret(kek: KeyEncryptionKey, sealed: bytes, *, connection_id: ConnectionId) -> str:
    """Read what `seal_connection_secret` made for the same connection.

    Raises:
        KeyEncryptionError: another key-encryption key, another connection's row, or damage.
    """
    return kek.unwrap(sealed, what=Wrapped.CONNECTION_SECRET, name=str(connection_id)).decode()


def _matches(presented_sha256: bytes, stored_sha256: bytes | None) -> bool:
    stored = _NO_HASH if stored_sha256 is None else stored_sha256
    return hmac.compare_digest(presented_sha256, stored) and stored_sha256 is not None
