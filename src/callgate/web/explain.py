"""GET and POST /restapi/oauth/explanations/{requestId}: refusals that explain themselves, to the app that met them."""

import orjson

from callgate.model.decisions import Denied
from callgate.model.instant import render_instant
from callgate.service.context import Context
from callgate.service.explain import explain
from callgate.web.envelope import JSON, NO_STORE, oauth_error
from callgate.web.token import read_proof
from callgate.web.wire import Reply, Request

PATH = "/restapi/oauth/explanations/{requestId}"


class ExplainEndpoint:
    """The explanation of one refused request."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, request: Request) -> Reply:
        """The rule, its audience and the mend."""
        read = await read_proof(request)
        asked_id = request.path_params["requestId"]
        explained = read if isinstance(read, Denied) else await explain(self._context, read, asked_id)
        if isinstance(explained, Denied):
            return oauth_error(explained, statuses=self._context.policy.statuses)
        body = {
            "requestId": explained.request_id,
            "time": render_instant(explained.at_ms),
            "endpoint": explained.endpoint,
            "errorCode": explained.code,
            "error": explained.error,
            "detail": explained.detail,
            "remedy": explained.remedy,
            "audience": explained.audience,
        }
        return Reply(200, (JSON, *NO_STORE), orjson.dumps(body))
