"""The call log's query parameters (protocol.md I.5): each value, each default, each refusal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.admin.seed_calls import make_calls
from callgate.model import api_faults
from callgate.model.call_acts import DeletionFacts
from callgate.model.call_log import CallFilters, CallLogQuery, RecordingFilter, Span, View
from callgate.model.calls import CallLogCleared, CallsRewritten, CallType, Direction, StoredCall, Transport
from callgate.model.decisions import Denied, Done
from callgate.model.faults import Fault
from callgate.model.instant import DAY_MS, parse_instant
from callgate.model.paging import Page
from callgate.protocol.call_log import (
    DELETED_AT_ONCE,
    delete_calls,
    parse_call_log,
    parse_deletion,
    parse_view,
)
from callgate.protocol.query import Query
from callgate.protocol.resources import Subject
from tests.admin.casts import CAST, SEEDED_MS
from tests.factories import plain
from tests.protocol.bearers import ACCOUNT, AGENT, NOW_MS

COMPANY = Subject(ACCOUNT, None)
OWN = Subject(ACCOUNT, AGENT)
DAY = Span(NOW_MS - DAY_MS, NOW_MS)


def at(text: str) -> int:
    """Milliseconds of a date that the table states."""
    found = parse_instant(text)
    assert found is not None
    return found


def parse(query: Query, *, subject: Subject = OWN) -> CallLogQuery | Denied:
    """The query at the tests' moment."""
    return parse_call_log(query, subject=subject, now_ms=NOW_MS)


FILTERS: list[tuple[Query, CallFilters]] = [
    ([], CallFilters(DAY)),
    ([("dateFrom", ""), ("type", ""), ("view", ""), ("sessionId", "")], CallFilters(DAY)),
    ([("fromDate", "2016-03-10"), ("pid", "x"), ("VIEW", "bad")], CallFilters(DAY)),
    ([("dateFrom", "2016-03-10")], CallFilters(Span(at("2016-03-10"), NOW_MS))),
    ([("dateTo", "2016-03-10")], CallFilters(Span(at("2016-03-09"), at("2016-03-10")))),
    (
        [("dateFrom", "2016-03-10"), ("dateTo", "2016-03-10")],
        CallFilters(Span(at("2016-03-10"), at("2016-03-10"))),
    ),
    ([("dateFrom", "2099-01-01")], CallFilters(Span(at("2099-01-01"), NOW_MS))),
    ([("dateTo", "1970-01-01T01:00Z")], CallFilters(Span(0, 3_600_000))),
    ([("sessionId", "4503631628008")], CallFilters(None, session_id="4503631628008")),
    ([("telephonySessionId", "s-9a03z1")], CallFilters(DAY, telephony_session_id="s-9a03z1")),
    ([("extensionNumber", "102")], CallFilters(DAY, extension_number="102")),
    ([("phoneNumber", "12025550123")], CallFilters(DAY, phone_number="12025550123")),
    ([("phoneNumber", "+12025550123")], CallFilters(DAY, phone_number="12025550123")),
    ([("phoneNumber", " 12025550123")], CallFilters(DAY, phone_number="12025550123")),
    ([("direction", "Inbound")], CallFilters(DAY, directions=frozenset({Direction.INBOUND}))),
    (
        [("direction", "Inbound"), ("direction", "Outbound"), ("direction", "")],
        CallFilters(DAY, directions=frozenset(Direction)),
    ),
    ([("type", "Voice"), ("type", "Fax")], CallFilters(DAY, types=frozenset(CallType))),
    ([("type", "Fax"), ("type", "Fax")], CallFilters(DAY, types=frozenset({CallType.FAX}))),
    ([("transport", "VoIP")], CallFilters(DAY, transports=frozenset({Transport.VOIP}))),
    ([("metadataCategory", "a"), ("metadataCategory", "b")], CallFilters(DAY, metadata_categories=frozenset("ab"))),
    ([("withRecording", "true")], CallFilters(DAY, recording=RecordingFilter.ALL)),
    ([("withRecording", "False")], CallFilters(DAY)),
    ([("recordingType", "OnDemand")], CallFilters(DAY, recording=RecordingFilter.ON_DEMAND)),
    (
        [("withRecording", "true"), ("recordingType", "Automatic")],
        CallFilters(DAY, recording=RecordingFilter.AUTOMATIC),
    ),
    ([("showBlocked", "false")], CallFilters(DAY, show_blocked=False)),
    ([("showBlocked", "True")], CallFilters(DAY)),
    ([("showDeleted", "true")], CallFilters(DAY, show_deleted=True)),
]

