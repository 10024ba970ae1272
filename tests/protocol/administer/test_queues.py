"""Call queues changed: what is written, and the line that says why not."""

import pytest

from callgate.model.account import ExtensionStatus
from callgate.model.acts import Refused
from callgate.model.decisions import Done
from callgate.model.ids import ExtensionId
from callgate.model.queues import (
    MEMBERS_MAX,
    ChoiceFacts,
    Queue,
    QueueActFacts,
    QueueMembersChanged,
    QueueSettings,
    QueueSettingsChanged,
)
from callgate.protocol.administer.queues import change_members, change_settings, choose_queues
from tests.factories import ACCOUNT, AGENT, QUEUE, SERVICE_EXTENSION

NEVER_SET = QueueSettings(QUEUE.id, ACCOUNT.id)
OTHER = AGENT._replace(id=ExtensionId(1004), number="104", status=ExtensionStatus.DISABLED)
FACTS = QueueActFacts(Queue(QUEUE, NEVER_SET), frozenset({AGENT.id}), (AGENT, OTHER, QUEUE, SERVICE_EXTENSION))
NONE: frozenset[ExtensionId] = frozenset()


def test_settings_are_stored_when_they_change() -> None:
    """The version counts on from where it was."""
    done = change_settings(lambda before: before._replace(sla_goal_percent=90), facts=FACTS, by="cli")
    assert done == Done((QueueSettingsChanged(NEVER_SET, NEVER_SET._replace(sla_goal_percent=90, version=1), "cli"),))
    assert change_settings(lambda before: before, facts=FACTS, by="cli") == Done()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (NEVER_SET._replace(sla_goal_percent=101), "the service level goal must be 0 to 100 percent"),
        (NEVER_SET._replace(sla_goal_percent=-1), "the service level goal must be 0 to 100 percent"),
        (NEVER_SET._replace(sla_threshold_s=3601), "the service level threshold must be 0 to 3600 seconds"),
        (NEVER_SET._replace(abandoned_threshold_s=3601), "the abandoned threshold must be 0 to 3600 seconds"),
        (NEVER_SET._replace(alert_timer_s=7), "the alert timer is one of 5, 10, 15,"),
    ],
)
def test_settings_are_refused_when_the_wire_cannot_say_them(settings: QueueSettings, problem: str) -> None:
    """The line names the range."""
    refused = change_settings(lambda _: settings, facts=FACTS, by="cli")
    assert isinstance(refused, Refused)
    assert problem in refused.problem


def test_members_come_and_go() -> None:
    """Who is there already, or never was, changes nothing; a disabled person may be a member, as on the platform."""
    done = change_members(added=frozenset({OTHER.id, AGENT.id}), removed=NONE, facts=FACTS, by="cli")
    assert done == Done((QueueMembersChanged(ACCOUNT.id, QUEUE.id, frozenset({OTHER.id}), NONE, "cli"),))
    done = change_members(added=NONE, removed=frozenset({OTHER.id, AGENT.id}), facts=FACTS, by="cli")
    assert done == Done((QueueMembersChanged(ACCOUNT.id, QUEUE.id, NONE, frozenset({AGENT.id}), "cli"),))
    assert change_members(added=frozenset({AGENT.id}), removed=frozenset({OTHER.id}), facts=FACTS, by="cli") == Done()


@pytest.mark.parametrize(
    ("added", "removed", "problem"),
    [
        ({QUEUE.id}, NONE, "extension 1003 is a Department: only people"),
        ({SERVICE_EXTENSION.id}, NONE, "extension 1900 is a ApplicationExtension"),
        ({ExtensionId(9)}, NONE, "there is no extension 9 in this account"),
        ({AGENT.id, OTHER.id}, {OTHER.id, AGENT.id}, "extension 1002 cannot be added and removed at once"),
    ],
)
def test_members_are_refused_when_they_take_no_calls(
    added: set[ExtensionId], removed: set[ExtensionId], problem: str
) -> None:
    """Nothing of the act happens."""
    refused = change_members(added=frozenset(added), removed=frozenset(removed), facts=FACTS, by="cli")
    assert isinstance(refused, Refused)
    assert problem in refused.problem


def test_members_are_refused_when_there_are_too_many() -> None:
    """An act and a list stay bounded."""
    full = FACTS._replace(members=frozenset(ExtensionId(5000 + number) for number in range(MEMBERS_MAX)))
    refused = change_members(added=frozenset({AGENT.id}), removed=NONE, facts=full, by="cli")
    assert refused == Refused("a queue has at most 1000 members")
    swapped = change_members(added=frozenset({AGENT.id}), removed=frozenset({ExtensionId(5000)}), facts=full, by="cli")
    assert isinstance(swapped, Done)


SALES = QUEUE._replace(id=ExtensionId(1010), first_name="Sales", last_name="")
CHOICE = ChoiceFacts(AGENT, (QUEUE, SALES), {QUEUE.id: 1, SALES.id: MEMBERS_MAX - 1}, frozenset({QUEUE.id}))


def test_chosen_queues_are_joined_and_the_others_left() -> None:
    """One change for each queue, as if its own members were changed; the same choice again changes nothing."""
    alone = frozenset({AGENT.id})
    joined = QueueMembersChanged(ACCOUNT.id, SALES.id, alone, NONE, "cli")
    left = QueueMembersChanged(ACCOUNT.id, QUEUE.id, NONE, alone, "cli")
    assert choose_queues(frozenset({SALES.id}), facts=CHOICE, by="cli") == Done((joined, left))
    assert choose_queues(frozenset({SALES.id, QUEUE.id}), facts=CHOICE, by="cli") == Done((joined,))
    assert choose_queues(NONE, facts=CHOICE, by="cli") == Done((left,))
    assert choose_queues(frozenset({QUEUE.id}), facts=CHOICE, by="cli") == Done()


@pytest.mark.parametrize(
    ("wanted", "facts", "problem"),
    [
        ({ExtensionId(9), QUEUE.id}, CHOICE, "there is no call queue 9 in this account"),
        ({QUEUE.id}, CHOICE._replace(member=SERVICE_EXTENSION), "extension 1900 is a ApplicationExtension"),
        ({SALES.id}, CHOICE._replace(sizes={QUEUE.id: 1, SALES.id: MEMBERS_MAX}), "Sales has 1000 members already"),
        (NONE, CHOICE._replace(member=None), "there is no such extension"),
    ],
)
def test_choice_is_refused_when_it_cannot_be(wanted: set[ExtensionId], facts: ChoiceFacts, problem: str) -> None:
    """Nothing of it happens."""
    refused = choose_queues(frozenset(wanted), facts=facts, by="cli")
    assert isinstance(refused, Refused)
    assert problem in refused.problem


def test_full_queue_is_no_trouble_for_who_is_in_it() -> None:
    """Nobody comes."""
    full = CHOICE._replace(sizes={QUEUE.id: MEMBERS_MAX, SALES.id: 0})
    assert choose_queues(frozenset({QUEUE.id}), facts=full, by="cli") == Done()


def test_nothing_is_changed_when_there_is_no_queue() -> None:
    """Unknown, or another account's."""
    gone = QueueActFacts(None, NONE, ())
    assert change_settings(lambda before: before, facts=gone, by="cli") == Refused("there is no such queue")
    assert change_members(added=NONE, removed=NONE, facts=gone, by="cli") == Refused("there is no such queue")
