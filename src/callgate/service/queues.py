"""Call queues read for a bearer: judged, parsed, loaded, and given to be rendered."""

from typing import NamedTuple

from callgate.model import operation
from callgate.model.decisions import Admitted, Denied
from callgate.model.ids import ExtensionId
from callgate.model.queues import (
    ExtensionsPage,
    Queue,
    QueueListLookup,
    QueueListQuery,
    QueueLookup,
    QueueMembersLookup,
    QueueMembersQuery,
)
from callgate.protocol.query import parse_query
from callgate.protocol.queues import parse_queue_list, parse_queue_members
from callgate.protocol.resources import find_id, judge, no_such_queue
from callgate.service.context import Context
from callgate.service.resources import Asked


class QueueListShown(NamedTuple):
    """A page of queues, and the query it answers with every default filled in."""

    query: QueueListQuery
    page: ExtensionsPage


class QueueMembersShown(NamedTuple):
    """A page of members, and the query it answers."""

    query: QueueMembersQuery
    page: ExtensionsPage


async def list_queues(context: Context, admitted: Admitted, asked: Asked) -> QueueListShown | Denied:
    """`GET account/{accountId}/call-queues`. Raises Unavailable."""
    subject = judge(admitted, operation.LIST_QUEUES, account=asked.account)
    if isinstance(subject, Denied):
        return subject
    pairs = parse_query(asked.query)
    if isinstance(pairs, Denied):
        return pairs
    query = parse_queue_list(pairs, subject=subject)
    if isinstance(query, Denied):
        return query
    return QueueListShown(query, await context.store.read(QueueListLookup(query)))


async def read_queue(context: Context, admitted: Admitted, asked: Asked) -> Queue | Denied:
    """`GET account/{accountId}/call-queues/{groupId}`. Raises Unavailable."""
    subject = judge(admitted, operation.READ_QUEUE, account=asked.account)
    if isinstance(subject, Denied):
        return subject
    found = find_id(asked.item)
    if found is None:
        return no_such_queue()
    facts = await context.store.read(QueueLookup(subject.account_id, ExtensionId(found)))
    return facts.queue or no_such_queue()


async def list_queue_members(context: Context, admitted: Admitted, asked: Asked) -> QueueMembersShown | Denied:
    """`GET account/{accountId}/call-queues/{groupId}/members`. Raises Unavailable."""
    subject = judge(admitted, operation.LIST_QUEUE_MEMBERS, account=asked.account)
    if isinstance(subject, Denied):
        return subject
    pairs = parse_query(asked.query)
    if isinstance(pairs, Denied):
        return pairs
    found = find_id(asked.item)
    if found is None:
        return no_such_queue()
    query = parse_queue_members(pairs, subject=subject, queue_id=ExtensionId(found))
    if isinstance(query, Denied):
        return query
    members = (await context.store.read(QueueMembersLookup(query))).members
    return no_such_queue() if members is None else QueueMembersShown(query, members)
