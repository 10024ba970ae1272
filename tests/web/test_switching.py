"""Somebody else at the same browser: the former sign-in is over, on a real server."""

import httpx
import pytest

from tests.server import Server
from tests.web.visitor import AUTHORIZE, Visitor, visiting

COOKIE = "callgate_sign_in"


def silent_answer(visitor: Visitor, key: str = "web") -> str:
    """What the app hears when nothing may be shown: an error, or that there is a code."""
    visitor.goes_to(key, prompt="none")
    return visitor.brings.get("error", "code")


@pytest.mark.parametrize("key", ["web", "spa"])
def test_former_sign_in_is_over_when_another_account_is_chosen(server: Server, key: str) -> None:
    """Not only is the cookie gone: one that somebody kept opens nothing."""
    with visiting(server) as visitor:
        challenge = {"code_challenge": "E" * 43, "code_challenge_method": "S256"}
        visitor.goes_to(key, prompt="consent", **challenge)
        visitor.signs_in("agent")
        kept = visitor.http.cookies[COOKIE]
        visitor.presses("switch")
        assert 'name="password"' in visitor.at.text
        assert COOKIE not in visitor.http.cookies
        visitor.http.cookies.set(COOKIE, kept, domain="127.0.0.1")
        visitor.goes_to(key, prompt="none", **challenge)
        assert visitor.brings["error"] == "login_required"


def test_former_sign_in_is_over_when_somebody_signs_in_anew(server: Server) -> None:
    """A browser has one sign-in: the next replaces it (ASVS 7.2.4)."""
    with visiting(server) as visitor:
        visitor.goes_to("web", prompt="consent")
        visitor.signs_in("agent")
        former = visitor.http.cookies[COOKIE]
        visitor.goes_to("web", prompt="login consent")
        visitor.signs_in("admin")
        current = visitor.http.cookies[COOKIE]
        visitor.http.cookies.delete(COOKIE)
        visitor.http.cookies.set(COOKIE, former, domain="127.0.0.1")
        assert silent_answer(visitor) == "login_required"
        visitor.http.cookies.set(COOKIE, current, domain="127.0.0.1")
        assert silent_answer(visitor) in {"consent_required", "code"}


def test_person_the_app_may_not_serve_can_let_another_sign_in(server: Server) -> None:
    """A private app, opened by somebody of another company: not stuck at a fault."""
    with visiting(server) as visitor:
        visitor.goes_to("web", prompt="consent")
        refused = visitor.signs_in("other_admin")
        assert refused.status_code == 400
        assert "OAU-167" in refused.text
        assert server.world.people["other_admin"].email in refused.text
        again = visitor.goes_to("web", prompt="consent")
        assert "OAU-167" in again.text
        visitor.presses("switch")
        visitor.signs_in("agent")
        visitor.presses("authorize")
        tokens = visitor.redeems("web", visitor.brings["code"]).json()
        assert tokens["owner_id"] == server.world.people["agent"].id


def test_person_the_app_may_not_serve_can_go_back(server: Server) -> None:
    """Cancel leads to the app, as from the other pages."""
    with visiting(server) as visitor:
        visitor.goes_to("web", state="s")
        visitor.signs_in("other_admin")
        visitor.presses("cancel")
        assert (visitor.brings["error"], visitor.brings["state"]) == ("access_denied", "s")


def test_refusal_is_an_envelope_when_no_page_was_asked_for(server: Server) -> None:
    """The same fault for programs that keep cookies."""
    with visiting(server) as visitor:
        visitor.goes_to("web")
        visitor.signs_in("other_admin")
        visitor.http.headers["Accept"] = "application/json"
        told = visitor.goes_to("web").json()
        assert told["errors"][0]["errorCode"] == "OAU-167"


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null", "Sec-Fetch-Site": "cross-site"}]
)
def test_nobody_is_signed_out_by_a_foreign_page(server: Server, headers: dict[str, str]) -> None:
    """Switching is a form of ours in the very browser that opened it, or nothing (login CSRF)."""
    with visiting(server) as visitor:
        visitor.goes_to("web", prompt="consent")
        visitor.signs_in("agent")
        visitor.http.headers.update(headers)
        visitor.presses("switch")
        assert "CGT-128" in visitor.at.text
        for name in headers:
            del visitor.http.headers[name]
        assert silent_answer(visitor) in {"consent_required", "code"}


def test_form_of_another_browser_signs_nobody_out(server: Server) -> None:
    """The sealed state opens with the cookie of the browser it was made for."""
    with visiting(server) as victim, visiting(server) as thief:
        for visitor in (victim, thief):
            visitor.goes_to("web", prompt="consent")
            visitor.signs_in("agent")
        victim.at = httpx.Response(200, text=thief.at.text)
        victim.presses("switch")
        assert "CGT-128" in victim.at.text
        assert silent_answer(victim) in {"consent_required", "code"}
        assert victim.http.get(AUTHORIZE).status_code == 400
