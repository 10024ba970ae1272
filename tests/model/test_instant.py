"""Instants on the wire: every ISO 8601 form clients send, and no other text."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.model.instant import parse_instant, render_instant

MARCH_10 = 1_457_633_272_534  # 2016-03-10T18:07:52.534Z, the specification's own example

MEANT = [
    ("2016-03-10T18:07:52.534Z", MARCH_10),
    ("2016-03-10T18:07:52.534z", MARCH_10),
    ("2016-03-10t18:07:52,534Z", MARCH_10),
    ("2016-03-10T18:07:52.534999Z", MARCH_10),
    ("2016-03-10T18:07:52.5340000Z", MARCH_10),
    ("2016-03-10T18:07:52.5Z", MARCH_10 - 34),
    ("2016-03-10T18:07:52.534", MARCH_10),
    ("2016-03-10T20:07:52.534+02:00", MARCH_10),
    ("2016-03-10T20:07:52.534 02:00", MARCH_10),
    ("2016-03-10T20:07:52.534+0200", MARCH_10),
    ("2016-03-10T20:07:52.534+02", MARCH_10),
    ("2016-03-10T12:37:52.534-05:30", MARCH_10),
    ("2016-03-10T18:07:52Z", MARCH_10 - 534),
    ("2016-03-10T18:07Z", MARCH_10 - 52_534),
    ("2016-03-10", 1_457_568_000_000),
    ("2016-02-29", 1_456_704_000_000),
    ("1970-01-01T00:00:00.000Z", 0),
    ("0001-01-01T00:00:00Z", 0),
    ("0001-01-01T00:00:00+14:00", 0),
    ("9999-12-31T23:59:59.999-12:00", 253_402_300_799_000),
]

NOT_MEANT = [
    "",
    "now",
    "1457633272534",
    "2016",
    "2016-03",
    "2016-3-10",
    "20160310T180752Z",
    "2016-03-10 18:07:52Z",
    "2016-03-10T",
    "2016-03-10T18Z",
    "2016-03-10T18:07:52.Z",
    "2016-03-10T18:07:52.1234567890Z",
    "2016-03-10T18:07:52ZZ",
    "2016-03-10T18:07:52Z\n",
    " 2016-03-10T18:07:52Z",
    "2016-03-10T24:00:00Z",
    "2016-03-10T18:60:00Z",
    "2016-03-10T18:07:60Z",
    "2016-03-10T18:07:52+24:00",
    "2016-03-10T18:07:52+01:60",
    "2016-13-10",
    "2016-00-10",
    "2016-03-00",
    "2016-04-31",
    "2015-02-29",
    "1900-02-29",
    "0000-01-01",
    "2016-W10-4",
    "\uff12\uff10\uff11\uff16-03-10",
]


@pytest.mark.parametrize(("text", "at_ms"), MEANT)
def test_instant_is_read_when_it_is_iso_8601(text: str, at_ms: int) -> None:
    """protocol.md I.5: ISO 8601, in the spellings of JavaScript, Python, PHP and .NET."""
    assert parse_instant(text) == at_ms


@pytest.mark.parametrize("text", NOT_MEANT)
def test_instant_is_refused_when_it_is_no_such_moment(text: str) -> None:
    """A text that merely looks like a date must not become some other date."""
    assert parse_instant(text) is None


@given(st.text())
def test_parser_answers_when_the_text_is_anything(text: str) -> None:
    """Never an exception: milliseconds in range or None."""
    at_ms = parse_instant(text)
    assert at_ms is None or 0 <= at_ms <= 253_402_300_799_000


@given(st.from_regex(r"\A\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[-+ ]\d\d:?\d\d)?)?\Z"))
def test_parser_answers_when_the_text_is_nearly_a_date(text: str) -> None:
    """The calendar's edges raise nothing: day 31, year 0, offsets beyond the ends of time."""
    at_ms = parse_instant(text)
    assert at_ms is None or 0 <= at_ms <= 253_402_300_799_000


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(9999, 12, 30)), st.integers(-839, 839))  # noqa: DTZ001 - the zone comes from the second strategy
def test_instant_agrees_with_the_standard_library_when_it_has_an_offset(local: datetime, offset_minutes: int) -> None:
    """`datetime` itself is the oracle, for every offset there is."""
    moment = local.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert parse_instant(moment.isoformat()) == max(expected, 0)


@given(st.integers(0, 253_402_300_799_000))
def test_instant_comes_back_when_it_is_rendered(at_ms: int) -> None:
    """What a page link echoes means what was asked."""
    text = render_instant(at_ms)
    assert len(text) == len("2016-03-10T18:07:52.534Z")
    assert parse_instant(text) == at_ms
