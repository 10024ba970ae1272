"""The second address: what is for whoever operates the server, and for nobody else. It asks for no proof.

It serves `/metrics`, `/health/live` and `/health/ready`, the last with its reasons. No secret is among them; who may
reach the address is the operator's to say (docs/operating.md).
"""

from typing import Final

from structlog.typing import FilteringBoundLogger

from callgate.service.context import Context
from callgate.service.figures import Figures
from callgate.service.metrics import CONTENT_TYPE, Metrics
from callgate.web import health
from callgate.web.door import Door, Family, Manner
from callgate.web.envelope import NO_STORE
from callgate.web.routes import Table, assemble, run_id
from callgate.web.wire import Reply, Request

METRICS: Final = "/metrics"

WATCHERS_MAX: Final = 64
"""Connections at a time."""


def build_watching(context: Context, metrics: Metrics, log: FilteringBoundLogger) -> Door:
    """The second address's endpoints as one ASGI application; what it answers is counted nowhere."""
    headers = ((b"content-type", CONTENT_TYPE.encode()), *NO_STORE)

    async def figures(_: Request) -> Reply:
        return Reply(200, headers, metrics.render())

    async def ready(_: Request) -> Reply:
        verdict = await context.readiness.look()
        return health.answer(verdict, {"why": verdict.why, **metrics.details()})

    table: Table = {
        METRICS: (Family.API, {"GET": figures}),
        health.LIVE: (Family.API, {"GET": health.live}),
        health.READY: (Family.API, {"GET": ready}),
    }
    manner = Manner(statuses=context.policy.statuses, log=log, figures=Figures())
    return assemble(table, manner, run_id=run_id(context))
