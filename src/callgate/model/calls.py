"""Calls as the call log tells them (protocol.md I.5): a record, its legs, and who was on them.

A record belongs to one extension and is told from its side: a call between two colleagues leaves one record with each
of them, Outbound here and Inbound there, under one session id. The company's log shows each call once
(`in_company_log`), an extension's log every record of that extension. What is asked of the log: model/call_log.py.
"""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, NamedTuple

from callgate.model.ids import AccountId, ExtensionId, RowId


class Direction(Enum):
    """Seen from the extension the record belongs to."""

    INBOUND = "Inbound"
    OUTBOUND = "Outbound"


class CallType(Enum):
    """What was carried."""

    VOICE = "Voice"
    FAX = "Fax"


class Transport(Enum):
    """Where a leg came from: the telephone network or one of the account's own phones."""

    PSTN = "PSTN"
    VOIP = "VoIP"


class RecordingType(Enum):
    """Who started a recording: the account's rule or a person's button."""

    AUTOMATIC = "Automatic"
    ON_DEMAND = "OnDemand"


class Party(NamedTuple):
    """One end of a call. `phone_number` is E.164 with its '+'; `dialed` is what was dialed, where that differs."""

    phone_number: str | None = None
    extension_number: str | None = None
    extension_id: ExtensionId | None = None
    name: str | None = None
    location: str | None = None
    device_id: str | None = None
    dialed: str | None = None


class Recording(NamedTuple):
    """A recording's name and origin; the sound is kept elsewhere: at `sound_url`, where whoever told of it said so."""

    id: str
    type: RecordingType
    content_type: str | None = None
    duration_s: int | None = None
    sound_url: str | None = None


class Message(NamedTuple):
    """The voice mail or fax a call left; `type` is VoiceMail or Fax."""

    id: str
    type: str


class Delegate(NamedTuple):
    """On whose behalf a call was made or taken."""

    id: str
    name: str
    type: str


class Billing(NamedTuple):
    """Cost in the account's currency: what the plan covered, and what was paid beyond it."""

    cost_included: float
    cost_purchased: float


class Segment(NamedTuple):
    """What a record and each of its legs say alike. Times are milliseconds since 1970, durations milliseconds.

    `extension_id` None: nobody's in particular, as a call that no extension took. Such a record is in the company's
    log alone.
    """

    started_ms: int
    duration_ms: int
    type: CallType
    direction: Direction
    action: str
    result: str
    sender: Party
    recipient: Party
    extension_id: ExtensionId | None
    transport: Transport | None
    telephony_session_id: str | None
    internal_type: str | None = None
    reason: str | None = None
    reason_description: str | None = None
    recording: Recording | None = None
    short_recording: bool = False
    message: Message | None = None
    delegate: Delegate | None = None
    transfer_target: str | None = None
    transferee: str | None = None
    sip_uuid_info: str | None = None
    billing: Billing | None = None


class Leg(NamedTuple):
    """One stretch of a call. `master` marks the leg the record's own data come from."""

    segment: Segment
    leg_type: str
    master: bool


class CallRecord(NamedTuple):
    """One line of the log. `id` grows with `segment.started_ms`, so that a page of the log lies together on disk.

    `name` is the record's `id` on the wire, unique in the account: its own where it came from elsewhere.
    """

    account_id: AccountId
    id: RowId
    name: str
    session_id: str
    party_id: str | None
    in_company_log: bool
    deleted: bool
    last_modified_ms: int
    metadata_categories: tuple[str, ...]
    segment: Segment
    legs: tuple[Leg, ...]


class StoredCall(NamedTuple):
    """A record as the log has it. `seq` says when it was last written: it grows with every write in the account."""

    record: CallRecord
    seq: int


@dataclass(frozen=True, slots=True)
class CallsRecorded:
    """Calls ended and entered the log. Not audited: the log is the record."""

    records: tuple[CallRecord, ...]
    AUDITED: ClassVar[bool] = False

    def __repr__(self) -> str:
        return f"CallsRecorded({len(self.records)} records)"


@dataclass(frozen=True, slots=True)
class CallsRewritten:
    """Records of the log say something else now. Not audited: what changed them is, where it is an act."""

    pairs: tuple[tuple[StoredCall, CallRecord], ...]
    AUDITED: ClassVar[bool] = False

    def __repr__(self) -> str:
        return f"CallsRewritten({len(self.pairs)} records)"


class CallTally(NamedTuple):
    """What became of the records of an import."""

    new: int = 0
    changed: int = 0
    same: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class CallsImported:
    """An import into an account's log ended. Its entry in the audit log is all it leaves."""

    account_id: AccountId
    tally: CallTally
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class CallLogCleared:
    """An extension's calls were deleted: those of a span that filters let through. The rows change with it, and after.

    `filters` are words as in a query; none, every call of the span.
    """

    account_id: AccountId
    extension_id: ExtensionId
    from_ms: int
    to_ms: int
    filters: tuple[str, ...]
    by: str
    AUDITED: ClassVar[bool] = True


CallChange = CallLogCleared | CallsRecorded | CallsRewritten | CallsImported


def name_record(record_id: RowId) -> str:
    """The `id` on the wire of a record that brought none: 11 characters of base64url."""
    return urlsafe_b64encode(record_id.to_bytes(8, "big", signed=True)).rstrip(b"=").decode("ascii")


def renumber(record: CallRecord, record_id: RowId) -> CallRecord:
    """The record under an id of ours, and named by it."""
    return record._replace(id=record_id, name=name_record(record_id))
