"""OpenID Connect providers that lie, dawdle or are stolen from, against a real server: nobody is signed in."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import parse_qs, quote_plus

import httpx
import pytest

from tests.admin.conftest import forker
from tests.company import CONNECTION, email_of
from tests.crypto.forge import Sign, ec_key, es256, hs, rs256, rsa_jwk, unsigned
from tests.hostile_provider import HEADER, KEY, STRANGERS, HostileProvider, credentials, lying
from tests.openid_provider import CLIENT_ID, CLIENT_SECRET, OidcCompany, connected_by_oidc
from tests.server import restarted, running_server
from tests.web.test_sso import SIGN_IN_COOKIE, code_of, sent_away
from tests.web.visitor import Visitor, visiting

__all__ = ["forker"]


@pytest.fixture(scope="module")
def provider() -> Iterator[HostileProvider]:
    """One for the module: each test says what it answers."""
    with lying() as up:
        yield up


@pytest.fixture(scope="module")
def company(
    provider: HostileProvider, forker: "subprocess.Popen[str]", tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OidcCompany]:
    """The company that trusts it."""
    folder = tmp_path_factory.mktemp("operator")
    with running_server() as server, connected_by_oidc(server, provider.issuer, forker=forker, folder=folder) as made:
        provider.email = email_of(server, "agent")
        yield made


@pytest.fixture
def visitor(company: OidcCompany) -> Iterator[Visitor]:
    """A browser that has never been here."""
    with visiting(company.server) as someone:
        yield someone


def told(visitor: Visitor, address: str) -> tuple[int, str]:
    """What a browser that brings this is told; it is not signed in."""
    page = visitor.follows(address)
    assert SIGN_IN_COOKIE not in visitor.http.cookies
    return page.status_code, code_of(page)


def enters(visitor: Visitor, address: str) -> bool:
    """Whether it is."""
    return "asks for access" in visitor.follows(address).text


def test_honest_id_token_signs_in_and_the_request_is_as_the_rfc_has_it(
    visitor: Visitor, provider: HostileProvider
) -> None:
    """What all others differ from. The secret goes by HTTP Basic, form-encoded first (RFC 6749 section 2.3.1)."""
    url = sent_away(visitor)
    address = provider.answers(url)
    provider.signs(provider.claims())
    provider.asked.clear()
    assert enters(visitor, address)
    (sent,) = provider.asked["/token"]
    assert credentials(sent) == f"{quote_plus(CLIENT_ID)}:{quote_plus(CLIENT_SECRET)}"
    form = {name: value for name, [value] in parse_qs(sent.partition("\n")[2], strict_parsing=True).items()}
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", form.pop("code_verifier"))
    callback = httpx.URL(url).params["redirect_uri"]
    assert form == {"grant_type": "authorization_code", "code": "c", "redirect_uri": callback}
    assert "/me" not in provider.asked, "the ID token had the address"


HOSTILE: dict[str, tuple[dict[str, object], Mapping[str, object], Sign]] = {
    "unsigned": ({}, {"alg": "none"}, unsigned),
    "unsigned, said to be signed": ({}, HEADER, unsigned),
    "strangers key": ({}, HEADER, rs256(STRANGERS)),
    "key in the header": ({}, {**HEADER, "jwk": rsa_jwk(STRANGERS)}, rs256(STRANGERS)),
    "unknown kid": ({}, {**HEADER, "kid": "other"}, rs256(STRANGERS)),
    "HMAC by the client secret": ({}, {"alg": "HS256"}, hs(CLIENT_SECRET.encode())),
    "HMAC by the public key": ({}, {"alg": "HS256", "kid": "key"}, hs(json.dumps(rsa_jwk(KEY)).encode())),
    "other algorithm": ({}, {**HEADER, "alg": "ES256"}, es256(ec_key())),
    "access token": ({}, {**HEADER, "typ": "at+jwt"}, rs256(KEY)),
    "logout token": ({}, {**HEADER, "typ": "logout+jwt"}, rs256(KEY)),
    "critical": ({}, {**HEADER, "crit": ["b64"], "b64": False}, rs256(KEY)),
    "other issuer": ({"iss": "https://other.example"}, HEADER, rs256(KEY)),
    "other audience": ({"aud": "another app"}, HEADER, rs256(KEY)),
    "second audience": ({"aud": [CLIENT_ID, "another app"]}, HEADER, rs256(KEY)),
    "other party": ({"azp": "another app"}, HEADER, rs256(KEY)),
    "other nonce": ({"nonce": "n" * 22}, HEADER, rs256(KEY)),
    "no nonce": ({"nonce": None}, HEADER, rs256(KEY)),
    "expired": ({"exp": 1_000_000_000}, HEADER, rs256(KEY)),
    "from the future": ({"iat": 4_000_000_000, "exp": 4_000_000_300}, HEADER, rs256(KEY)),
    "old": ({"iat": 1_000_000_000}, HEADER, rs256(KEY)),
    "other access token": ({"at_hash": "x" * 22}, HEADER, rs256(KEY)),
    "no subject": ({"sub": None}, HEADER, rs256(KEY)),
    "address not verified": ({"email_verified": False}, HEADER, rs256(KEY)),
}


@pytest.mark.requirement("OpenID Connect Core section 3.1.3.7")
@pytest.mark.parametrize("which", HOSTILE)
def test_hostile_id_token_signs_nobody_in(visitor: Visitor, provider: HostileProvider, which: str) -> None:
    """Whoever holds the provider's endpoint, another client's token, or an old one."""
    changes, header, sign = HOSTILE[which]
    address = provider.answers(sent_away(visitor))
    provider.signs(provider.claims(**changes), header, sign)
    assert told(visitor, address) == (403, "CGT-153")


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, b"", (403, "CGT-153")),
        (200, b"<html>", (403, "CGT-153")),
        (200, b'{"id_token":"a","id_token":"b"}', (403, "CGT-153")),
        (200, b'{"access_token":"a"}', (403, "CGT-153")),
        (200, b'{"id_token":"a.b.c"}', (403, "CGT-153")),
        (200, b" " * 70_000, (503, "CGT-158")),
        (302, b"", (503, "CGT-158")),
        (500, b"{}", (503, "CGT-158")),
        (400, b'{"error":"invalid_grant"}', (403, "CGT-153")),
        (401, b'{"error":"invalid_client"}', (403, "CGT-159")),
    ],
    ids=["empty", "page", "twice", "no token", "no JWT", "too much", "redirect", "broken", "grant", "client"],
)
def test_token_endpoints_nonsense_is_told(
    visitor: Visitor, provider: HostileProvider, status: int, body: bytes, code: tuple[int, str]
) -> None:
    """Bounded, never followed elsewhere, and answered with what an administrator can do."""
    address = provider.answers(sent_away(visitor))
    provider.token = lambda: (status, body)
    assert told(visitor, address) == code


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"sub": "somebody", "email_verified": True}, None),
        ({"sub": "somebody else", "email_verified": True}, (403, "CGT-153")),
        ({"email_verified": True}, (403, "CGT-153")),
        ({"sub": "somebody", "email_verified": False}, (403, "CGT-153")),
        ({"sub": "somebody"}, (403, "CGT-153")),
    ],
    ids=["same person", "another", "nobody", "not verified", "not said"],
)
def test_address_comes_from_userinfo_where_the_id_token_has_none(
    visitor: Visitor, provider: HostileProvider, said: dict[str, object], code: tuple[int, str] | None
) -> None:
    """OpenID Connect Core section 5.3: by the access token, about the same person."""
    address = provider.answers(sent_away(visitor))
    provider.signs(provider.claims(email=None, email_verified=None))
    provider.says_of_person(said | {"email": provider.email})
    provider.asked.clear()
    if code is None:
        assert enters(visitor, address)
    else:
        assert told(visitor, address) == code
    assert provider.asked["/me"] == ["Bearer opaque\n"]


def test_answer_and_cookie_that_were_copied_are_good_once(
    forker: "subprocess.Popen[str]", tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A trip is spent where every process looks, even if the provider takes a code twice."""
    with (
        lying() as provider,
        running_server() as server,
        connected_by_oidc(server, provider.issuer, forker=forker, folder=tmp_path_factory.mktemp("twice")),
        visiting(server) as visitor,
        visiting(server) as thief,
    ):
        provider.email = email_of(server, "agent")
        address = provider.answers(sent_away(visitor))
        provider.signs(provider.claims())
        thief.http.cookies.update(visitor.http.cookies)
        assert enters(visitor, address)
        with restarted(server):
            assert told(thief, address) == (403, "CGT-154")


