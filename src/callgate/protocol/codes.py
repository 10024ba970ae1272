"""Codes as people type them: six digits of an authenticator app, or a recovery code (RFC 6238, RFC 4648 section 6)."""

from dataclasses import dataclass, field

TOTP_DIGITS = 6
RECOVERY_CHARS = 16
"""Of base32: 80 bits, more than anybody can try against the hash that is stored."""

TYPED_CHARS_MAX = 64
"""A code with every separator that people put into it."""

_RECOVERY_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
_SEPARATORS = str.maketrans("", "", " -–\t\u00a0")
_MISREAD = str.maketrans("018", "OIB")
"""Digits that base32 leaves out because they are misread."""


@dataclass(frozen=True, slots=True)
class TotpCode:
    """Six digits."""

    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RecoveryCode:
    """Sixteen characters in normal form: capitals, without separators."""

    text: str = field(repr=False)


def parse_code(typed: str) -> TotpCode | RecoveryCode | None:
    """What somebody typed; None when it can be neither."""
    if len(typed) > TYPED_CHARS_MAX:
        return None
    text = typed.translate(_SEPARATORS)
    if len(text) == TOTP_DIGITS and text.isascii() and text.isdigit():
        return TotpCode(text)
    text = text.upper().translate(_MISREAD)
    if len(text) == RECOVERY_CHARS and set(text) <= _RECOVERY_ALPHABET:
        return RecoveryCode(text)
    return None


def spell_recovery_code(text: str) -> str:
    """A recovery code as it is shown: in groups of four."""
    assert len(text) == RECOVERY_CHARS
    return "-".join(text[start : start + 4] for start in range(0, RECOVERY_CHARS, 4))
