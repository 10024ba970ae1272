"""The call log: records, legs, and who was on them."""

from callgate.model import api_faults, operation
from callgate.model.call_acts import DURATION_MAX_S, LEGS_MAX, LINE_CHARS_MAX, RECORDS_MAX, Outcome
from callgate.model.call_log import RecordingFilter, View
from callgate.model.call_sync import EXTRACT_MAX, SYNC_MAX, StatusGroup, SyncType
from callgate.model.calls import CallType, Direction, RecordingType, Transport
from callgate.model.operation import Operation
from callgate.web.openapi.described import Link, Parameter, Tag, Told
from callgate.web.openapi.schema import (
    Kind,
    Maybe,
    Named,
    amount,
    flag,
    many,
    part,
    record,
    text,
    whole,
    words,
)
from callgate.web.openapi.shapes import CALL_ID_PATTERN, ID_PATTERN, INSTANT, PAGES, URI, listing

_WORD = "^[A-Za-z0-9._-]{1,128}$"
_VIEW = Parameter("view", {**words("`Detailed` adds legs and billing.", View), "default": View.SIMPLE.value})


def _party(called: str, about: str, *, dialed: str) -> Named:
    return record(
        called,
        about,
        phoneNumber=Maybe(text("With its country code.")),
        extensionNumber=Maybe(text()),
        extensionId=Maybe(text(pattern=ID_PATTERN)),
        name=Maybe(text()),
        location=Maybe(text()),
        device=Maybe(part(id=text(), uri=URI)),
        **{dialed: Maybe(text("What was dialled, where that differs."))},
    )


_RECORDING = part(
    uri=URI,
    id=text(),
    type=words("Who started it.", RecordingType),
    contentUri=text("Not the sound: where it is.", form="uri"),
)
RECORDING = record(
    "Recording",
    "What is known of a recording. Of its sound, where it was, if anybody told.",
    uri=URI,
    id=text(),
    contentUri=text("Refused: Callgate keeps no sound.", form="uri"),
    contentType=Maybe(text("Of the sound, such as `audio/mpeg`.")),
    duration=Maybe(whole("Seconds.", least=0)),
)
_SESSION = part(telephonySessionId=text())
_SEGMENT: dict[str, Kind | Maybe] = {
    "telephonySessionId": Maybe(text()),
    "startTime": INSTANT,
    "duration": whole("Seconds.", least=0),
    "durationMs": whole("Milliseconds.", least=0),
    "type": words("What was carried.", CallType),
    "internalType": Maybe(text()),
    "direction": words("Seen from the extension.", Direction),
    "action": text("What was tried."),
    "result": text("What came of it."),
    "reason": Maybe(text()),
    "reasonDescription": Maybe(text()),
    "to": _party("Callee", "Who was called.", dialed="dialedPhoneNumber"),
    "from": _party("Caller", "Who called.", dialed="dialerPhoneNumber"),
    "extension": Maybe(part(uri=URI, id=whole(least=1))),
    "transport": Maybe(words("From the telephone network, or one of the account's phones.", Transport)),
    "recording": Maybe(_RECORDING),
    "shortRecording": Maybe(flag()),
    "message": Maybe(part(uri=URI, id=text(), type=text())),
    "delegate": Maybe(part(id=text(), name=text())),
    "delegationType": Maybe(text()),
    "transferTarget": Maybe(_SESSION),
    "transferee": Maybe(_SESSION),
    "sipUuidInfo": Maybe(text()),
    "billing": Maybe(part(costIncluded=amount(), costPurchased=amount())),
}
LEG = record("CallLeg", "One stretch of a call.", **_SEGMENT, legType=text(), master=Maybe(flag()))
CALL = record(
    "CallRecord",
    "A call, told from one extension's side. Legs, billing and the last change are in the detailed view alone.",
    uri=URI,
    id=text("The record's name.", pattern=CALL_ID_PATTERN),
    sessionId=text(),
    partyId=Maybe(text()),
    **_SEGMENT,
    metadataCategories=Maybe(many(text())),
    deleted=Maybe(flag()),
    lastModifiedTime=Maybe(INSTANT),
    legs=Maybe(many(LEG)),
)


def _new_party(*, dialed: str) -> Maybe:
    return Maybe(
        part(
            phoneNumber=Maybe(text(most=64)),
            extensionNumber=Maybe(text(pattern="^[0-9*#]{1,10}$")),
            extensionId=Maybe(text(pattern=ID_PATTERN)),
            name=Maybe(text(most=LINE_CHARS_MAX)),
            location=Maybe(text(most=LINE_CHARS_MAX)),
            **{dialed: Maybe(text(most=64))},
        )
    )


