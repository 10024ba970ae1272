"""The call log in a real database, against a plain loop over the same records."""

import time
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import apsw
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callgate.admin.seed_calls import batch_calls
from callgate.model.call_log import (
    CallFilters,
    CallLogFacts,
    CallLogLookup,
    CallLogQuery,
    CallRecordLookup,
    RecordingFilter,
    Span,
    View,
)
from callgate.model.call_sync import SyncFrame, SyncLookup, SyncQuery
from callgate.model.calls import (
    Billing,
    CallRecord,
    CallsRecorded,
    CallType,
    Delegate,
    Direction,
    Leg,
    Message,
    Party,
    Recording,
    RecordingType,
    Segment,
    Transport,
    renumber,
)
from callgate.model.ids import ExtensionId, RowId
from callgate.model.instant import DAY_MS
from callgate.model.paging import Page
from callgate.protocol.call_sync import SyncTold, answer_sync
from callgate.storage.call_documents import RecordColumns, read_document, read_legs, write_document, write_legs
from callgate.storage.load_calls import QUARTER_MS
from callgate.storage.sqlite import SqliteStore
from tests.admin.casts import ACCOUNT, ADMIN, AGENT, QUEUE, SEEDED, SEEDED_MS
from tests.figures import Figure
from tests.storage.call_stores import OTHER_ACCOUNT, ask, open_store

NUMBERS: dict[ExtensionId | None, str] = {
    ADMIN.extension_id: "101",
    AGENT.extension_id: "102",
    QUEUE.extension_id: "105",
}
ALWAYS = Span(0, SEEDED_MS)


def mark(record: CallRecord, order: int) -> CallRecord:
    """What no seeded call has: every fifth a category, every seventh deleted, every third begun on the full quarter."""
    categories = ("Sales", "Sales_2") if order % 10 == 0 else ("Sales_2",) if order % 5 == 0 else ()
    started_ms = record.segment.started_ms
    if order % 3 == 0:
        started_ms -= started_ms % QUARTER_MS
    segment = record.segment._replace(started_ms=started_ms)
    return record._replace(metadata_categories=categories, deleted=order % 7 == 0, segment=segment)


BURST_MS = SEEDED_MS - SEEDED_MS % QUARTER_MS - 40 * QUARTER_MS
"""The full quarter of a day in which a great many calls begin."""


def crowd(order: int) -> CallRecord:
    """One of the many calls of that quarter."""
    segment = SEEDED[order].segment._replace(started_ms=BURST_MS + order)
    record = SEEDED[order]._replace(session_id=f"9{order}", in_company_log=True, segment=segment)
    return renumber(record, RowId(order + 1))


RECORDS = [mark(record, order) for order, record in enumerate(SEEDED)] + [crowd(order) for order in range(1100)]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the database lies."""
    return tmp_path_factory.mktemp("calls") / "callgate.db"


@pytest.fixture(scope="module")
def store(path: Path) -> Iterator[SqliteStore]:
    """The marked records in a database."""
    with open_store(path, batches=batch_calls(RECORDS)) as opened:
        yield opened


def expect(query: CallLogQuery) -> CallLogFacts:
    """The same page by looking at every record."""
    found = [record for record in RECORDS if shown(record, query)]
    found.sort(key=lambda record: (record.segment.started_ms, record.id), reverse=True)
    if query.view is View.SIMPLE:
        found = [record._replace(legs=()) for record in found]
    end = query.page.start + query.page.size
    return CallLogFacts(extension_known=True, records=tuple(found[query.page.start : end]), more=len(found) > end)


def look(store: SqliteStore, query: CallLogQuery) -> CallLogFacts:
    """The page the store answers with, its records looked at."""
    facts = ask(store, CallLogLookup(query))
    return facts._replace(records=tuple(facts.records))


def shown(record: CallRecord, query: CallLogQuery) -> bool:
    """Whether a record answers a query, one documented rule a line (protocol.md I.5)."""
    filters, segment = query.filters, record.segment
    ends = (segment.sender, segment.recipient)
    numbers = {party.extension_number for party in ends}
    phones = {(party.phone_number or "").removeprefix("+") for party in ends}
    if query.extension_id is not None:
        here = segment.extension_id == query.extension_id and filters.extension_number in {None, *numbers}
    elif filters.extension_number is not None:
        here = NUMBERS.get(segment.extension_id) == filters.extension_number
    else:
        here = record.in_company_log
    recorded = segment.recording.type.value if segment.recording else None
    wanted = filters.recording.value if filters.recording else None
    return all(
        (
            here,
            filters.span is None or filters.span.from_ms <= segment.started_ms <= filters.span.to_ms,
            filters.session_id in {None, record.session_id},
            filters.telephony_session_id in {None, segment.telephony_session_id},
            filters.phone_number is None or filters.phone_number in phones,
            not filters.directions or segment.direction in filters.directions,
            not filters.types or segment.type in filters.types,
            not filters.transports or segment.transport in filters.transports,
            not filters.metadata_categories or filters.metadata_categories & set(record.metadata_categories),
            wanted is None or wanted == recorded or (wanted == "All" and recorded is not None),
            filters.show_blocked or segment.result != "Blocked",
            filters.show_deleted or not record.deleted,
        )
    )


def sets(members: type[Direction] | type[CallType] | type[Transport]) -> st.SearchStrategy[frozenset[object]]:
    """Any of an enumeration's members."""
    return st.frozensets(st.sampled_from(list(members)))


