"""Call records that come from elsewhere, in the shape in which the call log tells them (protocol.md I.5).

What a record must say: `id`, `sessionId`, `startTime`, `type`, `direction`, `action`. Every other member may be absent,
unknown ones are never looked at, and every text has a bound. Two members are ours: `extension.extensionNumber`, for
whoever knows no ids, and `companyLog: false`, for a record that the company's log is not to show beside another of the
same call. What is brought again under the same id replaces what was there, but for what is known of the same recording.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple
from zlib import crc32

from callgate.model import api_faults
from callgate.model.call_acts import (
    CATEGORIES_MAX,
    COST_MAX,
    DURATION_MAX_S,
    LEGS_MAX,
    LINE_CHARS_MAX,
    RECORDS_MAX,
    SOUND_URL_CHARS_MAX,
    CallsActFacts,
    NumbersFacts,
    Outcome,
)
from callgate.model.calls import (
    Billing,
    CallRecord,
    CallsRecorded,
    CallsRewritten,
    CallType,
    Delegate,
    Direction,
    Leg,
    Message,
    Party,
    Recording,
    RecordingType,
    Segment,
    StoredCall,
    Transport,
)
from callgate.model.changes import Change
from callgate.model.decisions import Denied
from callgate.model.ids import ROW_EPOCH_MS, ROW_ORDER_BITS, AccountId, ExtensionId, RowId
from callgate.model.instant import parse_instant
from callgate.protocol.body import BodyReader

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
_EXTENSION_NUMBER = re.compile(r"[0-9*#]{1,10}", re.ASCII)
_SOUND_TYPE = re.compile(r"audio/[A-Za-z0-9.+-]{1,40}", re.ASCII)
_SOUND_URL = re.compile(
    r"(https?://[A-Za-z0-9.:\[\]-]{1,100}(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?)([?#][!-~]*)?", re.ASCII
)
_PHONE_NUMBER = re.compile(r"[+0-9A-Za-z*#() .-]{1,64}", re.ASCII)


_Rare = tuple[bool, Message | None, Delegate | None, str | None, str | None, str | None]
_NOTHING_RARE: _Rare = (False, None, None, None, None, None)
_RARE = frozenset(
    ("shortRecording", "message", "delegate", "delegationType", "transferTarget", "transferee", "sipUuidInfo")
)


class People(NamedTuple):
    """How a record's extensions are found here.

    `moved` leads from ids of another system to ours. `known_only`: a record of an extension that is not found is
    refused; otherwise it is nobody's, and in the company's log alone.
    """

    account_id: AccountId
    here: NumbersFacts
    moved: Mapping[int, ExtensionId]
    known_only: bool = True


@dataclass(frozen=True, slots=True)
class Noted:
    """Records noted: what became of each, in their order."""

    outcomes: tuple[Outcome, ...]
    changes: tuple[Change, ...] = ()


def note_calls(records: Sequence[CallRecord], *, facts: CallsActFacts, attempt: int = 0) -> Noted:
    """New records inserted, known ones rewritten where they differ; of two by one name the later one counts.

    `attempt` counts decisions on the same records: an id that is taken is drawn otherwise the next time.
    """
    new: dict[str, CallRecord] = {}
    rewritten: dict[str, tuple[StoredCall, CallRecord]] = {}
    outcomes = []
    for record in records:
        stored = facts.known.get(record.name)
        if stored is None:
            outcomes.append(Outcome.UPDATED if record.name in new else Outcome.CREATED)
            new[record.name] = _placed(record, now_ms=facts.now_ms, attempt=attempt)
            continue
        earlier = rewritten.pop(record.name, None)
        merged = _merged(record, stored.record, now_ms=facts.now_ms)
        outcomes.append(Outcome.UNCHANGED if merged is None and earlier is None else Outcome.UPDATED)
        if merged is not None:
            rewritten[record.name] = (stored, merged)
    changes: list[Change] = []
    if new:
        changes.append(CallsRecorded(tuple(new.values())))
    if rewritten:
        changes.append(CallsRewritten(tuple(rewritten.values())))
    return Noted(tuple(outcomes), tuple(changes))


def split_records(body: Mapping[str, object]) -> Sequence[Mapping[str, object]] | Denied:
    """The records of a request's body: a batch under `records`, or the body itself where there is no such member."""
    if "records" not in body:
        return (body,)
    records = body["records"]
    if (
        isinstance(records, list)
        and 1 <= len(records) <= RECORDS_MAX
        and all(isinstance(each, dict) for each in records)
    ):
        return records
    return BodyReader(body).refuse("records")


