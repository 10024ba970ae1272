"""What a review of the running server found, each once: against a real server, over HTTP."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape

import httpx
import pytest

from tests.admin.shell import beside
from tests.crypto.forge import forge, hs
from tests.ports import free_port
from tests.server import Server


def ask_tokens(server: Server, app: str, **fields: str) -> httpx.Response:
    """The token endpoint's reply to a confidential app."""
    shown = server.world.apps[app]
    assert shown.client_secret is not None
    proof = (shown.client_id, shown.client_secret)
    return httpx.post(f"{server.base_url}/restapi/oauth/token", data=fields, auth=proof)


def log_in(server: Server) -> dict[str, str]:
    """Tokens of the main administrator for `script`."""
    jwt = server.world.jwt_credentials["admin_any"].jwt
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    tokens: dict[str, str] = ask_tokens(server, "script", grant_type=grant, assertion=jwt).raise_for_status().json()
    return tokens


def read_account(server: Server, token: str) -> int:
    """The status of a call with this token."""
    held = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{server.base_url}/restapi/v1.0/account/~", headers=held).status_code


@contextmanager
def serving_behind_tls() -> Iterator[str]:
    """A server as in real use, whose TLS another program would end; gives the address it listens on."""
    with tempfile.TemporaryDirectory(prefix="callgate-") as folder:
        port = free_port()
        environment = {
            **os.environ,
            "CALLGATE_SERVER__PORT": str(port),
            "CALLGATE_SERVER__PUBLIC_URL": "https://gate.example",
            "CALLGATE_DATABASE__URL": f"sqlite:///{folder}/data/callgate.db",
            "CALLGATE_KEYS__KEY_ENCRYPTION_KEY_FILE": f"{folder}/kek",
        }
        program = [sys.executable, "-c", "from callgate.app import main; main()", "serve"]
        with subprocess.Popen(program, env=environment, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                assert "ready" in process.stdout.readline()
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()
                process.wait(10)


def authorize(server: Server, browser: httpx.Client) -> httpx.Response:
    """The authorize endpoint, for `web`."""
    app = server.world.apps["web"]
    fields = {"response_type": "code", "client_id": app.client_id, "redirect_uri": app.redirect_uris[0]}
    return browser.get("/restapi/oauth/authorize", params=fields)


def sign_in(server: Server, browser: httpx.Client) -> None:
    """The main administrator signs in."""
    found = re.search(r'name="form_state" value="([^"]+)"', authorize(server, browser).text)
    assert found is not None
    person = server.world.people["admin"]
    fields = {"form_state": unescape(found[1]), "username": person.email, "password": person.password}
    assert browser.post("/restapi/oauth/sign-in", data=fields).status_code == 303


@pytest.mark.requirement("ASVS 7.4.2")
@pytest.mark.parametrize("what", ["account", "app"])
def test_tokens_stay_dead_when_what_was_disabled_works_again(fresh_server: Server, what: str) -> None:
    """ASVS 7.4.2: disabling an account or blocking an app ends sessions, it does not pause them."""
    world = fresh_server.world
    off, on, whom = {
        "account": ("disable", "enable", world.accounts["main"].id),
        "app": ("block", "unblock", world.apps["script"].client_id),
    }[what]
    tokens = log_in(fresh_server)
    with httpx.Client(base_url=fresh_server.base_url, headers={"Accept": "text/html"}) as browser:
        sign_in(fresh_server, browser)
        assert "password" not in authorize(fresh_server, browser).text
        assert read_account(fresh_server, tokens["access_token"]) == 200
        beside(fresh_server).give(f"{what}s", off, whom, "--yes")
        assert read_account(fresh_server, tokens["access_token"]) == 401
        beside(fresh_server).give(f"{what}s", on, whom)
        assert read_account(fresh_server, tokens["access_token"]) == 401
        refused = ask_tokens(
            fresh_server, "script", grant_type="refresh_token", refresh_token=tokens["refresh_token"]
        ).json()
        assert refused["errors"][0]["errorCode"] == "OAU-211"
        assert ("password" in authorize(fresh_server, browser).text) is (what == "account")
    assert read_account(fresh_server, log_in(fresh_server)["access_token"]) == 200


def test_post_to_authorize_is_refused_when_it_is_no_form(server: Server) -> None:
    """Wrong content type: a documented error, never a redirect made of the body."""
    reply = httpx.post(f"{server.base_url}/restapi/oauth/authorize", json={"client_id": "a"})
    assert (reply.status_code, reply.json()["errors"][0]["errorCode"]) == (415, "CGT-103")


def test_head_tells_the_length_that_get_sends(server: Server) -> None:
    """RFC 9110 section 9.3.2."""
    url = f"{server.base_url}/restapi/v1.0"
    told = httpx.head(url)
    assert (told.status_code, told.content) == (200, b"")
    assert told.headers["content-length"] == httpx.get(url).headers["content-length"] != "0"


def test_every_reply_asks_for_tls_when_the_issuer_has_it(server: Server) -> None:
    """RFC 6797; assurance.md S10. A server without TLS must not ask for it."""
    paths = ("/", "/restapi/oauth/authorize", "/restapi/oauth/jwks", "/restapi/v1.0/account/~", "/nowhere")
    with serving_behind_tls() as base_url:
        for path in paths:
            held = httpx.get(f"{base_url}{path}").headers.get("strict-transport-security")
            assert held == "max-age=31536000", path
    assert not any("strict-transport-security" in httpx.get(f"{server.base_url}{path}").headers for path in paths)


def test_secret_under_a_key_the_server_has_not_read_is_unavailable_and_no_defect(fresh_server: Server) -> None:
    """Between `keys new-kek` and the restart, apps with sealed secrets are to wait, not to be told that we broke."""
    beside(fresh_server).give("keys", "new-kek")
    words = "apps register --name Signed --kind ServerOther --grant client_credentials --scope ReadAccounts"
    account = ("--account", fresh_server.world.accounts["main"].id, "--auth-method", "client_secret_jwt")
    app = beside(fresh_server).give(*words.split(), *account)
    now_s = int(time.time())
    claims = {"iss": app["client_id"], "sub": app["client_id"], "aud": fresh_server.base_url, "jti": "once"}
    fields = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": forge({"alg": "HS256"}, {**claims, "exp": now_s + 60}, hs(app["client_secret"].encode())),
    }
    refused = httpx.post(f"{fresh_server.base_url}/restapi/oauth/token", data=fields)
    assert (refused.status_code, refused.json()["errors"][0]["errorCode"]) == (503, "CGT-190")
    assert "defect" not in fresh_server.log()


