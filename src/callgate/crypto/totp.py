"""Codes of authenticator apps (RFC 6238), and the recovery codes that stand in for them.

The defaults of the RFC: SHA-1, six digits, 30 seconds. Authenticator apps read other values from a QR code and then
make codes by these all the same. SHA-1 is sound here: HMAC does not rest on collisions.
"""

import base64
import hashlib
import hmac

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from callgate.crypto.entropy import Entropy
from callgate.crypto.kek import KeyEncryptionKey, Wrapped
from callgate.model.factor import RECOVERY_CODES, TOTP_STEP_MS
from callgate.model.ids import ExtensionId

SECRET_BYTES = 20
"""RFC 4226 section 4, R6: 128 bits at least, 160 recommended; also HMAC-SHA-1's own size."""

_DIGITS = 6
_STEPS_AROUND = 1
"""RFC 6238 section 5.2: a code made just before or after is taken, for clocks differ and people type."""

_RECOVERY_BYTES = 10
_STEP_S = TOTP_STEP_MS // 1000


def new_totp_secret(entropy: Entropy) -> bytes:
    """Draw a secret for an authenticator app."""
    return entropy.random_bytes(SECRET_BYTES)


def spell_totp_secret(secret: bytes) -> str:
    """Give a secret as authenticator apps take it when typed: 32 characters of base32."""
    return base64.b32encode(secret).decode()


def totp_uri(secret: bytes, *, issuer: str, login: str) -> str:
    """Give a secret as authenticator apps take it from a QR code."""
    return _totp(secret).get_provisioning_uri(login, issuer)


def totp_code(secret: bytes, step: int) -> str:
    """Give the code of one step."""
    return _totp(secret).generate(step * _STEP_S).decode()


def matching_step(secret: bytes, digits: str, *, now_ms: int) -> int | None:
    """Give the step around now whose code this is, None when there is none; always the same work."""
    now = now_ms // TOTP_STEP_MS
    found = None
    for step in range(now - _STEPS_AROUND, now + _STEPS_AROUND + 1):
        if hmac.compare_digest(totp_code(secret, step).encode(), digits.encode()):
            found = step
    return found


def seal_totp_secret(kek: KeyEncryptionKey, secret: bytes, *, extension_id: ExtensionId) -> bytes:
    """Wrap a secret, bound to its person: codes are made from it, so it cannot be hashed."""
    return kek.wrap(secret, what=Wrapped.TOTP_SECRET, name=str(extension_id))


def open_totp_secret(kek: KeyEncryptionKey, sealed: bytes, *, extension_id: ExtensionId) -> bytes:
    """Read what `seal_totp_secret` made for the same person.

    Raises:
        KeyEncryptionError: another key-encryption key, another person's row, or damage.
    """
    return kek.unwrap(sealed, what=Wrapped.TOTP_SECRET, name=str(extension_id))


def new_recovery_codes(entropy: Entropy) -> tuple[str, ...]:
    """Draw a person's recovery codes, 80 bits each, in normal form."""
    return tuple(base64.b32encode(entropy.random_bytes(_RECOVERY_BYTES)).decode() for _ in range(RECOVERY_CODES))


def hash_recovery_code(text: str) -> bytes:
    """Give the SHA-256 of a recovery code in normal form: what a row keeps of it."""
    return hashlib.sha256(text.encode()).digest()


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, _DIGITS, SHA1(), _STEP_S)  # noqa: S303 - RFC 6238 with HMAC, see above
