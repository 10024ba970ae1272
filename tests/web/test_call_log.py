"""The call log's shapes on the wire (protocol.md I.5), whole documents at a time."""

import pytest

from callgate.model.call_log import CallFilters, CallLogFacts, CallLogQuery, RecordingFilter, Span, View
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
    name_record,
)
from callgate.model.ids import AccountId, ExtensionId, RowId
from callgate.model.paging import Page
from callgate.service.call_log import CallLogShown, CallShown
from callgate.web.call_log import render_call, render_call_log
from callgate.web.links import Links

BASE = "https://gate.example"
LINKS = Links(BASE)
ACCOUNT = AccountId(400643090008)
AGENT = ExtensionId(400643090009)
HERE = f"{BASE}/restapi/v1.0/account/{ACCOUNT}"
STARTED_MS = 1_448_453_271_000  # 2015-11-25T12:07:51.000Z, the specification's example

SEGMENT = Segment(
    STARTED_MS,
    10_400,
    CallType.VOICE,
    Direction.OUTBOUND,
    "VoIP Call",
    "Call connected",
    Party("+18883930031", name="Ada Byron"),
    Party("+16505556678"),
    AGENT,
    Transport.VOIP,
    "s-9a03",
)
RECORD = CallRecord(
    ACCOUNT,
    RowId(7),
    name_record(RowId(7)),
    "403631628008",
    "p-9a03-1",
    in_company_log=True,
    deleted=False,
    last_modified_ms=STARTED_MS + 30_000,
    metadata_categories=(),
    segment=SEGMENT,
    legs=(Leg(SEGMENT, "SipToPstnUnmetered", master=True), Leg(SEGMENT, "Accept", master=False)),
)
NAME = RECORD.name
QUERY = CallLogQuery(ACCOUNT, None, View.SIMPLE, CallFilters(Span(STARTED_MS - 86_400_000, STARTED_MS)), Page(1, 2))

TOLD = {
    "telephonySessionId": "s-9a03",
    "startTime": "2015-11-25T12:07:51.000Z",
    "duration": 10,
    "durationMs": 10400,
    "type": "Voice",
    "direction": "Outbound",
    "action": "VoIP Call",
    "result": "Call connected",
    "to": {"phoneNumber": "+16505556678"},
    "from": {"phoneNumber": "+18883930031", "name": "Ada Byron"},
    "extension": {"uri": f"{HERE}/extension/{AGENT}", "id": AGENT},
    "transport": "VoIP",
}
"""What the record and each of its legs say alike."""

SIMPLE = {
    "uri": f"{HERE}/call-log/{NAME}?view=Simple",
    "id": NAME,
    "sessionId": "403631628008",
    "partyId": "p-9a03-1",
    **TOLD,
}


def test_simple_record_has_the_documented_fields() -> None:
    """Nothing beyond them: no legs, no billing, no null."""
    assert render_call(CallShown(RECORD, None, View.SIMPLE), LINKS) == SIMPLE


def test_detailed_record_has_legs_and_the_time_of_its_last_change() -> None:
    """Detailed only: legs, billing, lastModifiedTime; a leg says no uri, id or session."""
    assert render_call(CallShown(RECORD, None, View.DETAILED), LINKS) == {
        **SIMPLE,
        "uri": f"{HERE}/call-log/{NAME}?view=Detailed",
        "lastModifiedTime": "2015-11-25T12:08:21.000Z",
        "legs": [
            {**TOLD, "legType": "SipToPstnUnmetered", "master": True},
            {**TOLD, "legType": "Accept"},
        ],
    }


def test_record_is_addressed_in_the_log_it_was_asked_for_in() -> None:
    """The extension's log leads to the extension's record."""
    shown = render_call(CallShown(RECORD, AGENT, View.SIMPLE), LINKS)
    assert shown["uri"] == f"{HERE}/extension/{AGENT}/call-log/{NAME}?view=Simple"


