"""Which call queues a query asks for."""

import pytest

from callgate.model import api_faults
from callgate.model.decisions import Denied
from callgate.model.ids import ExtensionId
from callgate.model.paging import Page
from callgate.model.queues import QueueListQuery, QueueMembersQuery
from callgate.protocol.query import Query
from callgate.protocol.queues import parse_queue_list, parse_queue_members
from callgate.protocol.resources import Subject
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
    assert parse_queue_list(query, subject=COMPANY) == expected


def test_members_are_asked_for_by_page() -> None:
    """protocol.md I.6: the same paging."""
    asked = parse_queue_members([("page", "3"), ("perPage", "10")], subject=COMPANY, queue_id=QUEUE)
    assert asked == QueueMembersQuery(ACCOUNT, QUEUE, Page(3, 10))
    refused = parse_queue_members([("perPage", "x")], subject=COMPANY, queue_id=QUEUE)
    assert refused == Denied(fault=api_faults.PARAMETER_INVALID, values=(("parameterName", "perPage"),))
