"""What OpenID Connect adds to the authorize endpoint, on a real server: max_age, hints, response modes, `iss`."""

import base64
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.server import Server
from tests.web.visitor import Visitor, visiting

COOKIE = "callgate_sign_in"


def signed_in(visitor: Visitor, who: str) -> str:
    """Sign somebody in for `web`; gives their ID token."""
    visitor.goes_to("web", scope="openid", prompt="login consent")
    visitor.signs_in(who)
    visitor.presses("authorize")
    return id_token(visitor)


def id_token(visitor: Visitor) -> str:
    """The ID token for the code that the redirect brought."""
    token: str = visitor.redeems("web", visitor.brings["code"]).json()["id_token"]
    return token


def claims_of(token: str) -> dict[str, object]:
    """What it says, unproven."""
    claims: dict[str, object] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return claims


@pytest.mark.requirement("OpenID Connect Core section 3.1.2.1")
def test_person_signs_in_again_when_the_sign_in_is_too_old(server: Server) -> None:
    """max_age asks whoever is signed in already, once; auth_time says since when they are."""
    with visiting(server) as visitor:
        before = claims_of(signed_in(visitor, "agent"))["auth_time"]
        visitor.goes_to("web", scope="openid", max_age="3600")
        assert claims_of(id_token(visitor))["auth_time"] == before
        visitor.goes_to("web", scope="openid", prompt="none", max_age="0")
        assert visitor.brings["error"] == "login_required"
        visitor.goes_to("web", scope="openid", max_age="0")
        assert 'name="password"' in visitor.at.text
        visitor.signs_in("agent")
        after = claims_of(id_token(visitor))["auth_time"]
        assert isinstance(before, int)
        assert isinstance(after, int)
        assert after >= before
        visitor.goes_to("web", scope="openid", max_age="soon")
        assert (visitor.brings["error"], visitor.brings["error_description"]) == (
            "invalid_request",
            "Parameter [max_age] value is invalid",
        )


@pytest.mark.requirement("RFC 6749 section 3.1")
@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({}, "login_required"),
        ({"ui_options": "hide_logo"}, "login_required"),
        ({"nonce": "n" * 9000}, "invalid_request"),
        ({"state": "s"}, None),
        ({"client_id": "of somebody else"}, None),
    ],
)
def test_post_is_one_request_with_its_query(server: Server, more: dict[str, str], error: str | None) -> None:
    """What stands in the address counts, a name in both is the duplicate OAU-111, and only ui_options may repeat.

    So it is for a request that is passed on to the GET as well as for one too long for an address.
    """
    with visiting(server) as visitor:
        app = visitor.app("web")
        query = {"response_type": "code", "client_id": app.client_id, "state": "s", "ui_options": "hide_remember_me"}
        body = {"redirect_uri": app.redirect_uris[0], "prompt": "none"} | more
        reply = visitor.http.post("/restapi/oauth/authorize", params=query, data=body)
        while reply.headers.get("location", "").startswith("/"):
            reply = visitor.http.get(reply.headers["location"])
        if error is None:
            told = visitor.http.get("/restapi/oauth/authorize", params=[*query.items(), *body.items()])
            assert (reply.status_code, "OAU-111" in reply.text) == (400, True)
            assert (told.status_code, "OAU-111" in told.text) == (400, True)
            return
        visitor.at = reply
        assert (visitor.brings["error"], visitor.brings["state"]) == (error, "s")


@pytest.mark.requirement("OpenID Connect Core section 3.1.2.1")
def test_app_is_told_when_somebody_else_is_there_than_it_means(server: Server) -> None:
    """id_token_hint with prompt=none; with pages the person may still be found."""
    with visiting(server) as visitor:
        admin = signed_in(visitor, "admin")
        agent = signed_in(visitor, "agent")
        visitor.goes_to("web", scope="openid", prompt="none", id_token_hint=agent)
        assert "code" in visitor.brings
        visitor.goes_to("web", scope="openid", prompt="none", id_token_hint=admin)
        assert visitor.brings["error"] == "login_required"
        visitor.goes_to("web", scope="openid", id_token_hint=admin)
        visitor.signs_in("admin")
        assert claims_of(id_token(visitor))["sub"] == server.world.people["admin"].id
        visitor.goes_to("web", scope="openid", id_token_hint=agent)
        visitor.signs_in("admin")
        assert visitor.brings["error_description"] == "Somebody else is signed in than the id_token_hint is about"


