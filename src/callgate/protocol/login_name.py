"""Login names: what people type, in normal form (protocol.md B; seed pages use `+<number>` un-encoded)."""

import re

from callgate.model.account import LoginName, normalize_email

LOGIN_CHARS_MAX = 254
"""The longest e-mail address there can be (RFC 5321 section 4.5.3.1.3)."""

_PHONE = re.compile(r"[0-9]{5,15}\Z")
_EXTENSION = re.compile(r"[0-9]{1,10}\Z")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}\Z")
_PHONE_SIGNS = str.maketrans("", "", " -().\u00a0")


def parse_login_name(username: str, extension: str | None) -> LoginName | None:
    """An e-mail address; a phone number; `phone*extension`; a company number with `extension`. None: neither."""
    text = username.strip()
    if len(text) > LOGIN_CHARS_MAX:
        return None
    if "@" in text:
        return LoginName(normalize_email(text), None, None) if _EMAIL.match(text) else None
    phone, _, starred = text.partition("*")
    number = normal_phone(phone)
    wanted = (starred or extension or "").strip()
    if number is None or (wanted and not _EXTENSION.match(wanted)):
        return None
    return LoginName(None, number, wanted or None)


def normal_phone(text: str) -> str | None:
    """E.164 digits without '+', or None; a '+' that became a space is forgiven."""
    digits = text.strip().removeprefix("+").translate(_PHONE_SIGNS)
    return digits if digits.isascii() and _PHONE.match(digits) else None
