"""Call queues and who takes their calls. A queue's id is a text, a member's a number, as on the platform."""

from callgate.model import operation
from callgate.model.account import ExtensionStatus
from callgate.model.queues import ALERT_TIMERS_S, MEMBERS_MAX, QUEUES_MAX
from callgate.web.openapi.described import Link, Parameter, Tag, Told
from callgate.web.openapi.schema import Maybe, flag, many, part, record, text, whole, wider, words
from callgate.web.openapi.shapes import ID_PATTERN, NUMBER, PAGES, URI, listing

LISTED_QUEUE = record(
    "ListedQueue",
    "A call queue.",
    uri=URI,
    id=text("Its id.", pattern=ID_PATTERN),
    extensionNumber=Maybe(NUMBER),
    name=text(),
    status=words(
        "Whether it takes calls.", [status.value for status in ExtensionStatus if status is not ExtensionStatus.FROZEN]
    ),
    site=part(id=text(), name=text()),
)

QUEUE = wider(
    "Queue",
    LISTED_QUEUE,
    serviceLevelSettings=part(
        slaGoal=whole("Percent of calls to be answered in time.", least=0, most=100),
        slaThresholdSeconds=whole("What is in time.", least=0),
        includeAbandonedCalls=flag("Whether callers who hung up count."),
        abandonedThresholdSeconds=whole("After how long they do.", least=0),
    ),
    editableMemberStatus=flag("Whether members may pause."),
    alertTimer=whole("Seconds one member's phone rings.", least=0),
)

MEMBER = record(
    "QueueMember",
    "Somebody who takes a queue's calls.",
    uri=URI,
    id=whole("The extension's id.", least=1),
    extensionNumber=Maybe(NUMBER),
)

QUEUE_CHANGE = record(
    "QueueChange",
    "What is to be different; what is not said stays.",
    serviceLevelSettings=Maybe(
        part(
            slaGoal=Maybe(whole(least=0, most=100)),
            slaThresholdSeconds=Maybe(whole(least=0, most=3600)),
            includeAbandonedCalls=Maybe(flag()),
            abandonedThresholdSeconds=Maybe(whole(least=0, most=3600)),
        )
    ),
    editableMemberStatus=Maybe(flag()),
    alertTimer=Maybe({**whole("Seconds."), "enum": list(ALERT_TIMERS_S)}),
)
_IDS = many(text(pattern=ID_PATTERN), most=MEMBERS_MAX)
ASSIGNMENT = record(
    "QueueAssignment",
    "Who is to take the calls of a queue, and who no longer.",
    addedExtensionIds=Maybe(_IDS),
    removedExtensionIds=Maybe(_IDS),
)

CHOICE = record(
    "ChosenQueues",
    "The queues whose calls somebody takes.",
    records=many(
        part(id=text("The queue.", pattern=ID_PATTERN), name=Maybe(text("Told, not changed."))), most=QUEUES_MAX
    ),
)

TOLD = (
    Told(
        operation.LIST_QUEUES,
        "listQueues",
        Tag.QUEUES,
        listing("QueueList", LISTED_QUEUE, about="A page of the account's call queues."),
        (Parameter("memberExtensionId", text("Only those this extension is in.", pattern=ID_PATTERN)), *PAGES),
        leads=(
            Link("readQueue", "groupId", "/records/0/id"),
            Link("listQueueMembers", "groupId", "/records/0/id"),
        ),
    ),
    Told(operation.READ_QUEUE, "readQueue", Tag.QUEUES, QUEUE),
    Told(operation.CHANGE_QUEUE, "changeQueue", Tag.QUEUES, QUEUE, takes=QUEUE_CHANGE),
    Told(operation.ASSIGN_QUEUE_MEMBERS, "assignQueueMembers", Tag.QUEUES, None, takes=ASSIGNMENT),
    Told(operation.CHOOSE_QUEUES, "chooseQueues", Tag.QUEUES, CHOICE, takes=CHOICE),
    Told(
        operation.LIST_QUEUE_MEMBERS,
        "listQueueMembers",
        Tag.QUEUES,
        listing("QueueMemberList", MEMBER, about="A page of a queue's members."),
        PAGES,
    ),
)
