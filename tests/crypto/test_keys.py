"""Roots: derived per purpose, wrapped in the database, unknown when they are."""

import hmac
from itertools import combinations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from callgate.crypto.entropy import SeededEntropy
from callgate.crypto.kek import KeyEncryptionError, KeyEncryptionKey
from callgate.crypto.keys import KeyRing, Purpose, new_root, open_ring, rewrap_key, unwrap_key
from callgate.model.key import KeyState, KeyUse
from tests.crypto.factories import make_kek, make_ring, make_stored


def test_every_purpose_and_root_has_its_own_key() -> None:
    """What one key sealed, no other opens (architecture.md, idea 3)."""
    ring = make_ring(1, 2)
    sivs = {(number, purpose): ring.siv(number, purpose) for number in (1, 2) for purpose in Purpose}
    outputs = {place: siv.encrypt(b"same", None) for place, siv in sivs.items() if siv is not None}
    assert len(outputs) == 2 * len(Purpose)
    assert all(one != other for one, other in combinations(outputs.values(), 2))


def test_derivation_is_the_same_on_every_node() -> None:
    """HKDF-SHA256 (RFC 5869) written out by hand: live tokens depend on it, so it may never change."""
    pseudorandom_key = hmac.digest(bytes(32), SeededEntropy(1001).random_bytes(32), "sha256")
    info = b"callgate/derived/cookies"
    first = hmac.digest(pseudorandom_key, info + b"\x01", "sha256")
    second = hmac.digest(pseudorandom_key, first + info + b"\x02", "sha256")
    expected = AESSIV(first + second).encrypt(b"same", [b"bound"])
    for ring in (make_ring(1), make_ring(1, 2, active=1)):
        siv = ring.siv(1, Purpose.COOKIES)
        assert siv is not None
        assert siv.encrypt(b"same", [b"bound"]) == expected


def test_unknown_numbers_are_none_and_only_near_ones_may_exist() -> None:
    """A made-up number costs no reload; the next ones may have been published since."""
    ring = make_ring(3, 5)
    assert ring.siv(4, Purpose.REFERENCES) is None
    assert {number for number in range(1000) if ring.may_exist(number)} == {6, 7, 8, 9}


@pytest.mark.parametrize(("roots", "active"), [({}, 1), ({1: bytes(31)}, 1), ({1: bytes(32)}, 2), ({0: bytes(32)}, 0)])
def test_a_ring_that_cannot_be_is_a_defect(roots: dict[int, bytes], active: int) -> None:
    """Wrong lengths and missing active roots never get as far as sealing."""
    with pytest.raises(AssertionError):
        KeyRing(roots, active=active)


def test_stored_roots_open_into_a_ring_with_the_newest_active() -> None:
    """Published, active and retired roots are in it; keys of other uses are not."""
    kek, entropy = make_kek(), SeededEntropy(5)
    states = {1: KeyState.RETIRED, 2: KeyState.ACTIVE, 3: KeyState.ACTIVE, 4: KeyState.PUBLISHED}
    rows = [
        make_stored(KeyUse.SEALING, number=number, state=state, wrapped=new_root(kek, entropy, number=number))
        for number, state in states.items()
    ]
    ring = open_ring([*rows, make_stored(KeyUse.ID_TOKEN_RS256, number=9)], kek)
    assert ring is not None
    assert (ring.numbers, ring.active) == ((1, 2, 3, 4), 3)
    assert open_ring([row for row in rows if row.state is not KeyState.ACTIVE], kek) is None


def test_a_root_stored_under_another_number_does_not_open() -> None:
    """The number is part of the wrapping: swapped rows are noticed."""
    kek = make_kek()
    row = make_stored(KeyUse.SEALING, wrapped=new_root(kek, SeededEntropy(5), number=1))
    with pytest.raises(KeyEncryptionError):
        unwrap_key(kek, row._replace(number=2))
    with pytest.raises(KeyEncryptionError):
        unwrap_key(kek, row._replace(use=KeyUse.JWT_CREDENTIAL))
    with pytest.raises(KeyEncryptionError):
        open_ring([row], make_kek(2))


def test_rewrap_changes_the_wrapping_and_not_the_key() -> None:
    """P10: the key-encryption key rotates, tokens do not notice."""
    old, new = bytes(32), bytes([1]) * 32
    row = make_stored(KeyUse.SEALING, wrapped=new_root(KeyEncryptionKey([old]), SeededEntropy(5), number=1))
    again = rewrap_key(KeyEncryptionKey([new, old]), row)
    assert unwrap_key(KeyEncryptionKey([new]), again) == unwrap_key(KeyEncryptionKey([old]), row)


def test_no_repr_shows_a_root() -> None:
    """Neither the ring's nor a row's."""
    row = make_stored(KeyUse.SEALING, wrapped=b"wrapped-bytes")
    assert repr(make_ring(1, 2)) == "KeyRing(numbers=(1, 2), active=2)"
    assert repr(row) == "StoredKey(sealing, number=1, ACTIVE, …)"
