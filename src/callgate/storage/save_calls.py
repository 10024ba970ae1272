"""The call log written: records as calls end, and the counts that deep pages are found by."""

from collections import Counter
from typing import Final, NamedTuple

from callgate.model.calls import CallRecord, CallsRecorded
from callgate.storage.call_documents import write_document, write_legs
from callgate.storage.load_calls import QUARTER_MS
from callgate.storage.pen import Pen
from callgate.storage.rows import columns, marks


class CallRow(NamedTuple):
    """The columns of `call_record`."""

    id: int
    account_id: int
    extension_id: int
    started_ms: int
    in_company_log: int
    deleted: int
    blocked: int
    direction: str
    type: str
    transport: str
    recording: str | None
    session_id: str
    telephony_session_id: str
    from_phone: str | None
    to_phone: str | None
    from_extension: str | None
    to_extension: str | None
    categories: str
    document: str
    legs: str


class CountKey(NamedTuple):
    """What calls are counted by."""

    account_id: int
    quarter: int
    direction: str
    type: str


_RECORD: Final = f"INSERT INTO call_record ({columns(CallRow._fields)}) VALUES ({marks(CallRow._fields)})"
_COUNT: Final = """
INSERT INTO call_count (account_id, quarter, direction, type, calls) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (account_id, quarter, direction, type) DO UPDATE SET calls = call_count.calls + excluded.calls
"""


def record_calls(pen: Pen, change: CallsRecorded) -> None:
    """Insert records, and count those that the company's log shows."""
    counts: Counter[CountKey] = Counter()
    for record in change.records:
        row = _row(record)
        pen.write(_RECORD, row)
        if record.in_company_log and not record.deleted:
            counts[CountKey(row.account_id, row.started_ms // QUARTER_MS, row.direction, row.type)] += 1
    for key, calls in counts.items():
        pen.write(_COUNT, (*key, calls))


def _row(record: CallRecord) -> CallRow:
    segment = record.segment
    return CallRow(
        record.id,
        record.account_id,
        segment.extension_id,
        segment.started_ms,
        int(record.in_company_log),
        int(record.deleted),
        int(segment.result == "Blocked"),
        segment.direction.value,
        segment.type.value,
        segment.transport.value,
        segment.recording.type.value if segment.recording else None,
        record.session_id,
        segment.telephony_session_id,
        _digits(segment.sender.phone_number),
        _digits(segment.recipient.phone_number),
        segment.sender.extension_number,
        segment.recipient.extension_number,
        f" {' '.join(record.metadata_categories)} ",
        write_document(record),
        write_legs(record.legs),
    )


def _digits(phone_number: str | None) -> str | None:
    return phone_number.removeprefix("+") if phone_number else None