INSTANTS = st.integers(SEEDED_MS - 91 * DAY_MS, SEEDED_MS + DAY_MS) | st.sampled_from(
    [record.segment.started_ms for record in RECORDS[::100]]
    + [SEEDED_MS - SEEDED_MS % QUARTER_MS - quarter * QUARTER_MS + edge for quarter in range(6) for edge in (-1, 0, 1)]
)
SPANS = st.builds(lambda one, other: Span(min(one, other), max(one, other)), INSTANTS, INSTANTS)
PHONES = st.sampled_from(["12025550100", "12025550102", "14155550100", "13125550111", "19995550199"])


def combine(**filters: st.SearchStrategy[object]) -> st.SearchStrategy[CallFilters]:
    """Filters drawn one by one; those not named keep their defaults (`builds` would draw them for a named tuple)."""
    return st.fixed_dictionaries(filters).map(
        lambda drawn: CallFilters._make({**CallFilters(None)._asdict(), **drawn}.values())
    )


FILTERS = combine(
    span=st.just(ALWAYS) | SPANS,
    extension_number=st.none() | st.sampled_from(["101", "102", "105", "999"]),
    telephony_session_id=st.none() | st.sampled_from([RECORDS[5].segment.telephony_session_id, "s-1"]),
    phone_number=st.none() | PHONES,
    directions=sets(Direction),
    types=sets(CallType),
    transports=sets(Transport),
    metadata_categories=st.frozensets(st.sampled_from(["Sales", "Sales_2", "sales", "Sale"])),
    recording=st.none() | st.sampled_from(RecordingFilter),
    show_blocked=st.booleans(),
    show_deleted=st.booleans(),
)
PLAIN = combine(span=st.just(ALWAYS) | SPANS, directions=sets(Direction), types=sets(CallType))
SESSIONS = combine(
    session_id=st.sampled_from([record.session_id for record in RECORDS[:200]] + ["1"]),
    show_deleted=st.booleans(),
)
PAGES = st.builds(Page, st.integers(1, 40), st.sampled_from([1, 7, 50, 100, 1000])) | st.just(Page(999_999_999, 1000))
OWNERS = st.sampled_from([None, ADMIN.extension_id, AGENT.extension_id, QUEUE.extension_id])


@given(OWNERS, FILTERS | PLAIN | SESSIONS, PAGES, st.sampled_from(View))
@example(None, CallFilters(ALWAYS), Page(1001, 1), View.DETAILED)
@example(None, CallFilters(ALWAYS), Page(18, 100), View.DETAILED)
@example(None, CallFilters(ALWAYS, types=frozenset({CallType.VOICE})), Page(17, 100), View.DETAILED)
@example(None, CallFilters(Span(SEEDED_MS - QUARTER_MS, SEEDED_MS)), Page(1002, 1), View.DETAILED)
@example(None, CallFilters(Span(SEEDED_MS - 1, SEEDED_MS)), Page(1002, 1), View.DETAILED)
@example(None, CallFilters(Span(0, BURST_MS + QUARTER_MS - 1)), Page(1003, 1), View.DETAILED)
@example(None, CallFilters(Span(BURST_MS + 5, BURST_MS + 1090)), Page(1003, 1), View.DETAILED)
def test_page_is_what_a_loop_over_all_records_finds(
    store: SqliteStore, owner: ExtensionId | None, filters: CallFilters, page: Page, view: View
) -> None:
    """Every filter alone and together, on every page, in both logs and views."""
    query = CallLogQuery(ACCOUNT, owner, view, filters, page)
    assert look(store, query) == expect(query)


