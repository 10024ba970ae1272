"""An authenticator app for tests, written from RFC 6238 alone: nothing of the server's own arithmetic."""

import base64
import hmac
import time


def code_of(secret: str, *, ahead_s: int = 0) -> str:
    """What the app shows for a key as typed into it; `ahead_s` is how far the server's clock was moved."""
    key = base64.b32decode(secret.replace(" ", ""))
    counter = int(time.time() + ahead_s) // 30
    mac = hmac.digest(key, counter.to_bytes(8, "big"), "sha1")
    offset = mac[-1] & 15
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"