def test_secret_goes_in_the_body_where_the_provider_wants_it_there(
    forker: "subprocess.Popen[str]", tmp_path_factory: pytest.TempPathFactory
) -> None:
    """client_secret_post; and a key that is rolled over is found when a token names it."""
    with (
        lying(token_endpoint_auth_methods_supported=["client_secret_post"]) as provider,
        running_server() as server,
        connected_by_oidc(server, provider.issuer, forker=forker, folder=tmp_path_factory.mktemp("post")) as company,
        visiting(server) as visitor,
    ):
        assert company.ours["client_auth"] == "client_secret_post"
        provider.email = email_of(server, "agent")
        provider.documents["/jwks"] = {"keys": [rsa_jwk(STRANGERS, kid="new", use="sig")]}
        address = provider.answers(sent_away(visitor))
        provider.signs(provider.claims(), {**HEADER, "kid": "new"}, rs256(STRANGERS))
        assert enters(visitor, address)
        authorization, _, form = provider.asked["/token"][0].partition("\n")
        assert authorization == ""
        sent = parse_qs(form)
        assert (sent["client_id"], sent["client_secret"]) == ([CLIENT_ID], [CLIENT_SECRET])


def test_connection_that_changed_meanwhile_is_looked_at_anew(
    visitor: Visitor, company: OidcCompany, provider: HostileProvider
) -> None:
    """The token was redeemed; what it proves is judged by the connection as it is when the person enters."""
    address = provider.answers(sent_away(visitor))
    provider.signs(provider.claims())
    give: Callable[[], tuple[int, bytes]] = provider.token

    def meanwhile() -> tuple[int, bytes]:
        company.says("disable", CONNECTION, "--yes")
        return give()

    provider.token = meanwhile
    try:
        assert told(visitor, address) == (403, "CGT-152")
    finally:
        company.says("enable", CONNECTION)


def test_code_is_not_carried_to_another_provider(
    visitor: Visitor, company: OidcCompany, provider: HostileProvider
) -> None:
    """Mix-up (RFC 9700 section 4.4): a browser that left for one comes back for another, which learns no code."""
    with lying() as other:
        words = ("--name", "Second", "--issuer", other.issuer, "--client-id", CLIENT_ID, "--client-secret-stdin")
        second = company.shell.give("sso", "connect-oidc", company.account, *words, stdin="its own")
        away = visitor.follows(company.ours["our_start_url"]).headers["location"]
        query = provider.answers(away).partition("?")[2]
        assert told(visitor, f"{second['our_callback_url']}?{query}") == (400, "CGT-128")
        assert "/token" not in other.asked
        company.shell.give("sso", "remove", "Second", "--yes")
