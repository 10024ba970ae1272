"""Call queues read and changed for a bearer: judged, parsed, loaded, written, and given to be rendered."""

from typing import NamedTuple

from callgate.model import operation
from callgate.model.account import Extension
from callgate.model.decisions import Admitted, Denied, Done
from callgate.model.ids import ExtensionId
from callgate.model.paging import Page
from callgate.model.queues import (
    QUEUES_MAX,
    ChoiceFacts,
    ChoiceLookup,
    ExtensionsPage,
    Queue,
    QueueActFacts,
    QueueActLookup,
    QueueListLookup,
    QueueListQuery,
    QueueLookup,
    QueueMembersLookup,
    QueueMembersQuery,
)
from callgate.protocol import queues
from callgate.protocol.query import parse_query
from callgate.protocol.queues import parse_queue_list, parse_queue_members
from callgate.protocol.resources import find_id, judge, no_such_queue
from callgate.service.body import read_object
from callgate.service.context import Context
from callgate.service.resources import Asked
from callgate.storage.port import Unit


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


async def change_queue(context: Context, admitted: Admitted, asked: Asked) -> Queue | Denied:
    """`PUT account/{accountId}/call-queues/{groupId}`. Raises Unavailable."""
    subject = judge(admitted, operation.CHANGE_QUEUE, account=asked.account)
    if isinstance(subject, Denied):
        return subject
    body = read_object(asked)
    wish = body if isinstance(body, Denied) else queues.parse_settings(body)
    if isinstance(wish, Denied):
        return wish
    queue_id, by = ExtensionId(find_id(asked.item) or 0), str(admitted.extension.id)

    def decide(facts: QueueActFacts) -> Done | Denied:
        return queues.change_settings(wish, facts=facts, by=by)

    decided = await context.store.run(Unit(QueueActLookup(subject.account_id, queue_id), decide))
    if isinstance(decided, Denied):
        return decided
    return (await context.store.read(QueueLookup(subject.account_id, queue_id))).queue or no_such_queue()


async def choose_queues(context: Context, admitted: Admitted, asked: Asked) -> tuple[Extension, ...] | Denied:
    """`PUT account/{accountId}/extension/{extensionId}/call-queues`. Raises Unavailable."""
    subject = judge(admitted, operation.CHOOSE_QUEUES, account=asked.account, extension=asked.extension)
    if isinstance(subject, Denied):
        return subject
    assert subject.extension_id is not None, "the path names one"
    body = read_object(asked)
    wanted = body if isinstance(body, Denied) else queues.parse_choice(body)
    if isinstance(wanted, Denied):
        return wanted
    by = str(admitted.extension.id)

    def decide(facts: ChoiceFacts) -> Done | Denied:
        return queues.choose_queues(wanted, facts=facts, by=by)

    lookup = ChoiceLookup(subject.account_id, subject.extension_id, wanted)
    decided = await context.store.run(Unit(lookup, decide))
    if isinstance(decided, Denied):
        return decided
    query = QueueListQuery(subject.account_id, subject.extension_id, Page(1, QUEUES_MAX))
    return (await context.store.read(QueueListLookup(query))).records


async def assign_queue_members(context: Context, admitted: Admitted, asked: Asked) -> Denied | None:
    """`POST account/{accountId}/call-queues/{groupId}/bulk-assign`. Raises Unavailable."""
    subject = judge(admitted, operation.ASSIGN_QUEUE_MEMBERS, account=asked.account)
    if isinstance(subject, Denied):
        return subject
    body = read_object(asked)
    wish = body if isinstance(body, Denied) else queues.parse_members(body)
    if isinstance(wish, Denied):
        return wish
    queue_id, by = ExtensionId(find_id(asked.item) or 0), str(admitted.extension.id)

    def decide(facts: QueueActFacts) -> Done | Denied:
        return queues.change_members(wish, facts=facts, by=by)

    decided = await context.store.run(Unit(QueueActLookup(subject.account_id, queue_id, wish.added), decide))
    return decided if isinstance(decided, Denied) else None