REFUSED: list[tuple[str, str]] = [
    ("view", "simple"),
    ("view", "Everything"),
    ("direction", "inbound"),
    ("direction", "Inbound,Outbound"),
    ("type", "SMS"),
    ("transport", "SIP"),
    ("recordingType", "Some"),
    ("withRecording", "yes"),
    ("showBlocked", "1"),
    ("showDeleted", "maybe"),
    ("dateFrom", "yesterday"),
    ("dateFrom", "2015-02-29"),
    ("dateTo", "1457633272534"),
    ("extensionNumber", "10a"),
    ("extensionNumber", "12345678901"),
    ("phoneNumber", "(202) 555-0123"),
    ("phoneNumber", "++12025550123"),
    ("phoneNumber", "1" * 21),
    ("sessionId", "a b"),
    ("telephonySessionId", "x" * 129),
    ("metadataCategory", "a%b"),
    ("page", "0"),
    ("page", "-1"),
    ("page", "1.5"),
    ("page", "last"),
    ("page", "9999999999"),
    ("perPage", "0"),
    ("perPage", "-5"),
    ("perPage", "ten"),
]

PAGES: list[tuple[Query, Page]] = [
    ([], Page(1, 100)),
    ([("page", "3"), ("perPage", "2")], Page(3, 2)),
    ([("page", "007")], Page(7, 100)),
    ([("page", "0" * 5000 + "7")], Page(7, 100)),
    ([("page", "999999999")], Page(999_999_999, 100)),
    ([("perPage", "1")], Page(1, 1)),
    ([("perPage", "1000")], Page(1, 1000)),
    ([("perPage", "1001")], Page(1, 1000)),
    ([("perPage", "9" * 5000)], Page(1, 1000)),
    ([("perPage", "max")], Page(1, 1000)),
    ([("perPage", "Max")], Page(1, 1000)),
    ([("perPage", "0050")], Page(1, 50)),
]

CLASHES = [
    ("sessionId", "extensionNumber", "102"),
    ("sessionId", "phoneNumber", "12025550123"),
    ("sessionId", "direction", "Inbound"),
    ("sessionId", "type", "Fax"),
    ("sessionId", "recordingType", "All"),
    ("sessionId", "withRecording", "true"),
    ("sessionId", "dateFrom", "2016-03-10"),
    ("sessionId", "dateTo", "2016-03-10"),
    ("sessionId", "telephonySessionId", "s-1"),
    ("sessionId", "metadataCategory", "a"),
    ("extensionNumber", "phoneNumber", "12025550123"),
]

NAMES = sorted({name for query, _ in FILTERS for name, _ in query} | {"view", "page", "perPage"})
VALUES = sorted({value for query, _ in FILTERS for _, value in query} | {value for _, value in REFUSED})
QUERIES = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES) | st.text()), max_size=8)


@pytest.mark.parametrize(("query", "filters"), FILTERS)
def test_filters_are_read_when_values_are_documented(query: Query, filters: CallFilters) -> None:
    """protocol.md I.5: values, repeats, defaults; empty is absent, unknown is ignored."""
    assert parse(query) == CallLogQuery(ACCOUNT, AGENT, View.SIMPLE, filters, Page(1, 100))


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_value_is_refused_when_it_is_not_documented(name: str, value: str) -> None:
    """protocol.md I.2: CMN-101 naming the parameter."""
    assert plain(parse([(name, value)])) == Denied(
        fault=api_faults.PARAMETER_INVALID, values=(("parameterName", name),)
    )