@pytest.mark.parametrize("size", [100, 250, 1000])
def test_pages_together_are_the_whole_log(store: SqliteStore, size: int) -> None:
    """Nothing twice, nothing lost, newest first, and only the last page has no next one."""
    seen: list[CallRecord] = []
    for number in range(1, 100):
        facts = ask(
            store, CallLogLookup(CallLogQuery(ACCOUNT, None, View.SIMPLE, CallFilters(ALWAYS), Page(number, size)))
        )
        seen.extend(facts.records)
        if not facts.more:
            break
    assert {record.id for record in seen} == {r.id for r in RECORDS if r.in_company_log and not r.deleted}
    assert len(seen) == len({record.id for record in seen})
    assert all(newer.segment.started_ms >= older.segment.started_ms for newer, older in pairwise(seen))


def test_both_ends_of_a_span_are_in_it(store: SqliteStore) -> None:
    """Who fetches day by day loses no call at the seam."""
    record = next(record for record in RECORDS if record.in_company_log and not record.deleted)
    started_ms = record.segment.started_ms
    query = CallLogQuery(ACCOUNT, None, View.DETAILED, CallFilters(Span(started_ms, started_ms)), Page())
    assert record in ask(store, CallLogLookup(query)).records


def test_log_is_empty_when_the_account_is_another(store: SqliteStore) -> None:
    """Records lie by account: nobody's filter reaches into another's."""
    query = CallLogQuery(OTHER_ACCOUNT, None, View.SIMPLE, CallFilters(ALWAYS), Page())
    assert look(store, query) == CallLogFacts(extension_known=True, records=(), more=False)
    named = query._replace(filters=CallFilters(None, session_id=RECORDS[0].session_id))
    assert look(store, named).records == ()


@pytest.mark.parametrize("extension_id", [ExtensionId(2001), ExtensionId(9)])
def test_extension_is_unknown_when_it_is_not_in_the_account(store: SqliteStore, extension_id: ExtensionId) -> None:
    """Another account's extension is as unknown as none."""
    query = CallLogQuery(ACCOUNT, extension_id, View.SIMPLE, CallFilters(ALWAYS), Page())
    assert look(store, query) == CallLogFacts(extension_known=False, records=(), more=False)


def test_record_is_read_by_its_id(store: SqliteStore) -> None:
    """In its own log and the company's; deleted, foreign or another extension's is none."""
    record = next(
        record for record in RECORDS if not record.deleted and record.segment.extension_id == AGENT.extension_id
    )
    deleted = next(record for record in RECORDS if record.deleted)
    read = partial(CallRecordLookup, ACCOUNT)
    assert ask(store, read(None, record.name)).record == record
    assert ask(store, read(AGENT.extension_id, record.name)).record == record
    assert ask(store, read(ADMIN.extension_id, record.name)).record is None
    assert ask(store, read(None, deleted.name)).record is None
    assert ask(store, read(None, "nothing")).record is None
    assert ask(store, CallRecordLookup(OTHER_ACCOUNT, None, record.name)).record is None


def test_part_of_a_page_is_looked_at(store: SqliteStore) -> None:
    """A page is a sequence: one record, the last, a few."""
    query = CallLogQuery(ACCOUNT, None, View.DETAILED, CallFilters(ALWAYS), Page(2, 10))
    records, whole = ask(store, CallLogLookup(query)).records, look(store, query).records
    assert (records[0], records[-1], tuple(records[2:5])) == (whole[0], whole[-1], whole[2:5])


def test_document_comes_back_when_every_field_is_set() -> None:
    """Nothing of a record is lost on its way through the database, rare fields among it."""
    party = Party("+12025550100", "101", ADMIN.extension_id, "Ada", "Washington, DC", "804", "+12025550199")
    segment = Segment(
        SEEDED_MS,
        1500,
        CallType.FAX,
        Direction.OUTBOUND,
        "Outgoing Fax",
        "Sent",
        party,
        Party(),
        ADMIN.extension_id,
        Transport.VOIP,
        "s-1",
        "Local",
        "Accepted",
        "The call was accepted",
        Recording("9", RecordingType.ON_DEMAND),
        short_recording=True,
        message=Message("7", "Fax"),
        delegate=Delegate("1002", "Alan", "Coworker"),
        transfer_target="s-2",
        transferee="s-3",
        sip_uuid_info="uuid",
        billing=Billing(0.25, 1.5),
    )
    record = CallRecord(
        ACCOUNT,
        RowId(5),
        "IWM7cJogEv7xlu8",
        "400",
        "p-1",
        in_company_log=False,
        deleted=True,
        last_modified_ms=SEEDED_MS + 1,
        metadata_categories=("Sales",),
        segment=segment,
        legs=(Leg(segment, "FaxSent", master=True), Leg(segment, "Accept", master=False)),
    )
    columns = RecordColumns(ACCOUNT, RowId(5), "IWM7cJogEv7xlu8", deleted=True)
    read = read_document(write_document(record), columns)
    assert read._replace(legs=read_legs(write_legs(record.legs))) == record


