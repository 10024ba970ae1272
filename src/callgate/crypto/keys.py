"""Roots and what is derived from them: one key for each purpose.

A root is 32 random bytes with a number. The ring holds those that are published, active or retired and not
yet forgotten, unwrapped, in memory only. A number the ring does not know but that may exist by now is for the
caller to load once; a number below is forgotten and stays so.
"""

from collections.abc import Iterable, Mapping
from enum import Enum

from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from callgate.crypto.entropy import Entropy
from callgate.crypto.kek import KeyEncryptionKey, Wrapped
from callgate.model.key import KeyState, KeyUse, StoredKey

ROOT_BYTES = 32
NUMBER_MAX = 999_999
"""Six digits stand in a token's prefix (ruling 1)."""

_SIV_KEY_BYTES = 64  # AES-256-SIV takes two AES-256 keys
_AHEAD = 4  # rotation publishes one root at a time: a number further ahead is made up, and costs no reload


class Purpose(Enum):
    """What a derived key is for; one is never used for another."""

    REFERENCES = "references"
    FORM_STATE = "form-state"
    COOKIES = "cookies"
    SYNC_TOKENS = "sync-tokens"
    SINGLE_SIGN_ON = "single-sign-on"


class KeyRing:
    """Roots by number, one of them active. Immutable: after a reload there is a new ring."""

    __slots__ = ("_roots", "_sivs", "active")

    def __init__(self, roots: Mapping[int, bytes], *, active: int) -> None:
        assert active in roots
        assert all(1 <= number <= NUMBER_MAX for number in roots)
        assert all(len(root) == ROOT_BYTES for root in roots.values())
        self.active = active
        self._roots = dict(roots)
        self._sivs: dict[tuple[int, Purpose], AESSIV] = {}

    def __repr__(self) -> str:
        return f"KeyRing(numbers={self.numbers}, active={self.active})"

    @property
    def numbers(self) -> tuple[int, ...]:
        """The roots' numbers, ascending."""
        return tuple(sorted(self._roots))

    def siv(self, number: int, purpose: Purpose) -> AESSIV | None:
        """Give the cipher of one root and purpose, derived once, or None when the ring has no such root."""
        siv = self._sivs.get((number, purpose))
        if siv is None and number in self._roots:
            siv = AESSIV(self._derive(number, purpose))
            self._sivs[number, purpose] = siv
        return siv

    def may_exist(self, number: int) -> bool:
        """Tell whether a number the ring lacks can have been published since it was loaded."""
        newest = max(self._roots)
        return newest < number <= newest + _AHEAD

    def _derive(self, number: int, purpose: Purpose) -> bytes:
        info = b"callgate/derived/" + purpose.value.encode()
        return HKDF(algorithm=SHA256(), length=_SIV_KEY_BYTES, salt=None, info=info).derive(self._roots[number])


def new_root(kek: KeyEncryptionKey, entropy: Entropy, *, number: int) -> bytes:
    """Make a root and give it wrapped, as its row stores it."""
    return wrap_key(kek, entropy.random_bytes(ROOT_BYTES), use=KeyUse.SEALING, number=number)


def open_ring(keys: Iterable[StoredKey], kek: KeyEncryptionKey) -> KeyRing | None:
    """Unwrap the roots among `keys` into a ring, or give None when none is active yet.

    Raises:
        KeyEncryptionError: the key-encryption key is not the one that wrapped them.
    """
    stored = [key for key in keys if key.use is KeyUse.SEALING]
    active = [key.number for key in stored if key.state is KeyState.ACTIVE]
    if not active:
        return None
    return KeyRing({key.number: unwrap_key(kek, key) for key in stored}, active=max(active))


def wrap_key(kek: KeyEncryptionKey, key: bytes, *, use: KeyUse, number: int) -> bytes:
    """Wrap a root or a private key, bound to its use and number."""
    return kek.wrap(key, what=Wrapped.KEY, name=f"{use.value}/{number}")


def unwrap_key(kek: KeyEncryptionKey, stored: StoredKey) -> bytes:
    """Open a stored key.

    Raises:
        KeyEncryptionError: as `KeyEncryptionKey.unwrap`.
    """
    return kek.unwrap(stored.wrapped, what=Wrapped.KEY, name=f"{stored.use.value}/{stored.number}")


def rewrap_key(kek: KeyEncryptionKey, stored: StoredKey) -> StoredKey:
    """Give the row wrapped by the key that wraps today; the key inside stays the same."""
    wrapped = wrap_key(kek, unwrap_key(kek, stored), use=stored.use, number=stored.number)
    return stored._replace(wrapped=wrapped)
