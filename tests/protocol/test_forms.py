from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.model import faults
from callgate.model.decisions import Denied
from callgate.protocol.forms import (
    BODY_BYTES_MAX,
    FIELDS_MAX,
    Form,
    as_one_request,
    is_form,
    parse_form,
    parse_pairs,
    single,
)
from tests.protocol.hostile import bodies, content_types, explained

URLENCODED = "application/x-www-form-urlencoded"
TOO_LARGE = Denied(fault=faults.BODY_TOO_LARGE, values=(("limit", "16 KiB"),))
TOO_MANY = Denied(fault=faults.BODY_TOO_LARGE, values=(("limit", "32 fields"),))
MALFORMED = Denied(fault=faults.BODY_MALFORMED)


@pytest.mark.parametrize(
    ("raw", "pairs"),
    [
        (b"", []),
        (b"&&", []),
        (b"a=1&b=2", [("a", "1"), ("b", "2")]),
        (b"a=1&a=1", [("a", "1"), ("a", "1")]),
        (b"a", [("a", "")]),
        (b"=1", [("", "1")]),
        (b"a=b=c", [("a", "b=c")]),
        (b"a+b=c+d", [("a b", "c d")]),
        (b"a=%2B1+%2b1", [("a", "+1 +1")]),
        (b"a=p%40ss%20word", [("a", "p@ss word")]),
        (b"n%61me=1", [("name", "1")]),
        (b"a=%E2%82%AC", [("a", "€")]),
        ("a=€".encode(), [("a", "€")]),
        (b"a=%EF%BF%BD", [("a", "\ufffd")]),
        (b"a=x%0Ay%0D%0A%09", [("a", "x\ny\r\n\t")]),
    ],
)
def test_pairs_are_read_in_order_when_form_is_well_formed(raw: bytes, pairs: list[tuple[str, str]]) -> None:
    """RFC 6749 appendix B: application/x-www-form-urlencoded in UTF-8, duplicates kept to be seen."""
    assert parse_pairs(raw) == pairs


@pytest.mark.parametrize(
    "raw",
    [
        *(b"a=%", b"a=%2", b"a=%zz", b"%=1"),
        *(b"a=%C3", b"a=%C0%80", b"a=%ED%A0%80", b"a=\xff"),
        *(b"a=%00", b"a=\x00", b"a=%7F", b"a=%1B", b"a%00=1"),
    ],
)
def test_form_is_malformed_when_it_is_no_text(raw: bytes) -> None:
    """RFC 6749 appendix B: percent-encoded UTF-8; no control characters, which no parameter may hold (appendix A)."""
    assert parse_pairs(raw) == MALFORMED


def test_form_is_too_large_when_it_exceeds_either_limit() -> None:
    """The largest field is an assertion of some 8 KiB, the longest request has 14 fields."""
    assert parse_pairs(b"a" * BODY_BYTES_MAX) == [("a" * BODY_BYTES_MAX, "")]
    assert parse_pairs(b"a" * (BODY_BYTES_MAX + 1)) == TOO_LARGE
    assert parse_pairs(b"&".join([b"a=1"] * FIELDS_MAX)) == [("a", "1")] * FIELDS_MAX
    assert parse_pairs(b"&".join([b"a=1"] * (FIELDS_MAX + 1))) == TOO_MANY


@pytest.mark.requirement("RFC 6749 section 3.1")
def test_parameter_is_absent_when_its_value_is_empty() -> None:
    """RFC 6749 section 3.1: without a value it is treated as omitted; must-not-break 2."""
    form = single([("a", ""), ("b", "1")])
    assert isinstance(form, Form)
    assert (form.get("a"), form.get("b"), form.get("c")) == (None, "1", None)
    assert (form.has("a"), form.has("c")) == (True, False)


@pytest.mark.requirement("RFC 6749 section 3.1")
@pytest.mark.parametrize("value", ["1", "2", ""])
def test_duplicate_is_refused_when_a_name_stands_twice(value: str) -> None:
    """RFC 6749 section 3.1: parameters must not be included more than once; OAU-111, equal or not."""
    refused = single([("a", "1"), ("b" * 99, "1"), ("b" * 99, value)])
    assert refused == Denied(fault=faults.PARAMETER_DUPLICATED, values=(("parameter", "b" * 64),))


