"""Small sealed values that travel through a browser: form state and cookies.

    base64url( key number u32 ‖ nonce 16 bytes ‖ AES-SIV( expires_ms u64 ‖ payload ) )

Bound to a purpose, to the key number and nonce, and to whatever the caller binds it to (the browser's own
cookie, a page's name). The seal hides and protects the payload; it does not make it single-use, and it proves
no sign-in.
"""

import struct

from cryptography.exceptions import InvalidTag

from callgate.crypto.entropy import Entropy
from callgate.crypto.keys import KeyRing, Purpose
from callgate.crypto.strict_json import decode_base64url, encode_base64url
from callgate.crypto.tokens import UnknownKey

PAYLOAD_BYTES_MAX = 8192
"""An authorize request with every parameter at its bound fits; a form field much larger is an attack."""

_NUMBER = struct.Struct(">I")
_EXPIRES = struct.Struct(">Q")
_NONCE_BYTES = 16
_OPEN_BYTES = _NUMBER.size + _NONCE_BYTES
_SEALED_BYTES_MIN = _OPEN_BYTES + 16 + _EXPIRES.size
_TEXT_CHARS_MAX = (_SEALED_BYTES_MIN + PAYLOAD_BYTES_MAX + 2) // 3 * 4


class SealedBox:
    """Seals and opens values of one purpose."""

    __slots__ = ("_entropy", "_purpose", "_ring")

    def __init__(self, ring: KeyRing, purpose: Purpose, entropy: Entropy) -> None:
        self._ring = ring
        self._purpose = purpose
        self._entropy = entropy

    def __repr__(self) -> str:
        return f"SealedBox({self._purpose.value}, {self._ring!r})"

    def seal(self, payload: bytes, expires_ms: int, *, bound_to: bytes = b"") -> str:
        """Seal at most PAYLOAD_BYTES_MAX bytes until `expires_ms`; opens only with the same `bound_to`."""
        assert len(payload) <= PAYLOAD_BYTES_MAX
        siv = self._ring.siv(self._ring.active, self._purpose)
        assert siv is not None
        visible = _NUMBER.pack(self._ring.active) + self._entropy.random_bytes(_NONCE_BYTES)
        sealed = siv.encrypt(_EXPIRES.pack(expires_ms) + payload, [visible, bound_to])
        return encode_base64url(visible + sealed)

    def open(self, text: str, now_ms: int, *, bound_to: bytes = b"") -> bytes | UnknownKey | None:
        """Read a value sealed for this purpose and binding; None when it is not one or its time is over."""
        whole = decode_base64url(text) if len(text) <= _TEXT_CHARS_MAX else None
        if whole is None or len(whole) < _SEALED_BYTES_MIN:
            return None
        (number,) = _NUMBER.unpack_from(whole)
        siv = self._ring.siv(number, self._purpose)
        if siv is None:
            return UnknownKey(number) if self._ring.may_exist(number) else None
        try:
            opened = siv.decrypt(whole[_OPEN_BYTES:], [whole[:_OPEN_BYTES], bound_to])
        except InvalidTag:
            return None
        (expires_ms,) = _EXPIRES.unpack_from(opened)
        return opened[_EXPIRES.size :] if now_ms < expires_ms else None
