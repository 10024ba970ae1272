"""What one call of each kind leaves in the log: its records, their legs, and the words the platform uses for them.

Outside numbers are of the range 555-0100 to 555-0199, which no telephone has. When calls happen does not belong here.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol, TypeVar

from callgate.model.calls import (
    Billing,
    CallRecord,
    CallType,
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

T = TypeVar("T")

_PLACES: Final = (
    ("202", "Washington, DC"),
    ("212", "New York, NY"),
    ("312", "Chicago, IL"),
    ("415", "San Francisco, CA"),
    ("512", "Austin, TX"),
    ("617", "Boston, MA"),
    ("650", "San Mateo, CA"),
    ("702", "Las Vegas, NV"),
    ("773", "Chicago, IL"),
    ("206", "Seattle, WA"),
)
_LOGGED_AFTER_MS: Final = 20_000
"""A call appears some seconds after it ended (protocol.md I.5)."""

_RATE_PER_MINUTE: Final = 0.02


class Speaker(NamedTuple):
    """Somebody of the account who is on calls; `phone_number` is E.164 with '+', the company's where they have none."""

    extension_id: ExtensionId
    extension_number: str
    name: str
    phone_number: str


class Cast(NamedTuple):
    """Who is on the calls of an account: its people (two at least) and its queue."""

    account_id: AccountId
    main_number: str
    people: tuple[Speaker, ...]
    queue: Speaker


class Occasion(NamedTuple):
    """One call to come: its number among all, when it begins, what kind it is."""

    number: int
    started_ms: int
    kind: str


class Draws(Protocol):
    """Where a kind takes its chances from."""

    def share(self) -> float:
        """A number from 0 up to 1."""

    def happens(self, *, percent: int) -> bool:
        """Whether something happens this time."""

    def digits(self, length: int) -> str:
        """So many hexadecimal digits."""

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high."""

    def pick(self, members: Sequence[T]) -> T:
        """One of them."""

    def long_tailed(self, usual: int, most: int) -> int:
        """A duration: mostly about the usual, seldom very long."""


class _Call(NamedTuple):
    """A call being told."""

    occasion: Occasion
    cast: Cast
    dice: Draws
    outside: Party
    person: Speaker
    session_id: str
    telephony: str


_Teller = Callable[[_Call], tuple[CallRecord, ...]]


def make_records(occasion: Occasion, *, cast: Cast, dice: Draws) -> tuple[CallRecord, ...]:
    """The records one call leaves, the company's own first; their ids are still to be given."""
    telephony = f"{dice.digits(16)}z{dice.digits(11)}z{dice.digits(10)}"
    call = _Call(
        occasion,
        cast,
        dice,
        outside=_outsider(dice),
        person=dice.pick(cast.people),
        session_id=str(400_000_000_000 + occasion.number * 1_009 + dice.between(0, 1_000)),
        telephony=telephony,
    )
    return _TELLERS[occasion.kind](call)


def _answered(call: _Call) -> tuple[CallRecord, ...]:
    master = _inbound(call, call.person, result="Accepted", duration_s=call.dice.long_tailed(180, 3_600))
    if call.dice.happens(percent=20):
        master = master._replace(recording=_recording(call, RecordingType.ON_DEMAND))
    return (_record(call, master, legs=(_leg(master, "Accept"), _to_phone(call, master, person=call.person))),)


def _missed(call: _Call) -> tuple[CallRecord, ...]:
    rung = call.dice.between(8, 40)
    master = _inbound(call, call.person, result="Missed", duration_s=rung)._replace(
        reason="No Answer", reason_description="You did not answer the call"
    )
    unheard = _to_phone(call, master, person=call.person)
    unheard = unheard._replace(segment=unheard.segment._replace(result="No Answer"))
    return (_record(call, master, legs=(_leg(master, "Accept"), unheard)),)


def _voicemail(call: _Call) -> tuple[CallRecord, ...]:
    message = Message(str(7_000_000_000 + call.occasion.number), "VoiceMail")
    master = _inbound(call, call.person, result="Voicemail", duration_s=call.dice.long_tailed(35, 180))
    return (_record(call, master._replace(message=message), legs=(_leg(master._replace(message=message), "Accept"),)),)


def _blocked(call: _Call) -> tuple[CallRecord, ...]:
    master = _inbound(call, call.person, result="Blocked", duration_s=0)._replace(
        reason="Number Blocked", reason_description="This number is in your Blocked Numbers list"
    )
    return (_record(call, master, legs=(_leg(master, "Accept"),)),)