@pytest.mark.requirement("RFC 6749 section 3.1")
@pytest.mark.parametrize(
    ("query", "body", "expected"),
    [
        (b"", b"", {}),
        (b"a=1", b"", {"a": "1"}),
        (b"", b"a=1", {"a": "1"}),
        (b"a=1", b"b=2", {"a": "1", "b": "2"}),
        (b"a=1&", b"&b=2", {"a": "1", "b": "2"}),
        (b"ui_options=x", b"ui_options=y", {"ui_options": "x y"}),
        (b"a=1", b"a=1", "a"),
        (b"a=", b"b=2&%61=1", "a"),
    ],
)
def test_query_and_body_are_one_request_when_both_have_parameters(
    query: bytes, body: bytes, expected: dict[str, str] | str
) -> None:
    """RFC 6749 section 3.1: a name in both stands twice, however it is written; what may repeat, may."""
    pairs = parse_pairs(as_one_request(query, body))
    assert not isinstance(pairs, Denied)
    form = single(pairs, repeatable=frozenset({"ui_options"}))
    if isinstance(form, Denied):
        assert isinstance(expected, str)
        assert form == Denied(fault=faults.PARAMETER_DUPLICATED, values=(("parameter", expected),))
        return
    assert {name: form.get(name) for name, _ in pairs} == expected


def test_values_are_joined_when_their_name_may_repeat() -> None:
    """protocol.md C.1: `ui_options` is repeated by the JS SDK."""
    form = single([("a", "1"), ("o", "x"), ("o", "y z")], repeatable=frozenset({"o"}))
    assert isinstance(form, Form)
    assert form.get("o") == "x y z"


@pytest.mark.parametrize(
    ("content_type", "verdict"),
    [
        (URLENCODED, True),
        (f"{URLENCODED};charset=UTF-8", True),
        (f" {URLENCODED.upper()} ; charset=x", True),
        ("application/json", False),
        ("multipart/form-data", False),
        (f"{URLENCODED}x", False),
        ("", False),
    ],
)
def test_content_type_is_a_form_when_its_essence_says_so(content_type: str, *, verdict: bool) -> None:
    """protocol.md D: with or without charset, anything else 415."""
    assert is_form(content_type) is verdict


def test_post_is_refused_when_it_is_no_single_valued_form() -> None:
    """One fault each, in the order of the reading."""
    assert parse_form("text/plain", b"a=1") == Denied(fault=faults.BODY_NOT_FORM)
    assert parse_form(URLENCODED, b"a=%") == MALFORMED
    twice = parse_form(URLENCODED, b"a=1&a=2")
    assert twice == Denied(fault=faults.PARAMETER_DUPLICATED, values=(("parameter", "a"),))


def test_repr_tells_no_value() -> None:
    """A form may hold a password, and reprs end up in logs."""
    form = single([("password", "hunter2"), ("a", "1")])
    assert repr(form) == "Form(a, password)"


@given(content_types, bodies)
def test_answer_is_a_form_or_a_fault_whatever_is_sent(content_type: str, body: bytes) -> None:
    """No input makes an exception; what is kept is no longer than what was sent."""
    answer = parse_form(content_type, body)
    assert isinstance(answer, Form) or explained(answer)


@given(st.lists(st.tuples(st.text("ab&=+% é\U0001f511", max_size=5), st.text(max_size=9)), max_size=9))
def test_pairs_survive_when_they_are_encoded_and_read(pairs: list[tuple[str, str]]) -> None:
    """What a client encodes is what is read, unless it held control characters."""
    raw = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs).encode()
    read = parse_pairs(raw)
    assert read in (pairs, MALFORMED)
    if read == MALFORMED:
        assert any(ord(char) < 32 or ord(char) == 127 for pair in pairs for char in "".join(pair))
