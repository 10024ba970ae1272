"""Traces: where finished spans go, and the spans of what is asked of the store.

Imported only where traces are on (docs/adr/0082-traces.md). An attribute names a kind, a count or an outcome: never a
value of a request or of a row.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from importlib.metadata import version
from typing import Final, NamedTuple, TypeVar

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span, Status, StatusCode, Tracer, get_current_span, use_span
from structlog.typing import FilteringBoundLogger

from callgate.model.changes import Change
from callgate.model.failure import Unavailable
from callgate.model.lookups import Lookup
from callgate.service.clock import wall_ns
from callgate.storage.port import Decided, Store, Unit

F = TypeVar("F")
D = TypeVar("D", bound=Decided)

SEND_S: Final = 5
"""For the collector to take a batch; what it does not take is lost, and the log says so."""

END_S: Final = 1
"""What the end waits for a collector: whoever comes next has the database after that."""

SPANS_WAITING_MAX: Final = 4096
"""Spans of a few hundred bytes; past it new ones are dropped."""


class Traces:
    """Sends spans to a collector, from a thread of its own. Close it with the server."""

    def __init__(self, endpoint: str, *, ratio: float, cell: str, log: FilteringBoundLogger) -> None:
        _tell_of_losses(log)
        self._log = log
        resource = Resource.create(
            {"service.name": "callgate", "service.version": version("callgate"), "service.instance.id": cell}
        )
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(ratio)), resource=resource, shutdown_on_exit=False
        )
        exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", timeout=SEND_S)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=SPANS_WAITING_MAX))
        self.tracer: Tracer = self._provider.get_tracer("callgate", version("callgate"))

    async def close(self) -> None:
        """Send what waits, if the collector takes it soon; what it does not take is lost."""
        sending = threading.Thread(target=self._provider.shutdown, daemon=True)  # which the process waits for no longer
        sending.start()
        await asyncio.to_thread(sending.join, END_S)
        if sending.is_alive():
            self._log.warning("traces", outcome="lost", trouble="the collector did not answer in time for the end")


class _Phase(NamedTuple):
    """A part of a unit, in nanoseconds since 1970."""

    name: str
    from_ns: int
    to_ns: int


class TracedStore:
    """A store whose work for a traced request has spans; for every other request it is one look more."""

    def __init__(self, store: Store, tracer: Tracer) -> None:
        self._store = store
        self._tracer = tracer

    async def read(self, lookup: Lookup[F]) -> F:
        """See port.Store."""
        if not get_current_span().is_recording():
            return await self._store.read(lookup)
        with self._tracer.start_as_current_span("read", attributes={"callgate.lookup": type(lookup).__name__}):
            return await self._store.read(lookup)

    async def run(self, unit: Unit[F, D]) -> D:
        """See port.Store. Spans: `unit`, and in it `load` (the wait for its turn, too), `decide`, `commit`."""
        if not get_current_span().is_recording():
            return await self._store.run(unit)
        span = self._tracer.start_span("unit", attributes={"callgate.lookup": type(unit.lookup).__name__})
        phases: list[_Phase] = []
        began_ns = wall_ns()
        try:
            decision = await self._store.run(Unit(unit.lookup, _timed(unit.decide, phases, began_ns=began_ns)))
            span.set_attribute("callgate.decision", type(decision).__name__)
            span.set_attribute("callgate.changes", [type(change).__name__ for change in decision.changes])
            return decision
        except Unavailable as trouble:
            span.set_status(Status(StatusCode.ERROR, str(trouble)))
            raise
        finally:
            self._draw(span, phases)
            span.end()

    def save_later(self, changes: tuple[Change, ...]) -> None:
        """See port.Store. Nobody waits for it, and it has no span."""
        self._store.save_later(changes)

    def _draw(self, unit: Span, phases: list[_Phase]) -> None:
        if not phases:
            return
        last_ns = phases[-1].to_ns
        with use_span(unit, end_on_exit=False):
            for phase in (*phases, _Phase("commit", last_ns, max(wall_ns(), last_ns))):
                self._tracer.start_span(phase.name, start_time=phase.from_ns).end(phase.to_ns)


def _timed(decide: Callable[[F], D], phases: list[_Phase], *, began_ns: int) -> Callable[[F], D]:
    """The same judgement, telling when it was asked; once more where a conflict made the store ask again."""

    def judge(facts: F) -> D:
        asked_ns = wall_ns()
        phases.append(_Phase("load", phases[-1].to_ns if phases else began_ns, asked_ns))
        try:
            return decide(facts)
        finally:
            phases.append(_Phase("decide", asked_ns, wall_ns()))

    return judge


class _ToLog(logging.Handler):
    """What OpenTelemetry says of its trouble, as an event of ours."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write it."""
        self._log.warning("traces", outcome="lost", trouble=record.getMessage()[:400])


def _tell_of_losses(log: FilteringBoundLogger) -> None:
    library = logging.getLogger("opentelemetry")
    library.handlers = [_ToLog(log)]
    library.propagate = False
