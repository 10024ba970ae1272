"""Names of call records: one spelling each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.model.calls import CallsRecorded, find_record_id, name_record
from callgate.model.ids import RowId


@given(st.integers(0, (1 << 63) - 1))
def test_record_is_found_when_it_is_named(number: int) -> None:
    """The name and the id are one another's only partner."""
    name = name_record(RowId(number))
    assert len(name) == 11
    assert find_record_id(name) == number


@pytest.mark.parametrize(
    "name",
    [
        "",
        "A",
        "AAAAAAAAAAA=",
        "AAAAAAAAAAAA",
        "AAAAAAAAAAB",
        "AAAAAAAAAAD",
        "gAAAAAAAAAA",
        "AAAAAAAAAA\n",
        "AAAAA AAAAA",
    ],
)
def test_nothing_is_found_when_the_name_is_spelled_otherwise(name: str) -> None:
    """Padding, length, stray bits, a sign bit: no second name for a record."""
    assert find_record_id(name) is None


def test_change_is_shown_by_its_size() -> None:
    """Thousands of records would drown a log line."""
    assert repr(CallsRecorded(())) == "CallsRecorded(0 records)"


@given(st.text() | st.text(alphabet="ABCgh-_9=+/", min_size=11, max_size=11))
def test_parser_answers_when_the_name_is_anything(name: str) -> None:
    """Never an exception, and what is found is called so."""
    found = find_record_id(name)
    assert found is None or name_record(found) == name
