"""The call log read for a bearer: judged, parsed, loaded, and given to be rendered."""

from typing import NamedTuple

from callgate.model import operation
from callgate.model.call_log import CallLogFacts, CallLogLookup, CallLogQuery, CallRecordLookup, View
from callgate.model.calls import CallRecord
from callgate.model.decisions import Admitted, Denied
from callgate.model.ids import ExtensionId
from callgate.model.operation import Operation
from callgate.protocol.call_log import parse_call_log, parse_view
from callgate.protocol.query import parse_query
from callgate.protocol.resources import Subject, judge, no_such_call, no_such_extension
from callgate.service.context import Context
from callgate.service.resources import Asked


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
