"""curl, as people paste it: the FAQ's line for the password grant, and its like for the other grants."""

import json
import shutil
import subprocess
from collections.abc import Sequence

import pytest

from tests.clients.expected import granted
from tests.server import Server

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl: apt-get install curl")

CALL_LOG = "/restapi/v1.0/account/~/call-log"

FAQ_LINE = (
    'curl -i -X POST "{base_url}/restapi/oauth/token" '
    '-H "Accept: application/json" '
    '-H "Content-Type: application/x-www-form-urlencoded" '
    '-u "{client_id}:{client_secret}" '
    '-d "username={username}&password={password}&extension={extension}&grant_type=password"'
)
"""The vendor's own line, its host and the six placeholders replaced."""


def run(line: str) -> tuple[str, dict[str, object]]:
    """Run a line as a shell does; its status line, and its body."""
    done = subprocess.run(
        ["sh", "-c", line.replace("curl ", "curl --silent --noproxy '*' ", 1)],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    head, _, body = done.stdout.partition("\n\n")
    return head.splitlines()[0], json.loads(body)


def client_of(server: Server, app: str) -> str:
    """`-u` for an app."""
    client = server.world.apps[app]
    return f'-u "{client.client_id}:{client.client_secret}"'


def calls_with(server: Server, token: object) -> str:
    """The status line of a call log asked for by curl."""
    status, _ = run(f'curl -i "{server.base_url}{CALL_LOG}" -H "Authorization: Bearer {token}"')
    return status


@pytest.mark.parametrize("sign", ["+", ""])
def test_line_of_the_faq_gets_a_token(server: Server, sign: str) -> None:
    """As pasted: a `+` in the number arrives as a space, and the company's number still is one (protocol.md B)."""
    helper, script = server.world.people["helper"], server.world.apps["script"]
    line = FAQ_LINE.format(
        base_url=server.base_url,
        client_id=script.client_id,
        client_secret=script.client_secret,
        username=sign + server.world.accounts["main"].main_number.removeprefix("+"),
        password=helper.password,
        extension=helper.extension_number,
    )
    status, reply = run(line)
    assert status == "HTTP/1.1 200 OK"
    assert terms(reply) == granted(helper.id, script.scopes)
    assert calls_with(server, reply["access_token"]) == "HTTP/1.1 200 OK"


def test_line_gets_a_token_when_it_shows_a_jwt_credential(server: Server) -> None:
    """The grant that the vendor recommends for scripts."""
    credential = server.world.jwt_credentials["helper_script_only"].jwt
    status, reply = run(
        f'curl -i -X POST "{server.base_url}/restapi/oauth/token" {client_of(server, "script")} '
        f'-d "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer" -d "assertion={credential}"'
    )
    assert status == "HTTP/1.1 200 OK"
    assert calls_with(server, reply["access_token"]) == "HTTP/1.1 200 OK"


def test_line_gets_a_token_when_a_service_asks_for_itself(server: Server) -> None:
    """No person, no password: what the vendor's users ask for."""
    status, reply = run(
        f'curl -i -X POST "{server.base_url}/restapi/oauth/token" {client_of(server, "service")} '
        '-d "grant_type=client_credentials"'
    )
    assert status == "HTTP/1.1 200 OK"
    assert "refresh_token" not in reply
    assert calls_with(server, reply["access_token"]) == "HTTP/1.1 200 OK"


def terms(reply: dict[str, object]) -> dict[str, object]:
    """The parts of a token reply that are the same on every run."""
    names: Sequence[str] = ("token_type", "expires_in", "refresh_token_expires_in", "owner_id")
    return {name: reply[name] for name in names} | {"scope": sorted(str(reply["scope"]).split())}
