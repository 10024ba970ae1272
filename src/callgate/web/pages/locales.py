"""In which language a page speaks: the catalogues there are, and the choice among them."""

import re
from enum import StrEnum

from babel.core import negotiate_locale

_TAGS_MAX = 20  # nobody speaks more; a longer list is read this far
_QUALITY = re.compile(r"q=([01](?:\.\d{0,3})?)", re.ASCII)


class Locale(StrEnum):
    """A language with a complete catalogue, as a BCP 47 tag."""

    ENGLISH = "en"
    GERMAN = "de"


def choose_locale(*, ui_locales: str | None, locale_id: str | None, accept_language: str | None) -> Locale:
    """Give the language the first source with one of ours asks for, else English.

    `ui_locales` (space-separated tags) beats `localeId` beats the Accept-Language header (protocol.md C.1). Tags match
    as in RFC 4647 section 3.4, so `de-AT` finds German; underscores are taken for hyphens.
    """
    for tags in ((ui_locales or "").split(), (locale_id or "").split(), _accepted(accept_language or "")):
        found = negotiate_locale([tag.replace("_", "-") for tag in tags[:_TAGS_MAX]], list(Locale), sep="-")
        if found:
            return Locale(found.lower())
    return Locale.ENGLISH


def _accepted(header: str) -> list[str]:
    """Tags of an Accept-Language header, the most wanted first (RFC 9110 section 12.5.4)."""
    weighted = []
    for part in header.split(",")[:_TAGS_MAX]:
        tag, _, parameter = (piece.strip() for piece in part.partition(";"))
        quality = _QUALITY.fullmatch(parameter.replace(" ", ""))
        weight = 1.0 if not parameter else float(quality[1]) if quality else 0.0
        if weight > 0:
            weighted.append((weight, tag))
    return [tag for _, tag in sorted(weighted, key=lambda entry: -entry[0])]
