"""Explanations: the way from a reply's request id to the rule that failed and its mend, for the app that was refused.

The app proves itself as at the token endpoint. What concerns a person is for their account's administrator: the app is
told so, and the detail stays in the event log (the owner of a public app must not learn other companies' people).
"""

from typing import NamedTuple

from callgate.model import faults
from callgate.model.decisions import Denied
from callgate.model.faults import Audience
from callgate.protocol import client_auth
from callgate.protocol.forms import Form
from callgate.service import client as clients
from callgate.service.context import Context


class Explained(NamedTuple):
    """What the app may know. `detail` is None where it is for the administrator alone. `at_ms`: when it happened."""

    request_id: str
    at_ms: int
    endpoint: str
    code: str
    error: str
    remedy: str
    audience: str
    detail: str | None


async def explain(context: Context, authorization: str | None, request_id: str) -> Explained | Denied:
    """Why this app's request was refused; another app's requests are not found. Raises Unavailable."""
    shown = client_auth.presented(authorization, Form({}))
    if isinstance(shown, Denied):
        return shown
    proven = await clients.prove(context, shown)
    if isinstance(proven, Denied):
        return proven
    found = context.events.explain(request_id)
    if found is None or found.client_id != proven.client.id:
        return Denied(fault=faults.EXPLANATION_UNKNOWN, why="no such request of this app is remembered")
    fault = found.fault
    return Explained(
        request_id=found.request_id,
        at_ms=found.at_ms,
        endpoint=found.endpoint,
        code=fault.code,
        error=fault.error,
        remedy=fault.remedy,
        audience=fault.audience.value,
        detail=found.why if fault.audience is Audience.APP_OWNER else None,
    )
