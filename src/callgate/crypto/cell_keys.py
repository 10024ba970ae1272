"""What all cells share: notes, form state and device codes that any cell opens, and a place for unknown names.

A note says which cell sends a request and what for, and holds for that request alone: method, target, fields and the
body's digest are under its MAC, and it is believed for half a minute. Each purpose has a key of its own, derived by
HKDF from a shared secret.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from callgate.crypto.entropy import Entropy
from callgate.crypto.keys import ROOT_BYTES, KeyRing, Purpose
from callgate.crypto.sealed_box import SealedBox
from callgate.crypto.strict_json import encode_base64url
from callgate.crypto.tokens import Sealer
from callgate.model.cells import Errand, Head, Note

NOTE_MS: Final = 30_000
"""How far the clocks of two cells may be apart, the time on the way included."""

_VERSION: Final = "v3"
_NOTE_CHARS_MAX: Final = 512
_NOTE: Final = re.compile(
    r"(v3;(forwarded|question|hello);([A-Z]{3}\d\d[PT]\d\d);([A-Z]{3}\d\d[PT]\d\d);(\d{1,15});"
    r"([0-9a-z.:/]{1,64});([0-9a-f-]{1,64});([\w-]{16});([\w-]{43}));([\w-]{43})",
    re.ASCII,
)
_NONCE_BYTES: Final = 12
_NUMBERS: Final = 999_999


class CellKeys:
    """Signs and reads notes, and makes what else the shared secrets give. The first secret signs, each is believed."""

    __slots__ = ("_device_roots", "_note_keys", "_roots", "_spread_key")

    def __init__(self, secrets: Sequence[str]) -> None:
        assert secrets
        raw = [secret.encode() for secret in secrets]
        self._note_keys = [_derive(each, "notes") for each in raw]
        self._roots = [_derive(each, "form-state") for each in raw]
        self._device_roots = [_derive(each, "devices") for each in raw]
        self._spread_key = _derive(raw[0], "names")

    def __repr__(self) -> str:
        return f"CellKeys({len(self._roots)} secrets)"

    def sign(self, note: Note, head: Head) -> str:
        """A note as it travels, for one request."""
        said = ";".join((_VERSION, note.errand.value, *(str(each) for each in note[1:])))
        return f"{said};{_mac(self._note_keys[0], said, head=head)}"

    def read(self, text: str, head: Head) -> Note | None:
        """The note of this request, if a cell wrote it.

        Whether it is for us, of now and never seen before is the caller's to judge, and whether the body fits.
        """
        found = _NOTE.fullmatch(text) if len(text) <= _NOTE_CHARS_MAX else None
        if found is None:
            return None
        said, errand, sender, to, at_ms, *more, mac = found.groups()
        fits = [hmac.compare_digest(mac, _mac(key, said, head=head)) for key in self._note_keys]
        return Note(Errand(errand), sender, to, int(at_ms), *more) if any(fits) else None

    def form_box(self, entropy: Entropy) -> SealedBox:
        """For form state that begins at one cell and goes on at another. It proves neither sign-in nor consent."""
        return SealedBox(_ring(self._roots), Purpose.FORM_STATE, entropy)

    def device_sealer(self, cell: str) -> Sealer:
        """For codes of devices that began at a cell, and may go to another's people. Each has its row's secret too."""
        return Sealer(_ring(self._device_roots), cell=cell)

    def spread(self, word: str, places: int) -> int:
        """One of some places for a word, always the same, which nobody outside can foretell."""
        mac = hmac.digest(self._spread_key, word.encode("utf-8", "surrogatepass"), "sha256")
        return int.from_bytes(mac[:8], "big") % places


def new_nonce(entropy: Entropy) -> str:
    """What makes a note like no other."""
    return encode_base64url(entropy.random_bytes(_NONCE_BYTES))


def digest_body(body: bytes) -> str:
    """A body as a note names it."""
    return encode_base64url(hashlib.sha256(body).digest())


def body_fits(note: Note, body: bytes) -> bool:
    """Whether a note is this body's."""
    return hmac.compare_digest(note.body_sha256, digest_body(body))


def _derive(secret: bytes, purpose: str) -> bytes:
    info = b"callgate/cells/" + purpose.encode()
    return HKDF(algorithm=SHA256(), length=ROOT_BYTES, salt=None, info=info).derive(secret)


def _ring(roots: Sequence[bytes]) -> KeyRing:
    return KeyRing({_number(root): root for root in roots}, active=_number(roots[0]))


def _number(root: bytes) -> int:
    """The same number for the same secret in every cell, whichever line of the file it is on."""
    return 1 + int.from_bytes(hashlib.sha256(root).digest()[:8], "big") % _NUMBERS


def _mac(key: bytes, said: str, *, head: Head) -> str:
    # A line each: no method, target or field has a line's end, and no field's name a colon.
    lines = (said.encode(), head.method.encode(), head.target, *(b"%b:%b" % field for field in head.fields))
    return encode_base64url(hmac.digest(key, b"\n".join(lines), "sha256"))