_NEW: dict[str, Kind | Maybe] = {
    "telephonySessionId": Maybe(text(pattern=_WORD)),
    "duration": Maybe(whole("Seconds.", least=0, most=DURATION_MAX_S)),
    "result": Maybe(text("Else `Unknown`.", most=LINE_CHARS_MAX)),
    "from": _new_party(dialed="dialerPhoneNumber"),
    "to": _new_party(dialed="dialedPhoneNumber"),
    "extension": Maybe(
        part(
            id=Maybe(whole("By our id.", least=1)),
            extensionNumber=Maybe(text("Or by its number.", pattern="^[0-9*#]{1,10}$")),
        )
    ),
    "transport": Maybe(words("Where it came from.", Transport)),
    "recording": Maybe(
        part(
            id=text(pattern=_WORD),
            type=Maybe(words("Who started it.", RecordingType)),
            contentType=Maybe(text("Such as `audio/mpeg`.", pattern="^audio/[A-Za-z0-9.+-]{1,40}$")),
            duration=Maybe(whole("Seconds.", least=0, most=DURATION_MAX_S)),
            contentUri=Maybe(text("Where the sound is; a query is left out.", pattern="^https?://[!-~]{1,120}$")),
        )
    ),
    "billing": Maybe(part(costIncluded=Maybe(amount()), costPurchased=Maybe(amount()))),
}
NEW_CALL = record(
    "NewCallRecord",
    "A call as a telephone system tells it; whatever else a record says may be said too. The same `id` again replaces.",
    id=text("Unique in the account.", pattern=CALL_ID_PATTERN),
    sessionId=text(pattern=_WORD),
    startTime=text("ISO 8601.", form="date-time"),
    type=words("What was carried.", CallType),
    direction=words("Seen from the extension.", Direction),
    action=text("What was tried.", least=1, most=LINE_CHARS_MAX),
    **_NEW,
    companyLog=Maybe(flag("Whether the company's log shows it; else yes.")),
    legs=Maybe(many(part(**_NEW, legType=Maybe(text(most=LINE_CHARS_MAX)), master=Maybe(flag())), most=LEGS_MAX)),
)
NEW_CALLS = record(
    "NewCallRecords", "Calls; one alone may be the whole body.", records=many(NEW_CALL, least=1, most=RECORDS_MAX)
)
NOTED = record(
    "CallRecordsNoted",
    "What became of each call, in their order. All that are not rejected are stored.",
    uri=URI,
    records=many(
        part(
            uri=Maybe(URI),
            id=Maybe(text()),
            status=words("What became of it.", (*(outcome.value for outcome in Outcome), "Rejected")),
            errorCode=Maybe(text("The code to look up.")),
            message=Maybe(text("What is wrong.")),
            parameterName=Maybe(text("The member that is meant.")),
        )
    ),
)
CALL_LOG = listing(
    "CallLog", CALL, about="A page of calls, newest first. It has no totals: follow `navigation.nextPage`."
)

_SYNC_INFO = {
    "syncType": words("What was asked for.", SyncType),
    "syncToken": text("Goes on from here, for thirty days."),
    "syncTime": INSTANT,
}
SYNC = record(
    "CallLogSync",
    "Calls, newest first, and the token that goes on from them.",
    uri=URI,
    records=many(CALL),
    syncInfo=part(**_SYNC_INFO),
)
EXTRACT = record(
    "CallLogExtract",
    "Calls, oldest first, or as they were written, and the token that goes on from them.",
    uri=URI,
    records=many(CALL),
    syncInfo=part(**_SYNC_INFO, newerRecordsExist=flag("Whether others follow at once.")),
)

_FILTERS = (
    Parameter(
        "dateFrom",
        {
            **text("Calls that began then or later; else a day before `dateTo`.", form="date-time"),
            "examples": ["2000-01-01T00:00:00Z"],
        },
    ),
    Parameter("dateTo", text("Calls that began then or earlier; else now.", form="date-time")),
    Parameter("direction", words("Only those.", Direction), repeats=True),
    Parameter("type", words("Only those.", CallType), repeats=True),
    Parameter("extensionNumber", text("Not beside `phoneNumber`.", pattern="^[0-9]{1,10}$")),
    Parameter("phoneNumber", text("Not beside `extensionNumber`.", pattern="^[+]?[0-9]{1,20}$")),
    Parameter("recordingType", words("Only recorded ones.", RecordingFilter)),
    Parameter("withRecording", flag("The older way to say `recordingType=All`.")),
    Parameter("sessionId", text("The calls of one session; goes without other filters.", pattern=_WORD)),
    Parameter("telephonySessionId", text("As in a record.", pattern=_WORD)),
    Parameter("metadataCategory", text("As in a record.", pattern=_WORD), repeats=True),
    Parameter("showDeleted", {**flag("Deleted ones too."), "default": False}),
    _VIEW,
    *PAGES,
)
_OF_EXTENSION = (
    Parameter("transport", words("Only those.", Transport), repeats=True),
    Parameter("showBlocked", {**flag("Blocked ones too."), "default": True}),
)


