"""Names of call records: one spelling each."""

import re

from hypothesis import given
from hypothesis import strategies as st

from callgate.model.calls import CallsRecorded, CallsRewritten, name_record
from callgate.model.ids import RowId

_NAME = re.compile(r"[A-Za-z0-9_-]{11}", re.ASCII)


@given(st.integers(-(1 << 63), (1 << 63) - 1), st.integers(-(1 << 63), (1 << 63) - 1))
def test_records_are_named_apart_when_their_ids_differ(one: int, other: int) -> None:
    """Eleven characters that no path or query changes."""
    names = [name_record(RowId(number)) for number in (one, other)]
    assert all(_NAME.fullmatch(name) for name in names)
    assert (names[0] == names[1]) == (one == other)


def test_change_is_shown_by_its_size() -> None:
    """Thousands of records would drown a log line."""
    assert repr(CallsRecorded(())) == "CallsRecorded(0 records)"
    assert repr(CallsRewritten(())) == "CallsRewritten(0 records)"
