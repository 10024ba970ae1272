"""Call queues in a real database: listed by account and member, their settings and members changed."""

import pytest

from callgate.model.account import ExtensionType
from callgate.model.changes import Change, ExtensionCreated
from callgate.model.failure import Unavailable
from callgate.model.ids import ExtensionId
from callgate.model.paging import Page
from callgate.model.queues import (
    ChoiceFacts,
    ChoiceLookup,
    ExtensionsPage,
    Queue,
    QueueActFacts,
    QueueActLookup,
    QueueFacts,
    QueueListLookup,
    QueueListQuery,
    QueueLookup,
    QueueMembersChanged,
    QueueMembersFacts,
    QueueMembersLookup,
    QueueMembersQuery,
    QueueSettings,
    QueueSettingsChanged,
)
from tests.storage.engines import Opened
from tests.storage.world import ACCOUNT, ADMIN, AGENT, OTHER_ACCOUNT, SERVICE, entries_of

SALES = ADMIN._replace(
    id=ExtensionId(208594201), number="201", type=ExtensionType.DEPARTMENT, first_name="Sales", last_name="", email=None
)
SUPPORT = SALES._replace(id=ExtensionId(208594202), number="202", first_name="Support")
OTHERS = SALES._replace(id=ExtensionId(300000201), account_id=OTHER_ACCOUNT.id)
NONE: frozenset[ExtensionId] = frozenset()
NEVER_SET = QueueSettings(SALES.id, ACCOUNT.id)


def members_changed(added: frozenset[ExtensionId] = NONE, removed: frozenset[ExtensionId] = NONE) -> Change:
    """People of SALES."""
    return QueueMembersChanged(ACCOUNT.id, SALES.id, added, removed, "cli")


@pytest.fixture
def queues(store: Opened) -> Opened:
    """Two queues of the account and one of another; the agent and the administrator are in the first."""
    store.save(*(ExtensionCreated(queue, None, None, "cli") for queue in (SALES, SUPPORT, OTHERS)))
    store.save(members_changed(frozenset({AGENT.id, ADMIN.id})))
    store.save(QueueMembersChanged(ACCOUNT.id, SUPPORT.id, frozenset({ADMIN.id}), NONE, "cli"))
    return store


LISTED = [
    (QueueListQuery(ACCOUNT.id, None, Page()), ExtensionsPage((SALES, SUPPORT), 2)),
    (QueueListQuery(ACCOUNT.id, None, Page(2, 1)), ExtensionsPage((SUPPORT,), 2)),
    (QueueListQuery(ACCOUNT.id, None, Page(3, 1)), ExtensionsPage((), 2)),
    (QueueListQuery(ACCOUNT.id, AGENT.id, Page()), ExtensionsPage((SALES,), 1)),
    (QueueListQuery(ACCOUNT.id, ADMIN.id, Page()), ExtensionsPage((SALES, SUPPORT), 2)),
    (QueueListQuery(ACCOUNT.id, SERVICE.id, Page()), ExtensionsPage((), 0)),
    (QueueListQuery(OTHER_ACCOUNT.id, None, Page()), ExtensionsPage((OTHERS,), 1)),
    (QueueListQuery(OTHER_ACCOUNT.id, AGENT.id, Page()), ExtensionsPage((), 0)),
]


@pytest.mark.parametrize(("query", "expected"), LISTED)
def test_queues_are_listed_by_account_and_member(
    queues: Opened, query: QueueListQuery, expected: ExtensionsPage
) -> None:
    """In the order of ids, with the total of all pages."""
    assert queues.read(QueueListLookup(query)) == expected


def test_queue_is_found_in_its_account_only(queues: Opened) -> None:
    """A person is no queue, and another account's is none here."""
    assert queues.read(QueueLookup(ACCOUNT.id, SALES.id)) == QueueFacts(Queue(SALES, NEVER_SET))
    for account_id, queue_id in ((ACCOUNT.id, AGENT.id), (ACCOUNT.id, OTHERS.id), (OTHER_ACCOUNT.id, SALES.id)):
        assert queues.read(QueueLookup(account_id, queue_id)) == QueueFacts(None)


