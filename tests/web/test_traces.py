"""Traces, as a collector gets them: OTLP over HTTP, read with OpenTelemetry's own description of the protocol."""

import asyncio
import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from threading import Thread
from typing import NamedTuple

import httpx
import pytest
import structlog
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from structlog.testing import capture_logs

from callgate.service.traces import SEND_S, Traces
from tests.server import running_server
from tests.web.caller import JWT_BEARER, MYSELF, TOKEN

THEIR_TRACE = "0af7651916cd43dd8448eb211c80319c"
THEIR_SPAN = "b7ad6b7169203331"
READ = "GET /restapi/v1.0/account/{accountId}/extension/{extensionId}"
PROXY = "127.0.0.1"
STRANGER = "127.0.0.2"


class Collector(ThreadingHTTPServer):
    """Takes spans, as any collector does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taker)
        self.taken: list[ExportTraceServiceRequest] = []

    @property
    def spans(self) -> list[Span]:
        """All of them."""
        return [
            span
            for request in self.taken
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


class Taker(BaseHTTPRequestHandler):
    """One export."""

    server: Collector

    def do_POST(self) -> None:
        """Read it, and say that it was taken."""
        assert self.path == "/v1/traces"
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.taken.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Say nothing."""


class Traced(NamedTuple):
    """What came of a few requests, and what they held."""

    spans: list[Span]
    secrets: list[str]
    ids: dict[str, str]
    log: str

    def one(self, name: str, **attributes: str) -> Span:
        """The only span of this name and these attributes."""
        (found,) = [
            span for span in self.spans if span.name == name and attributes.items() <= attributes_of(span).items()
        ]
        return found

    def below(self, parent: Span) -> list[Span]:
        """Its children, as they began."""
        found = [span for span in self.spans if span.parent_span_id == parent.span_id]
        return sorted(found, key=lambda span: span.start_time_unix_nano)


def attributes_of(span: Span) -> dict[str, str]:
    """Names and values, as text."""
    return {
        each.key: each.value.string_value
        or ",".join(value.string_value for value in each.value.array_value.values)
        or str(each.value.int_value)
        for each in span.attributes
    }


@pytest.fixture(scope="module")
def traced() -> Iterator[Traced]:
    """A sign-in, a call by a proxy that traces and one by a stranger who does, and a call without a token."""
    with Collector() as collector:
        Thread(target=collector.serve_forever, daemon=True).start()
        settings = {
            "CALLGATE_TRACES__ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
            "CALLGATE_TRACES__RATIO": "1",
            "CALLGATE_SERVER__TRUSTED_PROXIES": PROXY,
        }
        with running_server(settings) as server:
            app, jwt = server.world.apps["script"], server.world.jwt_credentials["admin_any"].jwt
            parent = {"traceparent": f"00-{THEIR_TRACE}-{THEIR_SPAN}-01"}
            ids: dict[str, str] = {}

            def ask(name: str, peer: str, method: str, path: str, **more: object) -> httpx.Response:
                with httpx.Client(transport=httpx.HTTPTransport(local_address=peer)) as http:
                    answer = http.request(method, f"{server.base_url}{path}", **more)  # type: ignore[arg-type] # as given
                ids[name] = answer.headers["rcrequestid"]
                return answer

            form = {"grant_type": JWT_BEARER, "assertion": jwt}
            tokens = ask("token", PROXY, "POST", TOKEN, data=form, auth=(app.client_id, app.client_secret)).json()
            bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
            ask("proxy", PROXY, "GET", f"{MYSELF}?marked=query", headers=bearer | parent)
            ask("stranger", STRANGER, "GET", MYSELF, headers=bearer | parent)
            ask("refused", PROXY, "GET", MYSELF)
            server.stop()
            secrets = [tokens["access_token"], tokens["refresh_token"], jwt, app.client_secret or "", "marked"]
            log = server.log()
        collector.shutdown()
        yield Traced(collector.spans, secrets, ids, log)


def test_a_grant_is_a_request_with_a_unit_that_loads_decides_and_commits(traced: Traced) -> None:
    """What each took, and what was asked and changed, by the names of their kinds."""
    request = traced.one(f"POST {TOKEN}", **{"callgate.request_id": traced.ids["token"]})
    told = attributes_of(request)
    assert (told["http.request.method"], told["http.route"], told["http.response.status_code"]) == (
        "POST",
        TOKEN,
        "200",
    )
    units = [span for span in traced.below(request) if span.name == "unit"]
    (unit,) = [span for span in units if "SessionOpened" in attributes_of(span)["callgate.changes"]]
    assert attributes_of(unit)["callgate.decision"] == "Granted"
    phases = traced.below(unit)
    assert [span.name for span in phases] == ["load", "decide", "commit"]
    for before, after in pairwise(phases):
        assert before.end_time_unix_nano == after.start_time_unix_nano
    assert unit.start_time_unix_nano <= phases[0].start_time_unix_nano
    assert phases[-1].end_time_unix_nano <= unit.end_time_unix_nano <= request.end_time_unix_nano


def test_a_read_is_traced_below_its_request(traced: Traced) -> None:
    """With the kind of what was looked up."""
    request = traced.one(READ, **{"callgate.request_id": traced.ids["proxy"]})
    looked_up = [attributes_of(span)["callgate.lookup"] for span in traced.below(request) if span.name == "read"]
    assert "SessionLookup" in looked_up


def test_a_trusted_proxys_trace_goes_on_here(traced: Traced) -> None:
    """W3C Trace Context: its trace, its span as the parent."""
    request = traced.one(READ, **{"callgate.request_id": traced.ids["proxy"]})
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (THEIR_TRACE, THEIR_SPAN)


def test_a_strangers_trace_is_pointed_at_and_not_joined(traced: Traced) -> None:
    """Whoever joins a trace decides that it is kept, and may join it to any other: not everybody's to say."""
    request = traced.one(READ, **{"callgate.request_id": traced.ids["stranger"]})
    assert request.trace_id.hex() != THEIR_TRACE
    assert request.parent_span_id == b""
    assert [(link.trace_id.hex(), link.span_id.hex()) for link in request.links] == [(THEIR_TRACE, THEIR_SPAN)]


def test_a_request_stands_in_no_other_requests_trace(traced: Traced) -> None:
    """What was current in one is not in the next on the same connection."""
    refused = traced.one(READ, **{"callgate.request_id": traced.ids["refused"]})
    assert refused.parent_span_id == b""
    assert attributes_of(refused)["http.response.status_code"] == "401"
    assert len({span.trace_id for span in traced.spans if not span.parent_span_id}) >= 3


def test_no_span_holds_a_secret_and_nothing_was_lost(traced: Traced) -> None:
    """Neither tokens nor queries, nor whose they are."""
    told = "".join(map(str, traced.spans))
    assert not any(secret in told for secret in traced.secrets)
    assert "outcome=lost" not in traced.log


def test_end_does_not_wait_for_a_collector_that_is_silent() -> None:
    """The next worker has the database after it: what waits for a collector is lost, and the log says so."""
    with socket.create_server(("127.0.0.1", 0)) as silent, capture_logs() as said:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        traces = Traces(endpoint, ratio=1, cell="main", log=structlog.get_logger())
        traces.tracer.start_span("one").end()
        began = time.monotonic()
        asyncio.run(traces.close())
        assert time.monotonic() - began < SEND_S
    assert [line["outcome"] for line in said] == ["lost"]
