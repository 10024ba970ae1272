"""The examples run as they are printed: against a server, by people who copy them."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from callgate.admin.world import WorldApp
from callgate.config import load_settings
from tests.clients.person import REDIRECT_URI, Browser, Person
from tests.identity_provider import INSTALLED
from tests.server import Server, running_server

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A world of this module's own: its clock is moved."""
    with running_server() as running:
        yield running


def run(server: Server, app: WorldApp, *command: str, **more: str) -> str:
    """What an example prints, given an app as its environment tells it."""
    given = {
        "CALLGATE_URL": server.base_url,
        "APP_CLIENT_ID": app.client_id,
        "APP_CLIENT_SECRET": str(app.client_secret),
    }
    environment = {"PATH": os.environ["PATH"], **given, **more}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_call_log_becomes_csv(server: Server) -> None:
    """All 2,000 calls, over several pages, without a user."""
    script = str(EXAMPLES / "call_log_to_csv.py")
    printed = run(server, server.world.apps["service"], sys.executable, script, "2000-01-01")
    head, *calls = csv.reader(printed.splitlines())
    assert head == ["id", "startTime", "direction", "type", "result", "duration", "from", "to"]
    assert len(calls) == 2000
    assert len({call[0] for call in calls}) == 2000
    assert all(call[6] and call[7] for call in calls)


def test_token_is_kept_refreshed_and_found_again_after_a_lost_reply(server: Server, tmp_path: Path) -> None:
    """The same token while it is good; the next one when it is due, also when the first answer was lost."""
    state = tmp_path / "state.json"
    script, jwt = server.world.apps["script"], server.world.jwt_credentials["admin_any"].jwt

    def token() -> str:
        return run(server, script, sys.executable, str(EXAMPLES / "keep_token.py"), str(state), APP_JWT=jwt).strip()

    first = token()
    assert token() == first
    assert state.stat().st_mode & 0o777 == 0o600
    due = json.dumps(json.loads(state.read_text()) | {"good_until": 0})
    state.write_text(due)
    second = token()
    assert second != first
    state.write_text(due)  # as if the reply had been lost before it was written
    assert token() == second
    bearer = {"Authorization": f"Bearer {second}"}
    assert httpx.get(f"{server.base_url}/restapi/v1.0/account/~", headers=bearer).status_code == 200
    state.write_text(due)
    server.advance(3600)  # too late for that refresh token: the credential opens another session
    assert token() not in {first, second}


@pytest.mark.skipif(not (shutil.which("openssl") and shutil.which("curl")), reason="needs openssl and curl")
def test_sign_in_from_a_terminal_gives_tokens(server: Server) -> None:
    """The address it prints is opened by a person, whose landing is pasted back."""
    app, helper = server.world.apps["spa"], server.world.people["helper"]
    with subprocess.Popen(
        ["/bin/sh", str(EXAMPLES / "sign_in.sh"), server.base_url, app.client_id, REDIRECT_URI],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as script:
        assert script.stderr
        address = script.stderr.readline().removeprefix("Open: ").strip()
        with Browser() as browser:
            landed = browser.visit(address, Person(helper.email, helper.password)).ended_at
        printed, _ = script.communicate(f"{landed}\n", timeout=60)
    assert script.returncode == 0
    assert '"access_token"' in printed


def test_settings_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file loads, and says what the proxy and the service say."""
    for variable in [name for name in os.environ if name.startswith("CALLGATE_")]:
        monkeypatch.delenv(variable)
    settings = load_settings(EXAMPLES / "callgate.toml")
    assert settings.server.issuer == "https://login.example.com"
    service, proxy = (EXAMPLES / "callgate.service").read_text(), (EXAMPLES / "nginx.conf").read_text()
    assert f"proxy_pass http://{settings.server.host}:{settings.server.port};" in proxy
    assert "StateDirectory=callgate" in service
    assert str(settings.database.path).startswith("/var/lib/callgate/")
    stop_s = int(service.split("TimeoutStopSec=")[1].split()[0])
    assert stop_s > settings.server.shutdown_s


def test_every_example_is_in_the_table() -> None:
    """And nothing else is."""
    table = (EXAMPLES / "README.md").read_text()
    files = sorted(file.name for file in EXAMPLES.iterdir() if file.is_file() and file.name != "README.md")
    assert [name for name in files if f"]({name})" not in table] == []
    assert table.count("](") == len(files) + 1  # and the folder


def test_unattended_plays_every_variant_and_every_refusal() -> None:
    """Seed 000: single sign-on enforced, four ways in without a person, and five refusals that say what to do.

    The program holds each step to its outcome; what is counted here is that it took none of them lightly.
    """
    played = subprocess.run(
        [sys.executable, "-m", "examples.unattended.run"],
        cwd=EXAMPLES.parent,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    with_provider = INSTALLED.exists()
    pulled = r"^  200: access_token .*\n.*call-log.*\n  200: 3 records\n(?:.*\n){3}.*call-queues.*\n"
    done = re.findall(pulled, played.stdout, re.MULTILINE)
    assert len(done) == 4 + with_provider  # client credentials once more at the end
    refusals = re.findall(r"^  4\d\d: (\w+-\d+)  .+\n  What to do: .+", played.stdout, re.MULTILINE)
    assert refusals == ["CGT-150", "CMN-408", "OAU-141", "CGT-113", *["CGT-163"] * with_provider]
    assert ("needs SimpleSAMLphp" in played.stdout) is not with_provider
    secrets = re.findall(r"(?<!-)\b[\w-]{60,}\b", played.stdout)
    assert secrets == [], "secrets are printed cut short"
