"""JSON and base64url that two readers could read differently are read by none."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.crypto.strict_json import decode_base64url, encode_base64url, parse_object

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"))
)


@given(raw=st.binary(max_size=200))
def test_bytes_have_one_spelling(raw: bytes) -> None:
    """RFC 7515 section 2: without padding, and what is encoded decodes."""
    text = encode_base64url(raw)
    assert decode_base64url(text) == raw
    assert text == base64.urlsafe_b64encode(raw).decode().rstrip("=")


@given(text=st.text(st.characters(max_codepoint=0x17F), max_size=12) | st.text("AQgw-_+/= \n", max_size=12))
def test_other_spellings_decode_to_none(text: str) -> None:
    """Whatever decodes encodes to the same text again."""
    raw = decode_base64url(text)
    assert raw is None or encode_base64url(raw) == text


@pytest.mark.parametrize("text", ["QQ==", "QQ=", "QR", "QQ\n", " QQ", "Q", "+/+/", "QQ\u00e9", "Q.Q", "\ud800"])
def test_known_tricks_decode_to_none(text: str) -> None:
    """Padding, spare bits, white space, a lone character, the standard alphabet."""
    assert decode_base64url(text) is None


@given(
    value=st.dictionaries(st.text(st.characters(codec="utf-8")), scalars | st.lists(scalars, max_size=5), max_size=8)
)
def test_plain_objects_are_read(value: dict[str, object]) -> None:
    """Everything json.dumps writes of ordinary size, escaped or not."""
    assert parse_object(json.dumps(value).encode()) == value
    assert parse_object(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"{",
        b"{}x",
        b"{'a':1}",
        b'{"a":1,}',
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b'{"a":1,"\\u0061":2}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":-1e999}',
        b'{"a":' + b"9" * 19 + b"}",
        b'{"a":' + b"9" * 8000 + b"}",
        b'{"a":"\xff"}',
        b'{"a":"\\ud800"}',
        b'{"\\udfff":1}',
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-32"),
        b'{"a":"\x00"}',
        b'{"a":' + b"[" * 70 + b"]" * 70 + b"}",
        b"[" * 8000,
        b'{"a":' * 8000,
    ],
)
def test_what_is_not_one_plain_object_is_none(raw: bytes) -> None:
    """RFC 8259 with nothing left open: no repeats, no constants, no halves, no depth."""
    assert parse_object(raw) is None


@given(raw=st.binary(max_size=100) | st.text('{}[]",:0123456789.eE-+\\u nulltrefas', max_size=60).map(str.encode))
def test_any_bytes_are_an_answer(raw: bytes) -> None:
    """Never an exception; and where it reads something, so does everyone."""
    value = parse_object(raw)
    assert value is None or value == json.loads(raw)
