"""Call queues on the wire (protocol.md I.6), whole documents at a time."""

import pytest

from callgate.model.account import ExtensionStatus
from callgate.model.ids import ExtensionId
from callgate.model.paging import Page
from callgate.model.queues import ExtensionsPage, Queue, QueueListQuery, QueueMembersQuery, QueueSettings
from callgate.service.queues import QueueListShown, QueueMembersShown
from callgate.web.links import JsonObject, Links
from callgate.web.queues import render_queue, render_queue_list, render_queue_members
from tests.factories import ACCOUNT, AGENT, QUEUE

BASE = "https://gate.example"
LINKS = Links(BASE)
HERE = f"{BASE}/restapi/v1.0/account/1001"
ORDERS = QUEUE._replace(first_name="Orders", last_name="")
LISTED: JsonObject = {
    "uri": f"{HERE}/extension/1003",
    "id": "1003",
    "extensionNumber": "103",
    "name": "Orders",
    "status": "Enabled",
    "site": {"id": "main-site", "name": "Main Site"},
}


@pytest.mark.requirement("must-not-break N.9")
def test_queue_list_has_totals_and_a_last_page() -> None:
    """A queue's id is a text, its address the extension's."""
    page = ExtensionsPage((ORDERS,), 3)
    query = QueueListQuery(ACCOUNT.id, ExtensionId(1002), Page(2, 1))

    def address(number: int) -> JsonObject:
        return {"uri": f"{HERE}/call-queues?memberExtensionId=1002&page={number}&perPage=1"}

    assert render_queue_list(QueueListShown(query, page), LINKS) == {
        **address(2),
        "records": [LISTED],
        "paging": {"page": 2, "totalPages": 3, "perPage": 1, "totalElements": 3, "pageStart": 1, "pageEnd": 1},
        "navigation": {
            "firstPage": address(1),
            "nextPage": address(3),
            "previousPage": address(1),
            "lastPage": address(3),
        },
    }


def test_largest_page_is_shown_as_a_thousand() -> None:
    """perPage=max on the wire."""
    shown = QueueListShown(QueueListQuery(ACCOUNT.id, None, Page(1, 1000)), ExtensionsPage((), 0))
    assert render_queue_list(shown, LINKS)["paging"] == {
        "page": 1,
        "totalPages": 0,
        "perPage": 1000,
        "totalElements": 0,
    }


def test_queue_has_its_settings() -> None:
    """Durations in seconds, the goal in percent."""
    assert render_queue(Queue(ORDERS, QueueSettings(QUEUE.id, ACCOUNT.id)), LINKS) == {
        **LISTED,
        "serviceLevelSettings": {
            "slaGoal": 80,
            "slaThresholdSeconds": 20,
            "includeAbandonedCalls": True,
            "abandonedThresholdSeconds": 5,
        },
        "editableMemberStatus": True,
        "alertTimer": 5,
    }


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (ExtensionStatus.FROZEN, "Disabled"),
        (ExtensionStatus.DISABLED, "Disabled"),
        (ExtensionStatus.NOT_ACTIVATED, "NotActivated"),
        (ExtensionStatus.UNASSIGNED, "Unassigned"),
    ],
)
def test_queue_status_is_one_that_the_wire_has_for_queues(status: ExtensionStatus, shown: str) -> None:
    """A queue without a number has no extensionNumber."""
    queue = Queue(ORDERS._replace(status=status, number=None), QueueSettings(QUEUE.id, ACCOUNT.id))
    rendered = render_queue(queue, LINKS)
    assert rendered["status"] == shown
    assert "extensionNumber" not in rendered


def test_member_has_a_number_for_an_id() -> None:
    """Unlike a queue's."""
    query = QueueMembersQuery(ACCOUNT.id, QUEUE.id, Page())
    address = {"uri": f"{HERE}/call-queues/1003/members?page=1&perPage=100"}
    assert render_queue_members(QueueMembersShown(query, ExtensionsPage((AGENT,), 1)), LINKS) == {
        **address,
        "records": [{"uri": f"{HERE}/extension/1002", "id": 1002, "extensionNumber": "102"}],
        "paging": {"page": 1, "totalPages": 1, "perPage": 100, "totalElements": 1, "pageStart": 0, "pageEnd": 0},
        "navigation": {"firstPage": address, "lastPage": address},
    }