def parse_call(members: Mapping[str, object], *, people: People, in_company_log: bool = True) -> CallRecord | Denied:
    """One record; its row id is found when it is noted. `in_company_log` counts where the record does not say."""
    reader = BodyReader(members)
    for name in ("id", "sessionId", "startTime", "type", "direction", "action"):
        if not reader.has(name):
            return reader.require(name)
    segment = _read_segment(reader, people, master=None)
    legs = tuple(_read_leg(each, people, master=segment) for each in _read_legs(reader))
    listed = reader.flag("companyLog")
    record = CallRecord(
        people.account_id,
        RowId(0),
        reader.word("id", form=_NAME) or "",
        reader.word("sessionId", form=_WORD) or "",
        reader.word("partyId", form=_WORD),
        in_company_log if listed is None else listed,
        reader.flag("deleted") is True,
        _read_instant(reader, "lastModifiedTime") or 0,
        _read_categories(reader),
        segment,
        legs,
    )
    return reader.refused or record


# --- whose it is -------------------------------------------------------------------------------------------------


def _find_owner(reader: BodyReader, people: People, *, sides: tuple[BodyReader, BodyReader]) -> ExtensionId | None:
    """The extension a record names: by our id, by a number, or by another's id that the record itself explains."""
    owner = reader.within("extension")
    if owner is None:
        return None
    given, number = owner.id("id"), owner.word("extensionNumber", form=_EXTENSION_NUMBER)
    if given is None and number is None:
        return None
    found = _find(people, given, number=number)
    for side in sides:
        if found is None and given is not None and side.id("extensionId") == given:
            found = _find(people, None, number=side.word("extensionNumber", form=_EXTENSION_NUMBER))
    return found


def _owner_words(reader: BodyReader) -> str:
    """How a record names its extension, for whoever is told that there is none."""
    owner = reader.part("extension")
    given, number = owner.id("id"), owner.word("extensionNumber", form=_EXTENSION_NUMBER)
    words = (f"id {given}" if given is not None else "", f"number {number}" if number is not None else "")
    return " or ".join(filter(None, words)) or "neither id nor number"


def _find(people: People, given: int | None, *, number: str | None) -> ExtensionId | None:
    if given is not None:
        moved = people.moved.get(given)
        if moved is not None:
            return moved
        if given in people.here.ids:
            return ExtensionId(given)
    return people.here.numbers.get(number) if number is not None else None


# --- what it says ------------------------------------------------------------------------------------------------