@pytest.mark.requirement("ruling 8")
def test_service_of_another_company_loses_access_with_its_role_and_has_it_again(fresh_server: Server) -> None:
    """The account allowed the app once; whether it may is asked for each token, and of each that is out."""
    main, other = (fresh_server.world.accounts[name].id for name in ("main", "other"))
    words = "apps register --name Lake --kind ServerOther --public --grant client_credentials"
    app = beside(fresh_server).give(*words.split(), "--scope", "ReadAccounts", "--account", other)
    url, proof = f"{fresh_server.base_url}/restapi/oauth/token", (app["client_id"], app["client_secret"])
    role = fresh_server.world.people["helper"].role
    beside(fresh_server).give("apps", "allow-service", "Lake", "--account", main, "--role", role)
    granted = httpx.post(url, data={"grant_type": "client_credentials"}, auth=proof)
    assert read_account(fresh_server, granted.json()["access_token"]) == 200
    for option, status, code in (("--remove-permission", 400, "CMN-408"), ("--permission", 200, None)):
        change = ("--account", main, option, "ThirdPartyAppAccess")
        beside(fresh_server).give("roles", "update", role, *change)
        reply = httpx.post(url, data={"grant_type": "client_credentials"}, auth=proof)
        told = reply.json().get("errors", [{}])[0].get("errorCode")
        assert (reply.status_code, told) == (status, code)
        assert read_account(fresh_server, granted.json()["access_token"]) == (403 if code else 200)
