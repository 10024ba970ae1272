"""The dashboard, asked as Grafana asks: a real Prometheus scrapes a real server, and every query has an answer."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.ports import free_port
from tests.server import Server, running_server
from tests.web.caller import JWT_BEARER, MYSELF, TOKEN

ROOT = Path(__file__).parents[2]
DASHBOARD = json.loads((ROOT / "deploy/grafana/callgate.json").read_text())
QUERIES = [
    (f"{panel['title']} {target['refId']}", target["expr"])
    for panel in DASHBOARD["panels"]
    for target in panel.get("targets", [])
]

SCRAPED = """
scrape_configs:
  - job_name: callgate
    scrape_interval: 500ms
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""

pytestmark = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="needs Prometheus: `apt-get install prometheus` on Debian"
)


@contextmanager
def watching(port: int, folder: Path) -> Iterator[httpx.Client]:
    """Prometheus, looking at a server's second address."""
    here = free_port()
    (folder / "prometheus.yml").write_text(SCRAPED.format(port=port))
    words = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/figures"]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen([*words, f"--web.listen-address=127.0.0.1:{here}"], stderr=log) as prometheus,
        httpx.Client(base_url=f"http://127.0.0.1:{here}/api/v1") as asking,
    ):
        try:
            yield asking
        finally:
            prometheus.kill()


def cause(server: Server) -> None:
    """A little of everything that is drawn: grants, refusals, reads, calls too many, connections that end."""
    app = server.world.apps["script"]
    form = {"grant_type": JWT_BEARER, "assertion": server.world.jwt_credentials["admin_any"].jwt}
    with httpx.Client(base_url=server.base_url, auth=(app.client_id, app.client_secret or "")) as client:
        for _ in range(7):
            given = client.post(TOKEN, data=form)
            if given.status_code == 200:
                client.get(MYSELF, headers={"Authorization": f"Bearer {given.json()['access_token']}"}, auth=None)
        client.post(TOKEN, data={**form, "assertion": "no.such.credential"})
    with socket.create_connection(("127.0.0.1", client.base_url.port or 80)) as raw:
        raw.sendall(b"no request at all\r\n\r\n")
        assert raw.recv(16).startswith(b"HTTP/1.1 400")


def ask(asking: httpx.Client, expression: str) -> list[object]:
    """What Grafana would draw now; its variables stand for everything, and for a few scrapes."""
    said = expression.replace("$instance", ".*").replace("$__rate_interval", "20s")
    try:
        answer = asking.get("/query", params={"query": said})
    except httpx.TransportError:  # it begins
        return []
    told = answer.json()
    assert told["status"] == "success", told
    result: list[object] = told["data"]["result"]
    return result


def test_every_query_of_the_dashboard_has_an_answer(tmp_path: Path) -> None:
    """A figure that was renamed would leave a panel empty, and nobody the wiser."""
    port = free_port()
    assert len(QUERIES) > 20
    settings = {"CALLGATE_METRICS__PORT": str(port)}
    with running_server(settings, options=["--limits"]) as server, watching(port, tmp_path) as asking:
        missing, until = QUERIES, time.monotonic() + 40
        while missing:
            cause(server)
            missing = [(name, expression) for name, expression in missing if not ask(asking, expression)]
            assert time.monotonic() < until, f"nothing to draw: {missing}"
            time.sleep(0.2)
