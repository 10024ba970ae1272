"""Which call queues a query asks for, and what a body wants of one."""

import pytest

from callgate.model import api_faults
from callgate.model.decisions import Denied, Done
from callgate.model.ids import ExtensionId
from callgate.model.paging import Page
from callgate.model.queues import (
    QUEUES_MAX,
    ChoiceFacts,
    Queue,
    QueueActFacts,
    QueueListQuery,
    QueueMembersChanged,
    QueueMembersQuery,
    QueueSettings,
    QueueSettingsChanged,
)
from callgate.protocol.query import Query
from callgate.protocol.queues import (
    MembersWish,
    SettingsWish,
    change_members,
    change_settings,
    choose_queues,
    parse_choice,
    parse_members,
    parse_queue_list,
    parse_queue_members,
    parse_settings,
)
from callgate.protocol.resources import Subject
from tests import factories
from tests.factories import plain
from tests.protocol.bearers import ACCOUNT

COMPANY = Subject(ACCOUNT, None)
QUEUE = ExtensionId(1003)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ([], QueueListQuery(ACCOUNT, None, Page())),
        ([("memberExtensionId", "1002"), ("page", "2")], QueueListQuery(ACCOUNT, ExtensionId(1002), Page(2))),
        ([("memberExtensionId", ""), ("perPage", "max")], QueueListQuery(ACCOUNT, None, Page(1, 1000))),
        ([("unheardOf", "x")], QueueListQuery(ACCOUNT, None, Page())),
    ],
)
def test_queues_are_asked_for_by_member_and_page(query: Query, expected: QueueListQuery) -> None:
    """protocol.md I.6."""
    assert parse_queue_list(query, subject=COMPANY) == expected


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ([("memberExtensionId", "~")], "memberExtensionId"),
        ([("memberExtensionId", "9" * 19)], "memberExtensionId"),
        ([("memberExtensionId", "1"), ("memberExtensionId", "2")], "memberExtensionId"),
        ([("page", "0")], "page"),
    ],
)
def test_queues_are_refused_when_a_value_cannot_be_meant(query: Query, name: str) -> None:
    """CMN-101 names the parameter."""
    expected = Denied(fault=api_faults.PARAMETER_INVALID, values=(("parameterName", name),))
    assert plain(parse_queue_list(query, subject=COMPANY)) == expected


def test_members_are_asked_for_by_page() -> None:
    """protocol.md I.6: the same paging."""
    asked = parse_queue_members([("page", "3"), ("perPage", "10")], subject=COMPANY, queue_id=QUEUE)
    assert asked == QueueMembersQuery(ACCOUNT, QUEUE, Page(3, 10))
    refused = parse_queue_members([("perPage", "x")], subject=COMPANY, queue_id=QUEUE)
    assert plain(refused) == Denied(fault=api_faults.PARAMETER_INVALID, values=(("parameterName", "perPage"),))


NOTHING = SettingsWish(None, None, None, None, None, None)


def test_settings_are_wished_one_by_one() -> None:
    """protocol.md I.6: what is not said stays, what the platform has besides is not looked at."""
    assert parse_settings({}) == NOTHING
    assert parse_settings({"name": "Other", "serviceLevelSettings": None}) == NOTHING
    levels = {"slaGoal": 90, "slaThresholdSeconds": 30, "includeAbandonedCalls": False, "abandonedThresholdSeconds": 0}
    body = {"serviceLevelSettings": levels, "editableMemberStatus": False, "alertTimer": 60}
    assert parse_settings(body) == SettingsWish(90, 30, False, 0, False, 60)


def test_members_are_wished_by_ids_of_either_spelling() -> None:
    """protocol.md I.6: the wire has texts, a member's id is a number, and people send what they were given."""
    assert parse_members({}) == MembersWish(frozenset(), frozenset())
    body = {"addedExtensionIds": ["1002", 1004, "1002"], "removedExtensionIds": ["1005"]}
    assert parse_members(body) == MembersWish(
        frozenset(map(ExtensionId, (1002, 1004))), frozenset(map(ExtensionId, (1005,)))
    )


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"serviceLevelSettings": 5}, "serviceLevelSettings"),
        ({"serviceLevelSettings": {"slaGoal": "90"}}, "serviceLevelSettings.slaGoal"),
        ({"alertTimer": -1}, "alertTimer"),
        ({"editableMemberStatus": "yes"}, "editableMemberStatus"),
    ],
)
def test_settings_are_refused_when_they_cannot_be_meant(body: dict[str, object], name: str) -> None:
    """By the member's path."""
    denied = parse_settings(body)
    assert isinstance(denied, Denied)
    assert denied.values == (("parameterName", name),)


