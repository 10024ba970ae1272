"""JSON and base64url from strangers, read one way only.

Two readers that disagree about one document are an attack: a repeated member, a second spelling of the same
bytes, a number one of them rounds. What JOSE lets vary is refused here, before any library sees it (RFC 8725
section 2.6).
"""

import base64
import binascii
import json
from collections.abc import Mapping

CONTAINERS_MAX = 64
"""Objects and arrays of one document; bounds depth as well, so nothing recurses far."""

_INTEGER_DIGITS_MAX = 18  # a signed 64-bit number holds every integer of so many digits
_ALPHABET = b"-_"


def decode_base64url(text: str) -> bytes | None:
    """Decode base64url without padding (RFC 7515 section 2), or give None for any other spelling."""
    if not text.isascii() or "=" in text:
        return None
    padded = text.encode("ascii") + b"=" * (-len(text) % 4)
    try:
        raw = base64.b64decode(padded, altchars=_ALPHABET, validate=True)
    except binascii.Error:
        return None
    # Spare bits and the standard alphabet decode as well; the encoder's own spelling is the only one taken.
    return raw if base64.b64encode(raw, altchars=_ALPHABET) == padded else None


def encode_base64url(raw: bytes) -> str:
    """Encode as base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def parse_object(raw: bytes, *, containers_max: int = CONTAINERS_MAX) -> Mapping[str, object] | None:
    """Read a JSON object (RFC 8259), or None where it is not one or two readers could read it differently.

    Refused: not UTF-8, a byte order mark, a member named twice, NaN and infinities, integers over 18 digits,
    halves of surrogate pairs, more objects and arrays than `containers_max`, and more within each other than Python
    reads.
    """
    if raw.count(b"{") + raw.count(b"[") > containers_max:
        return None
    try:
        value: object = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_constant,
        )
        if b"\\u" in raw:
            # An escape can write half a surrogate pair: a string no encoder takes, and a failure wherever it
            # is used.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is named twice")
    return members


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > _INTEGER_DIGITS_MAX:
        raise ValueError("an integer is too long")
    return int(digits)


def _number(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return number


def _constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
