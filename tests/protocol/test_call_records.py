"""Call records from elsewhere: what is read of them, what is refused, and what becomes of one that is there already."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.model import api_faults
from callgate.model.call_acts import (
    CATEGORIES_MAX,
    LEGS_MAX,
    LINE_CHARS_MAX,
    RECORDS_MAX,
    SOUND_URL_CHARS_MAX,
    CallsActFacts,
    NumbersFacts,
    Outcome,
)
from callgate.model.call_log import View
from callgate.model.calls import (
    Billing,
    CallRecord,
    CallsRecorded,
    CallsRewritten,
    Delegate,
    Message,
    Recording,
    RecordingType,
    StoredCall,
)
from callgate.model.decisions import Denied
from callgate.model.ids import AccountId, RowId
from callgate.model.instant import parse_instant
from callgate.protocol.call_records import Noted, People, note_calls, parse_call, split_records
from callgate.service.call_log import CallShown
from callgate.web.call_log import render_call
from callgate.web.links import Links
from tests.admin.casts import ACCOUNT, ADMIN, AGENT, QUEUE, SEEDED, SEEDED_MS

NOW_MS = SEEDED_MS + 1000
HERE = NumbersFacts(
    frozenset({ADMIN.extension_id, AGENT.extension_id, QUEUE.extension_id}),
    {"101": ADMIN.extension_id, "102": AGENT.extension_id, "105": QUEUE.extension_id},
)
PEOPLE = People(ACCOUNT, HERE, {})
LINKS = Links("https://elsewhere.example")
LEAST: Mapping[str, object] = {
    "id": "IWM7cJogEv7xlu8",
    "sessionId": "403631628008",
    "startTime": "2015-11-25T12:07:51.000Z",
    "type": "Voice",
    "direction": "Outbound",
    "action": "VoIP Call",
}
"""A record that says no more than it must."""


def read(members: Mapping[str, object], people: People = PEOPLE) -> CallRecord:
    """A record that must be read."""
    record = parse_call(members, people=people)
    assert isinstance(record, CallRecord), record
    return record


REFUSALS = {api_faults.PARAMETER_INVALID, api_faults.PARAMETER_REQUIRED, api_faults.EXTENSION_UNKNOWN}


def refused(members: Mapping[str, object], people: People = PEOPLE) -> str:
    """The member for which a record is refused."""
    denied = parse_call(members, people=people)
    assert isinstance(denied, Denied)
    assert denied.fault in REFUSALS
    return dict(denied.values)["parameterName"]


def test_what_the_call_log_tells_is_read_back_whole() -> None:
    """An export of every seeded call, with its legs, is the very same records."""
    rare = SEEDED[0].segment._replace(
        recording=Recording("77", RecordingType.ON_DEMAND),
        short_recording=True,
        message=Message("88", "Fax"),
        delegate=Delegate("101", "Ada", "Coworker"),
        transfer_target="s-2",
        transferee="s-3",
        sip_uuid_info="uuid",
        reason="Stopped",
        reason_description="Somebody stopped it",
        billing=Billing(0.25, 1.5),
    )
    odd = SEEDED[0]._replace(segment=rare, metadata_categories=("Sales",), deleted=True)
    for record in (*SEEDED, odd):
        told = render_call(CallShown(record, None, View.DETAILED), LINKS)
        found = parse_call(told, people=PEOPLE, in_company_log=record.in_company_log)
        assert found == record._replace(id=RowId(0))


def test_record_says_what_it_must_and_no_more() -> None:
    """What is absent stays absent; nobody's, in the company's log, its result unknown."""
    record = read(LEAST)
    segment = record.segment
    assert (record.name, record.session_id, record.party_id) == ("IWM7cJogEv7xlu8", "403631628008", None)
    assert (record.in_company_log, record.deleted, record.legs, record.metadata_categories) == (True, False, (), ())
    assert (segment.extension_id, segment.transport, segment.telephony_session_id) == (None, None, None)
    assert (segment.duration_ms, segment.result) == (0, "Unknown")
    assert segment.started_ms == parse_instant("2015-11-25T12:07:51.000Z")
    assert read({**LEAST, "companyLog": False}).in_company_log is False
    assert read({**LEAST, "duration": 7}).segment.duration_ms == 7000
    assert read({**LEAST, "duration": 7, "durationMs": 7250}).segment.duration_ms == 7250


@pytest.mark.parametrize("name", [*LEAST])
def test_record_is_refused_when_it_does_not_say_what_it_must(name: str) -> None:
    """Absent, null and empty are the same."""
    assert refused({key: told for key, told in LEAST.items() if key != name}) == name
    assert refused({**LEAST, name: None}) == name


def each(member: str, *told: object) -> list[tuple[str, object]]:
    """A member with each of these."""
    return [(member, value) for value in told]


ELSEWHERE = "https://media.example/restapi/v1.0"
BAD_URIS = (
    *("javascript:alert(1)", "ftp://a.example/1", "https://", "https://user:secret@a.example/1"),
    *("https://a.example/ 1", "https://a.example/\n", "https://a.example/ü", 5),
    f"https://a.example/{'a' * SOUND_URL_CHARS_MAX}",
)
"""Nothing that a person may be sent to, or that opens anything."""


BAD: tuple[tuple[str, object], ...] = (
    *each("id", ".", "..", "a/b", "a b", "a" * 65, ["a"], True, "ü"),
    *each("sessionId", "a b", "a" * 129, {}),
    *each("startTime", "yesterday", "2015-02-30T00:00:00Z", 5),
    *each("type", "voice", "SMS", 1),
    *each("direction", "inbound", []),
    *each("action", "a" * (LINE_CHARS_MAX + 1), "a\nb", 5),
    *each("result", "a" * (LINE_CHARS_MAX + 1), "a\nb", 5),
    *each("reason", "a" * (LINE_CHARS_MAX + 1), "a\nb", 5),
    *each("duration", -1, 1.5, "7", True, 10**9),
    *each("durationMs", -1, 10**15),
    *each("transport", "IP", 5),
    *each("from", "+1", {"phoneNumber": "1" * 65}, {"name": "a" * (LINE_CHARS_MAX + 1)}),
    *each("to", {"extensionNumber": "ext"}, {"extensionId": -1}, {"device": 5}),
    *each("recording", 5, {"id": "a b"}, {"id": "1", "type": "Manual"}),
    *each("recording", {"id": "1", "contentType": "text/html"}, {"id": "1", "duration": -1}),
    *each("recording", *({"id": "1", "contentUri": uri} for uri in BAD_URIS)),
    *each("message", [], {"id": {}}),
    *each("billing", {"costIncluded": "1"}, {"costPurchased": 1e10}, {"costPurchased": True}),
    *each("metadataCategories", "Sales", ["a b"], ["a"] * (CATEGORIES_MAX + 1), [5]),
    *each("legs", {}, [5], [{}] * (LEGS_MAX + 1), [{"type": "SMS"}]),
    ("deleted", "yes"),
    ("shortRecording", "yes"),
    ("companyLog", "yes"),
    ("extension", {"id": 999}),
    ("extension", {"extensionNumber": "999"}),
    ("delegate", {"id": []}),
    ("transferTarget", {"telephonySessionId": "a b"}),
    ("lastModifiedTime", "soon"),
)
"""Members with what cannot be meant."""


@pytest.mark.parametrize(("member", "told"), BAD)
def test_record_is_refused_when_a_member_cannot_be_meant(member: str, told: object) -> None:
    """Every member has a type and a bound, and the refusal names it."""
    assert refused({**LEAST, member: told}).split(".")[0].split("[")[0] == member


def test_owner_is_found_by_id_number_or_what_the_record_explains() -> None:
    """Ids of another system mean somebody here where a number, or whoever imports, says who."""
    agent = AGENT.extension_id
    strange = {**LEAST, "extension": {"id": 62288329016}}
    assert read({**LEAST, "extension": {"id": agent}}).segment.extension_id == agent
    assert read({**LEAST, "extension": {"id": str(agent)}}).segment.extension_id == agent
    assert read({**LEAST, "extension": {"extensionNumber": "102"}}).segment.extension_id == agent
    explained = {**strange, "from": {"extensionId": "62288329016", "extensionNumber": "102"}}
    assert read(explained).segment.extension_id == agent
    assert read(explained).segment.sender.extension_id == agent
    assert read({**strange, "to": {"extensionId": 62288329016, "extensionNumber": "102"}}).segment.extension_id == agent
    moved = PEOPLE._replace(moved={62288329016: agent})
    assert read(strange, moved).segment.extension_id == agent
    assert refused({**strange, "to": {"extensionId": 1, "extensionNumber": "102"}}) == "extension"
    assert read(strange, PEOPLE._replace(known_only=False)).segment.extension_id is None


@pytest.mark.parametrize(
    ("owner", "told"),
    [
        ({"id": "999"}, "id 999"),
        ({"extensionNumber": "999"}, "number 999"),
        ({"id": 999, "extensionNumber": "998"}, "id 999 or number 998"),
        ({"uri": "https://elsewhere.example/999"}, "neither id nor number"),
    ],
)
def test_owner_that_is_not_here_is_named(owner: dict[str, object], told: str) -> None:
    """Whoever brings records in must know whom to look for."""
    denied = parse_call({**LEAST, "extension": owner}, people=PEOPLE)
    expected = (("parameterName", "extension"), ("extension", told))
    assert denied == Denied(fault=api_faults.EXTENSION_UNKNOWN, values=expected)


@pytest.mark.parametrize(
    ("uri", "kept"),
    [
        (f"{ELSEWHERE}/account/7/recording/1/content", f"{ELSEWHERE}/account/7/recording/1/content"),
        ("http://[::1]:8080/a.wav", "http://[::1]:8080/a.wav"),
        ("https://pbx.example/a.wav?key=secret#t=1", "https://pbx.example/a.wav"),
        ("https://pbx.example?key=secret", "https://pbx.example"),
        (f"{ELSEWHERE}/account/{ACCOUNT}/recording/1/content", None),
        ("", None),
    ],
)
def test_place_of_the_sound_is_kept_without_what_opens_it(uri: str, kept: str | None) -> None:
    """A query may be a key. Our own address, as an archive of our log tells it, is no place."""
    recording = read({**LEAST, "recording": {"id": "1", "contentUri": uri}}).segment.recording
    assert recording == Recording("1", RecordingType.AUTOMATIC, None, None, kept)


def test_leg_is_what_its_record_is_unless_it_says_otherwise() -> None:
    """A leg of an extension that is not here is nobody's; the record is refused for its own alone."""
    legs = [{"legType": "Accept", "action": "FindMe", "extension": {"id": 999}}, {"direction": "Inbound"}]
    first, second = read({**LEAST, "telephonySessionId": "s-1", "legs": legs}).legs
    assert (first.leg_type, first.segment.action, first.segment.extension_id) == ("Accept", "FindMe", None)
    assert (second.leg_type, second.segment.action, second.segment.direction.value) == (
        "Unknown",
        "VoIP Call",
        "Inbound",
    )
    assert first.segment.telephony_session_id == "s-1"
    assert first.segment.started_ms == read(LEAST).segment.started_ms


