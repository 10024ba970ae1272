"""The resource API's entrance: the bearer first, then the operation."""

from collections.abc import Awaitable, Callable

from callgate.model.api_faults import RATE_EXCEEDED
from callgate.model.decisions import Admitted, Denied
from callgate.model.ids import ClientId
from callgate.model.limits import RateGroup
from callgate.service.bearer import admit
from callgate.service.context import Context
from callgate.web.envelope import api_error, rate_headers
from callgate.web.wire import Reply, Request

Operation = Callable[[Request, Admitted], Awaitable[Reply | Denied]]


class BearerEndpoint:
    """An operation behind an access token."""

    def __init__(self, context: Context, operation: Operation, group: RateGroup | None = None) -> None:
        self._context = context
        self._operation = operation
        self._group = group

    async def __call__(self, request: Request) -> Reply:
        """Admit the bearer, charge the call, run the operation, answer denials in the API's envelope."""
        admitted = await admit(self._context, request.header(b"authorization"), request.query)
        if isinstance(admitted, Denied):
            return self._deny(request, admitted, client_id=None)
        group = self._group
        charged = None if group is None else await self._context.limits.charge_call(admitted, group)
        if charged is not None and charged.refused:
            denied = Denied(fault=RATE_EXCEEDED, why=f"group {charged.group}: {charged.charge}", rate=charged)
            return self._deny(request, denied, client_id=admitted.client.id)
        outcome = await self._operation(request, admitted)
        reply = self._deny(request, outcome, client_id=admitted.client.id) if isinstance(outcome, Denied) else outcome
        return reply if charged is None else reply._replace(headers=reply.headers + rate_headers(charged))

    def _deny(self, request: Request, denied: Denied, *, client_id: ClientId | None) -> Reply:
        now_ms = self._context.clock.now_ms()
        self._context.events.denied("api", denied, request_id=request.request_id, client_id=client_id, at_ms=now_ms)
        return api_error(denied)
