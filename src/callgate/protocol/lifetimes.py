"""Lifetimes: requested TTLs clamped, never refused (protocol.md D.1, must-not-break 2)."""

from callgate.model.client import Client
from callgate.model.policy import ACCESS_TTL_MIN_S
from callgate.protocol.forms import Form

_DIGITS_MAX = 12
"""More seconds than any clock will count; Python itself refuses to read numbers of thousands of digits."""


def access_ttl_s(client: Client, form: Form) -> int:
    """Seconds an access token lives: 600 at least, the app's default at most and when nothing sensible is asked."""
    asked = _whole_number(form.get("access_token_ttl"))
    if asked is None or asked > client.access_ttl_s:
        return client.access_ttl_s
    return max(asked, min(ACCESS_TTL_MIN_S, client.access_ttl_s))


def refresh_ttl_s(client: Client, form: Form) -> int:
    """Seconds a refresh token lives; 0 when the app issues none or the request asks for none."""
    if not client.issues_refresh_tokens:
        return 0
    asked = _whole_number(form.get("refresh_token_ttl"))
    if asked is None or asked > client.refresh_ttl_s:
        return client.refresh_ttl_s
    return asked


def _whole_number(text: str | None) -> int | None:
    """A whole number, or None: SDKs send NaN and floats, which are ignored."""
    if text is None or not text.isascii() or not text.isdigit():
        return None
    digits = text.lstrip("0") or "0"
    return int(digits) if len(digits) <= _DIGITS_MAX else 10**_DIGITS_MAX