def test_body_is_a_batch_or_one_record() -> None:
    """Under `records`, or the body itself."""
    assert split_records(LEAST) == (LEAST,)
    assert split_records({"records": [LEAST, {}]}) == [LEAST, {}]
    wrong: tuple[object, ...] = ([], [5], {}, None, [{}] * (RECORDS_MAX + 1))
    for records in wrong:
        denied = split_records({"records": records})
        assert isinstance(denied, Denied)
        assert denied.values == (("parameterName", "records"),)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
MEMBERS = st.sampled_from(
    [*LEAST, "extension", "from", "to", "legs", "recording", "message", "delegate", "billing", "duration", "partyId"]
)


@given(st.dictionaries(MEMBERS, JSON))
def test_reading_answers_whatever_a_record_says(said: dict[str, object]) -> None:
    """A record or a refusal, never an exception."""
    assert isinstance(parse_call({**LEAST, **said}, people=PEOPLE), CallRecord | Denied)
    assert isinstance(parse_call(said, people=PEOPLE), CallRecord | Denied)


# --- noted -------------------------------------------------------------------------------------------------------


def stored(record: CallRecord) -> CallsActFacts:
    """Facts of a log that has this record."""
    return CallsActFacts(NOW_MS, {record.name: StoredCall(record, 7)})


