"""Values for the crypto tests: seeded rings, references, keys; a test overrides only what matters to it."""

from functools import lru_cache

from callgate.crypto.entropy import SeededEntropy
from callgate.crypto.kek import KeyEncryptionKey
from callgate.crypto.keys import KeyRing
from callgate.crypto.signing_keys import SigningKeys, new_signing_key, open_signing_keys
from callgate.crypto.tokens import Sealer
from callgate.model.ids import AccountId, RowId
from callgate.model.key import KeyState, KeyUse, StoredKey
from callgate.model.reference import Reference, TokenKind

CELL = "CGT01P01"
NOW_MS = 1_800_000_000_000


def make_ring(*numbers: int, active: int | None = None, seed: int = 1) -> KeyRing:
    """A ring with these roots, the last of them active; the same seed and number make the same root."""
    chosen = numbers or (1,)
    roots = {number: SeededEntropy(seed * 1000 + number).random_bytes(32) for number in chosen}
    return KeyRing(roots, active=active or chosen[-1])


def make_sealer(*numbers: int, seed: int = 1, cell: str = CELL) -> Sealer:
    """A sealer over `make_ring`."""
    return Sealer(make_ring(*numbers, seed=seed), cell=cell)


REFERENCE = Reference(
    kind=TokenKind.ACCESS,
    account_id=AccountId(208_594_004),
    row_id=RowId(923_517_231_104_000_123),
    secret=bytes(range(100, 120)),
    generation=7,
    key_number=1,
)


def make_kek(*seeds: int) -> KeyEncryptionKey:
    """A key-encryption key, or several: the first wraps, all unwrap."""
    return KeyEncryptionKey([SeededEntropy(seed).random_bytes(32) for seed in seeds or (1,)])


def make_stored(
    use: KeyUse,
    *,
    wrapped: bytes = b"",
    number: int = 1,
    state: KeyState = KeyState.ACTIVE,
) -> StoredKey:
    """A key's row."""
    return StoredKey(use, number, state, wrapped, NOW_MS, NOW_MS, None)


@lru_cache(maxsize=16)  # an RSA pair takes a tenth of a second
def make_signing_keys(use: KeyUse, *, seed: int = 1) -> SigningKeys:
    """One pair of this use. OpenSSL cannot be seeded: `seed` only tells pairs apart within a run."""
    kek = make_kek(seed)
    stored = make_stored(use, wrapped=new_signing_key(kek, use=use, number=1))
    keys = open_signing_keys([stored], kek, use=use)
    assert keys is not None
    return keys
