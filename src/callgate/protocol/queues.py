"""Which call queues and members are asked for, and what is to change of one (protocol.md I.6).

Who may ask stands in protocol/resources.py. What a queue may be is an administrator's matter
(protocol/administer/queues.py), whoever the administrator is.
"""

from collections.abc import Mapping
from typing import NamedTuple

from callgate.model.acts import Refused
from callgate.model.decisions import Denied, Done
from callgate.model.ids import ExtensionId
from callgate.model.queues import (
    MEMBERS_MAX,
    QUEUES_MAX,
    ChoiceFacts,
    QueueActFacts,
    QueueListQuery,
    QueueMembersQuery,
    QueueSettings,
)
from callgate.protocol.administer import queues
from callgate.protocol.body import BodyReader
from callgate.protocol.paging import read_page
from callgate.protocol.query import Query, QueryReader
from callgate.protocol.resources import ID, Subject, no_such_extension, no_such_queue
from callgate.protocol.roles import refused

_NUMBER_MAX = 1_000_000


def parse_queue_list(query: Query, *, subject: Subject) -> QueueListQuery | Denied:
    """The page of the account's queues a query asks for; unknown parameters are ignored."""
    reader = QueryReader(query)
    member = reader.text("memberExtensionId", form=ID)
    asked = QueueListQuery(subject.account_id, ExtensionId(int(member)) if member else None, read_page(reader))
    return reader.refused or asked


def parse_queue_members(query: Query, *, subject: Subject, queue_id: ExtensionId) -> QueueMembersQuery | Denied:
    """The page of a queue's members a query asks for."""
    reader = QueryReader(query)
    asked = QueueMembersQuery(subject.account_id, queue_id, read_page(reader))
    return reader.refused or asked


class SettingsWish(NamedTuple):
    """What a body wants of a queue's settings; None leaves as it is."""

    sla_goal_percent: int | None
    sla_threshold_s: int | None
    counts_abandoned: bool | None
    abandoned_threshold_s: int | None
    editable_member_status: bool | None
    alert_timer_s: int | None


class MembersWish(NamedTuple):
    """Who is to take a queue's calls, and who no longer."""

    added: frozenset[ExtensionId]
    removed: frozenset[ExtensionId]


def parse_settings(body: Mapping[str, object]) -> SettingsWish | Denied:
    """The settings a body names; what the platform has besides is not looked at."""
    reader = BodyReader(body)
    levels = reader.part("serviceLevelSettings")
    wish = SettingsWish(
        levels.number("slaGoal", most=_NUMBER_MAX),
        levels.number("slaThresholdSeconds", most=_NUMBER_MAX),
        levels.flag("includeAbandonedCalls"),
        levels.number("abandonedThresholdSeconds", most=_NUMBER_MAX),
        reader.flag("editableMemberStatus"),
        reader.number("alertTimer", most=_NUMBER_MAX),
    )
    return reader.refused or wish


def parse_members(body: Mapping[str, object]) -> MembersWish | Denied:
    """The people a body names, by the ids of their extensions."""
    reader = BodyReader(body)
    added, removed = (reader.ids(name, most=MEMBERS_MAX) for name in ("addedExtensionIds", "removedExtensionIds"))
    wish = MembersWish(frozenset(map(ExtensionId, added)), frozenset(map(ExtensionId, removed)))
    return reader.refused or wish


def parse_choice(body: Mapping[str, object]) -> frozenset[ExtensionId] | Denied:
    """The queues a body names, by their ids under `records`; what else is said of them is not looked at."""
    reader = BodyReader(body)
    records = reader.parts("records")
    if records is None:
        return reader.refused or reader.require("records")
    if len(records) > QUEUES_MAX:
        return reader.refuse("records", f"more than {QUEUES_MAX} queues")
    ids = [each.id("id") or each.require("id") for each in records]
    return reader.refused or frozenset(ExtensionId(each) for each in ids if isinstance(each, int))


def choose_queues(wanted: frozenset[ExtensionId], *, facts: ChoiceFacts, by: str) -> Done | Denied:
    """The queues somebody takes calls of, as wished."""
    return no_such_extension() if facts.member is None else _told(queues.choose_queues(wanted, facts=facts, by=by))


def change_settings(wish: SettingsWish, *, facts: QueueActFacts, by: str) -> Done | Denied:
    """A queue's settings as wished."""
    if facts.queue is None:
        return no_such_queue()
    wanted = {name: value for name, value in wish._asdict().items() if value is not None}

    def edit(before: QueueSettings) -> QueueSettings:
        return before._replace(**wanted)

    return _told(queues.change_settings(edit, facts=facts, by=by))


def change_members(wish: MembersWish, *, facts: QueueActFacts, by: str) -> Done | Denied:
    """A queue's members as wished."""
    if facts.queue is None:
        return no_such_queue()
    return _told(queues.change_members(added=wish.added, removed=wish.removed, facts=facts, by=by))


def _told(outcome: Done | Refused) -> Done | Denied:
    return refused(outcome.problem) if isinstance(outcome, Refused) else outcome
