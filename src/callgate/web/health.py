"""The server's health: whether it runs, and whether it can do all that it is for.

Anybody may ask, and hears one word. Why it is so stands at the address for whoever watches the server (`watching`).
"""

from typing import Final

import orjson

from callgate.service.context import Context
from callgate.service.readiness import State, Verdict
from callgate.web.door import Family
from callgate.web.envelope import JSON, NO_STORE
from callgate.web.wire import Handler, Reply, Request

LIVE: Final = "/health/live"
READY: Final = "/health/ready"

_HEADERS: Final = (JSON, *NO_STORE)
_OK: Final = 200
_NOT_READY: Final = 503


def table(context: Context) -> dict[str, tuple[Family, dict[str, Handler]]]:
    """What the public sees."""

    async def ready(_: Request) -> Reply:
        return answer(await context.readiness.look(), {})

    return {LIVE: (Family.API, {"GET": live}), READY: (Family.API, {"GET": ready})}


async def live(_: Request) -> Reply:
    """The process answers."""
    return Reply(_OK, _HEADERS, orjson.dumps({"status": "live"}))


def answer(verdict: Verdict, details: dict[str, object]) -> Reply:
    """A state as load balancers read it: 200 for ready alone."""
    status = _OK if verdict.state is State.READY else _NOT_READY
    return Reply(status, _HEADERS, orjson.dumps({"status": verdict.state.value, **details}))