def _read_segment(reader: BodyReader, people: People, *, master: Segment | None) -> Segment:
    """What a record says, or a leg (`master`: its record's), which says only what differs."""
    sender, recipient = reader.part("from"), reader.part("to")
    owner = _find_owner(reader, people, sides=(recipient, sender))
    if owner is None and master is None and people.known_only and reader.has("extension"):
        reader.deny("extension", api_faults.EXTENSION_UNKNOWN, extension=_owner_words(reader))
    kind, direction = reader.choice("type", among=CallType), reader.choice("direction", among=Direction)
    started_ms = _read_instant(reader, "startTime")
    short, message, delegate, target, transferee, sip_uuid_info = _read_rare(reader)
    return Segment(
        started_ms if started_ms is not None else master.started_ms if master else 0,
        _read_duration(reader),
        kind or (master.type if master else CallType.VOICE),
        direction or (master.direction if master else Direction.INBOUND),
        reader.line("action", most=LINE_CHARS_MAX) or (master.action if master else "Unknown"),
        reader.line("result", most=LINE_CHARS_MAX) or "Unknown",
        _read_party(sender, people, dialed="dialerPhoneNumber"),
        _read_party(recipient, people, dialed="dialedPhoneNumber"),
        owner,
        reader.choice("transport", among=Transport),
        reader.word("telephonySessionId", form=_WORD) or (master.telephony_session_id if master else None),
        reader.line("internalType", most=LINE_CHARS_MAX),
        reader.line("reason", most=LINE_CHARS_MAX),
        reader.line("reasonDescription", most=LINE_CHARS_MAX),
        _read_recording(reader.within("recording"), people.account_id),
        short,
        message,
        delegate,
        target,
        transferee,
        sip_uuid_info,
        _read_billing(reader.within("billing")),
    )


def _read_rare(reader: BodyReader) -> _Rare:
    """What few calls say: looked for together, for most say none of it, and looking takes as long as reading."""
    if not reader.has_any(_RARE):
        return _NOTHING_RARE
    return (
        reader.flag("shortRecording") is True,
        _read_message(reader.within("message")),
        _read_delegate(reader),
        _read_session(reader.within("transferTarget")),
        _read_session(reader.within("transferee")),
        reader.line("sipUuidInfo", most=LINE_CHARS_MAX),
    )


def _read_legs(reader: BodyReader) -> Sequence[BodyReader]:
    legs = reader.parts("legs") or ()
    if len(legs) > LEGS_MAX:
        reader.refuse("legs")
        return ()
    return legs


def _read_leg(reader: BodyReader, people: People, *, master: Segment) -> Leg:
    leg_type = reader.line("legType", most=LINE_CHARS_MAX) or "Unknown"
    return Leg(_read_segment(reader, people, master=master), leg_type, reader.flag("master") is True)


def _read_party(reader: BodyReader, people: People, *, dialed: str) -> Party:
    number = reader.word("extensionNumber", form=_EXTENSION_NUMBER)
    given, device = reader.id("extensionId"), reader.within("device")
    return Party(
        reader.word("phoneNumber", form=_PHONE_NUMBER),
        number,
        None if given is None else _find(people, given, number=number) or ExtensionId(given),
        reader.line("name", most=LINE_CHARS_MAX),
        reader.line("location", most=LINE_CHARS_MAX),
        device.word("id", form=_WORD) if device else None,
        reader.word(dialed, form=_PHONE_NUMBER),
    )


def _read_duration(reader: BodyReader) -> int:
    """Milliseconds; whole seconds where nothing more exact is said."""
    seconds = reader.number("duration", most=DURATION_MAX_S)
    exact_ms = reader.number("durationMs", most=DURATION_MAX_S * 1000)
    return (seconds or 0) * 1000 if exact_ms is None else exact_ms


def _read_instant(reader: BodyReader, name: str) -> int | None:
    text = reader.line(name, most=LINE_CHARS_MAX)
    if text is None:
        return None
    at_ms = parse_instant(text)
    if at_ms is None:
        reader.refuse(name)
    return at_ms


def _read_recording(reader: BodyReader | None, account_id: AccountId) -> Recording | None:
    if reader is None:
        return None
    recording_id, kind = reader.word("id", form=_WORD), reader.choice("type", among=RecordingType)
    content_type = reader.word("contentType", form=_SOUND_TYPE)
    duration_s = reader.number("duration", most=DURATION_MAX_S)
    sound_url = _read_sound_url(reader, here=f"/account/{account_id}/recording/{recording_id}/content")
    if recording_id is None:
        return None
    return Recording(recording_id, kind or RecordingType.AUTOMATIC, content_type, duration_s, sound_url)


