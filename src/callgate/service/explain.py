"""Explanations: the way from a reply's request id to the rule that failed and its mend, for the app that was refused.

The app proves itself as at the token endpoint. What concerns a person is for their account's administrator: the app is
told so, and the detail stays in the event log (the owner of a public app must not learn other companies' people).
"""

from typing import NamedTuple

from callgate.model import faults
from callgate.model.decisions import Denied
from callgate.model.ids import ClientId
from callgate.protocol import explain as protocol
from callgate.service import client as clients
from callgate.service.context import Context
from callgate.service.token import TokenRequest


class Explained(NamedTuple):
    """What the app may know. `detail` is None where it is not for the asker. `at_ms`: when it happened."""

    request_id: str
    at_ms: int
    endpoint: str
    code: str
    error: str
    remedy: str
    audience: str
    detail: str | None


async def explain(context: Context, request: TokenRequest, asked_id: str) -> Explained | Denied:
    """Why this app's request `asked_id` was refused; another app's requests are not found. Raises Unavailable."""
    shown = protocol.read_call(
        content_type=request.content_type,
        body=request.body,
        query=request.query,
        authorization=request.authorization,
    )
    if isinstance(shown, Denied):
        return _denied(context, request, denial=shown, client_id=None)
    proven = await clients.prove(context, shown)
    if isinstance(proven, Denied):
        return _denied(context, request, denial=proven, client_id=None)
    found = await context.events.explain(asked_id, proven.client.id)
    if found is None:
        denial = Denied(fault=faults.EXPLANATION_UNKNOWN, why="no such request of this app is remembered")
        return _denied(context, request, denial=denial, client_id=proven.client.id)
    fault = found.fault
    return Explained(
        request_id=found.request_id,
        at_ms=found.at_ms,
        endpoint=found.endpoint,
        code=fault.code,
        error=fault.error,
        remedy=fault.remedy,
        audience=fault.audience.value,
        detail=protocol.detail(proven.client, fault=fault, why=found.why),
    )


def _denied(context: Context, request: TokenRequest, *, denial: Denied, client_id: ClientId | None) -> Denied:
    context.events.denied(
        "explain", denial, request_id=request.request_id, client_id=client_id, at_ms=context.clock.now_ms()
    )
    return denial