FIRST = read(LEAST)
(NEW,) = note_calls([FIRST], facts=CallsActFacts(NOW_MS, {})).changes
assert isinstance(NEW, CallsRecorded)
(KEPT,) = NEW.records


def test_new_record_is_kept_under_an_id_in_the_order_of_time() -> None:
    """The same for the same account and name, later where the call was; modified now unless it says when."""
    later = read({**LEAST, "id": "later", "startTime": "2015-11-25T12:07:51.001Z"})
    noted = note_calls([FIRST, later], facts=CallsActFacts(NOW_MS, {}))
    assert noted.outcomes == (Outcome.CREATED, Outcome.CREATED)
    (change,) = noted.changes
    assert isinstance(change, CallsRecorded)
    assert change.records[0] == KEPT
    assert KEPT.last_modified_ms == NOW_MS
    assert change.records[0].id < change.records[1].id
    (again,) = note_calls([FIRST], facts=CallsActFacts(NOW_MS, {}), attempt=1).changes
    assert isinstance(again, CallsRecorded)
    assert again.records[0].id != KEPT.id, "one that was taken is drawn otherwise"


def test_record_that_is_there_already_is_left_alone() -> None:
    """Brought again, nothing is written; not even the time of its last change moves."""
    noted = note_calls([FIRST, FIRST], facts=stored(KEPT))
    assert (noted.outcomes, noted.changes) == ((Outcome.UNCHANGED, Outcome.UNCHANGED), ())