@pytest.mark.parametrize(("query", "page"), PAGES)
def test_page_is_clamped_when_it_is_large(query: Query, page: Page) -> None:
    """protocol.md I.5: perPage 1 to 1000 or `max`, more is 1000."""
    parsed = parse(query)
    assert isinstance(parsed, CallLogQuery)
    assert parsed.page == page


@pytest.mark.parametrize(("name", "other", "value"), CLASHES)
def test_filters_are_refused_when_they_exclude_one_another(name: str, other: str, value: str) -> None:
    """protocol.md I.5: sessionId goes without other filters, extensionNumber not with phoneNumber (CLG-110)."""
    values = (("parameterName", name), ("otherName", other))
    expected = Denied(fault=api_faults.FILTERS_EXCLUSIVE, values=values)
    assert parse([(other, value), (name, "102")]) == expected


def test_session_id_goes_with_what_is_no_filter() -> None:
    """View, page and what is shown of deleted calls stay choosable."""
    query = [("sessionId", "1"), ("view", "Detailed"), ("page", "2"), ("perPage", "5"), ("showDeleted", "true")]
    filters = CallFilters(None, session_id="1", show_deleted=True)
    assert parse(query) == CallLogQuery(ACCOUNT, AGENT, View.DETAILED, filters, Page(2, 5))


def test_extension_filters_are_unknown_when_the_log_is_the_companys() -> None:
    """protocol.md I.5: showBlocked and transport belong to the extension's log; unknown parameters are ignored."""
    query = [("showBlocked", "false"), ("transport", "bogus")]
    assert parse(query, subject=COMPANY) == CallLogQuery(ACCOUNT, None, View.SIMPLE, CallFilters(DAY), Page(1, 100))


@pytest.mark.parametrize("name", ["view", "dateFrom", "phoneNumber", "page", "showDeleted", "recordingType"])
def test_single_value_is_refused_when_it_is_given_twice_differently(name: str) -> None:
    """Nobody can say which of the two was meant; twice the same is harmless."""
    two = {
        "view": ("Simple", "Detailed"),
        "dateFrom": ("2016-03-10", "2016-03-11"),
        "phoneNumber": ("12025550123", "12025550124"),
        "page": ("1", "2"),
        "showDeleted": ("true", "false"),
        "recordingType": ("All", "OnDemand"),
    }[name]
    refused = Denied(fault=api_faults.PARAMETER_INVALID, values=(("parameterName", name),))
    assert plain(parse([(name, two[0]), (name, two[1])])) == refused
    assert isinstance(parse([(name, two[0]), (name, two[0])]), CallLogQuery)


def test_dates_are_refused_when_they_are_the_wrong_way_round() -> None:
    """A mistake that an empty page would hide."""
    query = [("dateFrom", "2016-03-11"), ("dateTo", "2016-03-10")]
    assert parse(query) == Denied(fault=api_faults.PARAMETER_INVALID, values=(("parameterName", "dateFrom"),))


def test_first_bad_parameter_is_named_when_there_are_several() -> None:
    """One fault at a time, in the order of the documentation, not of the request."""
    parsed = parse([("page", "0"), ("direction", "x"), ("dateFrom", "y")])
    assert isinstance(parsed, Denied)
    assert parsed.values == (("parameterName", "dateFrom"),)


@given(QUERIES)
def test_parser_answers_when_the_query_is_anything(query: Query) -> None:
    """Always a query or a fault, never an exception; what comes out is within every bound."""
    for subject in (OWN, COMPANY):
        match parse(query, subject=subject):
            case CallLogQuery(filters=filters, page=page):
                assert 1 <= page.number < 1 << 31
                assert 1 <= page.size <= 1000
                assert 0 <= page.start < 1 << 62
                assert (filters.span is None) == (filters.session_id is not None)
            case Denied(fault=fault, values=values):
                assert fault in {api_faults.PARAMETER_INVALID, api_faults.FILTERS_EXCLUSIVE}
                assert values[0][1] in NAMES