def test_rare_fields_are_told_when_they_are_there() -> None:
    """Names, types of ids and addresses as protocol.md I.5 lists them."""
    sender = Party("+12025550100", "101", ExtensionId(101), "Ada", "Washington, DC", "804", "+12025550199")
    rare = SEGMENT._replace(
        sender=sender,
        recipient=sender._replace(device_id=None),
        internal_type="Local",
        reason="Accepted",
        reason_description="The call was accepted",
        recording=Recording("77", RecordingType.ON_DEMAND),
        short_recording=True,
        message=Message("88", "VoiceMail"),
        delegate=Delegate("101", "Ada", "Coworker"),
        transfer_target="s-2",
        transferee="s-3",
        sip_uuid_info="uuid",
        billing=Billing(0.25, 1.5),
    )
    record = RECORD._replace(segment=rare, legs=(), metadata_categories=("Sales",), deleted=True)
    party = {
        "phoneNumber": "+12025550100",
        "extensionNumber": "101",
        "extensionId": "101",
        "name": "Ada",
        "location": "Washington, DC",
    }
    assert render_call(CallShown(record, None, View.DETAILED), LINKS) == {
        **SIMPLE,
        "uri": f"{HERE}/call-log/{NAME}?view=Detailed",
        "from": {**party, "device": {"id": "804", "uri": f"{HERE}/device/804"}, "dialerPhoneNumber": "+12025550199"},
        "to": {**party, "dialedPhoneNumber": "+12025550199"},
        "internalType": "Local",
        "reason": "Accepted",
        "reasonDescription": "The call was accepted",
        "recording": {
            "uri": f"{HERE}/recording/77",
            "id": "77",
            "type": "OnDemand",
            "contentUri": f"{HERE}/recording/77/content",
        },
        "shortRecording": True,
        "message": {"uri": f"{HERE}/extension/{AGENT}/message-store/88", "id": "88", "type": "VoiceMail"},
        "delegate": {"id": "101", "name": "Ada"},
        "delegationType": "Coworker",
        "transferTarget": {"telephonySessionId": "s-2"},
        "transferee": {"telephonySessionId": "s-3"},
        "sipUuidInfo": "uuid",
        "metadataCategories": ["Sales"],
        "deleted": True,
        "billing": {"costIncluded": 0.25, "costPurchased": 1.5},
        "lastModifiedTime": "2015-11-25T12:08:21.000Z",
        "legs": [],
    }


def page_uri(number: int) -> str:
    """The specification's own example of a page's address."""
    return (
        f"{HERE}/call-log?view=Simple&dateFrom=2015-11-24T12:07:51.000Z&dateTo=2015-11-25T12:07:51.000Z"
        f"&page={number}&perPage=2"
    )


PAGES = [
    (1, 2, True, {"pageStart": 0, "pageEnd": 1}, {"nextPage": 2}),
    (1, 1, False, {"pageStart": 0, "pageEnd": 0}, {}),
    (1, 0, False, {}, {}),
    (3, 2, True, {"pageStart": 4, "pageEnd": 5}, {"nextPage": 4, "previousPage": 2}),
    (3, 1, False, {"pageStart": 4, "pageEnd": 4}, {"previousPage": 2}),
    (9, 0, False, {}, {"previousPage": 8}),
]


@pytest.mark.requirement("must-not-break N.9")
@pytest.mark.parametrize(("number", "count", "more", "ends", "others"), PAGES)
def test_page_says_where_it_is_and_what_is_around_it(
    number: int, count: int, more: bool, ends: dict[str, int], others: dict[str, int]
) -> None:
    """No totals and no last page; indexes from 0, both included; links with the resolved dates and account id."""
    facts = CallLogFacts(extension_known=True, records=(RECORD,) * count, more=more)
    shown = render_call_log(CallLogShown(QUERY._replace(page=Page(number, 2)), facts), LINKS)
    assert shown == {
        "uri": page_uri(number),
        "records": [SIMPLE] * count,
        "paging": {"page": number, "perPage": 2, **ends},
        "navigation": {
            "firstPage": {"uri": page_uri(1)},
            **{name: {"uri": page_uri(other)} for name, other in others.items()},
        },
    }


@pytest.mark.requirement("must-not-break N.9")
def test_links_echo_every_filter_as_it_was_understood() -> None:
    """A page link asks for the same calls tomorrow; repeats stay repeats, texts are encoded."""
    filters = CallFilters(
        span=Span(0, 1),
        telephony_session_id="s-1",
        extension_number="101",
        directions=frozenset(Direction),
        types=frozenset(CallType),
        transports=frozenset({Transport.PSTN}),
        metadata_categories=frozenset({"Sales"}),
        recording=RecordingFilter.ON_DEMAND,
        show_blocked=False,
        show_deleted=True,
    )
    query = CallLogQuery(ACCOUNT, AGENT, View.DETAILED, filters, Page(1, 100))
    shown = render_call_log(CallLogShown(query, CallLogFacts(extension_known=True, records=(), more=False)), LINKS)
    assert shown["uri"] == (
        f"{HERE}/extension/{AGENT}/call-log?view=Detailed&direction=Inbound&direction=Outbound&type=Fax&type=Voice"
        "&transport=PSTN&metadataCategory=Sales&extensionNumber=101&recordingType=OnDemand"
        "&dateFrom=1970-01-01T00:00:00.000Z&dateTo=1970-01-01T00:00:00.001Z&telephonySessionId=s-1"
        "&showBlocked=false&showDeleted=true&page=1&perPage=100"
    )


def test_session_is_echoed_without_dates() -> None:
    """`sessionId` goes without other filters; a link with dates would be refused."""
    filters = CallFilters(None, session_id="403631628008")
    query = QUERY._replace(filters=filters, page=Page(1, 100))
    shown = render_call_log(CallLogShown(query, CallLogFacts(extension_known=True, records=(), more=False)), LINKS)
    assert shown["uri"] == f"{HERE}/call-log?view=Simple&sessionId=403631628008&page=1&perPage=100"
