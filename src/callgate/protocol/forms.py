"""Forms: bytes to single-valued parameters, or a fault. What a parameter means does not belong here.

An empty value counts as absent and unknown names are kept, to be ignored by whoever reads (RFC 6749 section 3.1).
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from callgate.model import faults
from callgate.model.decisions import Denied

BODY_BYTES_MAX = 16 * 1024
"""Nothing in the protocol needs more: the largest field is an assertion of some 8 KiB."""

FIELDS_MAX = 32
"""The longest real request has 14 fields."""

_PLAIN = re.compile(rb"[!-$&-*,-~]*")
"""Printable ASCII without "%" and "+"."""
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""Tab, CR and LF pass: clients fold their base64 into lines, and every reader here splits or compares whole values."""


class Form:
    """Parameters of one request, each at most once; `get` gives None for absent and for empty."""

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    def get(self, name: str) -> str | None:
        """The value, or None when it is absent or empty."""
        return self._values.get(name) or None

    def has(self, name: str) -> bool:
        """Whether the name was sent at all, even empty."""
        return name in self._values

    def __repr__(self) -> str:
        return f"Form({', '.join(sorted(self._values))})"


def parse_pairs(raw: bytes, *, bytes_max: int = BODY_BYTES_MAX) -> list[tuple[str, str]] | Denied:
    """Ordered pairs of an urlencoded form or query; a list, because a dict would hide duplicates."""
    if not raw:
        return []
    if len(raw) > bytes_max:
        return Denied(fault=faults.BODY_TOO_LARGE, values=(("limit", f"{bytes_max // 1024} KiB"),))
    fields = [field for field in raw.split(b"&") if field]
    if len(fields) > FIELDS_MAX:
        return Denied(fault=faults.BODY_TOO_LARGE, values=(("limit", "32 fields"),))
    pairs: list[tuple[str, str]] = []
    for field in fields:
        name, _, value = field.partition(b"=")
        if _PLAIN.fullmatch(name) and _PLAIN.fullmatch(
            value
        ):  # as most are: nothing is spelled otherwise than it reads
            pairs.append((name.decode("ascii"), value.decode("ascii")))
            continue
        decoded_name, decoded_value = _decode(name), _decode(value)
        if decoded_name is None or decoded_value is None:
            return Denied(fault=faults.BODY_MALFORMED)
        pairs.append((decoded_name, decoded_value))
    return pairs


def single(pairs: Iterable[tuple[str, str]], *, repeatable: frozenset[str] = frozenset()) -> Form | Denied:
    """A form in which each name stands once; names in `repeatable` are joined by spaces."""
    values: dict[str, str] = {}
    for name, value in pairs:
        if name not in values:
            values[name] = value
        elif name in repeatable:
            values[name] = f"{values[name]} {value}"
        else:
            return Denied(fault=faults.PARAMETER_DUPLICATED, values=(("parameter", name[:64]),))
    return Form(values)


def as_one_request(query: bytes, body: bytes) -> bytes:
    """A POST's parameters wherever they stand, query first: read together, so that a name in both is seen twice."""
    return b"&".join(part for part in (query, body) if part)


def is_form(content_type: str) -> bool:
    """Whether this Content-Type is application/x-www-form-urlencoded, parameters ignored."""
    return content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"


def parse_form(content_type: str, body: bytes, *, bytes_max: int = BODY_BYTES_MAX) -> Form | Denied:
    """The form of a POST, or why it is none."""
    if not is_form(content_type):
        return Denied(fault=faults.BODY_NOT_FORM)
    pairs = parse_pairs(body, bytes_max=bytes_max)
    if isinstance(pairs, Denied):
        return pairs
    return single(pairs)


def _decode(raw: bytes) -> str | None:
    if b"+" in raw:
        raw = raw.replace(b"+", b" ")
    if b"%" in raw:
        if _BAD_ESCAPE.search(raw):
            return None
        raw = unquote_to_bytes(raw)
    text = raw.decode("utf-8", "replace")
    if text.isascii():
        return None if _CONTROL.search(text) else text
    return text if text.encode("utf-8") == raw and not _CONTROL.search(text) else None
