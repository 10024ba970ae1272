"""The operations of the resource API and what answers each: one row for routes and documentation alike."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

import orjson

from callgate.model import api_faults, operation
from callgate.model.decisions import Admitted, Denied
from callgate.model.operation import Operation
from callgate.service.call_log import (
    delete_extension_calls,
    list_company_calls,
    list_extension_calls,
    read_company_call,
    read_extension_call,
)
from callgate.service.call_records import record_company_calls
from callgate.service.call_sync import extract_company_calls, sync_company_calls, sync_extension_calls
from callgate.service.client_info import read_client_info
from callgate.service.context import Context
from callgate.service.dictionary import (
    list_categories,
    list_permissions,
    list_predefined_roles,
    read_category,
    read_permission,
    read_predefined_role,
)
from callgate.service.extensions import add_extension
from callgate.service.jwt_credentials import (
    create_credential,
    delete_credential,
    list_credentials,
    read_credential,
    replace_credential,
)
from callgate.service.queues import (
    assign_queue_members,
    change_queue,
    choose_queues,
    list_queue_members,
    list_queues,
    read_queue,
)
from callgate.service.recordings import read_recording, read_recording_content
from callgate.service.resources import Asked, list_extensions, read_account, read_extension
from callgate.service.roles import (
    assign_role,
    change_role,
    check_permission,
    choose_default_role,
    create_role,
    delete_role,
    list_roles,
    read_assigned_role,
    read_default_role,
    read_profile,
    read_role,
)
from callgate.web import bearer
from callgate.web.call_log import render_call, render_call_log
from callgate.web.call_records import render_noted
from callgate.web.call_sync import render_sync
from callgate.web.client_info import render_client_info
from callgate.web.directory import render_account, render_extension, render_extension_list
from callgate.web.envelope import JSON, NO_STORE
from callgate.web.jwt_credentials import render_credential, render_credential_list
from callgate.web.links import JsonObject, Links
from callgate.web.queues import render_choice, render_queue, render_queue_list, render_queue_members
from callgate.web.recordings import render_recording
from callgate.web.roles import (
    render_assigned,
    render_category,
    render_category_list,
    render_check,
    render_default_role,
    render_permission,
    render_permission_list,
    render_profile,
    render_role,
    render_role_list,
)
from callgate.web.wire import Reply, Request

T = TypeVar("T")

Read = Callable[[Context, Admitted, Asked], Awaitable[T | Denied]]
Render = Callable[[T, Links], JsonObject]
Answer = Callable[[Context, Admitted, Asked], Awaitable[bytes | Denied]]
"""Gives the body of the reply: JSON, or nothing."""


class Resource(NamedTuple):
    """An operation and its answer, which has this status where it has a body."""

    operation: Operation
    answer: Answer
    status: int = 200


def bind(context: Context, resource: Resource) -> bearer.Operation:
    """What serves a resource behind `BearerEndpoint`."""

    async def serve(request: Request, admitted: Admitted) -> Reply | Denied:
        asked = await _read(request, resource.operation)
        if isinstance(asked, Denied):
            return asked
        body = await resource.answer(context, admitted, asked)
        if isinstance(body, Denied):
            return body
        return Reply(resource.status, (JSON, *NO_STORE), body) if body else Reply(204, NO_STORE, b"")

    return serve


async def _read(request: Request, wanted: Operation) -> Asked | Denied:
    path, limit = request.path_params, wanted.body_bytes_max
    body = await request.body(bytes_max=limit) if limit else b""
    if isinstance(body, Denied):
        return Denied(fault=api_faults.BODY_TOO_LARGE, values=body.values)
    return Asked(
        account=path.get("accountId", "~"),
        extension=path.get("extensionId"),
        item=next((path[name] for name in path if name not in {"accountId", "extensionId"}), None),
        query=request.query,
        content_type=request.header(b"content-type") or "",
        body=body,
        user_agent=request.header(b"x-user-agent") or request.header(b"user-agent") or "",
    )


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


def _done(act: Callable[[Context, Admitted, Asked], Awaitable[Denied | None]]) -> Answer:
    """An act that leaves nothing to be shown."""

    async def answer(context: Context, admitted: Admitted, asked: Asked) -> bytes | Denied:
        return await act(context, admitted, asked) or b""

    return answer


def _write(shown: T, render: Render[T], *, links: Links) -> bytes:
    return orjson.dumps(render(shown, links))


RESOURCES: tuple[Resource, ...] = (
    Resource(operation.READ_ACCOUNT, _one(read_account, render_account)),
    Resource(operation.LIST_EXTENSIONS, _many(list_extensions, render_extension_list)),
    Resource(operation.CREATE_EXTENSION, _one(add_extension, render_extension), status=201),
    Resource(operation.READ_EXTENSION, _one(read_extension, render_extension)),
    Resource(operation.LIST_QUEUES, _many(list_queues, render_queue_list)),
    Resource(operation.READ_QUEUE, _one(read_queue, render_queue)),
    Resource(operation.CHANGE_QUEUE, _one(change_queue, render_queue)),
    Resource(operation.ASSIGN_QUEUE_MEMBERS, _done(assign_queue_members)),
    Resource(operation.CHOOSE_QUEUES, _one(choose_queues, render_choice)),
    Resource(operation.LIST_QUEUE_MEMBERS, _many(list_queue_members, render_queue_members)),
    Resource(operation.LIST_ROLES, _many(list_roles, render_role_list)),
    Resource(operation.CREATE_ROLE, _one(create_role, render_role), status=201),
    Resource(operation.READ_DEFAULT_ROLE, _one(read_default_role, render_default_role)),
    Resource(operation.CHOOSE_DEFAULT_ROLE, _one(choose_default_role, render_default_role)),
    Resource(operation.READ_ROLE, _one(read_role, render_role)),
    Resource(operation.CHANGE_ROLE, _one(change_role, render_role)),
    Resource(operation.DELETE_ROLE, _done(delete_role)),
    Resource(operation.READ_ASSIGNED_ROLE, _one(read_assigned_role, render_assigned)),
    Resource(operation.ASSIGN_ROLE, _one(assign_role, render_assigned)),
    Resource(operation.READ_PROFILE, _one(read_profile, render_profile)),
    Resource(operation.CHECK_PERMISSION, _one(check_permission, render_check)),
    Resource(operation.LIST_CREDENTIALS, _many(list_credentials, render_credential_list)),
    Resource(operation.CREATE_CREDENTIAL, _one(create_credential, render_credential), status=201),
    Resource(operation.READ_CREDENTIAL, _one(read_credential, render_credential)),
    Resource(operation.REPLACE_CREDENTIAL, _one(replace_credential, render_credential), status=201),
    Resource(operation.DELETE_CREDENTIAL, _done(delete_credential)),
    Resource(operation.READ_CLIENT_INFO, _one(read_client_info, render_client_info)),
    Resource(operation.LIST_PERMISSIONS, _one(list_permissions, render_permission_list)),
    Resource(operation.READ_PERMISSION, _one(read_permission, render_permission)),
    Resource(operation.LIST_CATEGORIES, _one(list_categories, render_category_list)),
    Resource(operation.READ_CATEGORY, _one(read_category, render_category)),
    Resource(operation.LIST_PREDEFINED_ROLES, _one(list_predefined_roles, render_role_list)),
    Resource(operation.READ_PREDEFINED_ROLE, _one(read_predefined_role, render_role)),
    Resource(operation.READ_COMPANY_CALLS, _many(list_company_calls, render_call_log)),
    Resource(operation.RECORD_COMPANY_CALLS, _one(record_company_calls, render_noted)),
    Resource(operation.READ_COMPANY_CALL, _one(read_company_call, render_call)),
    Resource(operation.SYNC_COMPANY_CALLS, _many(sync_company_calls, render_sync)),
    Resource(operation.EXTRACT_COMPANY_CALLS, _many(extract_company_calls, render_sync)),
    Resource(operation.READ_EXTENSION_CALLS, _many(list_extension_calls, render_call_log)),
    Resource(operation.READ_EXTENSION_CALL, _one(read_extension_call, render_call)),
    Resource(operation.DELETE_EXTENSION_CALLS, _done(delete_extension_calls)),
    Resource(operation.SYNC_EXTENSION_CALLS, _many(sync_extension_calls, render_sync)),
    Resource(operation.READ_RECORDING, _one(read_recording, render_recording)),
    Resource(operation.READ_RECORDING_CONTENT, _done(read_recording_content)),
)
"""Every operation behind a bearer token, in the order of the documentation."""
