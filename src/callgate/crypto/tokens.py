"""Codes, access and refresh tokens: references, sealed (ruling 1).

    CGT01P01 K000001 |  ‖  AES-SIV( account u64 ‖ row id u64 ‖ secret 20 bytes ‖ generation u32 )
    cell     key number    associated data: the 16 bytes before it; the kind

72 bytes, which base64url writes as 96 characters without padding and without spare bits, so each token has
one spelling. Sealing is deterministic: the same reference is the same string on every node and after every
crash. A token that was not sealed here is refused before anything is looked up. What sessions make of a
reference stands in `protocol`.
"""

import binascii
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from callgate.crypto.keys import KeyRing, Purpose
from callgate.model.reference import Reference, TokenKind

TOKEN_CHARS = 96

_BODY = struct.Struct(">QQ20sI")
_HEAD_CHARS = 20  # 15 bytes: cell, K and key number; the 16th byte, "|", shares its group with the seal
_HEAD = re.compile(rb"([A-Z]{3}\d\d[PT]\d\d)K(\d{6})")
_CELL = re.compile(r"[A-Z]{3}\d\d[PT]\d\d")
_BAR = ord("|")
_TO_URL = bytes.maketrans(b"+/", b"-_")
# The standard alphabet's own two characters and padding become characters that no decoder takes.
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/!!!")


@dataclass(frozen=True, slots=True)
class UnknownKey:
    """Sealed under a number that the ring lacks but that may exist by now: load the keys once."""

    number: int


def cell_named(token: str) -> str | None:
    """The cell that a code or token says it is of; None for what is spelled like neither. Proves nothing."""
    if len(token) != TOKEN_CHARS or not token.isascii():
        return None
    whole = _decode(token[:_HEAD_CHARS])
    head = None if whole is None else _HEAD.fullmatch(whole)
    return None if head is None else head[1].decode()


class Sealer:
    """Seals and opens the references of one cell with one ring: immutable, and on every request's path."""

    __slots__ = ("_by_head", "_by_number", "_cell", "_ring")

    def __init__(self, ring: KeyRing, *, cell: str) -> None:
        """Take the ring and the cell's name, 8 characters as in CGT01P01."""
        assert _CELL.fullmatch(cell)
        self._ring = ring
        self._cell = cell.encode()
        sealings = [_Sealing(ring, self._cell, number) for number in ring.numbers]
        self._by_number = {sealing.number: sealing for sealing in sealings}
        self._by_head = {sealing.head: sealing for sealing in sealings}

    def __repr__(self) -> str:
        return f"Sealer({self._cell.decode()}, {self._ring!r})"

    @property
    def active_key_number(self) -> int:
        """The number that what is made now is sealed with."""
        return self._ring.active

    def knows(self, number: int) -> bool:
        """Tell whether tokens of this key number can be sealed and opened here."""
        return number in self._by_number

    def seal(self, reference: Reference) -> str | UnknownKey:
        """Write a reference as its one string, or tell that the ring lacks the key its row names."""
        sealing = self._by_number.get(reference.key_number)
        if sealing is None:
            return UnknownKey(reference.key_number)
        body = _BODY.pack(reference.account_id, reference.row_id, reference.secret, reference.generation)
        sealed = sealing.siv.encrypt(body, sealing.bindings[reference.kind])
        return binascii.b2a_base64(sealing.prefix + sealed, newline=False).translate(_TO_URL).decode("ascii")

    def open(self, kind: TokenKind, text: str) -> Reference | UnknownKey | None:
        """Read a token of one kind; None for anything else, however little is wrong with it."""
        return self.open_any(text, (kind,))

    def open_any(self, text: str, kinds: Iterable[TokenKind]) -> Reference | UnknownKey | None:
        """Read a token that may be any of `kinds`, tried in order: revoke takes access and refresh tokens."""
        if len(text) != TOKEN_CHARS or not text.isascii():
            return None
        sealing = self._by_head.get(text[:_HEAD_CHARS])
        if sealing is None:
            return self._unknown(text)
        sealed = _decode(text[_HEAD_CHARS:])
        # The bar's last two bits stand in the seal's first character: another spelling of it is another
        # token.
        if sealed is None or sealed[0] != _BAR:
            return None
        for kind in kinds:
            try:
                body = sealing.siv.decrypt(sealed[1:], sealing.bindings[kind])
            except InvalidTag:
                continue
            account_id, row_id, secret, generation = _BODY.unpack(body)
            return Reference(kind, account_id, row_id, secret, generation, sealing.number)
        return None

    def _unknown(self, text: str) -> UnknownKey | None:
        whole = _decode(text)
        head = None if whole is None or whole[15] != _BAR else _HEAD.fullmatch(whole, 0, 15)
        if head is None or head[1] != self._cell:
            return None
        number = int(head[2])
        return UnknownKey(number) if self._ring.may_exist(number) else None


class _Sealing:
    """All that sealing under one key number needs, made once."""

    __slots__ = ("bindings", "head", "number", "prefix", "siv")

    def __init__(self, ring: KeyRing, cell: bytes, number: int) -> None:
        siv = ring.siv(number, Purpose.REFERENCES)
        assert siv is not None
        self.number = number
        self.siv: AESSIV = siv
        self.prefix = b"%bK%06d|" % (cell, number)
        self.head = binascii.b2a_base64(self.prefix[:15], newline=False).translate(_TO_URL).decode("ascii")
        self.bindings: dict[TokenKind, list[bytes | bytearray | memoryview]] = {
            kind: [self.prefix, kind.value.encode()] for kind in TokenKind
        }


def _decode(text: str) -> bytes | None:
    try:
        return binascii.a2b_base64(text.encode("ascii").translate(_FROM_URL), strict_mode=True)
    except binascii.Error:
        return None
