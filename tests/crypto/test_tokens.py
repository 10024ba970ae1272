"""References: one spelling each, opened only as what they were sealed as (ruling 1)."""

import base64
import struct
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from hypothesis import given
from hypothesis import strategies as st

from callgate.crypto.entropy import SystemEntropy
from callgate.crypto.keys import Purpose
from callgate.crypto.secrets import draw_session
from callgate.crypto.tokens import Sealer, UnknownKey
from callgate.model.ids import AccountId, RowId
from callgate.model.reference import Reference, TokenKind
from tests.crypto.factories import REFERENCE, make_ring, make_sealer

U64 = st.integers(0, 2**64 - 1)

references = st.builds(
    Reference,
    kind=st.sampled_from(TokenKind),
    account_id=U64.map(AccountId),
    row_id=U64.map(RowId),
    secret=st.binary(min_size=20, max_size=20),
    generation=st.integers(0, 2**32 - 1),
    key_number=st.sampled_from([1, 2, 999_999]),
)

SEALER = make_sealer(1, 2, 999_999)


def seal(reference: Reference = REFERENCE, sealer: Sealer = SEALER) -> str:
    """The token of a reference."""
    text = sealer.seal(reference)
    assert isinstance(text, str)
    return text


@given(reference=references)
def test_a_sealed_reference_opens_to_itself(reference: Reference) -> None:
    """96 characters of base64url, the same every time, and everything that went in comes out."""
    text = seal(reference)
    assert len(text) == 96
    assert base64.urlsafe_b64encode(base64.urlsafe_b64decode(text)).decode() == text
    assert seal(reference, make_sealer(1, 2, 999_999)) == text
    assert SEALER.open(reference.kind, text) == reference


@pytest.mark.requirement("ruling 1")
def test_the_layout_is_the_ruled_one() -> None:
    """Ruling 1, written out by hand: prefix of 16 bytes, then AES-SIV of 40, the kind bound and not written."""
    whole = base64.urlsafe_b64decode(seal(REFERENCE._replace(key_number=2)))
    assert whole[:16] == b"CGT01P01K000002|"
    siv = make_ring(1, 2, 999_999).siv(2, Purpose.REFERENCES)
    assert isinstance(siv, AESSIV)
    body = siv.decrypt(whole[16:], [whole[:16], b"access"])
    assert body == (
        struct.pack(">QQ", REFERENCE.account_id, REFERENCE.row_id)
        + REFERENCE.secret
        + struct.pack(">I", REFERENCE.generation)
    )


def test_a_token_of_an_earlier_version_still_opens() -> None:
    """A token as the first version wrote it: live sessions must survive every upgrade."""
    sealer = make_sealer(1)
    first = "Q0dUMDFQMDFLMDAwMDAxfOKFPhlfNWrt9iRBjoWYuyN_8cRxe0rMlfuhU0jKqYQePfltiW3E1QRopNY5psJUb70FMWJ5ddw9"
    assert seal(REFERENCE, sealer) == first
    assert sealer.open(TokenKind.ACCESS, first) == REFERENCE


@pytest.mark.requirement("ruling 1")
@given(reference=references)
def test_kinds_are_never_confused(reference: Reference) -> None:
    """A refresh token is no access token (RFC 9700 section 2.2); asked for any, it says which it is."""
    text = seal(reference)
    others = [kind for kind in TokenKind if kind is not reference.kind]
    assert [kind for kind in others if SEALER.open(kind, text) is not None] == []
    assert SEALER.open_any(text, others) is None
    assert SEALER.open_any(text, TokenKind) == reference