@pytest.mark.parametrize(
    ("query", "view"),
    [([], View.SIMPLE), ([("view", "Detailed"), ("page", "0")], View.DETAILED), ([("view", "")], View.SIMPLE)],
)
def test_view_of_one_record_is_read(query: Query, view: View) -> None:
    """protocol.md I.5: `GET …/call-log/{recordId}?view=`."""
    assert parse_view(query) == view


def test_view_of_one_record_is_refused_when_it_is_unknown() -> None:
    """CMN-101, as in the list."""
    refused = Denied(fault=api_faults.PARAMETER_INVALID, values=(("parameterName", "view"),))
    assert plain(parse_view([("view", "Full")])) == refused


# --- deleted -----------------------------------------------------------------------------------------------------

EVERY = CallLogQuery(ACCOUNT, AGENT, View.DETAILED, CallFilters(Span(0, NOW_MS)), Page(1, DELETED_AT_ONCE))


@pytest.mark.parametrize(
    ("query", "filters"),
    [
        ([], CallFilters(Span(0, NOW_MS))),
        ([("dateTo", "2016-03-10"), ("unheard", "of")], CallFilters(Span(0, at("2016-03-10")))),
        (
            [("dateFrom", "2016-03-09"), ("dateTo", "2016-03-10"), ("direction", "Inbound"), ("type", "Fax")],
            CallFilters(
                Span(at("2016-03-09"), at("2016-03-10")),
                directions=frozenset({Direction.INBOUND}),
                types=frozenset({CallType.FAX}),
            ),
        ),
        ([("phoneNumber", "+1202")], CallFilters(Span(0, NOW_MS), phone_number="1202")),
        ([("extensionNumber", "102")], CallFilters(Span(0, NOW_MS), extension_number="102")),
    ],
)
def test_calls_to_be_deleted_are_all_until_now_unless_filters_say_which(query: Query, filters: CallFilters) -> None:
    """protocol.md I.5: `DELETE …/call-log`."""
    assert parse_deletion(query, subject=OWN, now_ms=NOW_MS) == EVERY._replace(filters=filters)


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ([("dateTo", "later")], api_faults.PARAMETER_INVALID),
        ([("phoneNumber", "1"), ("extensionNumber", "2")], api_faults.FILTERS_EXCLUSIVE),
    ],
)
def test_deletion_is_refused_when_its_filters_cannot_be_meant(query: Query, fault: Fault) -> None:
    """Nothing is deleted by mistake."""
    denied = parse_deletion(query, subject=OWN, now_ms=NOW_MS)
    assert isinstance(denied, Denied)
    assert denied.fault == fault


def test_calls_are_marked_deleted_and_the_first_time_it_is_audited() -> None:
    """The filters stand in the entry as in a query; where nothing is to be deleted, nothing is written."""
    calls = tuple(StoredCall(record, 7) for record in make_calls(CAST, seeded_ms=SEEDED_MS)[:3])
    facts = DeletionFacts(NOW_MS, extension_known=True, calls=calls)
    narrow = CallFilters(
        Span(1, 2),
        extension_number="102",
        phone_number="1202",
        directions=frozenset(Direction),
        types=frozenset({CallType.FAX}),
    )
    first = delete_calls(EVERY._replace(filters=narrow), facts=facts, first=True, by="9")
    assert isinstance(first, Done)
    cleared, rewritten = first.changes
    words = ("extensionNumber=102", "phoneNumber=1202", "direction=Inbound", "direction=Outbound", "type=Fax")
    assert cleared == CallLogCleared(ACCOUNT, AGENT, 1, 2, words, "9")
    marked = tuple((each, each.record._replace(deleted=True, last_modified_ms=NOW_MS)) for each in calls)
    assert rewritten == CallsRewritten(marked)
    assert delete_calls(EVERY, facts=facts, first=False, by="9") == Done((rewritten,))
    assert delete_calls(EVERY, facts=facts._replace(calls=()), first=True, by="9") == Done()
    unknown = delete_calls(EVERY, facts=facts._replace(extension_known=False), first=True, by="9")
    assert isinstance(unknown, Denied)