@pytest.mark.usefixtures("store")
def test_company_page_is_found_in_the_index_alone(path: Path) -> None:
    """The skipped part of a page costs no row: the plan names the covering index."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    plan = connection.execute(
        "EXPLAIN QUERY PLAN SELECT id FROM call_record WHERE account_id = 1 AND in_company_log = 1"
        " AND started_ms BETWEEN 1 AND 2 AND deleted = 0 AND direction IN ('Inbound') AND type IN ('Voice')"
        " AND recording IS NOT NULL AND (from_phone = '1' OR to_phone = '1')"
        " ORDER BY started_ms DESC, id DESC LIMIT 1 OFFSET 1"
    ).fetchall()
    connection.close()
    assert [step[3] for step in plan] == [
        "SEARCH call_record USING COVERING INDEX call_record_company (account_id=? AND started_ms>? AND started_ms<?)"
    ]


@pytest.mark.long
@pytest.mark.timeout(900)
def test_middle_page_costs_no_more_than_the_first(tmp_path: Path, figure: Figure) -> None:
    """At most 1.5 times the first page, in the middle of 90 days and of a million records."""
    copies = 450
    pages = (1, copies * 2000 // 200)
    with open_store(tmp_path / "callgate.db", batches=multiply(copies)) as store:
        # Interleaved, and the best of each: the machine's noise only ever adds.
        rounds = [[time_page(store, number) for number in pages] for _ in range(25)]
        mark = answer_sync(SYNC, ask(store, SyncLookup(SYNC)))
        assert isinstance(mark, SyncTold)
        since = SYNC._replace(mark=mark.mark._replace(seq=mark.mark.seq - 10))
        syncs = [time_sync(store, query) for query in (SYNC, since) * 25]
    first, middle = (min(took) for took in zip(*rounds, strict=True))
    full, few = min(syncs[::2]), min(syncs[1::2])
    figure(
        "growth.calls",
        f"{copies * len(SEEDED)} records: first page {first * 1e3:.2f} ms, middle page {middle * 1e3:.2f} ms,"
        f" sync of 100 records {full * 1e3:.2f} ms, of ten changes {few * 1e3:.2f} ms",
    )
    assert middle <= 1.5 * first
    assert few <= 1.5 * full


SYNC = SyncQuery(ACCOUNT, None, SyncFrame(View.SIMPLE), 100)


def time_sync(store: SqliteStore, query: SyncQuery) -> float:
    """The seconds that one sync takes."""
    begun = time.perf_counter()
    told = answer_sync(query, ask(store, SyncLookup(query)))
    assert isinstance(told, SyncTold)
    assert len(told.records) in {10, 100}
    return time.perf_counter() - begun


def multiply(copies: int) -> Iterator[CallsRecorded]:
    """The seeded calls so many times over, each copy a minute earlier, so that every page has calls of every kind."""
    for batch in batch_calls(SEEDED):
        yield from batch_calls([move_back(record, copy) for record in batch.records for copy in range(copies)])


def move_back(record: CallRecord, copy: int) -> CallRecord:
    """The same call, so many minutes earlier."""
    segment = record.segment._replace(started_ms=record.segment.started_ms - copy * 60_000)
    moved = record._replace(session_id=f"{record.session_id}{copy}", segment=segment)
    return renumber(moved, RowId(record.id + (copy << 12)))


def time_page(store: SqliteStore, number: int) -> float:
    """The seconds that one page of a hundred takes."""
    query = CallLogQuery(ACCOUNT, None, View.SIMPLE, CallFilters(ALWAYS), Page(number, 100))
    begun = time.perf_counter()
    assert len(look(store, query).records) == 100
    return time.perf_counter() - begun