@given(reference=references)
def test_every_flipped_bit_is_refused(reference: Reference) -> None:
    """All 576 bits, prefix and seal: nothing opens, and nothing but a near key number asks for keys."""
    whole = bytearray(base64.urlsafe_b64decode(seal(reference)))
    for bit in range(len(whole) * 8):
        whole[bit // 8] ^= 1 << bit % 8
        text = base64.urlsafe_b64encode(whole).decode()
        assert SEALER.open_any(text, TokenKind) is None
        whole[bit // 8] ^= 1 << bit % 8


def test_every_other_character_in_every_place_is_refused() -> None:
    """No second spelling: all 127 other ASCII characters and some beyond, in each of 96 places."""
    text = seal()
    others = [chr(code) for code in range(128)] + ["é", "\u2013", "\uff21", "\ud800", "\U0001f511"]
    for place in range(96):
        for other in others:
            spelled = text[:place] + other + text[place + 1 :]
            opened = SEALER.open(TokenKind.ACCESS, spelled)
            assert (opened == REFERENCE) if spelled == text else not isinstance(opened, Reference), (
                place,
                other,
            )


@pytest.mark.parametrize(
    "respell",
    [
        lambda text: text + "=",
        lambda text: text + "====",
        lambda text: text[:-1] + "=",
        lambda text: text[:-4],
        lambda text: text + "AAAA",
        lambda text: " " + text,
        lambda text: text + "\n",
        lambda text: text[:48] + "\n" + text[48:],
        lambda text: text.replace("-", "+").replace("_", "/"),
        lambda text: "".join(f"%{ord(letter):02X}" for letter in text),
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: text.swapcase(),
        lambda _: "",
        lambda _: "A" * 96,
        lambda text: text * 1000,
    ],
)
def test_other_spellings_are_refused(respell: Callable[[str], str]) -> None:
    """Padding, white space, the standard alphabet, lengths: what lenient decoders take is not taken."""
    tried = 0
    for generation in range(40):  # some of them hold both "-" and "_"
        text = seal(REFERENCE._replace(generation=generation))
        spelled = respell(text)
        if spelled != text:
            tried += 1
            assert SEALER.open_any(spelled, TokenKind) is None
    assert tried >= 20


@given(
    text=st.text(max_size=200)
    | st.binary(min_size=72, max_size=72).map(lambda raw: base64.urlsafe_b64encode(raw).decode())
)
def test_nothing_made_up_opens_or_fails(text: str) -> None:
    """Any text at all is an answer, never an exception."""
    assert SEALER.open_any(text, TokenKind) is None


def test_another_cell_and_another_ring_open_nothing() -> None:
    """A token belongs to one cell and one set of roots."""
    text = seal()
    assert make_sealer(1, 2, cell="CGT01P02").open(TokenKind.ACCESS, text) is None
    newer = seal(REFERENCE._replace(key_number=2), make_sealer(2, cell="CGT01P02"))
    assert make_sealer(1).open(TokenKind.ACCESS, newer) is None, "another cell's key is not loaded here"
    assert make_sealer(1, 2, seed=9).open(TokenKind.ACCESS, text) is None


def test_an_unknown_key_is_told_from_a_forgery() -> None:
    """A number that may have been published since asks for one load; a made-up or forgotten one does not."""
    newer = make_sealer(1, 2, 3, 4, 5, 6, 7, 8)
    sealer = make_sealer(2, 3)
    answers = {
        number: sealer.open(TokenKind.ACCESS, seal(REFERENCE._replace(key_number=number), newer))
        for number in (1, 3, 4, 7, 8)
    }
    assert answers == {
        1: None,
        3: REFERENCE._replace(key_number=3),
        4: UnknownKey(4),
        7: UnknownKey(7),
        8: None,
    }
    assert sealer.seal(REFERENCE._replace(key_number=4)) == UnknownKey(4)
    assert [sealer.knows(number) for number in (1, 2, 3, 4)] == [False, True, True, False]


@pytest.mark.requirement("ruling 1")
def test_rotation_leaves_old_tokens_and_repeats_as_they_were() -> None:
    """A repeat after a rotation is the same string, because the reference names its own key (idea 3)."""
    before = make_sealer(1)
    after = make_sealer(1, 2)
    text = seal(REFERENCE, before)
    assert after.open(TokenKind.ACCESS, text) == REFERENCE
    assert seal(REFERENCE, after) == text
    assert after.active_key_number == 2
    assert seal(REFERENCE._replace(key_number=2), after) != text


def test_no_repr_shows_a_secret() -> None:
    """Neither a reference's nor a sealer's, however they are printed."""
    shown = f"{REFERENCE} {REFERENCE!r} {[REFERENCE]} {SEALER!r}"
    assert "generation=7" in shown
    assert not any(part in shown for part in (repr(REFERENCE.secret), REFERENCE.secret.hex(), "dfgh"))


@pytest.mark.parametrize("cell", ["", "CGT1P01", "cgt01p01", "CGT01X01", "CGT01P011", "CGT01P0é"])
def test_a_cell_name_that_breaks_the_prefix_is_a_defect(cell: str) -> None:
    """16 bytes of prefix are what makes 96 characters with one spelling."""
    with pytest.raises(AssertionError):
        Sealer(make_ring(1), cell=cell)


def test_many_tokens_never_repeat(counts: Callable[[int, int], int]) -> None:
    """P21: 160 random bits each; a million tokens (in the long run), and no two alike or alike at the front."""
    entropy, sealer, made = SystemEntropy(), make_sealer(1), counts(20_000, 1_000_000)
    texts = {seal(REFERENCE._replace(secret=draw_session(entropy).secret), sealer)[21:43] for _ in range(made)}
    assert len(texts) == made
