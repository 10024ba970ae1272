"""Signing out on a real server: by an app that knows whom, by a person who is asked, and by nobody else."""

import base64
import json
import subprocess
from pathlib import Path

import httpx
import pytest

from callgate.admin.seed import SIGNED_OUT_URI
from tests.admin.conftest import forker
from tests.admin.shell import Shell, open_shell_beside
from tests.server import Server
from tests.web.visitor import Visitor, visiting

__all__ = ["forker"]

SIGN_OUT = "/restapi/oauth/sign-out"
COOKIE = "callgate_sign_in"


@pytest.fixture
def shell(forker: "subprocess.Popen[str]", server: Server, tmp_path: Path) -> Shell:
    """The operator's."""
    return open_shell_beside(forker, server, tmp_path)


def id_token_of(visitor: Visitor, who: str, key: str = "web") -> str:
    """Sign somebody in at the browser, and give the ID token that the app got for them."""
    visitor.goes_to(key, scope="openid", prompt="login consent")
    visitor.signs_in(who)
    visitor.presses("authorize")
    token: str = visitor.redeems(key, visitor.brings["code"]).json()["id_token"]
    return token


def leaves(visitor: Visitor, **fields: str) -> httpx.Response:
    """Follow a link to the endpoint."""
    visitor.at = visitor.http.get(SIGN_OUT, params=fields)
    return visitor.at


def is_signed_in(visitor: Visitor) -> bool:
    """Whether an app that may show nothing would find somebody."""
    visitor.goes_to("web", prompt="none")
    return visitor.brings.get("error") != "login_required"


@pytest.mark.requirement("OpenID Connect RP-Initiated Logout section 3")
def test_person_is_signed_out_and_back_at_the_app_when_it_shows_their_id_token(server: Server) -> None:
    """Without a question; the cookie is gone, and one that somebody kept opens nothing."""
    with visiting(server) as visitor:
        token = id_token_of(visitor, "agent")
        kept = visitor.http.cookies[COOKIE]
        assert is_signed_in(visitor)
        left = leaves(visitor, id_token_hint=token, post_logout_redirect_uri=SIGNED_OUT_URI, state="s t&a=e")
        assert (left.status_code, left.headers["location"]) == (302, f"{SIGNED_OUT_URI}?state=s+t%26a%3De")
        assert COOKIE not in visitor.http.cookies
        visitor.http.cookies.set(COOKIE, kept, domain="127.0.0.1")
        assert not is_signed_in(visitor)
        again = leaves(visitor, id_token_hint=token, post_logout_redirect_uri=SIGNED_OUT_URI)
        assert (again.status_code, again.headers["location"]) == (302, SIGNED_OUT_URI)


@pytest.mark.requirement("OpenID Connect RP-Initiated Logout section 2")
def test_person_is_asked_when_nothing_shows_that_the_app_means_them(server: Server) -> None:
    """No hint, a hint about somebody else, one that was altered: a page, and nothing happens until it is answered."""
    with visiting(server) as visitor:
        other = id_token_of(visitor, "admin")
        mine = id_token_of(visitor, "agent")
        head, claims, signature = mine.split(".")
        said = json.loads(base64.urlsafe_b64decode(claims + "=="))
        altered = base64.urlsafe_b64encode(json.dumps(said | {"jti": "x"}).encode()).rstrip(b"=").decode()
        app = visitor.app("web").client_id
        for hint in ({}, {"id_token_hint": other}, {"id_token_hint": f"{head}.{altered}.{signature}"}):
            asked = leaves(visitor, client_id=app, post_logout_redirect_uri=SIGNED_OUT_URI, state="s", **hint)
            assert asked.status_code == 200
            assert server.world.people["agent"].email in asked.text
            assert is_signed_in(visitor)
        leaves(visitor, client_id=app, post_logout_redirect_uri=SIGNED_OUT_URI, state="s")
        left = visitor.presses("sign-out")
        assert (left.status_code, left.headers["location"]) == (303, f"{SIGNED_OUT_URI}?state=s")
        assert not is_signed_in(visitor)