@pytest.mark.parametrize("ids", ["1002", {}, ["x"], ["0"], [True], [None], [-5], ["9" * 19], [1] * 1001])
def test_members_are_refused_when_they_are_no_ids(ids: object) -> None:
    """An array of at most a thousand."""
    for name in ("addedExtensionIds", "removedExtensionIds"):
        denied = parse_members({name: ids})
        assert isinstance(denied, Denied)
        assert denied.values == (("parameterName", name),)


def test_change_is_refused_when_there_is_no_such_queue() -> None:
    """Not found, as when it is read; the rest is an administrator's matter (administer/test_queues.py)."""
    facts = QueueActFacts(None, frozenset(), ())
    for outcome in (
        change_settings(NOTHING, facts=facts, by="1"),
        change_members(MembersWish(frozenset(), frozenset()), facts=facts, by="1"),
    ):
        assert isinstance(outcome, Denied)
        assert outcome.fault == api_faults.RESOURCE_UNKNOWN


def test_queue_becomes_what_was_wished() -> None:
    """What is not said stays; a wish that cannot be is told as the administrator's refusal."""
    extension = factories.QUEUE
    queue = Queue(extension, QueueSettings(extension.id, extension.account_id))
    facts = QueueActFacts(queue, frozenset({factories.AGENT.id}), (factories.AGENT, extension))
    changed = change_settings(NOTHING._replace(alert_timer_s=60), facts=facts, by="1")
    assert isinstance(changed, Done)
    after = queue.settings._replace(alert_timer_s=60, version=1)
    assert changed.changes == (QueueSettingsChanged(queue.settings, after, "1"),)
    gone = MembersWish(frozenset(), frozenset({factories.AGENT.id}))
    left = change_members(gone, facts=facts, by="1")
    assert isinstance(left, Done)
    assert left.changes == (QueueMembersChanged(extension.account_id, extension.id, gone.added, gone.removed, "1"),)
    for refused in (
        change_settings(NOTHING._replace(alert_timer_s=61), facts=facts, by="1"),
        change_members(MembersWish(frozenset({extension.id}), frozenset()), facts=facts, by="1"),
    ):
        assert isinstance(refused, Denied)
        assert refused.fault == api_faults.ACT_REFUSED


def test_choice_is_read_by_the_ids_of_its_records() -> None:
    """protocol.md I.6: a name beside the id is the wire's, and not looked at."""
    chosen = parse_choice({"records": [{"id": "1003", "name": "Orders"}, {"id": 1010}, {"id": "1003"}]})
    assert chosen == frozenset(map(ExtensionId, (1003, 1010)))
    assert parse_choice({"records": []}) == frozenset()


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({}, "records"),
        ({"records": {}}, "records"),
        ({"records": ["1003"]}, "records"),
        ({"records": [{"id": "1"}] * (QUEUES_MAX + 1)}, "records"),
        ({"records": [{"id": "1"}, {}]}, "records[1].id"),
        ({"records": [{"id": "x"}]}, "records[0].id"),
    ],
)
def test_choice_is_refused_when_it_cannot_be_meant(body: dict[str, object], name: str) -> None:
    """A body that says nothing must not make somebody leave every queue."""
    denied = parse_choice(body)
    assert isinstance(denied, Denied)
    assert denied.values == (("parameterName", name),)


def test_choice_is_refused_when_there_is_no_such_person() -> None:
    """Not found, as when they are read."""
    outcome = choose_queues(frozenset(), facts=ChoiceFacts(None, (), {}, frozenset()), by="1")
    assert isinstance(outcome, Denied)
    assert (outcome.fault, outcome.values) == (api_faults.RESOURCE_UNKNOWN, (("parameterName", "extensionId"),))
