"""Rules for the texts that administrators type: names, numbers, addresses. Each check gives the problem or None."""

import difflib
from collections.abc import Iterable

from callgate.protocol.login_name import normal_phone, parse_login_name

NAME_CHARS_MAX = 64
"""protocol.md A.1; also wide enough for people and companies on a consent page."""

DESCRIPTION_CHARS_MAX = 256
"""protocol.md A.1."""

_EXTENSION_DIGITS_MAX = 10


def check_text(label: str, text: str, *, chars_max: int = NAME_CHARS_MAX) -> str | None:
    """One printable line of 1 to `chars_max` characters: it is shown to people and stands in logs."""
    if not 1 <= len(text) <= chars_max:
        return f"the {label} must have 1 to {chars_max} characters"
    if not text.isprintable() or text != text.strip():
        return f"the {label} must be one printable line without spaces around it"
    return None


def check_email(email: str) -> str | None:
    """An address people can sign in with."""
    login = parse_login_name(email, None)
    return None if login and login.email and email == email.strip() else f"{email!r} is not an e-mail address"


def check_phone(number: str) -> str | None:
    """A number in E.164, with its '+'."""
    if not number.startswith("+") or normal_phone(number) != number.removeprefix("+"):
        return f"{number!r} is not a phone number in E.164, such as +12025550100"
    return None


def check_extension_number(number: str) -> str | None:
    """Digits alone, as they are dialled."""
    if not number.isascii() or not number.isdigit() or len(number) > _EXTENSION_DIGITS_MAX:
        return f"{number!r} is not an extension number: 1 to {_EXTENSION_DIGITS_MAX} digits"
    return None


def nearest(word: str, among: Iterable[str], *, most: int = 1) -> str:
    """What somebody may have meant, the nearest first, or the empty text where nothing is near."""
    near = difflib.get_close_matches(word[:NAME_CHARS_MAX], list(among), n=most, cutoff=0.5)
    return ", ".join(near)


def first_problem(*problems: str | None) -> str | None:
    """The first that is one."""
    return next((problem for problem in problems if problem is not None), None)
