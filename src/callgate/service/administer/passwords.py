"""New passwords: how long they must be, how they are made up, and how they become hashes."""

from callgate.crypto.entropy import alphanumeric
from callgate.crypto.password_pool import Busy
from callgate.crypto.passwords import PASSWORD_BYTES_MAX, password_fits
from callgate.model.acts import Refused
from callgate.model.failure import Unavailable
from callgate.service.administer.desk import Desk

PASSWORD_CHARS_MIN = 12
"""OWASP ASVS 5.0 6.2.1 asks for 8 and recommends 15; no rule about kinds of characters, which only make them worse."""

_GENERATED_CHARS = 20


def generate_password(desk: Desk) -> str:
    """A password of 119 bits that survives being read aloud, typed and pasted."""
    return alphanumeric(desk.entropy, _GENERATED_CHARS)


async def hash_new_password(desk: Desk, password: str) -> str | Refused:
    """The hash of a password somebody chose. Raises Unavailable when too many are being hashed."""
    if len(password) < PASSWORD_CHARS_MIN or not password_fits(password):
        return Refused(f"a password must have {PASSWORD_CHARS_MIN} characters, and at most {PASSWORD_BYTES_MAX} bytes")
    hashed = await desk.passwords.hash(password, desk.entropy)
    if isinstance(hashed, Busy):
        raise Unavailable("too many passwords at once")
    return hashed
