"""The second address and the public health: what is told of a server, to whom, and that nobody's data is in it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.ports import free_port
from tests.server import Server, running_server
from tests.web.caller import JWT_BEARER, MYSELF, REVOKE, TOKEN

BEARER_CHECKED = "/restapi/v1.0/account/{accountId}/extension/{extensionId}"
ROOT = Path(__file__).parents[2]
AUTH_MAX = 20


class Watched(NamedTuple):
    """A server, and both of its addresses."""

    server: Server
    public: httpx.Client
    beside: httpx.Client

    def figures(self) -> dict[str, Metric]:
        """What Prometheus would read, by family."""
        answer = self.beside.get("/metrics")
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        return {family.name: family for family in text_string_to_metric_families(answer.text)}

    def value(self, name: str, **labels: str) -> float:
        """One sample; 0 where there is none yet."""
        for family in self.figures().values():
            for sample in family.samples:
                if sample.name == name and sample.labels == labels:
                    return float(sample.value)
        return 0.0

    def log_in(self, assertion: str | None = None) -> httpx.Response:
        """Ask for tokens by JWT credential."""
        app = self.server.world.apps["script"]
        return self.public.post(
            TOKEN,
            data={
                "grant_type": JWT_BEARER,
                "assertion": assertion or self.server.world.jwt_credentials["admin_any"].jwt,
            },
            auth=(app.client_id, app.client_secret or ""),
        )


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    """One for the module, with a line in its log for each request."""
    port = free_port()
    settings = {
        "CALLGATE_METRICS__PORT": str(port),
        "CALLGATE_LOG__REQUESTS": "true",
        "CALLGATE_LIMITS__AUTH": str(AUTH_MAX),
    }
    with (
        running_server(settings, options=["--limits"]) as server,
        httpx.Client(base_url=server.base_url) as public,
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as beside,
    ):
        yield Watched(server, public, beside)


def test_what_was_answered_is_counted(watched: Watched) -> None:
    """Grants by grant, refusals by code, answers by path and status, and how long they took."""
    names = {
        "grant": ("callgate_grants_total", {"endpoint": "token", "grant": JWT_BEARER}),
        "refusal": ("callgate_refusals_total", {"endpoint": "token", "grant": JWT_BEARER, "code": "OAU-331"}),
        "token": ("callgate_http_requests_total", {"path": TOKEN, "status": "200"}),
        "read": ("callgate_http_requests_total", {"path": BEARER_CHECKED, "status": "200"}),
        "unknown": ("callgate_http_requests_total", {"path": "(unknown)", "status": "404"}),
        "timed": ("callgate_http_request_seconds_count", {"path": TOKEN}),
        "committed": ("callgate_store_batch_units_sum", {}),
    }
    before = {name: watched.value(family, **labels) for name, (family, labels) in names.items()}
    token = watched.log_in().json()["access_token"]
    refused = watched.log_in("no.such.credential")
    assert refused.json()["errors"][0]["errorCode"] == names["refusal"][1]["code"]
    watched.public.get(MYSELF, headers={"Authorization": f"Bearer {token}"}).raise_for_status()
    watched.public.get("/nobody/serves/this")
    more = {name: watched.value(family, **labels) - before[name] for name, (family, labels) in names.items()}
    assert more.pop("committed") >= 1
    assert more == {"grant": 1, "refusal": 1, "token": 1, "read": 1, "unknown": 1, "timed": 2}


def test_a_refusal_for_too_many_calls_is_counted_by_its_group(watched: Watched) -> None:
    """Whoever watches sees who is slowed down: people, services, or networks that prove nothing."""
    before = watched.value("callgate_rate_limited_total", group="auth")
    statuses = {watched.log_in().status_code for _ in range(AUTH_MAX + 1)}
    assert statuses == {200, 429}
    assert watched.value("callgate_rate_limited_total", group="auth") - before >= 1
    watched.server.advance(121)


def test_no_label_holds_what_a_caller_sent(watched: Watched) -> None:
    """However many clients, people and paths there are, there are no more series for it, and nobody is named."""
    app = watched.server.world.apps["script"]
    token = watched.log_in().json()["access_token"]

    def series() -> set[str]:
        return {
            f"{sample.name} {sorted(sample.labels.items())}"
            for family in watched.figures().values()
            for sample in family.samples
        }

    def make_noise(mark: str) -> None:
        watched.public.get(f"/{mark}")
        watched.public.get(f"{MYSELF}?x={mark}", headers={"Authorization": f"Bearer {mark}"})
        watched.public.get(f"/restapi/v1.0/account/{mark}/extension/~", headers={"Authorization": f"Bearer {token}"})
        watched.public.post(TOKEN, data={"grant_type": mark}, auth=(mark, mark))
        watched.public.post(TOKEN, data={"grant_type": JWT_BEARER, "assertion": mark}, auth=(mark, mark))
        watched.public.post(REVOKE, data={"token": mark}, auth=(app.client_id, mark))

    make_noise("loud")
    before = series()
    for number in range(3):
        make_noise(f"noise{number}")
    assert series() == before
    said = watched.beside.get("/metrics").text
    assert not any(each in said for each in ("noise", "loud", app.client_id, token, str(watched.server.data)))


def test_every_figure_is_documented(watched: Watched) -> None:
    """docs/operating.md names what there is, and nothing else."""
    watched.log_in()
    told = re.findall(r"^\| `(callgate\w+)`", (ROOT / "docs/operating.md").read_text(), re.MULTILINE)
    there = [each for each in watched.figures().values() if each.name.startswith("callgate")]
    assert sorted(told) == sorted(f"{each.name}_total" if each.type == "counter" else each.name for each in there)


def test_the_public_address_tells_a_word_and_the_second_one_why(watched: Watched) -> None:
    """Figures and reasons are for whoever operates the server."""
    assert watched.public.get("/metrics").status_code == 404
    public, beside = (each.get("/health/ready") for each in (watched.public, watched.beside))
    assert (public.status_code, public.json()) == (200, {"status": "ready"})
    told = beside.json()
    assert told["status"] == "ready"
    assert told["store"] == {"state": "serving", "waiting": 0, "lost": 0}
    assert set(told["keys"]) == {"sealing", "jwt_credential", "id_token_rs256", "id_token_es256"}
    assert watched.beside.get("/health/live").json() == {"status": "live"}
    assert watched.beside.post("/restapi/oauth/token").status_code == 404


def test_connections_to_the_database_are_told(watched: Watched) -> None:
    """An SQLite server has one that writes."""
    states = [watched.value("callgate_store_connections", purpose="write", state=state) for state in ("busy", "idle")]
    assert sum(states) == 1


def test_sessions_are_counted_when_the_server_starts(watched: Watched) -> None:
    """Then every five minutes: counting is too much for whoever asks every fifteen seconds."""
    assert "callgate_sessions" in watched.figures()


def test_each_request_has_a_line_without_what_it_held(watched: Watched) -> None:
    """Where it is asked for: id, method, the path's template, status, time; no query, no body, no id of anybody's."""
    marked = watched.public.get(f"{MYSELF}?access_token=hidden-in-query", headers={"Authorization": "Bearer hidden"})
    watched.public.get("/health/live")  # answered after the first one's line was written
    lines = [line for line in watched.server.log().splitlines() if marked.headers["rcrequestid"] in line]
    (line,) = [line for line in lines if re.search(r"\] request\b", line)]
    assert f"path={BEARER_CHECKED}" in line
    assert "method=GET" in line
    assert "status=400" in line
    assert "hidden" not in watched.server.log()


def test_the_dashboard_and_the_rules_ask_for_figures_that_exist(watched: Watched) -> None:
    """A renamed figure must not leave a panel empty, or an alert asleep."""
    watched.log_in()
    families = watched.figures().values()
    there = {sample.name for family in families for sample in family.samples} | {"up"}
    there |= {f"{family.name}_total" for family in families if family.type == "counter"}
    dashboard = json.loads((ROOT / "deploy/grafana/callgate.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    asked.append((ROOT / "deploy/prometheus/callgate.rules.yml").read_text())
    named = {name for each in asked for name in re.findall(r"\b(?:callgate|process)_\w+|\bup\b", each)}
    assert len(named) > 10
    # Those of cells: tests/cells/test_outage.py.
    assert {name for name in named if not name.startswith("callgate_cell_")} <= there
