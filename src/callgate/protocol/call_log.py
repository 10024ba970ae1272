"""Which calls a query asks for (protocol.md I.5). Who may ask stands in protocol/resources.py."""

import re
from collections.abc import Iterator

from callgate.model import api_faults
from callgate.model.call_acts import DeletionFacts
from callgate.model.call_log import CallFilters, CallLogQuery, RecordingFilter, Span, View
from callgate.model.calls import CallLogCleared, CallsRewritten, CallType, Direction, Transport
from callgate.model.decisions import Denied, Done
from callgate.model.instant import DAY_MS
from callgate.model.paging import Page
from callgate.protocol.paging import read_page
from callgate.protocol.query import Query, QueryReader
from callgate.protocol.resources import Subject, no_such_extension

# A '+' that was not percent-encoded arrives as a blank.
_PHONE_NUMBER = re.compile(r"[+ ]?([0-9]{1,20})", re.ASCII)
_EXTENSION_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)
WORD = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)

DELETED_AT_ONCE = 250
"""Records of one transaction: some milliseconds, for which others must wait."""

_SESSION_EXCLUDES = (
    "extensionNumber",
    "phoneNumber",
    "direction",
    "type",
    "transport",
    "recordingType",
    "withRecording",
    "telephonySessionId",
    "metadataCategory",
    "dateFrom",
    "dateTo",
)
"""Filters that `sessionId` makes meaningless; what is shown of the calls it names may still be chosen."""


def parse_call_log(query: Query, *, subject: Subject, now_ms: int) -> CallLogQuery | Denied:
    """The page of the log a query asks for, every default filled in; unknown parameters are ignored."""
    reader = QueryReader(query)
    filters = _read_filters(reader, now_ms=now_ms)
    if subject.extension_id is not None:
        filters = _read_extension_filters(reader, filters)
    view = reader.choice("view", among=View) or View.SIMPLE
    page = read_page(reader)
    refused = reader.refused or _exclusive(reader)
    if refused is not None:
        return refused
    return CallLogQuery(subject.account_id, subject.extension_id, view, filters, page)


def parse_deletion(query: Query, *, subject: Subject, now_ms: int) -> CallLogQuery | Denied:
    """Which calls of an extension are to be deleted: all until now, unless filters say which."""
    reader = QueryReader(query)
    phone_number = reader.text("phoneNumber", form=_PHONE_NUMBER)
    given_from, given_to = reader.instant("dateFrom"), reader.instant("dateTo")
    filters = CallFilters(
        Span(given_from or 0, now_ms if given_to is None else given_to),
        extension_number=reader.text("extensionNumber", form=_EXTENSION_NUMBER),
        phone_number=phone_number.lstrip("+ ") if phone_number else None,
        directions=reader.choices("direction", among=Direction),
        types=reader.choices("type", among=CallType),
    )
    refused = reader.refused or _exclusive(reader)
    if refused is not None:
        return refused
    return CallLogQuery(subject.account_id, subject.extension_id, View.DETAILED, filters, Page(1, DELETED_AT_ONCE))


def delete_calls(query: CallLogQuery, *, facts: DeletionFacts, first: bool, by: str) -> Done | Denied:
    """Some of them deleted, newest first. The first time the audit log says what is being done."""
    if not facts.extension_known:
        return no_such_extension()
    span = query.filters.span
    if not facts.calls or span is None or query.extension_id is None:
        return Done()
    now_ms = facts.now_ms
    pairs = [(each, each.record._replace(deleted=True, last_modified_ms=now_ms)) for each in facts.calls]
    rewritten = CallsRewritten(tuple(pairs))
    if not first:
        return Done((rewritten,))
    filters = tuple(f"{name}={value}" for name, value in _spell(query.filters))
    return Done(
        (CallLogCleared(query.account_id, query.extension_id, span.from_ms, span.to_ms, filters, by), rewritten)
    )


def parse_view(query: Query) -> View | Denied:
    """The view in which one record is asked for."""
    reader = QueryReader(query)
    view = reader.choice("view", among=View) or View.SIMPLE
    return reader.refused or view


def _read_filters(reader: QueryReader, *, now_ms: int) -> CallFilters:
    phone_number = reader.text("phoneNumber", form=_PHONE_NUMBER)
    session_id = reader.text("sessionId", form=WORD)
    return CallFilters(
        span=_read_span(reader, now_ms=now_ms) if session_id is None else None,
        session_id=session_id,
        telephony_session_id=reader.text("telephonySessionId", form=WORD),
        extension_number=reader.text("extensionNumber", form=_EXTENSION_NUMBER),
        phone_number=phone_number.lstrip("+ ") if phone_number else None,
        directions=reader.choices("direction", among=Direction),
        types=reader.choices("type", among=CallType),
        metadata_categories=reader.texts("metadataCategory", form=WORD),
        recording=read_recording(reader),
        show_deleted=reader.flag("showDeleted") is True,
    )


def _read_extension_filters(reader: QueryReader, filters: CallFilters) -> CallFilters:
    """Two filters that only an extension's log has."""
    return filters._replace(
        transports=reader.choices("transport", among=Transport), show_blocked=reader.flag("showBlocked") is not False
    )


def _read_span(reader: QueryReader, *, now_ms: int) -> Span:
    """Until now unless said otherwise, and a day long."""
    given_from, given_to = reader.instant("dateFrom"), reader.instant("dateTo")
    to_ms = now_ms if given_to is None else given_to
    from_ms = max(to_ms - DAY_MS, 0) if given_from is None else given_from
    # Two dates the wrong way round are a mistake. A `dateFrom` ahead of our clock alone is a poller whose clock is
    # ahead of ours: it gets an empty page, not an error.
    if given_to is not None and from_ms > to_ms:
        reader.refuse("dateFrom")
    return Span(from_ms, to_ms)


def read_recording(reader: QueryReader) -> RecordingFilter | None:
    """Which recordings calls must have. `withRecording`, deprecated, spells `recordingType=All`, ignored beside it."""
    with_recording = reader.flag("withRecording")
    kind = reader.choice("recordingType", among=RecordingFilter)
    return kind or (RecordingFilter.ALL if with_recording else None)


def _spell(filters: CallFilters) -> Iterator[tuple[str, str]]:
    if filters.extension_number is not None:
        yield "extensionNumber", filters.extension_number
    if filters.phone_number is not None:
        yield "phoneNumber", filters.phone_number
    yield from (("direction", value) for value in sorted(each.value for each in filters.directions))
    yield from (("type", value) for value in sorted(each.value for each in filters.types))


def _exclusive(reader: QueryReader) -> Denied | None:
    if reader.has("sessionId"):
        other = next((name for name in _SESSION_EXCLUDES if reader.has(name)), None)
        return _clash("sessionId", other) if other else None
    if reader.has("extensionNumber") and reader.has("phoneNumber"):
        return _clash("extensionNumber", "phoneNumber")
    return None


def _clash(name: str, other: str) -> Denied:
    return Denied(fault=api_faults.FILTERS_EXCLUSIVE, values=(("parameterName", name), ("otherName", other)))