def _queued(call: _Call) -> tuple[CallRecord, ...]:
    """The queue's record is the company's; whoever answered has one of their own, under the same session."""
    talked = call.dice.long_tailed(240, 3_600)
    waited = call.dice.between(3, 90)
    taken = _recording(call, RecordingType.AUTOMATIC) if call.dice.happens(percent=50) else None
    whole = _inbound(call, call.cast.queue, result="Accepted", duration_s=waited + talked)._replace(recording=taken)
    own = _later(_inbound(call, call.person, result="Accepted", duration_s=talked), waited)._replace(
        recipient=whole.recipient, recording=taken
    )
    reached = _to_phone(call, own, person=call.person)
    queue_legs = (_leg(whole, "Accept"), _leg(own, "Hunting", master=False), reached)
    return (
        _record(call, whole, legs=queue_legs),
        _record(call, own, legs=(_leg(own, "Accept"), reached), party=2),
    )


def _abandoned(call: _Call) -> tuple[CallRecord, ...]:
    master = _inbound(call, call.cast.queue, result="Abandoned", duration_s=call.dice.between(5, 240))._replace(
        reason="Hang Up", reason_description="The caller hung up before the call was answered"
    )
    return (_record(call, master, legs=(_leg(master, "Accept"),)),)


def _queue_voicemail(call: _Call) -> tuple[CallRecord, ...]:
    return _voicemail(call._replace(person=call.cast.queue))


