"""The resource API's entrance: the bearer first, then the operation."""

from collections.abc import Awaitable, Callable

from callgate.model.decisions import Admitted, Denied
from callgate.service.bearer import admit
from callgate.service.context import Context
from callgate.web.envelope import api_error
from callgate.web.wire import Reply, Request

Operation = Callable[[Request, Admitted], Awaitable[Reply | Denied]]


class BearerEndpoint:
    """An operation behind an access token."""

    def __init__(self, context: Context, operation: Operation) -> None:
        self._context = context
        self._operation = operation

    async def __call__(self, request: Request) -> Reply:
        """Admit the bearer, run the operation, answer denials in the API's envelope."""
        admitted = await admit(self._context, request.header(b"authorization"), request.query)
        outcome = admitted if isinstance(admitted, Denied) else await self._operation(request, admitted)
        if not isinstance(outcome, Denied):
            return outcome
        now_ms = self._context.clock.now_ms()
        client_id = None if isinstance(admitted, Denied) else admitted.client.id
        self._context.events.denied("api", outcome, request_id=request.request_id, client_id=client_id, at_ms=now_ms)
        return api_error(outcome)
