"""Passwords of people: argon2id, and the same work for a person that does not exist.

A hash takes 19 MiB and some 20 ms of one core, on purpose. It is never run on the event loop nor inside a
transaction; `password_pool` bounds how many run.
"""

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import HashingError, InvalidHashError, VerificationError
from argon2.low_level import error_to_str

from callgate.crypto.entropy import Entropy
from callgate.model.failure import Unavailable

MEMORY_KIB = 19 * 1024
TIME_COST = 2
PARALLELISM = 1
"""OWASP's second recommended setting for argon2id; one lane, so that a proof takes one core and no more."""

PASSWORD_BYTES_MAX = 1024
"""Longer than any passphrase; the bound keeps what is hashed, and kept in memory, small."""

_SALT_BYTES = 16
_HASHER = PasswordHasher(
    time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=PARALLELISM, hash_len=32, salt_len=_SALT_BYTES
)
_NO_MEMORY = error_to_str(-22)
# A hash of no password: its tag is all zeros, which argon2 gives for an input with probability 2⁻²⁵⁶.
_NOBODY = f"$argon2id$v=19$m={MEMORY_KIB},t={TIME_COST},p={PARALLELISM}${'A' * 22}${'A' * 43}"


def password_fits(password: str) -> bool:
    """Tell whether a password can be one: not empty, at most PASSWORD_BYTES_MAX bytes in UTF-8."""
    return 0 < len(_prepared(password)) <= PASSWORD_BYTES_MAX


def hash_password(password: str, entropy: Entropy) -> str:
    """Hash a new password that fits, with a fresh salt, in argon2's own notation. Raises Unavailable without memory."""
    assert password_fits(password)
    try:
        return _HASHER.hash(_prepared(password), salt=entropy.random_bytes(_SALT_BYTES))
    except HashingError as error:
        raise Unavailable(f"argon2: {error}") from error


def verify_password(stored: str | None, password: str) -> bool:
    """Check a password; None (nobody, or nobody with a password) takes the same time and gives False.

    Raises Unavailable when there is no memory for it, for then nobody knows whether it is right.
    """
    if not password_fits(password):
        return False
    try:
        _HASHER.verify(_NOBODY if stored is None else stored, _prepared(password))
    except (VerificationError, InvalidHashError) as error:
        if str(error) == _NO_MEMORY:
            raise Unavailable(f"argon2: {error}") from error
        return False
    return stored is not None


def needs_rehash(stored: str) -> bool:
    """Tell whether a hash was made with other settings than today's: due at the next right password."""
    return _HASHER.check_needs_rehash(stored)


def _prepared(password: str) -> bytes:
    # Keyboards write "é" as one character or as two; both are the same password (RFC 8265 section 4.2.2, rule
    # 4).
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