@pytest.mark.requirement("OpenID Connect Core section 3.1.2.1")
def test_hint_is_refused_when_it_is_none_of_this_apps(server: Server) -> None:
    """Nobody learns who is signed in by another app's ID token, an altered one, or an access token."""
    with visiting(server) as visitor:
        token = signed_in(visitor, "agent")
        header, claims, signature = token.split(".")
        for hint in ("x", f"{header}.{claims}.{signature[:-4]}AAAA", f"{header}.e30.{signature}"):
            visitor.goes_to("web", scope="openid", prompt="none", id_token_hint=hint)
            assert (visitor.brings["error"], visitor.brings["iss"]) == ("invalid_request", server.base_url)
        visitor.goes_to("public_web", prompt="none", id_token_hint=token)
        assert visitor.brings["error_description"] == "Parameter [id_token_hint] is not an ID token of this application"
        visitor.goes_to("web", scope="openid", prompt="none", id_token_hint="")
        assert "code" in visitor.brings


@pytest.mark.requirement("RFC 9207 section 2")
@pytest.mark.parametrize("mode", ["query", "fragment"])
def test_code_and_error_go_back_as_the_app_asked_and_name_the_issuer(server: Server, mode: str) -> None:
    """RFC 9207 section 2: `iss` in every response, errors included, whichever way it goes."""
    with visiting(server) as visitor:
        signed_in(visitor, "agent")
        for more, name in (({}, "code"), ({"prompt": "odd"}, "error")):
            visitor.goes_to("web", scope="openid", response_mode=mode, state="s", **more)
            parts = urlsplit(visitor.at.headers["location"])
            there, elsewhere = (parts.query, parts.fragment) if mode == "query" else (parts.fragment, parts.query)
            answer = parse_qs(there, strict_parsing=True)
            assert elsewhere == ""
            assert name in answer
            assert (answer["iss"], answer["state"]) == ([server.base_url], ["s"])


@pytest.mark.requirement("RFC 9207 section 2")
def test_token_of_the_implicit_flow_and_its_errors_name_the_issuer(server: Server) -> None:
    """Only in the fragment: `query` is refused, in the fragment as well."""
    app = server.world.apps["implicit"]
    asked = {"response_type": "token", "client_id": app.client_id, "redirect_uri": app.redirect_uris[0]}
    with visiting(server) as visitor:
        visitor.at = visitor.http.get("/restapi/oauth/authorize", params=asked | {"prompt": "consent"})
        visitor.signs_in("agent")
        visitor.presses("authorize")
        for reply, name in (
            (visitor.at, "access_token"),
            (visitor.http.get("/restapi/oauth/authorize", params=asked | {"response_mode": "query"}), "error"),
        ):
            parts = urlsplit(reply.headers["location"])
            answer = parse_qs(parts.fragment, strict_parsing=True)
            assert parts.query == ""
            assert name in answer
            assert answer["iss"] == [server.base_url]


def test_form_post_is_refused_by_redirect_and_not_announced(server: Server) -> None:
    """It would need a script on our page; discovery says what there is."""
    with visiting(server) as visitor:
        visitor.goes_to("web", scope="openid", response_mode="form_post")
        assert visitor.brings["error_description"] == "Parameter [response_mode] must be query or fragment"
        announced = visitor.http.get("/.well-known/openid-configuration").json()
        assert announced["response_modes_supported"] == ["query", "fragment"]


@pytest.mark.requirement("OpenID Connect Core section 3.1.2.1")
def test_wishes_that_are_not_kept_are_ignored(server: Server) -> None:
    """acr_values is voluntary, claims is not supported and so ignored (sections 3.1.2.1, 5.5)."""
    with visiting(server) as visitor:
        signed_in(visitor, "agent")
        wishes = {"acr_values": "urn:mace:incommon:iap:silver", "claims": '{"id_token":{"acr":{"essential":true}}}'}
        visitor.goes_to("web", scope="openid", claims_locales="fr", **wishes)
        assert "acr" not in claims_of(id_token(visitor))
