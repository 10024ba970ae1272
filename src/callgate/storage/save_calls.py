"""The call log written: records as calls end, and the counts that deep pages are found by."""

from collections import Counter
from typing import Final, NamedTuple

from callgate.model.calls import CallRecord, CallsRecorded, CallsRewritten
from callgate.storage.call_documents import write_document, write_legs
from callgate.storage.load_calls import QUARTER_MS
from callgate.storage.pen import Pen
from callgate.storage.rows import columns, marks

NOBODY: Final = 0
"""Whose a record is that is nobody's; no extension has this id."""


class CallRow(NamedTuple):
    """The columns of `call_record`."""

    id: int
    account_id: int
    name: str
    extension_id: int
    started_ms: int
    in_company_log: int
    deleted: int
    blocked: int
    missed: int
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


_SEQ: Final = "(SELECT coalesce(max(seq), 0) + 1 FROM call_record WHERE account_id = ?)"
"""Numbers the writes of an account: found at the end of an index, and no row is ever deleted that had one."""

_RECORD: Final = f"INSERT INTO call_record ({columns(CallRow._fields)}, seq) VALUES ({marks(CallRow._fields)}, {_SEQ})"
_REWRITE: Final = f"""
UPDATE call_record SET {", ".join(f"{field} = ?" for field in CallRow._fields)}, seq = {_SEQ} WHERE id = ? AND seq = ?
"""
_RECORDING: Final = "INSERT INTO call_recording (account_id, name, record_id) VALUES (?, ?, ?)"
_NO_RECORDING: Final = "DELETE FROM call_recording WHERE account_id = ? AND name = ? AND record_id = ?"
_COUNT: Final = """
INSERT INTO call_count (account_id, quarter, direction, type, calls) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (account_id, quarter, direction, type) DO UPDATE SET calls = call_count.calls + excluded.calls
"""


def record_calls(pen: Pen, change: CallsRecorded) -> None:
    """Insert records, and count those that the company's log shows. Raises Conflict when an id or a name is taken."""
    records = change.records
    pen.write_all(_RECORD, ((*_row(record), record.account_id) for record in records))
    pen.write_all(
        _RECORDING, ((record.account_id, name, record.id) for record in records for name in sorted(_recordings(record)))
    )
    counts: Counter[CountKey] = Counter()
    for record in records:
        _count(counts, record, by=1)
    _move_counts(pen, counts)


def rewrite_calls(pen: Pen, change: CallsRewritten) -> None:
    """Update records, and the counts. Raises Conflict when one was written since it was read."""
    counts: Counter[CountKey] = Counter()
    found: list[tuple[int, str, int]] = []
    for before, after in change.pairs:
        pen.swap(_REWRITE, (*_row(after), after.account_id, before.record.id, before.seq))
        had, has = _recordings(before.record), _recordings(after)
        for name in sorted(had - has):
            pen.swap(_NO_RECORDING, (after.account_id, name, after.id))
        found += ((after.account_id, name, after.id) for name in sorted(has - had))
        _count(counts, before.record, by=-1)
        _count(counts, after, by=1)
    pen.write_all(_RECORDING, found)
    _move_counts(pen, counts)


def _recordings(record: CallRecord) -> set[str]:
    """The ids of a call's recordings, its legs' among them: what each is found by."""
    segments = (record.segment, *(leg.segment for leg in record.legs))
    return {segment.recording.id for segment in segments if segment.recording}


def _count(counts: Counter[CountKey], record: CallRecord, *, by: int) -> None:
    segment = record.segment
    if record.in_company_log and not record.deleted:
        quarter = segment.started_ms // QUARTER_MS
        counts[CountKey(record.account_id, quarter, segment.direction.value, segment.type.value)] += by


def _move_counts(pen: Pen, counts: Counter[CountKey]) -> None:
    pen.write_all(_COUNT, ((*key, calls) for key, calls in counts.items() if calls))


def _row(record: CallRecord) -> CallRow:
    segment = record.segment
    return CallRow(
        record.id,
        record.account_id,
        record.name,
        segment.extension_id or NOBODY,
        segment.started_ms,
        int(record.in_company_log),
        int(record.deleted),
        int(segment.result == "Blocked"),
        int(segment.result == "Missed"),
        segment.direction.value,
        segment.type.value,
        segment.transport.value if segment.transport else "",
        segment.recording.type.value if segment.recording else None,
        record.session_id,
        segment.telephony_session_id or "",
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