def _connected(call: _Call) -> tuple[CallRecord, ...]:
    duration_s = call.dice.long_tailed(210, 5_400)
    master = _outbound(call, result="Call connected", duration_s=duration_s)
    minutes = -(-duration_s // 60)
    master = master._replace(billing=Billing(round(minutes * _RATE_PER_MINUTE, 2), 0.0))
    if call.dice.happens(percent=15):
        master = master._replace(recording=_recording(call, RecordingType.ON_DEMAND))
    return (_record(call, master, legs=(_leg(master, "SipToPstnMetered"),)),)


def _unanswered(call: _Call) -> tuple[CallRecord, ...]:
    result, reason, told = call.dice.pick(
        (
            ("No Answer", "Not Answered", "The phone number you dialed was not answered"),
            ("Busy", "Line Busy", "The phone number you dialed was busy"),
            ("Wrong Number", "Wrong Number", "The number you dialed is not a valid phone number"),
            ("Hang Up", "Stopped", "The call was ended before it was answered"),
        )
    )
    master = _outbound(call, result=result, duration_s=call.dice.between(2, 45))._replace(
        reason=reason, reason_description=told
    )
    return (_record(call, master, legs=(_leg(master, "SipToPstnUnmetered"),)),)


def _internal(call: _Call) -> tuple[CallRecord, ...]:
    """Two colleagues: the caller's record is the company's, the other has the same call from their side."""
    others = tuple(person for person in call.cast.people if person != call.person)
    callee = call.dice.pick(others)
    answered = call.dice.happens(percent=80)
    duration_s = call.dice.long_tailed(120, 1_800) if answered else call.dice.between(5, 30)
    made = _segment(call, call.person, duration_s=duration_s)._replace(
        direction=Direction.OUTBOUND,
        action="VoIP Call",
        result="Call connected" if answered else "No Answer",
        sender=_colleague(call.person),
        recipient=_colleague(callee),
        internal_type="Local",
    )
    taken = made._replace(
        direction=Direction.INBOUND,
        action="Phone Call",
        result="Accepted" if answered else "Missed",
        extension_id=callee.extension_id,
    )
    legs = (_leg(made, "ExtensionToExtension"), _leg(taken, "PstnToSip", master=False))
    return (
        _record(call, made, legs=legs),
        _record(call, taken, legs=(_leg(taken, "ExtensionToExtension"),), party=2),
    )


def _fax_received(call: _Call) -> tuple[CallRecord, ...]:
    result = "Received" if call.dice.happens(percent=85) else "Partial Receive"
    master = _inbound(call, call.person, result=result, duration_s=call.dice.between(20, 240))._replace(
        type=CallType.FAX,
        action="Incoming Fax",
        message=Message(str(7_100_000_000 + call.occasion.number), "Fax"),
    )
    return (_record(call, master, legs=(_leg(master, "Accept"),)),)


def _fax_sent(call: _Call) -> tuple[CallRecord, ...]:
    sent = call.dice.happens(percent=80)
    master = _outbound(call, result="Sent" if sent else "Fax Not Sent", duration_s=call.dice.between(20, 300))._replace(
        type=CallType.FAX,
        action="Outgoing Fax",
        message=Message(str(7_200_000_000 + call.occasion.number), "Fax"),
        reason=None if sent else "Fax Not Sent",
    )
    return (_record(call, master, legs=(_leg(master, "FaxSent"),)),)


_TELLERS: Final[dict[str, _Teller]] = {
    "answered": _answered,
    "missed": _missed,
    "voicemail": _voicemail,
    "blocked": _blocked,
    "queued": _queued,
    "abandoned": _abandoned,
    "queue_voicemail": _queue_voicemail,
    "connected": _connected,
    "unanswered": _unanswered,
    "internal": _internal,
    "fax_received": _fax_received,
    "fax_sent": _fax_sent,
}

KINDS: Final = (
    ("answered", 24.0),
    ("missed", 10.0),
    ("voicemail", 7.0),
    ("blocked", 1.0),
    ("queued", 15.0),
    ("abandoned", 3.0),
    ("queue_voicemail", 2.0),
    ("connected", 22.0),
    ("unanswered", 5.0),
    ("internal", 7.0),
    ("fax_received", 2.5),
    ("fax_sent", 1.5),
)
"""How often each kind happens, in percent."""


def _outsider(dice: Draws) -> Party:
    area, place = dice.pick(_PLACES)
    # Squared: some numbers call again and again, most only now and then.
    last = int(dice.share() ** 2 * 100)
    city, _, state = place.partition(", ")
    return Party(f"+1{area}55501{last:02}", name=f"{city} {state}".upper(), location=place)


def _colleague(person: Speaker) -> Party:
    return Party(None, person.extension_number, person.extension_id, person.name)


def _at(person: Speaker) -> Party:
    return Party(person.phone_number, person.extension_number, person.extension_id, person.name)


def _segment(call: _Call, person: Speaker, *, duration_s: int) -> Segment:
    """What every segment of a call begins from."""
    duration_ms = duration_s * 1000 + call.dice.between(0, 999) if duration_s else 0
    return Segment(
        call.occasion.started_ms,
        duration_ms,
        CallType.VOICE,
        Direction.INBOUND,
        "Phone Call",
        "Accepted",
        call.outside,
        _at(person),
        person.extension_id,
        Transport.VOIP,
        f"s-{call.telephony}",
    )


def _inbound(call: _Call, person: Speaker, *, result: str, duration_s: int) -> Segment:
    return _segment(call, person, duration_s=duration_s)._replace(result=result, transport=Transport.PSTN)


def _outbound(call: _Call, *, result: str, duration_s: int) -> Segment:
    return _segment(call, call.person, duration_s=duration_s)._replace(
        direction=Direction.OUTBOUND,
        action="VoIP Call",
        result=result,
        sender=_at(call.person),
        recipient=call.outside._replace(name=None),
        internal_type="LongDistance",
    )


def _to_phone(call: _Call, master: Segment, *, person: Speaker) -> Leg:
    """The leg from the platform to somebody's own phone."""
    rung = master._replace(
        direction=Direction.OUTBOUND,
        action="VoIP Call",
        sender=call.outside,
        recipient=_at(person),
        extension_id=person.extension_id,
        transport=Transport.VOIP,
        reason=None,
        reason_description=None,
    )
    return Leg(rung, "PstnToSip", master=False)


def _later(segment: Segment, by_s: int) -> Segment:
    return segment._replace(started_ms=segment.started_ms + by_s * 1000)


def _leg(segment: Segment, leg_type: str, *, master: bool = True) -> Leg:
    return Leg(segment, leg_type, master)


def _recording(call: _Call, kind: RecordingType) -> Recording:
    return Recording(str(1_600_000_000 + call.occasion.number), kind)


def _record(call: _Call, segment: Segment, *, legs: tuple[Leg, ...], party: int = 1) -> CallRecord:
    return CallRecord(
        call.cast.account_id,
        RowId(0),
        "",
        call.session_id,
        f"p-{call.telephony}-{party}",
        in_company_log=party == 1,
        deleted=False,
        last_modified_ms=segment.started_ms + segment.duration_ms + _LOGGED_AFTER_MS,
        metadata_categories=(),
        segment=segment,
        legs=legs,
    )