def _read_sound_url(reader: BodyReader, *, here: str) -> str | None:
    """Where the sound was, without what may open it (a query); what our own log tells (`here`) says nothing new."""
    told = reader.word("contentUri", form=_SOUND_URL)
    found = _SOUND_URL.fullmatch(told) if told is not None else None
    if found is None or found[1].endswith(here):
        return None
    if len(found[1]) > SOUND_URL_CHARS_MAX:
        reader.refuse("contentUri", f"longer than {SOUND_URL_CHARS_MAX} characters")
    return found[1]


def _read_message(reader: BodyReader | None) -> Message | None:
    if reader is None:
        return None
    message_id, kind = reader.word("id", form=_WORD), reader.line("type", most=LINE_CHARS_MAX)
    return None if message_id is None else Message(message_id, kind or "VoiceMail")


def _read_delegate(reader: BodyReader) -> Delegate | None:
    delegate = reader.within("delegate")
    if delegate is None:
        return None
    delegate_id, name = delegate.word("id", form=_WORD), delegate.line("name", most=LINE_CHARS_MAX)
    kind = reader.line("delegationType", most=LINE_CHARS_MAX)
    return None if delegate_id is None else Delegate(delegate_id, name or "", kind or "")


def _read_session(reader: BodyReader | None) -> str | None:
    return None if reader is None else reader.word("telephonySessionId", form=_WORD)


def _read_billing(reader: BodyReader | None) -> Billing | None:
    if reader is None:
        return None
    included, purchased = _read_cost(reader, "costIncluded"), _read_cost(reader, "costPurchased")
    return None if included is None and purchased is None else Billing(included or 0.0, purchased or 0.0)


def _read_cost(reader: BodyReader, name: str) -> float | None:
    amount = reader.amount(name)
    if amount is not None and not -COST_MAX <= amount <= COST_MAX:
        reader.refuse(name)
    return amount


def _read_categories(reader: BodyReader) -> tuple[str, ...]:
    categories = reader.texts("metadataCategories") or ()
    if len(categories) > CATEGORIES_MAX or not all(_WORD.fullmatch(each) for each in categories):
        reader.refuse("metadataCategories")
        return ()
    return tuple(categories)


# --- where it lies -----------------------------------------------------------------------------------------------


def _merged(record: CallRecord, stored: CallRecord, *, now_ms: int) -> CallRecord | None:
    """What is to be stored in place of the stored record, or None where nothing is new. What was deleted stays so."""
    modified_ms = record.last_modified_ms or stored.last_modified_ms
    kept = record._replace(
        id=stored.id,
        deleted=record.deleted or stored.deleted,
        last_modified_ms=modified_ms,
        segment=_completed(record.segment, stored.segment),
        legs=tuple(_completed_leg(leg, known) for leg, known in zip_longest(record.legs, stored.legs) if leg),
    )
    return None if kept == stored else kept._replace(last_modified_ms=record.last_modified_ms or now_ms)


def _completed_leg(leg: Leg, stored: Leg | None) -> Leg:
    return leg if stored is None else leg._replace(segment=_completed(leg.segment, stored.segment))


def _completed(segment: Segment, stored: Segment) -> Segment:
    """With what is known of its recording and the call log does not tell: an export of ours takes nothing away."""
    told, known = segment.recording, stored.recording
    if told is None or known is None or told.id != known.id:
        return segment
    whole = told._replace(
        content_type=told.content_type or known.content_type,
        duration_s=known.duration_s if told.duration_s is None else told.duration_s,
        sound_url=told.sound_url or known.sound_url,
    )
    return segment._replace(recording=whole)


def _placed(record: CallRecord, *, now_ms: int, attempt: int) -> CallRecord:
    """The record with an id in the order of time, always the same for its account and name unless that is taken."""
    told = f"{record.account_id}/{record.name}/{attempt}".encode("ascii")
    order = crc32(told) >> (32 - ROW_ORDER_BITS)
    row_id = (record.segment.started_ms - ROW_EPOCH_MS << ROW_ORDER_BITS) + order
    return record._replace(id=RowId(row_id), last_modified_ms=record.last_modified_ms or now_ms)
