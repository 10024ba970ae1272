"""Query strings of the resource API: pairs in order, or a fault in the API's words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.model import api_faults
from callgate.model.decisions import Denied
from callgate.protocol.query import Query, QueryReader, parse_query

SOUND: list[tuple[bytes, Query]] = [
    (b"", []),
    (b"view=Simple&view=Detailed", [("view", "Simple"), ("view", "Detailed")]),
    (b"&&view=&x", [("view", ""), ("x", "")]),
    (b"phoneNumber=%2B12025550100", [("phoneNumber", "+12025550100")]),
    (b"phoneNumber=+12025550100", [("phoneNumber", " 12025550100")]),
    (b"name=%C3%A9", [("name", "é")]),
]

UNSOUND = [b"view=%zz", b"view=%", b"%ff=1", b"view=%00", b"a=1&" * 33, b"view=" + b"x" * 16_384]


@pytest.mark.parametrize(("raw", "pairs"), SOUND)
def test_query_is_read_in_order(raw: bytes, pairs: Query) -> None:
    """Repeats stay: lists are names that repeat (protocol.md I.5)."""
    assert parse_query(raw) == pairs


@pytest.mark.parametrize("raw", UNSOUND)
def test_query_is_refused_when_it_is_none(raw: bytes) -> None:
    """Bad percent-encoding, control characters, too many or too long: CMN-101, not OAuth's envelope."""
    parsed = parse_query(raw)
    assert isinstance(parsed, Denied)
    assert (parsed.fault, parsed.values) == (api_faults.PARAMETER_INVALID, (("parameterName", "query"),))
    assert parsed.why


@given(st.binary())
def test_parser_answers_when_the_bytes_are_anything(raw: bytes) -> None:
    """Never an exception."""
    assert isinstance(parse_query(raw), list | Denied)


def test_first_refusal_stays() -> None:
    """One fault at a time: the one that was met first."""
    reader = QueryReader([])
    reader.refuse("one")
    reader.refuse("two")
    assert reader.refused == Denied(fault=api_faults.PARAMETER_INVALID, values=(("parameterName", "one"),))
