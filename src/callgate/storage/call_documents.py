"""The part of a call record that nothing filters by, and its legs, as JSON texts: how they are written and read back.

Keys are the fields' names, and a field that is None or False is left out, so that a field may be added without touching
a row.
"""

from typing import NamedTuple, NotRequired, TypedDict, cast

import orjson

from callgate.model.calls import (
    Billing,
    CallRecord,
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
)
from callgate.model.ids import AccountId, ExtensionId, RowId


class _PartyDocument(TypedDict, total=False):
    phone_number: str
    extension_number: str
    extension_id: ExtensionId
    name: str
    location: str
    device_id: str
    dialed: str


class _SegmentDocument(TypedDict):
    started_ms: int
    duration_ms: int
    type: str
    direction: str
    action: str
    result: str
    sender: _PartyDocument
    recipient: _PartyDocument
    extension_id: NotRequired[ExtensionId]
    transport: NotRequired[str]
    telephony_session_id: NotRequired[str]
    internal_type: NotRequired[str]
    reason: NotRequired[str]
    reason_description: NotRequired[str]
    recording: NotRequired[tuple[str, str] | tuple[str, str, str | None, int | None, str | None]]
    short_recording: NotRequired[bool]
    message: NotRequired[tuple[str, str]]
    delegate: NotRequired[tuple[str, str, str]]
    transfer_target: NotRequired[str]
    transferee: NotRequired[str]
    sip_uuid_info: NotRequired[str]
    billing: NotRequired[tuple[float, float]]


class _LegDocument(TypedDict):
    segment: _SegmentDocument
    leg_type: str
    master: bool


class _RecordDocument(TypedDict):
    session_id: str
    party_id: str | None
    in_company_log: bool
    last_modified_ms: int
    metadata_categories: list[str]
    segment: _SegmentDocument


def write_document(record: CallRecord) -> str:
    """A record's text without its legs; its account, id and name, and whether it is deleted, stand in columns alone."""
    document = {
        "session_id": record.session_id,
        "party_id": record.party_id,
        "in_company_log": record.in_company_log,
        "last_modified_ms": record.last_modified_ms,
        "metadata_categories": record.metadata_categories,
        "segment": _written(record.segment),
    }
    return orjson.dumps(document).decode("utf-8")


def write_legs(legs: tuple[Leg, ...]) -> str:
    """The text of a record's legs."""
    written = [{"segment": _written(leg.segment), "leg_type": leg.leg_type, "master": leg.master} for leg in legs]
    return orjson.dumps(written).decode("utf-8")


def read_legs(text: str) -> tuple[Leg, ...]:
    """The legs of a text."""
    written = cast("list[_LegDocument]", orjson.loads(text))
    return tuple(Leg(_read_segment(leg["segment"]), leg["leg_type"], leg["master"]) for leg in written)


class RecordColumns(NamedTuple):
    """What stands in columns alone."""

    account_id: AccountId
    id: RowId
    name: str
    deleted: bool


def read_document(text: str, columns: RecordColumns) -> CallRecord:
    """The record of a text and its columns, without its legs."""
    document = cast("_RecordDocument", orjson.loads(text))
    return CallRecord(
        columns.account_id,
        columns.id,
        columns.name,
        document["session_id"],
        document["party_id"],
        document["in_company_log"],
        columns.deleted,
        document["last_modified_ms"],
        tuple(document["metadata_categories"]),
        _read_segment(document["segment"]),
        (),
    )


def _written(segment: Segment) -> dict[str, object]:
    """A segment's fields without those that say nothing; orjson writes enums as their values, but no named tuples."""
    fields: dict[str, object] = {}
    for name, value in zip(Segment._fields, segment, strict=True):
        if value is None or value is False:
            continue
        if isinstance(value, Party):
            fields[name] = {key: part for key, part in zip(Party._fields, value, strict=True) if part is not None}
        else:
            fields[name] = list(value) if isinstance(value, tuple) else value
    return fields


def _read_segment(document: _SegmentDocument) -> Segment:
    recording, message = document.get("recording"), document.get("message")
    delegate, billing = document.get("delegate"), document.get("billing")
    transport = document.get("transport")
    return Segment(
        document["started_ms"],
        document["duration_ms"],
        CallType(document["type"]),
        Direction(document["direction"]),
        document["action"],
        document["result"],
        Party(**document["sender"]),
        Party(**document["recipient"]),
        document.get("extension_id"),
        Transport(transport) if transport else None,
        document.get("telephony_session_id"),
        document.get("internal_type"),
        document.get("reason"),
        document.get("reason_description"),
        Recording(recording[0], RecordingType(recording[1]), *recording[2:]) if recording else None,
        document.get("short_recording", False),
        Message(*message) if message else None,
        Delegate(*delegate) if delegate else None,
        document.get("transfer_target"),
        document.get("transferee"),
        document.get("sip_uuid_info"),
        Billing(*billing) if billing else None,
    )
