import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.protocol.codes import RecoveryCode, TotpCode, parse_code, spell_recovery_code

RECOVERY = "ABCDEFGH234567QR"


@pytest.mark.parametrize("typed", ["123456", " 123 456 ", "123-456", "12\u00a034\u00a056"])
def test_six_digits_are_a_code_of_an_app(typed: str) -> None:
    """However they are spaced, as apps show them."""
    assert parse_code(typed) == TotpCode("123456")


@pytest.mark.parametrize(
    "typed", [RECOVERY, "ABCD-EFGH-2345-67QR", "abcd efgh 2345 67qr", "abcd\u2013efgh\u20132345\u201367qr"]
)
def test_sixteen_letters_and_digits_are_a_recovery_code(typed: str) -> None:
    """However they are written."""
    assert parse_code(typed) == RecoveryCode(RECOVERY)


def test_misread_digits_are_the_letters_they_look_like() -> None:
    """RFC 4648 section 6 leaves 0, 1 and 8 out, so nothing else can be meant."""
    assert parse_code("0BCD-EFGH-1345-67Q8") == RecoveryCode("OBCDEFGHI34567QB")


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "12345",
        "1234567",
        "١٢٣٤٥٦",
        "²²²²²²",
        "12345a",
        RECOVERY[1:],
        RECOVERY + "A",
        "ABCDEFGH234567Q9",
        "ß" * 16,
        "1" * 65,
    ],
)
def test_anything_else_is_no_code(typed: str) -> None:
    """Other scripts' digits among it; a long text is not even looked at."""
    assert parse_code(typed) is None


@given(st.text())
def test_whatever_is_typed_is_a_code_in_normal_form_or_none(typed: str) -> None:
    """No input makes an exception, and none gets past the form of a code."""
    match parse_code(typed):
        case TotpCode(digits):
            assert digits.isascii()
            assert digits.isdigit()
            assert len(digits) == 6
        case RecoveryCode(text):
            assert len(base64.b32decode(text)) == 10
        case None:
            pass


@given(st.binary(min_size=10, max_size=10), st.sampled_from(["", " ", "-"]), st.booleans())
def test_recovery_code_comes_back_as_it_was_shown(drawn: bytes, separator: str, small: bool) -> None:
    """Typed as shown, spaced otherwise, in small letters."""
    text = base64.b32encode(drawn).decode()
    shown = spell_recovery_code(text).replace("-", separator)
    assert parse_code(shown.lower() if small else shown) == RecoveryCode(text)


def test_repr_tells_no_code() -> None:
    """Reprs end up in logs."""
    assert "123456" not in repr(TotpCode("123456"))
    assert RECOVERY not in repr(RecoveryCode(RECOVERY))
