"""The seeded call log: how much of it there is, that it repeats, and that the platform's words are used."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

import pytest

from callgate.admin.seed_call_kinds import KINDS
from callgate.admin.seed_calls import batch_calls, make_calls
from callgate.model.calls import CallRecord, CallType, Direction, RecordingType, Segment
from callgate.model.ids import RowId
from callgate.model.instant import DAY_MS
from tests.admin.call_words import ACTIONS, INTERNAL_TYPES, LEG_TYPES, REASONS, RESULTS
from tests.admin.casts import ACCOUNT, ADMIN, AGENT, CAST, QUEUE, SEEDED, SEEDED_MS

COMPANY = [record for record in SEEDED if record.in_company_log]


def segments() -> Iterator[Segment]:
    """Every segment of every record."""
    for record in SEEDED:
        yield record.segment
        yield from (leg.segment for leg in record.legs)


def offset(record: CallRecord, *, seeded_ms: int) -> CallRecord:
    """A record with its times counted back from the seeding, and without the name that tells them."""

    def shift(segment: Segment) -> Segment:
        return segment._replace(started_ms=segment.started_ms - seeded_ms)

    return record._replace(
        id=RowId(record.id - (seeded_ms << 22)),
        name="",
        last_modified_ms=record.last_modified_ms - seeded_ms,
        segment=shift(record.segment),
        legs=tuple(leg._replace(segment=shift(leg.segment)) for leg in record.legs),
    )


def test_company_log_has_two_thousand_calls_over_ninety_days() -> None:
    """The issue's figure; each call once, none of them in the future or older than 90 days."""
    assert len(COMPANY) == 2000
    assert len({record.session_id for record in COMPANY}) == 2000
    ages = [SEEDED_MS - record.segment.started_ms for record in SEEDED]
    assert min(ages) > 0
    assert 85 * DAY_MS < max(ages) < 90 * DAY_MS - 1800_000


def test_last_hours_are_never_empty() -> None:
    """The default window is 24 hours (protocol.md I.5): the first look must show something, and over before it."""
    fresh = [record for record in COMPANY if SEEDED_MS - record.segment.started_ms < 3600_000]
    assert len(fresh) >= 3
    today = [record for record in COMPANY if SEEDED_MS - record.segment.started_ms < DAY_MS]
    assert len(today) >= 10


def test_calls_are_the_same_when_seeded_again() -> None:
    """A fixed seed, as offsets from the moment of seeding (ruling 19)."""
    again = make_calls(CAST, seeded_ms=SEEDED_MS)
    later = make_calls(CAST, seeded_ms=SEEDED_MS + 123_456_789)
    assert again == SEEDED
    assert [offset(record, seeded_ms=SEEDED_MS + 123_456_789) for record in later] == [
        offset(record, seeded_ms=SEEDED_MS) for record in SEEDED
    ]


def test_ids_are_unique_and_grow_with_time() -> None:
    """A page of the log lies together on disk."""
    ids = [record.id for record in SEEDED]
    assert len(set(ids)) == len(ids)
    order = sorted(SEEDED, key=lambda record: record.id)
    starts = [record.segment.started_ms for record in order]
    assert starts == sorted(starts)


def test_words_are_the_platforms() -> None:
    """protocol.md I.5, the enumerations."""
    for segment in segments():
        assert segment.action in ACTIONS
        assert segment.result in RESULTS
        assert segment.reason is None or segment.reason in REASONS
        assert segment.internal_type is None or segment.internal_type in INTERNAL_TYPES
    assert {leg.leg_type for record in SEEDED for leg in record.legs} <= LEG_TYPES


def test_numbers_outside_the_account_are_reserved_ones() -> None:
    """No call of ours names a telephone that somebody has."""
    numbers = {party.phone_number for segment in segments() for party in (segment.sender, segment.recipient)}
    for number in numbers - {None}:
        assert re.fullmatch(r"\+1\d{3}55501\d\d", str(number))


@pytest.mark.parametrize("kind", [kind for kind, _ in KINDS])
def test_every_kind_happens(kind: str) -> None:
    """Each filter of the log has something to find."""
    told: dict[str, Callable[[Segment], object]] = {
        "answered": lambda s: s.direction is Direction.INBOUND and s.result == "Accepted",
        "missed": lambda s: s.result == "Missed",
        "voicemail": lambda s: s.result == "Voicemail" and s.message and s.message.type == "VoiceMail",
        "blocked": lambda s: s.result == "Blocked",
        "queued": lambda s: s.extension_id == QUEUE.extension_id and s.result == "Accepted",
        "abandoned": lambda s: s.result == "Abandoned" and s.extension_id == QUEUE.extension_id,
        "queue_voicemail": lambda s: s.result == "Voicemail" and s.extension_id == QUEUE.extension_id,
        "connected": lambda s: s.direction is Direction.OUTBOUND and s.result == "Call connected" and s.billing,
        "unanswered": lambda s: s.result in {"No Answer", "Busy", "Wrong Number", "Hang Up"},
        "internal": lambda s: s.internal_type == "Local" and s.recipient.extension_number,
        "fax_received": lambda s: s.type is CallType.FAX and s.direction is Direction.INBOUND,
        "fax_sent": lambda s: s.type is CallType.FAX and s.direction is Direction.OUTBOUND,
    }
    assert sum(1 for record in COMPANY if told[kind](record.segment)) >= 5


def test_recordings_are_of_both_kinds() -> None:
    """`recordingType` has something to tell apart."""
    kinds = Counter(record.segment.recording.type for record in COMPANY if record.segment.recording)
    assert min(kinds[RecordingType.AUTOMATIC], kinds[RecordingType.ON_DEMAND]) >= 50


def test_colleagues_each_have_their_side_of_a_call() -> None:
    """Outbound here, Inbound there, one session; the company's log shows it once."""
    sessions = defaultdict(list)
    for record in SEEDED:
        sessions[record.session_id].append(record)
    internal = [pair for pair in sessions.values() if pair[0].segment.internal_type == "Local"]
    assert internal
    for made, taken in internal:
        assert (made.segment.direction, taken.segment.direction) == (Direction.OUTBOUND, Direction.INBOUND)
        assert {made.segment.extension_id, taken.segment.extension_id} == {ADMIN.extension_id, AGENT.extension_id}
        assert made.segment.telephony_session_id == taken.segment.telephony_session_id
        assert made.party_id != taken.party_id
        assert (made.in_company_log, taken.in_company_log) == (True, False)


def test_record_is_told_by_one_master_leg() -> None:
    """protocol.md I.5: `master` marks the leg the record's data come from."""
    for record in SEEDED:
        masters = [leg for leg in record.legs if leg.master]
        assert [leg.segment._replace(billing=None) for leg in masters] == [record.segment._replace(billing=None)]
        assert record.account_id == ACCOUNT


def test_batches_carry_every_record_once() -> None:
    """Small enough for one transaction each."""
    batches = list(batch_calls(SEEDED))
    assert [record for batch in batches for record in batch.records] == list(SEEDED)
    assert max(len(batch.records) for batch in batches) <= 250
