"""The operations of the resource API and what answers each: one row for routes and documentation alike."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

import orjson

from callgate.model import operation
from callgate.model.decisions import Admitted, Denied
from callgate.model.operation import Operation
from callgate.service.call_log import (
    list_company_calls,
    list_extension_calls,
    read_company_call,
    read_extension_call,
)
from callgate.service.context import Context
from callgate.service.resources import Asked, list_extensions, read_account, read_extension
from callgate.web import bearer
from callgate.web.call_log import render_call, render_call_log
from callgate.web.directory import render_account, render_extension, render_extension_list
from callgate.web.envelope import JSON, NO_STORE
from callgate.web.links import JsonObject, Links
from callgate.web.wire import Reply, Request

T = TypeVar("T")

Answer = Callable[[Context, Admitted, Asked], Awaitable[JsonObject | Denied]]


class Resource(NamedTuple):
    """An operation and its answer."""

    operation: Operation
    answer: Answer


def bind(context: Context, resource: Resource) -> bearer.Operation:
    """What serves a resource behind `BearerEndpoint`."""

    async def serve(request: Request, admitted: Admitted) -> Reply | Denied:
        path = request.path_params
        asked = Asked(path["accountId"], path.get("extensionId"), path.get("callRecordId"), request.query)
        document = await resource.answer(context, admitted, asked)
        return document if isinstance(document, Denied) else Reply(200, (JSON, *NO_STORE), orjson.dumps(document))

    return serve


def _rendered(
    read: Callable[[Context, Admitted, Asked], Awaitable[T | Denied]], render: Callable[[T, Links], JsonObject]
) -> Answer:
    async def answer(context: Context, admitted: Admitted, asked: Asked) -> JsonObject | Denied:
        shown = await read(context, admitted, asked)
        return shown if isinstance(shown, Denied) else render(shown, Links(context.policy.issuer))

    return answer


RESOURCES: tuple[Resource, ...] = (
    Resource(operation.READ_ACCOUNT, _rendered(read_account, render_account)),
    Resource(operation.LIST_EXTENSIONS, _rendered(list_extensions, render_extension_list)),
    Resource(operation.READ_EXTENSION, _rendered(read_extension, render_extension)),
    Resource(operation.READ_COMPANY_CALLS, _rendered(list_company_calls, render_call_log)),
    Resource(operation.READ_COMPANY_CALL, _rendered(read_company_call, render_call)),
    Resource(operation.READ_EXTENSION_CALLS, _rendered(list_extension_calls, render_call_log)),
    Resource(operation.READ_EXTENSION_CALL, _rendered(read_extension_call, render_call)),
)
"""Every operation behind a bearer token, in the order of the documentation."""
