"""Looking for secrets where none may be: in whole files, as they are, decoded, in base64 or in hexadecimal digits."""

import binascii
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import quote

_WINDOW = 8
_PIECE = 2 * _WINDOW - 1
"""A piece this long has a whole window at every eighth place, wherever it begins."""

BYTES_MIN = _PIECE
"""Shorter ones would be found by chance, or not at all."""


class Secret(NamedTuple):
    """Something that nobody but its holder may have, and what it is."""

    kind: str
    value: bytes

    def __repr__(self) -> str:
        return f"Secret({self.kind}, …)"


class Hit(NamedTuple):
    """A secret found, in which form, and where."""

    kind: str
    form: str
    place: int


class _Needle(NamedTuple):
    kind: str
    form: str
    piece: bytes


class Search:
    """Every form of every secret, ready to be looked for in one pass over a file."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self._by_window: dict[bytes, list[tuple[int, _Needle]]] = {}
        for secret in secrets:
            assert len(secret.value) >= BYTES_MIN, f"{secret} is too short to be looked for"
            forms = {text: form for form, text in _forms(secret.value)}
            for text, form in forms.items():
                for piece in _pieces(text):
                    self._add(_Needle(secret.kind, form, piece))

    def hits(self, content: bytes) -> Iterator[Hit]:
        """Where any of them is."""
        by_window = self._by_window
        for place in range(0, len(content) - _WINDOW + 1, _WINDOW):
            for offset, needle in by_window.get(content[place : place + _WINDOW], ()):
                if place >= offset and content.startswith(needle.piece, place - offset):
                    yield Hit(needle.kind, needle.form, place - offset)

    def _add(self, needle: _Needle) -> None:
        for offset in range(_WINDOW):
            window = needle.piece[offset : offset + _WINDOW]
            self._by_window.setdefault(window, []).append((offset, needle))


def _forms(value: bytes) -> Iterator[tuple[str, bytes]]:
    yield "raw", value
    yield "percent-encoded", quote(value, safe="").encode()
    yield from _digits(value)
    yield from _base64(value)
    decoded = _decoded(value)
    if decoded is not None:
        yield "decoded", decoded
        yield from ((f"decoded, {form}", text) for form, text in _digits(decoded))
        yield "decoded, base64", b64encode(decoded)


def _digits(value: bytes) -> Iterator[tuple[str, bytes]]:
    yield "hexadecimal", value.hex().encode()
    yield "HEXADECIMAL", value.hex().upper().encode()


def _base64(value: bytes) -> Iterator[tuple[str, bytes]]:
    """As it looks inside a longer text, at each of the three places where it may begin."""
    for before in range(3):
        for form, encode in (("base64", b64encode), ("base64url", urlsafe_b64encode)):
            text = encode(bytes(before) + value)
            # The first and the last group hold bits of what stands beside it.
            yield form, text[4 if before else 0 : len(text) // 4 * 4 - 4]


def _decoded(value: bytes) -> bytes | None:
    """What a token's last part says, if it is base64url."""
    part = value.rpartition(b".")[2]
    try:
        decoded = urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        return None
    return decoded if len(decoded) >= BYTES_MIN and urlsafe_b64encode(decoded).rstrip(b"=") == part else None


def _pieces(text: bytes) -> Iterator[bytes]:
    """Its end, and its middle if it is long; the beginning of a token is the same in all."""
    if len(text) >= _PIECE:
        yield text[-_PIECE:]
    if len(text) >= 4 * _PIECE:
        middle = len(text) // 2
        yield text[middle : middle + _PIECE]