_NAMING = {"dateFrom", "dateTo", "direction", "type", "extensionNumber", "phoneNumber"}
_CATEGORY = Parameter("metadataCategory", text("As in a record.", pattern=_WORD), repeats=True)


def _going_on(most: int) -> tuple[Parameter, ...]:
    return (
        Parameter("syncType", {**words("From the beginning, or what changed.", SyncType), "default": "FSync"}),
        Parameter("syncToken", text("The last answer's; an ISync needs one.", pattern="^[A-Za-z0-9_-]{1,2048}$")),
        Parameter("recordCount", {**whole("How many; some need it.", least=1, most=most), "examples": [10]}),
        Parameter("dateFrom", text("No calls before this.", form="date-time")),
        _VIEW,
        _CATEGORY,
    )


_SYNC = (
    *_going_on(SYNC_MAX),
    Parameter("statusGroup", words("Missed calls alone, or all.", StatusGroup), repeats=True),
    Parameter("recordingType", words("Only recorded ones.", RecordingFilter)),
    Parameter("withRecording", flag("The older way to say `recordingType=All`.")),
    Parameter("showDeleted", {**flag("Deleted ones too, of an ISync."), "default": False}),
)
_EXTRACT = _going_on(EXTRACT_MAX)
_ANEW = (api_faults.PARAMETER_REQUIRED, api_faults.SYNC_TOKEN_EXPIRED, api_faults.SYNC_TOO_MUCH)


def _first(called: str) -> tuple[Link, ...]:
    return (Link(called, "callRecordId", "/records/0/id"),)


def _call(asked: Operation, called: str) -> Told:
    return Told(asked, called, Tag.CALLS, CALL, (_VIEW,))


TOLD = (
    Told(
        operation.READ_COMPANY_CALLS,
        "readCompanyCallLog",
        Tag.CALLS,
        CALL_LOG,
        _FILTERS,
        leads=(*_first("readCompanyCall"), Link("readRecording", "recordingId", "/records/0/recording/id")),
        refusals=(api_faults.FILTERS_EXCLUSIVE,),
    ),
    Told(operation.RECORD_COMPANY_CALLS, "recordCompanyCalls", Tag.CALLS, NOTED, takes=NEW_CALLS),
    _call(operation.READ_COMPANY_CALL, "readCompanyCall"),
    Told(
        operation.READ_EXTENSION_CALLS,
        "readExtensionCallLog",
        Tag.CALLS,
        CALL_LOG,
        (*_FILTERS, *_OF_EXTENSION),
        leads=_first("readExtensionCall"),
        refusals=(api_faults.FILTERS_EXCLUSIVE,),
    ),
    _call(operation.READ_EXTENSION_CALL, "readExtensionCall"),
    Told(
        operation.DELETE_EXTENSION_CALLS,
        "deleteExtensionCallLog",
        Tag.CALLS,
        None,
        tuple(each for each in _FILTERS if each.name in _NAMING),
        refusals=(api_faults.FILTERS_EXCLUSIVE,),
    ),
    Told(operation.SYNC_COMPANY_CALLS, "syncCompanyCallLog", Tag.CALLS, SYNC, _SYNC, refusals=_ANEW),
    Told(operation.SYNC_EXTENSION_CALLS, "syncExtensionCallLog", Tag.CALLS, SYNC, _SYNC, refusals=_ANEW),
    Told(operation.READ_RECORDING, "readRecording", Tag.CALLS, RECORDING),
    Told(
        operation.READ_RECORDING_CONTENT,
        "readRecordingContent",
        Tag.CALLS,
        None,
        refusals=(api_faults.RECORDING_ELSEWHERE,),
        is_refused=True,
    ),
    Told(operation.EXTRACT_COMPANY_CALLS, "extractCompanyCallLog", Tag.CALLS, EXTRACT, _EXTRACT, refusals=_ANEW),
)
