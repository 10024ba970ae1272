"""Sealed values in a browser: bound to purpose, time and browser, with one spelling."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.crypto.entropy import SeededEntropy, SystemEntropy
from callgate.crypto.keys import Purpose
from callgate.crypto.sealed_box import PAYLOAD_BYTES_MAX, SealedBox
from callgate.crypto.tokens import UnknownKey
from tests.crypto.factories import NOW_MS, make_ring

LATER_MS = NOW_MS + 600_000


def make_box(*numbers: int, purpose: Purpose = Purpose.FORM_STATE) -> SealedBox:
    """A box over a seeded ring."""
    return SealedBox(make_ring(*numbers), purpose, SystemEntropy())


@given(payload=st.binary(max_size=PAYLOAD_BYTES_MAX), bound_to=st.binary(max_size=64))
def test_a_sealed_value_opens_in_its_browser_and_time(payload: bytes, bound_to: bytes) -> None:
    """Until the moment it expires, and bound to what it was sealed for."""
    box = make_box(1)
    text = box.seal(payload, LATER_MS, bound_to=bound_to)
    assert box.open(text, NOW_MS, bound_to=bound_to) == payload
    assert box.open(text, LATER_MS - 1, bound_to=bound_to) == payload
    assert box.open(text, LATER_MS, bound_to=bound_to) is None
    assert box.open(text, NOW_MS, bound_to=bound_to + b"x") is None


def test_an_unbound_value_does_not_open_as_a_bound_one() -> None:
    """The two directions of a missing binding."""
    box = make_box(1)
    assert box.open(box.seal(b"state", LATER_MS), NOW_MS, bound_to=b"browser") is None
    assert box.open(box.seal(b"state", LATER_MS, bound_to=b"browser"), NOW_MS) is None


def test_purposes_are_never_confused() -> None:
    """A cookie is no form state."""
    text = make_box(1, purpose=Purpose.COOKIES).seal(b"state", LATER_MS)
    assert make_box(1, purpose=Purpose.FORM_STATE).open(text, NOW_MS) is None


def test_equal_payloads_are_sealed_differently() -> None:
    """Whoever watches cannot tell that two values are the same."""
    box = make_box(1)
    assert box.seal(b"state", LATER_MS) != box.seal(b"state", LATER_MS)
    seeded = [SealedBox(make_ring(1), Purpose.COOKIES, SeededEntropy(1)).seal(b"", LATER_MS) for _ in "ab"]
    assert seeded[0] == seeded[1]


def test_every_flipped_bit_and_other_character_is_refused() -> None:
    """No bit of it is free to change, and no character has a second spelling."""
    box = make_box(1)
    text = box.seal(b"some states", LATER_MS)
    whole = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    assert len(whole) % 3, "the last character has spare bits to try"
    for bit in range(len(whole) * 8):
        whole[bit // 8] ^= 1 << bit % 8
        flipped = base64.urlsafe_b64encode(whole).decode().rstrip("=")
        assert not isinstance(box.open(flipped, NOW_MS), bytes)
        whole[bit // 8] ^= 1 << bit % 8
    for place in range(len(text)):
        for code in range(128):
            spelled = text[:place] + chr(code) + text[place + 1 :]
            assert spelled == text or not isinstance(box.open(spelled, NOW_MS), bytes)
    for spelled in (text + "=", text + "==", text + "\n", text + "A", text[:-1], "", " " + text, text + "é"):
        assert box.open(spelled, NOW_MS) is None


def test_values_under_an_unknown_key_ask_for_it_only_when_it_may_exist() -> None:
    """As with tokens: one load for a near number, none for a made-up one."""
    text = make_box(1, 2).seal(b"state", LATER_MS)
    assert make_box(1).open(text, NOW_MS) == UnknownKey(2)
    assert make_box(3).open(text, NOW_MS) is None
    assert make_box(2, 3).open(text, NOW_MS) == b"state"


def test_a_huge_value_is_neither_sealed_nor_read() -> None:
    """A bound on both sides."""
    box = make_box(1)
    with pytest.raises(AssertionError):
        box.seal(bytes(PAYLOAD_BYTES_MAX + 1), LATER_MS)
    assert box.open("A" * 20_000, NOW_MS) is None
    assert box.open(box.seal(bytes(PAYLOAD_BYTES_MAX), LATER_MS) + "AAAA", NOW_MS) is None


@given(text=st.text(max_size=300))
def test_nothing_made_up_opens_or_fails(text: str) -> None:
    """Any text at all is an answer, never an exception."""
    assert make_box(1).open(text, NOW_MS) is None


def test_repr_shows_no_key() -> None:
    """What is printed names the purpose and the numbers."""
    assert repr(make_box(1)) == "SealedBox(form-state, KeyRing(numbers=(1,), active=1))"
