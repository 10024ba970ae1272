"""A span for each request that is traced: what was asked for and what was answered, never what it held.

A `traceparent` (W3C Trace Context) says whose trace a request belongs to, and that it is to be kept. It is believed
from trusted proxies alone: anybody else's begins a trace of ours, which points at theirs.
"""

import asyncio
from typing import Final

from opentelemetry.context import Context as Carried
from opentelemetry.trace import (
    Link,
    Span,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    get_current_span,
    set_span_in_context,
    use_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import Message, Receive, Scope, Send

from callgate.web.door import Door
from callgate.web.exchange import SEND_WHOLE, Answer, SendWhole
from callgate.web.network import Networks

_NOTHING: Final = Carried()
_PARENT: Final = "traceparent"
_PARENT_CHARS: Final = 55
_READER: Final = TraceContextTextMapPropagator()
_SERVER_TROUBLE: Final = 500


class Traced:
    """A server's door whose requests are traced; one that is not sampled goes straight on."""

    def __init__(self, door: Door, tracer: Tracer, *, networks: Networks) -> None:
        self._door = door
        self._tracer = tracer
        self._networks = networks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Trace one request."""
        span = self._begin(scope) if scope["type"] == "http" else None
        if span is None or not span.is_recording():
            await self._door(scope, receive, send)
            return

        async def answer() -> None:
            with use_span(span, end_on_exit=False):
                await self._door(scope, receive, _listening(scope, send, span=span))

        try:
            # In a task of its own: what is current there is current nowhere else, least of all for the next request.
            await asyncio.get_running_loop().create_task(answer())
        finally:
            self._name(scope, span)
            span.end()

    def _begin(self, scope: Scope) -> Span:
        theirs = _read_parent(scope)
        method = str(scope["method"])
        if theirs is None:
            return self._tracer.start_span(method, _NOTHING, kind=SpanKind.SERVER)
        peer = scope["client"]
        if self._networks.trusts(peer[0] if peer else None):
            return self._tracer.start_span(method, set_span_in_context(theirs, _NOTHING), kind=SpanKind.SERVER)
        links = [Link(theirs.get_span_context())]
        return self._tracer.start_span(method, _NOTHING, kind=SpanKind.SERVER, links=links)

    def _name(self, scope: Scope, span: Span) -> None:
        """By the path's template: what stands in an id's place is somebody's, and a query may be a secret."""
        method, path = str(scope["method"]), self._door.path_of(scope)
        span.update_name(f"{method} {path}")
        span.set_attribute("http.request.method", method)
        span.set_attribute("http.route", path)
        span.set_attribute("callgate.request_id", str(scope["callgate.request_id"]))


def _read_parent(scope: Scope) -> Span | None:
    """The span that a request names as its parent; None where it names none, or writes it wrong."""
    given = [value for name, value in scope["headers"] if name == _PARENT.encode()]
    if len(given) != 1 or len(given[0]) != _PARENT_CHARS:
        return None
    named = get_current_span(_READER.extract({_PARENT: given[0].decode("latin-1")}, _NOTHING))
    return named if named.get_span_context().is_valid else None


def _listening(scope: Scope, send: Send, *, span: Span) -> Send:
    """Hear the status on its way out, whichever of its two ways it takes."""

    def hear(status: int) -> None:
        span.set_attribute("http.response.status_code", status)
        if status >= _SERVER_TROUBLE:
            span.set_status(Status(StatusCode.ERROR))

    whole: SendWhole | None = scope.get(SEND_WHOLE)
    if whole is not None:

        async def send_whole(answer: Answer) -> None:
            hear(answer.status)
            await whole(answer)

        scope[SEND_WHOLE] = send_whole

    async def send_part(message: Message) -> None:
        if message["type"] == "http.response.start":
            hear(message["status"])
        await send(message)

    return send_part