def test_settings_are_stored_and_swapped(queues: Opened) -> None:
    """A change decided on settings that have moved on is a conflict, first or later."""
    first = NEVER_SET._replace(sla_goal_percent=90, counts_abandoned=False, version=1)
    second = first._replace(alert_timer_s=60, editable_member_status=False, version=2)
    queues.save(QueueSettingsChanged(NEVER_SET, first, "cli"))
    assert queues.read(QueueLookup(ACCOUNT.id, SALES.id)) == QueueFacts(Queue(SALES, first))
    queues.save(QueueSettingsChanged(first, second, "cli"))
    assert queues.read(QueueLookup(ACCOUNT.id, SALES.id)) == QueueFacts(Queue(SALES, second))
    for stale in (QueueSettingsChanged(NEVER_SET, first, "cli"), QueueSettingsChanged(first, second, "cli")):
        with pytest.raises(Unavailable):
            queues.save(stale)


def test_members_are_listed_page_by_page(queues: Opened) -> None:
    """In the order of ids; a queue that is none has none."""

    def members(page: Page, queue_id: ExtensionId = SALES.id) -> QueueMembersFacts:
        return queues.read(QueueMembersLookup(QueueMembersQuery(ACCOUNT.id, queue_id, page)))

    assert members(Page()) == QueueMembersFacts(ExtensionsPage((ADMIN, AGENT), 2))
    assert members(Page(2, 1)) == QueueMembersFacts(ExtensionsPage((AGENT,), 2))
    assert members(Page(), OTHERS.id) == members(Page(), AGENT.id) == QueueMembersFacts(None)


def test_members_come_and_go(queues: Opened) -> None:
    """What an act sees, and what it leaves; the audit chain names both."""
    facts = queues.read(QueueActLookup(ACCOUNT.id, SALES.id, frozenset({AGENT.id, OTHERS.id, ExtensionId(9)})))
    assert facts == QueueActFacts(Queue(SALES, NEVER_SET), frozenset({ADMIN.id, AGENT.id}), (AGENT,))
    queues.save(members_changed(removed=frozenset({ADMIN.id})))
    assert queues.read(QueueActLookup(ACCOUNT.id, SALES.id)).members == frozenset({AGENT.id})
    (newest,) = queues.rows("SELECT entries FROM audit WHERE writer = 'server' ORDER BY seq DESC LIMIT 1")
    assert entries_of(str(newest[0])) == [
        {
            "what": "QueueMembersChanged",
            "account": ACCOUNT.id,
            "queue": SALES.id,
            "added": "",
            "removed": str(ADMIN.id),
            "by": "cli",
        }
    ]


def test_members_conflict_when_they_moved_on(queues: Opened) -> None:
    """Added twice or removed twice, the second act decides again."""
    with pytest.raises(Unavailable):
        queues.save(members_changed(frozenset({AGENT.id})))
    with pytest.raises(Unavailable):
        queues.save(members_changed(removed=frozenset({SERVICE.id})))
    assert queues.read(QueueActLookup(ACCOUNT.id, SALES.id)).members == frozenset({ADMIN.id, AGENT.id})


def test_choice_is_seen_with_the_queues_there_are(queues: Opened) -> None:
    """Of the account alone, with how full they are; people are no queues."""
    named = frozenset({SALES.id, SUPPORT.id, OTHERS.id, AGENT.id, ExtensionId(9)})
    sizes = {SALES.id: 2, SUPPORT.id: 1}
    facts = ChoiceFacts(AGENT, (SALES, SUPPORT), sizes, frozenset({SALES.id}))
    assert queues.read(ChoiceLookup(ACCOUNT.id, AGENT.id, named)) == facts
    assert queues.read(ChoiceLookup(OTHER_ACCOUNT.id, AGENT.id, NONE)).member is None
    assert queues.read(ChoiceLookup(ACCOUNT.id, ADMIN.id, NONE)).now == frozenset({SALES.id, SUPPORT.id})