def test_person_may_stay_or_leave_without_any_app(server: Server) -> None:
    """The address alone is enough for a person; changing one's mind changes nothing."""
    with visiting(server) as visitor:
        id_token_of(visitor, "agent")
        leaves(visitor, ui_locales="de")
        assert "Abmelden" in visitor.at.text
        assert "weiterhin angemeldet" in visitor.presses("cancel").text
        assert is_signed_in(visitor)
        leaves(visitor)
        assert "You are signed out" in visitor.presses("sign-out").text
        assert not is_signed_in(visitor)
        assert "You are signed out" in leaves(visitor).text


@pytest.mark.requirement("OpenID Connect RP-Initiated Logout section 3")
@pytest.mark.parametrize(
    "uri",
    [
        *("javascript:alert(1)", "data:text/html,x", "https://evil.example/", "//evil.example/", "/relative"),
        *(f"{SIGNED_OUT_URI}/", f"{SIGNED_OUT_URI}?x", f"{SIGNED_OUT_URI}#x", f" {SIGNED_OUT_URI}"),
        *("http://localhost:5000@evil.example/signed-out", "http://localhost:5000/oauth2callback"),
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_registered(server: Server, uri: str) -> None:
    """Not with a valid hint, not after a yes, not when nobody is signed in."""
    with visiting(server) as visitor:
        token = id_token_of(visitor, "agent")
        asked = leaves(visitor, id_token_hint=token, post_logout_redirect_uri=uri)
        assert (asked.status_code, "location" in asked.headers) == (400, False)
        assert "CGT-130" in asked.text
        farewell = visitor.presses("sign-out")
        assert (farewell.status_code, "location" in farewell.headers) == (200, False)
        assert not is_signed_in(visitor)
        stopped = leaves(visitor, client_id=visitor.app("web").client_id, post_logout_redirect_uri=uri)
        assert (stopped.status_code, "location" in stopped.headers) == (400, False)
        visitor.http.headers["Accept"] = "application/json"
        told = leaves(visitor, client_id=visitor.app("web").client_id, post_logout_redirect_uri=uri)
        assert told.json()["errors"][0]["errorCode"] == "CGT-130"


def test_mistakes_of_the_app_are_told(server: Server) -> None:
    """An address without an app, an app that is not the hint's, one that nobody knows, a parameter twice."""
    with visiting(server) as visitor:
        token = id_token_of(visitor, "agent")
        wrong = [
            ({"post_logout_redirect_uri": SIGNED_OUT_URI}, "CGT-131"),
            ({"post_logout_redirect_uri": SIGNED_OUT_URI, "id_token_hint": "x"}, "CGT-131"),
            ({"id_token_hint": token, "client_id": visitor.app("spa").client_id}, "CGT-132"),
            ({"client_id": "nobody"}, "OAU-153"),
            ({"state": "s" * 4097}, "CMN-101"),
        ]
        visitor.http.headers["Accept"] = "application/json"
        for fields, code in wrong:
            assert leaves(visitor, **fields).json()["errors"][0]["errorCode"] == code
        twice = visitor.http.get(f"{SIGN_OUT}?state=a&state=b")
        assert twice.json()["errors"][0]["errorCode"] == "OAU-111"
        assert is_signed_in(visitor)


def test_app_may_post(server: Server) -> None:
    """Section 2: GET and POST. A foreign page's POST brings no cookie, so the browser is sent on by a GET."""
    with visiting(server) as visitor:
        token = id_token_of(visitor, "agent")
        form = {"id_token_hint": token, "post_logout_redirect_uri": SIGNED_OUT_URI}
        sent_on = httpx.post(f"{server.base_url}{SIGN_OUT}", data=form, headers={"Accept": "text/html"})
        assert sent_on.status_code == 303
        left = visitor.http.get(sent_on.headers["location"])
        assert (left.status_code, left.headers["location"]) == (302, SIGNED_OUT_URI)
        assert not is_signed_in(visitor)
        no_form = httpx.post(f"{server.base_url}{SIGN_OUT}", json=form)
        assert no_form.json()["errors"][0]["errorCode"] == "CGT-103"


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null", "Sec-Fetch-Site": "cross-site"}]
)
def test_yes_is_not_said_by_a_foreign_page(server: Server, headers: dict[str, str]) -> None:
    """Nor with the sealed state of another browser, nor with that of another page."""
    with visiting(server) as visitor, visiting(server) as thief:
        id_token_of(visitor, "agent")
        leaves(visitor)
        visitor.http.headers.update(headers)
        assert "CGT-128" in visitor.presses("sign-out").text
        for name in headers:
            del visitor.http.headers[name]
        id_token_of(thief, "agent")
        visitor.at = leaves(thief)
        assert "CGT-128" in visitor.presses("sign-out").text
        consent = visitor.goes_to("web", prompt="consent").text
        visitor.at = httpx.Response(200, text=consent.replace("/restapi/oauth/consent", f"{SIGN_OUT}/confirm"))
        assert "CGT-128" in visitor.presses("sign-out").text
        assert is_signed_in(visitor)


def test_yes_of_one_person_signs_no_other_out(server: Server) -> None:
    """The page that asked somebody opens nothing once another has signed in at this browser."""
    with visiting(server) as visitor:
        id_token_of(visitor, "agent")
        asked = leaves(visitor)
        visitor.goes_to("web", prompt="login")
        visitor.signs_in("admin")
        visitor.at = asked
        assert "CGT-128" in visitor.presses("sign-out").text
        assert is_signed_in(visitor)
        assert server.world.people["admin"].email in leaves(visitor).text


@pytest.mark.parametrize("switch", ["id_token_es256", "id_token_hs256"])
def test_every_kind_of_id_token_is_a_hint(server: Server, shell: Shell, switch: str) -> None:
    """ES256 by our other pair, HS256 by the app's own secret."""
    account = server.world.accounts["main"].id
    uri, goodbye = "https://other.example/cb", "https://other.example/bye"
    app = shell.give(
        *("apps", "register", "--account", account, "--name", f"signs with {switch}", "--kind", "ServerWeb"),
        *("--grant", "authorization_code", "--scope", "ReadAccounts", "--switch", switch),
        *("--redirect-uri", uri, "--post-logout-redirect-uri", goodbye),
    )
    asked = {"response_type": "code", "client_id": app["client_id"], "scope": "openid"}
    with visiting(server) as visitor:
        visitor.at = visitor.http.get("/restapi/oauth/authorize", params=asked)
        visitor.signs_in("agent")
        visitor.presses("authorize")
        form = {"grant_type": "authorization_code", "code": visitor.brings["code"]}
        proof = (app["client_id"], app["client_secret"])
        token = httpx.post(f"{server.base_url}/restapi/oauth/token", data=form, auth=proof).json()["id_token"]
        left = leaves(visitor, id_token_hint=token, post_logout_redirect_uri=goodbye)
        assert (left.status_code, left.headers["location"]) == (302, goodbye)
        assert not is_signed_in(visitor)
        blocked = shell.give("apps", "block", app["client_id"], "--yes")
        assert blocked["status"] == "Blocked"
        stopped = leaves(visitor, id_token_hint=token, post_logout_redirect_uri=goodbye)
        assert (stopped.status_code, "location" in stopped.headers) == (400, False)


def test_tokens_of_the_app_stay_until_it_revokes_them(server: Server) -> None:
    """Signing out is the browser's end, not the session's (docs/adr)."""
    with visiting(server) as visitor:
        visitor.goes_to("web", prompt="consent")
        visitor.signs_in("agent")
        visitor.presses("authorize")
        tokens = visitor.redeems("web", visitor.brings["code"]).json()
        leaves(visitor)
        visitor.presses("sign-out")
    held = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert httpx.get(f"{server.base_url}/restapi/v1.0/account/~", headers=held).status_code == 200
