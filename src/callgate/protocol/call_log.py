"""Which calls a query asks for (protocol.md I.5). Who may ask stands in protocol/resources.py."""

import re

from callgate.model import api_faults
from callgate.model.call_log import CallFilters, CallLogQuery, RecordingFilter, Span, View
from callgate.model.calls import CallType, Direction, Transport
from callgate.model.decisions import Denied
from callgate.model.instant import DAY_MS
from callgate.protocol.paging import read_page
from callgate.protocol.query import Query, QueryReader
from callgate.protocol.resources import Subject

# A '+' that was not percent-encoded arrives as a blank.
_PHONE_NUMBER = re.compile(r"[+ ]?([0-9]{1,20})", re.ASCII)
_EXTENSION_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)

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


def parse_view(query: Query) -> View | Denied:
    """The view in which one record is asked for."""
    reader = QueryReader(query)
    view = reader.choice("view", among=View) or View.SIMPLE
    return reader.refused or view


def _read_filters(reader: QueryReader, *, now_ms: int) -> CallFilters:
    phone_number = reader.text("phoneNumber", form=_PHONE_NUMBER)
    session_id = reader.text("sessionId", form=_WORD)
    return CallFilters(
        span=_read_span(reader, now_ms=now_ms) if session_id is None else None,
        session_id=session_id,
        telephony_session_id=reader.text("telephonySessionId", form=_WORD),
        extension_number=reader.text("extensionNumber", form=_EXTENSION_NUMBER),
        phone_number=phone_number.lstrip("+ ") if phone_number else None,
        directions=reader.choices("direction", among=Direction),
        types=reader.choices("type", among=CallType),
        metadata_categories=reader.texts("metadataCategory", form=_WORD),
        recording=_read_recording(reader),
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


def _read_recording(reader: QueryReader) -> RecordingFilter | None:
    """`withRecording` is the deprecated spelling of `recordingType=All`, ignored beside it."""
    with_recording = reader.flag("withRecording")
    kind = reader.choice("recordingType", among=RecordingFilter)
    return kind or (RecordingFilter.ALL if with_recording else None)


def _exclusive(reader: QueryReader) -> Denied | None:
    if reader.has("sessionId"):
        other = next((name for name in _SESSION_EXCLUDES if reader.has(name)), None)
        return _clash("sessionId", other) if other else None
    if reader.has("extensionNumber") and reader.has("phoneNumber"):
        return _clash("extensionNumber", "phoneNumber")
    return None


def _clash(name: str, other: str) -> Denied:
    return Denied(fault=api_faults.FILTERS_EXCLUSIVE, values=(("parameterName", name), ("otherName", other)))