def test_record_that_says_something_else_replaces_the_one_before() -> None:
    """It keeps its place in the log, and its change is now."""
    told = read({**LEAST, "result": "Accepted", "duration": 5})
    noted = note_calls([told], facts=stored(KEPT._replace(last_modified_ms=1)))
    assert noted.outcomes == (Outcome.UPDATED,)
    (change,) = noted.changes
    assert isinstance(change, CallsRewritten)
    ((before, after),) = change.pairs
    assert before.seq == 7
    assert after == told._replace(id=KEPT.id, last_modified_ms=NOW_MS)


PLACE = "https://pbx.example/sounds/7.mp3"
SOUND = {"contentType": "audio/mpeg", "duration": 22, "contentUri": PLACE}
RECORDED: Mapping[str, object] = {
    **LEAST,
    "recording": {"id": "7", "type": "OnDemand", **SOUND},
    "legs": [{"legType": "Accept", "recording": {"id": "8", **SOUND}}, {"legType": "Park"}],
}


def test_export_of_ours_takes_nothing_from_what_is_known_of_its_recordings() -> None:
    """The call log names a recording and says no more of it (docs/adr/0068): brought back, that is nothing new."""
    known = read(RECORDED)._replace(last_modified_ms=NOW_MS)
    told = read(render_call(CallShown(known, None, View.DETAILED), LINKS))
    assert (told.segment.recording, known.segment.recording) == (
        Recording("7", RecordingType.ON_DEMAND),
        Recording("7", RecordingType.ON_DEMAND, "audio/mpeg", 22, PLACE),
    )
    assert note_calls([told], facts=stored(known)) == Noted((Outcome.UNCHANGED,))


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({"id": "7", "duration": 0}, Recording("7", RecordingType.AUTOMATIC, "audio/mpeg", 0, PLACE)),
        ({"id": "7", "contentType": "audio/wav"}, Recording("7", RecordingType.AUTOMATIC, "audio/wav", 22, PLACE)),
        ({"id": "9"}, Recording("9", RecordingType.AUTOMATIC)),
        (None, None),
    ],
    ids=["another duration", "another type", "another recording", "none any more"],
)
def test_what_is_said_of_a_recording_replaces_what_was_known(told: object, found: Recording | None) -> None:
    """And of another recording nothing is known."""
    record = read({**RECORDED, "recording": told} if told else LEAST)
    (change,) = note_calls([record], facts=stored(read(RECORDED))).changes
    assert isinstance(change, CallsRewritten)
    ((_, after),) = change.pairs
    assert after.segment.recording == found


def test_leg_that_is_new_has_what_is_said_of_it() -> None:
    """Legs are known by their places."""
    known, told = read({**RECORDED, "legs": []}), read(RECORDED)
    (change,) = note_calls([told], facts=stored(known)).changes
    assert isinstance(change, CallsRewritten)
    assert change.pairs[0][1].legs == told.legs
    (fewer,) = note_calls([known], facts=stored(told)).changes
    assert isinstance(fewer, CallsRewritten)
    assert fewer.pairs[0][1].legs == ()


def test_last_of_two_with_one_name_counts() -> None:
    """In one batch as in two."""
    told = read({**LEAST, "result": "Accepted"})
    noted = note_calls([FIRST, told], facts=CallsActFacts(NOW_MS, {}))
    assert noted.outcomes == (Outcome.CREATED, Outcome.UPDATED)
    (change,) = noted.changes
    assert isinstance(change, CallsRecorded)
    assert [record.segment.result for record in change.records] == ["Accepted"]
    back = note_calls([told, FIRST], facts=stored(KEPT))
    assert (back.outcomes, back.changes) == ((Outcome.UPDATED, Outcome.UPDATED), ())


def test_deleted_record_stays_deleted_when_it_is_brought_again() -> None:
    """An import does not undo what somebody deleted."""
    assert note_calls([FIRST], facts=stored(KEPT._replace(deleted=True))).changes == ()
    (change,) = note_calls([FIRST._replace(party_id="p-1")], facts=stored(KEPT._replace(deleted=True))).changes
    assert isinstance(change, CallsRewritten)
    assert change.pairs[0][1].deleted


def test_owners_differ_from_account_to_account() -> None:
    """The same call in two accounts has two ids: rows are one table."""
    (change,) = note_calls([FIRST._replace(account_id=AccountId(2))], facts=CallsActFacts(NOW_MS, {})).changes
    assert isinstance(change, CallsRecorded)
    assert change.records[0].id != KEPT.id
