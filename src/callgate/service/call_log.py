"""The call log read for a bearer, and deleted from: judged, parsed, loaded, and given to be rendered."""

from typing import NamedTuple

from callgate.model import operation
from callgate.model.call_acts import DeletionFacts, DeletionLookup
from callgate.model.call_log import CallLogFacts, CallLogLookup, CallLogQuery, CallRecordLookup, View
from callgate.model.calls import CallRecord, StoredCall
from callgate.model.decisions import Admitted, Denied, Done
from callgate.model.ids import ExtensionId
from callgate.model.operation import Operation
from callgate.protocol.call_log import delete_calls, parse_call_log, parse_deletion, parse_view
from callgate.protocol.query import parse_query
from callgate.protocol.resources import Subject, judge, no_such_call, no_such_extension
from callgate.service.context import Context
from callgate.service.resources import Asked
from callgate.storage.port import Unit


class CallLogShown(NamedTuple):
    """A page of a log, and the query it answers with every default filled in."""

    query: CallLogQuery
    facts: CallLogFacts


class CallShown(NamedTuple):
    """One record, in the log it was asked for in: an extension's, or the company's (None)."""

    record: CallRecord
    extension_id: ExtensionId | None
    view: View


async def list_company_calls(context: Context, admitted: Admitted, asked: Asked) -> CallLogShown | Denied:
    """`GET account/{accountId}/call-log`. Raises Unavailable."""
    return await _list_calls(context, _judge(admitted, operation.READ_COMPANY_CALLS, asked=asked), asked=asked)


async def list_extension_calls(context: Context, admitted: Admitted, asked: Asked) -> CallLogShown | Denied:
    """`GET account/{accountId}/extension/{extensionId}/call-log`. Raises Unavailable."""
    return await _list_calls(context, _judge(admitted, operation.READ_EXTENSION_CALLS, asked=asked), asked=asked)


async def read_company_call(context: Context, admitted: Admitted, asked: Asked) -> CallShown | Denied:
    """`GET account/{accountId}/call-log/{callRecordId}`. Raises Unavailable."""
    return await _read_call(context, _judge(admitted, operation.READ_COMPANY_CALL, asked=asked), asked=asked)


async def read_extension_call(context: Context, admitted: Admitted, asked: Asked) -> CallShown | Denied:
    """`GET account/{accountId}/extension/{extensionId}/call-log/{callRecordId}`. Raises Unavailable."""
    return await _read_call(context, _judge(admitted, operation.READ_EXTENSION_CALL, asked=asked), asked=asked)


async def delete_extension_calls(context: Context, admitted: Admitted, asked: Asked) -> Denied | None:
    """`DELETE account/{accountId}/extension/{extensionId}/call-log`, some at a time. Raises Unavailable.

    Stopped in the middle, it is finished by asking again.
    """
    subject = _judge(admitted, operation.DELETE_EXTENSION_CALLS, asked=asked)
    if isinstance(subject, Denied):
        return subject
    pairs = parse_query(asked.query)
    if isinstance(pairs, Denied):
        return pairs
    query: CallLogQuery | Denied | None = parse_deletion(pairs, subject=subject, now_ms=context.clock.now_ms())
    first = True
    while isinstance(query, CallLogQuery):
        query = await _delete_some(context, query, first=first, by=str(admitted.extension.id))
        first = False
    return query


async def _delete_some(context: Context, query: CallLogQuery, *, first: bool, by: str) -> CallLogQuery | Denied | None:
    """Delete the newest of them; what is left to do, or None."""
    found: tuple[StoredCall, ...] = ()

    def decide(facts: DeletionFacts) -> Done | Denied:
        nonlocal found
        found = facts.calls
        return delete_calls(query, facts=facts, first=first, by=by)

    decided = await context.store.run(Unit(DeletionLookup(query), decide))
    if isinstance(decided, Denied):
        return decided
    span = query.filters.span
    if len(found) < query.page.size or span is None:
        return None
    shorter = span._replace(to_ms=found[-1].record.segment.started_ms)
    return query._replace(filters=query.filters._replace(span=shorter))


def _judge(admitted: Admitted, wanted: Operation, *, asked: Asked) -> Subject | Denied:
    return judge(admitted, wanted, account=asked.account, extension=asked.extension)


async def _list_calls(context: Context, subject: Subject | Denied, *, asked: Asked) -> CallLogShown | Denied:
    if isinstance(subject, Denied):
        return subject
    pairs = parse_query(asked.query)
    if isinstance(pairs, Denied):
        return pairs
    query = parse_call_log(pairs, subject=subject, now_ms=context.clock.now_ms())
    if isinstance(query, Denied):
        return query
    facts = await context.store.read(CallLogLookup(query))
    return CallLogShown(query, facts) if facts.extension_known else no_such_extension()


async def _read_call(context: Context, subject: Subject | Denied, *, asked: Asked) -> CallShown | Denied:
    if isinstance(subject, Denied):
        return subject
    pairs = parse_query(asked.query)
    if isinstance(pairs, Denied):
        return pairs
    view = parse_view(pairs)
    if isinstance(view, Denied):
        return view
    lookup = CallRecordLookup(subject.account_id, subject.extension_id, asked.item or "")
    record = (await context.store.read(lookup)).record
    return CallShown(record, subject.extension_id, view) if record else no_such_call()
