"""Calls as the call log tells them (protocol.md I.5): a record, its legs, and who was on them.

A record belongs to one extension and is told from its side: a call between two colleagues leaves one record with each
of them, Outbound here and Inbound there, under one session id. The company's log shows each call once
(`in_company_log`), an extension's log every record of that extension. What is asked of the log: model/call_log.py.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from enum import Enum
from re import ASCII
from re import compile as compile_re
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
    """A recording's name and origin; the sound is kept elsewhere."""

    id: str
    type: RecordingType


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
    """What a record and each of its legs say alike. Times are milliseconds since 1970, durations milliseconds."""

    started_ms: int
    duration_ms: int
    type: CallType
    direction: Direction
    action: str
    result: str
    sender: Party
    recipient: Party
    extension_id: ExtensionId
    transport: Transport
    telephony_session_id: str
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
    """One line of the log. `id` grows with `segment.started_ms`, so that a page of the log lies together on disk."""

    account_id: AccountId
    id: RowId
    session_id: str
    party_id: str
    in_company_log: bool
    deleted: bool
    last_modified_ms: int
    metadata_categories: tuple[str, ...]
    segment: Segment
    legs: tuple[Leg, ...]


@dataclass(frozen=True, slots=True)
class CallsRecorded:
    """Calls ended and entered the log. Not audited: the log is the record."""

    records: tuple[CallRecord, ...]
    AUDITED: ClassVar[bool] = False

    def __repr__(self) -> str:
        return f"CallsRecorded({len(self.records)} records)"


_RECORD_NAME = compile_re(r"[A-Za-z0-9_-]{11}", ASCII)


def name_record(record_id: RowId) -> str:
    """A record's `id` as the wire spells it: 11 characters of base64url."""
    return urlsafe_b64encode(record_id.to_bytes(8, "big")).rstrip(b"=").decode("ascii")


def find_record_id(name: str) -> RowId | None:
    """The record a name means, or None for what no record is called. Accepts one spelling of each id."""
    if not _RECORD_NAME.fullmatch(name):
        return None
    number = int.from_bytes(urlsafe_b64decode(f"{name}="), "big")
    # 11 characters hold two bits more than the id: of the four spellings the decoder takes, only ours is a name. Ids
    # are signed 64-bit numbers in every database we speak to.
    if number >= 1 << 63 or name_record(RowId(number)) != name:
        return None
    return RowId(number)
