"""What exists in development mode only: the clock control (ruling 20)."""

from urllib.parse import urlsplit

import orjson

from callgate.model import api_faults
from callgate.model.decisions import Denied
from callgate.service.context import Context
from callgate.web.door import Family
from callgate.web.envelope import JSON, NO_STORE, api_error
from callgate.web.routes import Table
from callgate.web.wire import Reply, Request

ADVANCE_S_MAX = 400 * 24 * 3600
"""A little over a year: enough for every lifetime there is."""


def development_table(context: Context) -> Table:
    """Endpoints added to the table of a development server."""
    return {"/_dev/clock": (Family.API, {"POST": ClockControl(context)})}


class ClockControl:
    """Moves the one clock ahead, so that clients can be seen to outlive their tokens.

    For programs: whatever page a developer has open could send such a POST too, and end all their sessions.
    """

    def __init__(self, context: Context) -> None:
        self._clock = context.clock
        self._own_origin = "{0.scheme}://{0.netloc}".format(urlsplit(context.policy.issuer))

    async def __call__(self, request: Request) -> Reply:
        """`{"advance_s": n}` -> `{"now_ms": n}`."""
        body = Denied(fault=api_faults.ORIGIN_FOREIGN) if self._is_foreign(request) else await request.body()
        asked = body if isinstance(body, Denied) else _advance_s(body)
        if isinstance(asked, Denied):
            return api_error(asked)
        self._clock.advance(asked)
        return Reply(200, (JSON, *NO_STORE), orjson.dumps({"now_ms": self._clock.now_ms()}))

    def _is_foreign(self, request: Request) -> bool:
        """By the browser's own word: another port here is `same-site`; a name rebound to us is its own `Origin`."""
        origin, site = request.header(b"origin"), request.header(b"sec-fetch-site")
        return origin not in {None, self._own_origin} or site not in {None, "none", "same-origin"}


def _advance_s(body: bytes) -> int | Denied:
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        asked = None
    advance_s = asked.get("advance_s") if isinstance(asked, dict) else None
    if isinstance(advance_s, bool) or not isinstance(advance_s, int) or not 0 <= advance_s <= ADVANCE_S_MAX:
        return Denied(fault=api_faults.PARAMETER_INVALID, values=(("parameterName", "advance_s"),))
    return advance_s
