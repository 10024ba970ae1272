"""The call log read: one page of it, newest call first, or one record.

A page far down is not reached by counting off every record before it: the company's log knows how many calls began in
each quarter of a day (`call_count`), so the page's own quarter is found by adding up, and only within it records are
skipped. That serves what archives ask for, a span of time with or without direction and type. Other filters skip along
an index.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple, cast, overload

from callgate.model import call_log
from callgate.model.call_log import (
    CallFilters,
    CallLogFacts,
    CallLogLookup,
    CallLogQuery,
    CallRecordFacts,
    CallRecordLookup,
    RecordingFacts,
    RecordingFilter,
    RecordingLookup,
    Span,
)
from callgate.model.calls import CallRecord
from callgate.model.ids import AccountId, RowId
from callgate.model.instant import DAY_MS
from callgate.storage.call_documents import RecordColumns, read_document, read_legs
from callgate.storage.load_view import View
from callgate.storage.rows import Row, Value

QUARTER_MS: Final = DAY_MS // 4
"""A quarter of a day: 360 sums in 90 days, and some 3,000 records in one quarter of a million calls a season."""

SKIPPED_MAX: Final = 1000
"""Up to here, counting records off costs less than adding up."""

_PAGE: Final = """
SELECT id, account_id, name, deleted, document, {legs} FROM call_record
WHERE id IN (SELECT id FROM call_record WHERE {where} ORDER BY started_ms DESC, id DESC LIMIT ? OFFSET ?)
ORDER BY started_ms DESC, id DESC
"""
_COUNT: Final = "SELECT count(*) FROM call_record WHERE {where}"
_QUARTERS: Final = """
SELECT quarter, CAST(sum(calls) AS BIGINT) FROM call_count
WHERE account_id = ? AND quarter >= ? AND quarter < ? {where} GROUP BY quarter ORDER BY quarter DESC
"""
EXTENSION: Final = "SELECT 1 FROM extension WHERE id = ? AND account_id = ?"
_RECORD: Final = """
SELECT id, account_id, name, deleted, document, legs FROM call_record
WHERE account_id = ? AND name = ? AND deleted = 0
"""


_RECORDED: Final = """
SELECT call_record.id, call_record.account_id, call_record.name, deleted, document, legs
FROM call_recording JOIN call_record ON call_record.id = call_recording.record_id
WHERE {where} AND deleted = 0
ORDER BY call_record.id LIMIT 10
"""


class Where(NamedTuple):
    """Conditions joined by AND, with their values in order."""

    conditions: tuple[str, ...]
    values: tuple[Value, ...]

    def sql(self) -> str:
        """The text after WHERE."""
        return " AND ".join(self.conditions)

    def and_(self, condition: str, *values: Value) -> "Where":
        """One condition more."""
        return Where((*self.conditions, condition), (*self.values, *values))

    def among(self, column: str, members: Iterable[str]) -> "Where":
        """The column holds one of these; no members, no condition."""
        texts = sorted(members)
        return self.and_(f"{column} IN ({', '.join('?' * len(texts))})", *texts) if texts else self

    def in_categories(self, categories: Collection[str]) -> "Where":
        """In one of these; none, no condition. Not LIKE: whether it minds the case differs from engine to engine."""
        if not categories:
            return self
        found = " OR ".join("replace(categories, ?, '') <> categories" for _ in categories)
        return self.and_(f"({found})", *(f" {category} " for category in sorted(categories)))


class StoredCalls(Sequence[CallRecord]):
    """Records read from their documents as they are looked at: a thousand take as long as a thousand grants."""

    __slots__ = ("_rows",)

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> CallRecord: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[CallRecord]: ...
    def __getitem__(self, index: int | slice) -> CallRecord | Sequence[CallRecord]:
        return StoredCalls(self._rows[index]) if isinstance(index, slice) else record_from(self._rows[index])


class Start(NamedTuple):
    """Where the reading of a page begins: no later than `to_ms`, and so many records further down."""

    to_ms: int
    skipped: int


def load_call_log(view: View, lookup: CallLogLookup) -> CallLogFacts:
    """Answer `CallLogLookup`."""
    query = lookup.query
    if query.extension_id is not None and not view.rows(EXTENSION, (query.extension_id, query.account_id)):
        return CallLogFacts(extension_known=False, records=(), more=False)
    start = _find_start(view, query)
    if start is None:
        return CallLogFacts(extension_known=True, records=(), more=False)
    where = where_of(query, span=_shortened(query.filters.span, start))
    # One record beyond the page tells whether another page follows.
    values = (*where.values, query.page.size + 1, start.skipped)
    legs = "legs" if query.view is call_log.View.DETAILED else "NULL"
    rows = view.rows(_PAGE.format(where=where.sql(), legs=legs), values)
    records = StoredCalls(rows[: query.page.size])
    return CallLogFacts(extension_known=True, records=records, more=len(rows) > query.page.size)


def load_call_record(view: View, lookup: CallRecordLookup) -> CallRecordFacts:
    """Answer `CallRecordLookup`; a deleted record is none, an extension's own records are in the company's reach."""
    row = view.row(_RECORD, (lookup.account_id, lookup.name))
    record = record_from(row) if row else None
    if record and lookup.extension_id not in {None, record.segment.extension_id}:
        record = None
    return CallRecordFacts(record)


def load_recording(view: View, lookup: RecordingLookup) -> RecordingFacts:
    """Answer `RecordingLookup`, from that of its calls which says most of it."""
    where = Where(("call_recording.account_id = ?", "call_recording.name = ?"), (lookup.account_id, lookup.name))
    if lookup.extension_id is not None:
        where = where.and_("extension_id = ?", lookup.extension_id)
    records = [record_from(row) for row in view.rows(_RECORDED.format(where=where.sql()), where.values)]
    segments = (each for record in records for each in (record.segment, *(leg.segment for leg in record.legs)))
    found = [each.recording for each in segments if each.recording and each.recording.id == lookup.name]
    return RecordingFacts(max(found, key=lambda recording: -recording.count(None), default=None))


def record_from(row: Row) -> CallRecord:
    """The record in a row of its id, account, name, whether it is deleted, its document, and its legs or None."""
    record_id, account_id, name, deleted, document, legs = row
    columns = RecordColumns(
        AccountId(cast("int", account_id)), RowId(cast("int", record_id)), cast("str", name), deleted == 1
    )
    record = read_document(cast("str", document), columns)
    return record if legs is None else record._replace(legs=read_legs(cast("str", legs)))


def where_of(query: CallLogQuery, *, span: Span | None) -> Where:
    """Which records a query means, in a span that may be shorter than its own."""
    filters = query.filters
    where = _log(query)
    if span is not None:
        where = where.and_("started_ms BETWEEN ? AND ?", span.from_ms, span.to_ms)
    if not filters.show_deleted:
        where = where.and_("deleted = 0")
    if not filters.show_blocked:
        where = where.and_("blocked = 0")
    where = where.among("direction", (direction.value for direction in filters.directions))
    where = where.among("type", (call_type.value for call_type in filters.types))
    where = where.among("transport", (transport.value for transport in filters.transports))
    if filters.recording is RecordingFilter.ALL:
        where = where.and_("recording IS NOT NULL")
    elif filters.recording is not None:
        where = where.and_("recording = ?", filters.recording.value)
    return _named(where, filters)


def _log(query: CallLogQuery) -> Where:
    """Whose log: the company's has each call once, an extension's has every record of that extension."""
    account = Where(("account_id = ?",), (query.account_id,))
    number = query.filters.extension_number
    if query.extension_id is not None:
        own = account.and_("extension_id = ?", query.extension_id)
        return own.and_("(from_extension = ? OR to_extension = ?)", number, number) if number is not None else own
    if number is not None:
        owner = "extension_id = (SELECT e.id FROM extension e WHERE e.account_id = ? AND e.number = ?)"
        return account.and_(owner, query.account_id, number)
    return account.and_("in_company_log = 1")


def _named(where: Where, filters: CallFilters) -> Where:
    """The filters that name calls rather than kinds of calls."""
    if filters.session_id is not None:
        where = where.and_("session_id = ?", filters.session_id)
    if filters.telephony_session_id is not None:
        where = where.and_("telephony_session_id = ?", filters.telephony_session_id)
    if filters.phone_number is not None:
        where = where.and_("(from_phone = ? OR to_phone = ?)", filters.phone_number, filters.phone_number)
    return where.in_categories(filters.metadata_categories)


def _shortened(span: Span | None, start: Start) -> Span | None:
    return span._replace(to_ms=start.to_ms) if span is not None else None


def _find_start(view: View, query: CallLogQuery) -> Start | None:
    """Where the page begins, or None when it lies beyond the last record."""
    skipped, span = query.page.start, query.filters.span
    if span is None or skipped <= SKIPPED_MAX or not _is_counted(query):
        return Start(span.to_ms if span else 0, skipped)
    newest = span.to_ms // QUARTER_MS
    if newest <= span.from_ms // QUARTER_MS:
        return Start(span.to_ms, skipped)
    # The newest quarter may be cut off by the span; the oldest may be too, but nothing is skipped beyond it.
    begun = where_of(query, span=Span(newest * QUARTER_MS, span.to_ms))
    skipped_later = cast("int", view.rows(_COUNT.format(where=begun.sql()), begun.values)[0][0])
    if skipped < skipped_later:
        return Start(span.to_ms, skipped)
    skipped -= skipped_later
    kinds = Where((), ())
    kinds = kinds.among("direction", (direction.value for direction in query.filters.directions))
    kinds = kinds.among("type", (call_type.value for call_type in query.filters.types))
    where = "".join(f" AND {condition}" for condition in kinds.conditions)
    bounds = (query.account_id, span.from_ms // QUARTER_MS, newest)
    for quarter, calls in cast(
        "list[tuple[int, int]]", view.rows(_QUARTERS.format(where=where), (*bounds, *kinds.values))
    ):
        if skipped < calls:
            return Start((quarter + 1) * QUARTER_MS - 1, skipped)
        skipped -= calls
    return None


def _is_counted(query: CallLogQuery) -> bool:
    """Whether `call_count` knows the records of this log: the company's, by nothing but time, direction and type."""
    plain = CallFilters(query.filters.span, directions=query.filters.directions, types=query.filters.types)
    return query.extension_id is None and query.filters == plain
