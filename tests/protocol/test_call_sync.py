"""A copy of the call log in step: what may be asked, what a token stands for, how far an answer leads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.model import api_faults
from callgate.model.call_log import RecordingFilter, View
from callgate.model.call_sync import (
    EXTRACT_DEFAULT,
    FIRST_PLACE,
    SYNC_MAX,
    WRITES_MAX,
    ExtractFacts,
    Mark,
    Place,
    SyncFacts,
    SyncFrame,
    SyncQuery,
    SyncType,
)
from callgate.model.decisions import Denied
from callgate.model.faults import Fault
from callgate.protocol.call_sync import (
    HOUR_MS,
    SyncTold,
    SyncWish,
    answer_extract,
    answer_sync,
    parse_extract,
    parse_sync,
    settle_extract,
    settle_sync,
)
from callgate.protocol.resources import Subject
from tests.admin.casts import ACCOUNT, AGENT, SEEDED, SEEDED_MS

SUBJECT = Subject(ACCOUNT, None)
FRAME = SyncFrame(View.SIMPLE)
MARK = Mark(FRAME, 10, SEEDED_MS)
FACTS = SyncFacts(True, SEEDED_MS, 0, 12, (), ())
QUERY = SyncQuery(ACCOUNT, None, FRAME, 3)


def wish(*pairs: tuple[str, str]) -> SyncWish:
    """What a query asks for that is well-formed."""
    asked = parse_sync(pairs)
    assert isinstance(asked, SyncWish)
    return asked


def told(query: SyncQuery, facts: SyncFacts) -> SyncTold:
    """An answer that is none of a refusal."""
    answer = answer_sync(query, facts)
    assert isinstance(answer, SyncTold)
    return answer


def fault_of(outcome: object) -> Fault:
    """Why it was refused."""
    assert isinstance(outcome, Denied)
    return outcome.fault


def place(number: int) -> Place:
    """Where a record is."""
    return Place(SEEDED[number].segment.started_ms, SEEDED[number].id)


def test_query_is_read_with_every_filter() -> None:
    """Protocol.md I.5: the frame is what the filters say; without any, every call there ever was."""
    assert wish() == SyncWish(SyncType.FULL, None, None, FRAME, None, False)
    asked = wish(
        ("syncType", "FSync"),
        ("recordCount", "250"),
        ("dateFrom", "2025-01-01T00:00:00Z"),
        ("statusGroup", "Missed"),
        ("view", "Detailed"),
        ("recordingType", "All"),
        ("metadataCategory", "b"),
        ("metadataCategory", "a"),
        ("showDeleted", "true"),
        ("unheard", "of"),
    )
    start = Place(1_735_689_600_000, FIRST_PLACE.id)
    frame = SyncFrame(View.DETAILED, missed=True, recording=RecordingFilter.ALL, categories=("a", "b"), start=start)
    assert asked == SyncWish(SyncType.FULL, None, View.DETAILED, frame, 250, True)
    assert not wish(("statusGroup", "Missed"), ("statusGroup", "All")).frame.missed


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("recordCount", value) for value in ("0", "251", "-1", "ten", "9" * 30)),
        ("syncType", "fsync"),
        ("syncToken", "a b"),
        ("syncToken", "a" * 2049),
        ("statusGroup", "Some"),
        ("dateFrom", "soon"),
        ("view", "Full"),
        ("showDeleted", "perhaps"),
        ("recordingType", "None"),
        ("metadataCategory", "a b"),
    ],
)
def test_query_is_refused_when_a_parameter_cannot_be_meant(name: str, value: str) -> None:
    """By its name (CMN-101)."""
    denied = parse_sync([(name, value)])
    assert fault_of(denied) == api_faults.PARAMETER_INVALID
    assert isinstance(denied, Denied)
    assert denied.values == (("parameterName", name),)


def test_repr_of_a_wish_tells_no_token() -> None:
    """A token is good for thirty days."""
    assert repr(wish(("syncType", "ISync"), ("syncToken", "secret"))) == "SyncWish(ISync, …)"


def test_query_is_refused_when_it_lacks_what_its_type_needs() -> None:
    """A full sync says how many, an incremental one since when."""
    assert fault_of(settle_sync(wish(), None, subject=SUBJECT)) == api_faults.PARAMETER_REQUIRED
    assert fault_of(parse_sync([("syncType", "ISync")])) == api_faults.PARAMETER_REQUIRED
    assert fault_of(parse_extract([("syncType", "ISync")], now_ms=SEEDED_MS)) == api_faults.PARAMETER_REQUIRED


def test_full_sync_begins_a_frame() -> None:
    """Whatever token comes along."""
    asked = wish(("recordCount", "3"), ("syncToken", "abc"))
    assert settle_sync(asked, None, subject=SUBJECT) == QUERY


def test_incremental_sync_goes_on_with_the_frame_of_its_token() -> None:
    """Filters beside it are not looked at, but another view cannot be meant (CLG-101)."""
    incremental = (("syncType", "ISync"), ("syncToken", "abc"))
    mark = MARK._replace(frame=FRAME._replace(missed=True))
    asked = wish(*incremental, ("statusGroup", "All"), ("view", "Simple"), ("showDeleted", "true"))
    expected = SyncQuery(ACCOUNT, None, mark.frame, 0, mark, show_deleted=True)
    assert settle_sync(asked, mark, subject=SUBJECT) == expected
    assert fault_of(settle_sync(asked, None, subject=SUBJECT)) == api_faults.SYNC_TOKEN_EXPIRED
    other = wish(*incremental, ("view", "Detailed"))
    assert fault_of(settle_sync(other, mark, subject=SUBJECT)) == api_faults.SYNC_TOKEN_EXPIRED


def test_frame_reaches_as_far_back_as_its_records() -> None:
    """A full answer ends at its last record; one that has all there are reaches to its date."""
    three = SEEDED[2::-1]
    answer = told(QUERY, FACTS._replace(older=three))
    assert answer.records == three
    assert answer.mark == Mark(FRAME._replace(start=place(0)), 12, SEEDED_MS)
    dated = QUERY._replace(frame=FRAME._replace(start=Place(5, FIRST_PLACE.id)))
    assert told(dated, FACTS._replace(older=three[:2])).mark.frame == dated.frame
    assert told(dated, FACTS).mark.frame == dated.frame


def test_new_records_go_before_older_ones() -> None:
    """Protocol.md I.5: no more than 250 together, and the frame grows by those that were told."""
    mark = MARK._replace(frame=FRAME._replace(start=place(500)))
    query = QUERY._replace(frame=mark.frame, size=40, mark=mark)
    fresh, older = SEEDED[830:600:-1], SEEDED[499:459:-1]
    answer = told(query, FACTS._replace(fresh=fresh, older=older))
    assert answer.records == (*fresh, *older[:20])
    assert answer.mark.frame.start == place(480)
    alone = told(query, FACTS._replace(fresh=fresh))
    assert (alone.records, alone.mark.frame.start) == (fresh, place(500))


@pytest.mark.parametrize(
    ("mark", "facts", "fault"),
    [
        (MARK, FACTS._replace(fresh=SEEDED[: SYNC_MAX + 1]), api_faults.SYNC_TOO_MUCH),
        (MARK, FACTS._replace(seq=10 + WRITES_MAX + 1), api_faults.SYNC_TOO_MUCH),
        (MARK, FACTS._replace(seq=9), api_faults.SYNC_TOKEN_EXPIRED),
        (MARK, FACTS._replace(reset_ms=SEEDED_MS + 1), api_faults.SYNC_TOKEN_EXPIRED),
        (None, FACTS._replace(extension_known=False), api_faults.RESOURCE_UNKNOWN),
    ],
)
def test_sync_is_refused_when_it_must_begin_anew(mark: Mark | None, facts: SyncFacts, fault: Fault) -> None:
    """Too much changed (CLG-104), or the log is not the one that was told of (CLG-101)."""
    assert fault_of(answer_sync(QUERY._replace(mark=mark), facts)) == fault


def test_extension_is_told_however_much_others_wrote() -> None:
    """Its own changes are found among its own."""
    query = QUERY._replace(extension_id=AGENT.extension_id, mark=MARK)
    assert isinstance(answer_sync(query, FACTS._replace(seq=10 + WRITES_MAX + 1)), SyncTold)


# --- extract -----------------------------------------------------------------------------------------------------

EXTRACTED = ExtractFacts(SEEDED_MS, 0, 12, SEEDED[:3], 12)


def test_extract_begins_an_hour_ago_unless_it_says_when() -> None:
    """Protocol.md I.5: and takes 250 at a time, 1000 at most."""
    asked = parse_extract([], now_ms=SEEDED_MS)
    assert isinstance(asked, SyncWish)
    assert asked.frame.start == Place(SEEDED_MS - HOUR_MS, FIRST_PLACE.id)
    settled = settle_extract(asked, None, subject=SUBJECT)
    assert settled == SyncQuery(ACCOUNT, None, asked.frame, EXTRACT_DEFAULT)
    early = parse_extract([("dateFrom", "1970-01-01"), ("recordCount", "1000")], now_ms=5)
    assert isinstance(early, SyncWish)
    assert (early.frame.start, early.size) == (FIRST_PLACE, 1000)
    assert fault_of(parse_extract([("recordCount", "1001")], now_ms=SEEDED_MS)) == api_faults.PARAMETER_INVALID


def test_extract_goes_on_as_it_began() -> None:
    """As many at a time as at first; another view or log cannot be meant."""
    mark = MARK._replace(size=77)
    asked = parse_extract([("syncType", "ISync"), ("syncToken", "abc"), ("recordCount", "5")], now_ms=SEEDED_MS)
    assert isinstance(asked, SyncWish)
    assert settle_extract(asked, mark, subject=SUBJECT) == SyncQuery(ACCOUNT, None, FRAME, 77, mark)
    assert fault_of(settle_extract(asked, None, subject=SUBJECT)) == api_faults.SYNC_TOKEN_EXPIRED


def test_first_pass_leads_from_part_to_part_and_then_to_what_was_written() -> None:
    """Each part says whether another follows at once; the write it began with stays until the pass is done."""
    query = QUERY._replace(size=2)
    first = answer_extract(query, EXTRACTED)
    reached = Mark(FRAME, 12, SEEDED_MS, place(1), 2)
    assert first == SyncTold(SEEDED[:2], reached, more=True)
    rest = answer_extract(query._replace(mark=reached), EXTRACTED._replace(seq=15, records=SEEDED[2:3]))
    done = Mark(FRAME, 12, SEEDED_MS, None, 2)
    assert rest == SyncTold(SEEDED[2:3], done, more=True)
    quiet = answer_extract(query._replace(mark=reached), EXTRACTED._replace(records=()))
    assert quiet == SyncTold((), done, more=False)
    fresh = answer_extract(query._replace(mark=done), EXTRACTED._replace(seq=15, last_seq=14))
    assert fresh == SyncTold(SEEDED[:2], done._replace(seq=14), more=True)
    last = answer_extract(query._replace(mark=done), EXTRACTED._replace(seq=15, last_seq=15, records=()))
    assert last == SyncTold((), done._replace(seq=15), more=False)


def test_extract_is_refused_when_the_log_was_restored() -> None:
    """As any sync."""
    query = QUERY._replace(mark=MARK)
    assert fault_of(answer_extract(query, EXTRACTED._replace(seq=9))) == api_faults.SYNC_TOKEN_EXPIRED


@given(st.lists(st.tuples(st.sampled_from(["syncType", "syncToken", "recordCount", "dateFrom", "view"]), st.text())))
def test_query_is_answered_whatever_it_says(pairs: list[tuple[str, str]]) -> None:
    """A wish or a refusal, never an exception."""
    assert isinstance(parse_sync(pairs), SyncWish | Denied)
    assert isinstance(parse_extract(pairs, now_ms=SEEDED_MS), SyncWish | Denied)
