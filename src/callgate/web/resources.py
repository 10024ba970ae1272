"""The operations of the resource API and what answers each: one row for routes and documentation alike."""

import asyncio
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
from callgate.service.queues import list_queue_members, list_queues, read_queue
from callgate.service.resources import Asked, list_extensions, read_account, read_extension
from callgate.web import bearer
from callgate.web.call_log import render_call, render_call_log
from callgate.web.directory import render_account, render_extension, render_extension_list
from callgate.web.envelope import JSON, NO_STORE
from callgate.web.links import JsonObject, Links
from callgate.web.queues import render_queue, render_queue_list, render_queue_members
from callgate.web.wire import Reply, Request

T = TypeVar("T")

Read = Callable[[Context, Admitted, Asked], Awaitable[T | Denied]]
Render = Callable[[T, Links], JsonObject]
Answer = Callable[[Context, Admitted, Asked], Awaitable[bytes | Denied]]
"""Gives the body of the reply: JSON."""


class Resource(NamedTuple):
    """An operation and its answer."""

    operation: Operation
    answer: Answer


def bind(context: Context, resource: Resource) -> bearer.Operation:
    """What serves a resource behind `BearerEndpoint`."""

    async def serve(request: Request, admitted: Admitted) -> Reply | Denied:
        path = request.path_params
        item = next((path[name] for name in path if name not in {"accountId", "extensionId"}), None)
        asked = Asked(path["accountId"], path.get("extensionId"), item, request.query)
        body = await resource.answer(context, admitted, asked)
        return body if isinstance(body, Denied) else Reply(200, (JSON, *NO_STORE), body)

    return serve


def _one(read: Read[T], render: Render[T]) -> Answer:
    async def answer(context: Context, admitted: Admitted, asked: Asked) -> bytes | Denied:
        shown = await read(context, admitted, asked)
        return shown if isinstance(shown, Denied) else _write(shown, render, links=Links(context.policy.issuer))

    return answer


def _many(read: Read[T], render: Render[T]) -> Answer:
    """A page of up to a thousand is rendered on another thread: here, every other caller would wait for it."""

    async def answer(context: Context, admitted: Admitted, asked: Asked) -> bytes | Denied:
        shown = await read(context, admitted, asked)
        if isinstance(shown, Denied):
            return shown
        return await asyncio.to_thread(_write, shown, render, links=Links(context.policy.issuer))

    return answer


def _write(shown: T, render: Render[T], *, links: Links) -> bytes:
    return orjson.dumps(render(shown, links))


RESOURCES: tuple[Resource, ...] = (
    Resource(operation.READ_ACCOUNT, _one(read_account, render_account)),
    Resource(operation.LIST_EXTENSIONS, _many(list_extensions, render_extension_list)),
    Resource(operation.READ_EXTENSION, _one(read_extension, render_extension)),
    Resource(operation.LIST_QUEUES, _many(list_queues, render_queue_list)),
    Resource(operation.READ_QUEUE, _one(read_queue, render_queue)),
    Resource(operation.LIST_QUEUE_MEMBERS, _many(list_queue_members, render_queue_members)),
    Resource(operation.READ_COMPANY_CALLS, _many(list_company_calls, render_call_log)),
    Resource(operation.READ_COMPANY_CALL, _one(read_company_call, render_call)),
    Resource(operation.READ_EXTENSION_CALLS, _many(list_extension_calls, render_call_log)),
    Resource(operation.READ_EXTENSION_CALL, _one(read_extension_call, render_call)),
)
"""Every operation behind a bearer token, in the order of the documentation."""
