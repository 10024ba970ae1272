"""Explanations: each app asks in the way it proves itself, and learns as much as it has proved."""

from collections.abc import Iterator

import httpx
import pytest

from callgate.model import faults, grant_faults
from tests.server import Server, running_server
from tests.web.signer import JWT_BEARER, register_signer


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server whose apps these tests may add to."""
    with running_server() as running:
        yield running


def basic(server: Server, app: str) -> tuple[str, str]:
    """Id and secret of a seeded app; the secret is empty where it has none."""
    shown = server.world.apps[app]
    return shown.client_id, shown.client_secret or ""


def refuse(server: Server, app: str) -> str:
    """The request id of a refusal that the app can ask about."""
    form = {"grant_type": "refresh_token", "refresh_token": "none"}
    reply = httpx.post(f"{server.base_url}/restapi/oauth/token", data=form, auth=basic(server, app))
    assert reply.json()["errors"][0]["errorCode"] == "OAU-213"
    return str(reply.headers["rcrequestid"])


def path_of(server: Server, request_id: str) -> str:
    """Where the request is explained."""
    return f"{server.base_url}/restapi/oauth/explanations/{request_id}"


@pytest.mark.parametrize("hmac", [False, True], ids=["private_key_jwt", "client_secret_jwt"])
def test_app_that_signs_asks_by_post(server: Server, *, hmac: bool) -> None:
    """It has no secret that a header could carry; each proof is good once, here as everywhere (RFC 7523 section 3)."""
    app = register_signer(server, hmac=hmac)
    refused = app.ask(grant_type=JWT_BEARER, assertion="no.such.thing")
    assert refused.json()["errors"][0]["errorCode"] == "OAU-331"
    path, proof = path_of(server, refused.headers["rcrequestid"]), app.prove()
    told = httpx.post(path, data=proof)
    assert (told.status_code, told.json()["errorCode"], told.json()["detail"]) == (200, "OAU-331", "no such credential")
    again = httpx.post(path, data=proof)
    assert again.json()["errors"][0]["errorCode"] == faults.CLIENT_ASSERTION_INVALID.code
    assert "client assertion: its jti was presented before" in server.log()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_app_with_a_secret_learns_what_was_found(server: Server, method: str) -> None:
    """By its header, in both ways to ask."""
    told = httpx.request(method, path_of(server, refuse(server, "script")), auth=basic(server, "script")).json()
    assert told["detail"] == "not a refresh token of this server"
    assert told["remedy"] == grant_faults.TOKEN_NOT_FOUND.remedy


def test_app_without_a_secret_learns_what_the_refusal_itself_said(server: Server) -> None:
    """Whoever has read its page knows its id: under its name nobody is told what was found."""
    request_id = refuse(server, "spa")
    told = httpx.get(path_of(server, request_id), auth=basic(server, "spa")).json()
    named = httpx.post(path_of(server, request_id), data={"client_id": basic(server, "spa")[0]}).json()
    assert told == named
    assert (told["errorCode"], told["remedy"], told["detail"]) == ("OAU-213", grant_faults.TOKEN_NOT_FOUND.remedy, None)


def test_request_of_another_app_is_unknown(server: Server) -> None:
    """As one that never was."""
    theirs = httpx.get(path_of(server, refuse(server, "script")), auth=basic(server, "web"))
    nobodys = httpx.get(path_of(server, "never"), auth=basic(server, "web"))
    assert theirs.status_code == 404
    assert theirs.content == nobodys.content


def test_asking_is_refused_and_logged_when_the_client_is_not_proven(server: Server) -> None:
    """Secrets cannot be tried here unseen."""
    request_id = refuse(server, "script")
    refused = httpx.get(path_of(server, request_id), auth=(basic(server, "script")[0], "guess"))
    assert refused.json()["errors"][0]["errorCode"] == faults.CLIENT_UNPROVEN.code
    assert refused.headers["rcrequestid"] in server.log()
    unnamed = httpx.get(path_of(server, request_id))
    assert unnamed.json()["errors"][0]["errorCode"] == faults.CLIENT_PROOF_MISSING.code
    in_query = httpx.get(path_of(server, request_id), params={"client_assertion": "a.b.c"})
    assert in_query.json()["errors"][0]["errorCode"] == faults.SECRET_IN_QUERY.code


def test_refusal_that_a_browser_is_shown_is_explained_to_the_app(server: Server) -> None:
    """The app never hears of it by redirect: the log names the app, and its owner can ask."""
    query = {
        "response_type": "code",
        "client_id": basic(server, "web")[0],
        "redirect_uri": "https://elsewhere.example/",
    }
    shown = httpx.get(f"{server.base_url}/restapi/oauth/authorize", params=query, headers={"Accept": "text/html"})
    assert (shown.status_code, shown.headers["content-type"]) == (400, "text/html; charset=utf-8")
    request_id = shown.headers["rcrequestid"]
    told = httpx.get(path_of(server, request_id), auth=basic(server, "web")).json()
    assert (told["endpoint"], told["errorCode"]) == ("authorize", "OAU-109")
    assert told["detail"] == "the redirect_uri is none of those registered"
    (line,) = (line for line in server.log().splitlines() if request_id in line and "OAU-109" in line)
    assert basic(server, "web")[0] in line


def test_refusal_is_explained_to_nobody_when_its_app_is_unknown(server: Server) -> None:
    """Nobody can be asked for a proof."""
    query = {"response_type": "code", "client_id": "nobody"}
    shown = httpx.get(f"{server.base_url}/restapi/oauth/authorize", params=query)
    assert shown.json()["errors"][0]["errorCode"] == faults.CLIENT_UNKNOWN.code
    assert httpx.get(path_of(server, shown.headers["rcrequestid"]), auth=basic(server, "web")).status_code == 404
