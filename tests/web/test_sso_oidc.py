"""Single sign-on by OpenID Connect on a real server, with npm's oidc-provider: who is let in, and who is not."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from tests.admin.conftest import forker
from tests.company import CONNECTION, email_of
from tests.openid_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    OidcCompany,
    OpenIdProvider,
    company,
    connected_by_oidc,
    needs_openid_provider,
    openid_provider,
    people_of,
    world,
)
from tests.server import restarted, running_server
from tests.web.test_sso import SIGN_IN_COOKIE, by_password, code_of, ours_of, refresh, sent_away
from tests.web.visitor import Visitor, visiting

__all__ = ["company", "forker", "openid_provider", "world"]

pytestmark = needs_openid_provider


@pytest.fixture
def visitor(company: OidcCompany) -> Iterator[Visitor]:
    """A browser that has never been here."""
    with visiting(company.server) as someone:
        yield someone


def signs_in(visitor: Visitor, provider: OpenIdProvider, who: str = "agent") -> dict[str, str]:
    """All the way to the app, which has tokens then."""
    visitor.follows(provider.answers(who, sent_away(visitor)))
    visitor.presses("authorize")
    tokens: dict[str, str] = visitor.redeems("web", visitor.brings["code"]).json()
    return tokens


def refused_with(visitor: Visitor, address: str) -> tuple[int, str]:
    """What a browser is told that brings this."""
    page = visitor.follows(address)
    assert SIGN_IN_COOKIE not in visitor.http.cookies
    return page.status_code, code_of(page)


def altered(address: str, **values: str | None) -> str:
    """The address with other parameters; None: without."""
    parts = urlsplit(address)
    query = {name: value for name, [value] in parse_qs(parts.query).items()} | values
    return parts._replace(query=urlencode({name: value for name, value in query.items() if value is not None})).geturl()


def test_app_gets_tokens_of_the_person_the_provider_named(
    visitor: Visitor, company: OidcCompany, openid_provider: OpenIdProvider
) -> None:
    """And nothing of the trip stays in the browser."""
    tokens = signs_in(visitor, openid_provider)
    assert tokens["owner_id"] == company.server.world.people["agent"].id
    assert ours_of(visitor) == {"callgate_browser", SIGN_IN_COOKIE}
    assert refresh(company.server, tokens).status_code == 200


def test_request_says_what_it_must_and_nothing_of_the_app(visitor: Visitor, company: OidcCompany) -> None:
    """The code flow, PKCE by S256, state and nonce; the secret is in no address."""
    asked = httpx.URL(sent_away(visitor, state="a secret of the app")).params
    assert set(asked) == {
        *("response_type", "client_id", "redirect_uri", "scope", "state", "nonce"),
        *("code_challenge", "code_challenge_method"),
    }
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert (asked["client_id"], asked["redirect_uri"]) == (CLIENT_ID, company.ours["our_callback_url"])
    assert asked["scope"] == "openid email"
    again = httpx.URL(sent_away(visitor)).params
    assert not {asked[each] for each in ("state", "nonce", "code_challenge")} & set(again.values())


def test_answer_opens_nothing_in_another_browser(
    visitor: Visitor, company: OidcCompany, openid_provider: OpenIdProvider
) -> None:
    """Login CSRF (RFC 9700 section 4.7): a code that this browser did not ask for. It costs the provider nothing."""
    address = openid_provider.answers("agent", sent_away(visitor))
    with visiting(company.server) as other:
        assert refused_with(other, address) == (400, "CGT-128")
        sent_away(other)
        assert refused_with(other, address) == (400, "CGT-128")
    visitor.follows(address)
    assert "asks for access" in visitor.at.text, "the code was not spent by the others"


def test_code_of_another_sign_in_is_refused(visitor: Visitor, openid_provider: OpenIdProvider) -> None:
    """Code injection (RFC 9700 section 4.5): under this browser's state, a code made for another's request."""
    with visiting(visitor.server) as other:
        stolen = httpx.URL(openid_provider.answers("admin", sent_away(other))).params["code"]
    address = openid_provider.answers("agent", sent_away(visitor))
    assert refused_with(visitor, altered(address, code=stolen)) == (403, "CGT-153")


@pytest.mark.requirement("RFC 9207 section 2.4")
@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"state": None}, (400, "CGT-128")),
        ({"state": "x" * 22}, (400, "CGT-128")),
        ({"state": "x" * 5000}, (400, "CGT-128")),
        ({"iss": "https://other.example"}, (403, "CGT-153")),
        ({"iss": None}, (403, "CGT-153")),
        ({"code": None}, (400, "CGT-101")),
        ({"code": "x" * 3000}, (403, "CGT-153")),
        ({"code": "made-up"}, (403, "CGT-153")),
        ({"code": None, "error": "access_denied"}, (403, "CGT-157")),
        ({"code": None, "error": "temporarily_unavailable"}, (503, "CGT-158")),
    ],
    ids=[
        *("no state", "made-up state", "long state", "other issuer", "no issuer", "no code", "long code"),
        *("made-up code", "denied", "later"),
    ],
)
def test_altered_answer_is_refused(
    visitor: Visitor, openid_provider: OpenIdProvider, values: dict[str, str | None], told: tuple[int, str]
) -> None:
    """`iss` is demanded because this provider announces it (RFC 9207): the mix-up attack's end."""
    address = openid_provider.answers("agent", sent_away(visitor))
    assert refused_with(visitor, altered(address, **values)) == told


def test_answer_is_refused_where_a_parameter_stands_twice(visitor: Visitor, openid_provider: OpenIdProvider) -> None:
    """RFC 6749 section 3.1."""
    address = openid_provider.answers("agent", sent_away(visitor))
    assert refused_with(visitor, f"{address}&code=x") == (400, "OAU-111")


def test_answer_is_good_for_one_sign_in(visitor: Visitor, openid_provider: OpenIdProvider) -> None:
    """Whoever saw it in a history finds that the browser has no such trip any more."""
    address = openid_provider.answers("agent", sent_away(visitor))
    visitor.follows(address)
    assert (visitor.follows(address).status_code, code_of(visitor.at)) == (400, "CGT-128")


def test_answer_and_cookie_that_were_copied_are_good_once(
    forker: "subprocess.Popen[str]", openid_provider: OpenIdProvider, tmp_path: Path
) -> None:
    """On every process: the provider refuses the code, and nothing here knows it from a stolen one."""
    with (
        running_server() as server,
        connected_by_oidc(server, openid_provider.issuer, forker=forker, folder=tmp_path) as made,
        visiting(server) as visitor,
        visiting(server) as thief,
    ):
        openid_provider.tell(callback_url=made.ours["our_callback_url"], **people_of(server))
        address = openid_provider.answers("agent", sent_away(visitor))
        thief.http.cookies.update(visitor.http.cookies)
        assert visitor.follows(address).status_code == 200
        with restarted(server):
            assert refused_with(thief, address) == (403, "CGT-153")


def test_person_nobody_here_knows_is_told_so(visitor: Visitor, openid_provider: OpenIdProvider) -> None:
    """No account is made for them."""
    assert refused_with(visitor, openid_provider.answers("stranger", sent_away(visitor))) == (403, "CGT-155")


def test_address_nobody_verified_is_refused_unless_the_administrator_says_otherwise(
    visitor: Visitor, company: OidcCompany, openid_provider: OpenIdProvider
) -> None:
    """Whoever may type any address into their profile would be anybody."""
    assert refused_with(visitor, openid_provider.answers("careless", sent_away(visitor))) == (403, "CGT-153")
    assert "email_verified is not true" in company.server.log()
    company.says("update-oidc", CONNECTION, "--unverified-email")
    visitor.follows(openid_provider.answers("careless", sent_away(visitor)))
    assert "asks for access" in visitor.at.text


def test_disabled_provider_lets_nobody_in(
    visitor: Visitor, company: OidcCompany, openid_provider: OpenIdProvider
) -> None:
    """Judged when the answer comes; what it opened before is over for good."""
    tokens = signs_in(visitor, openid_provider)
    with visiting(company.server) as other:
        address = openid_provider.answers("agent", sent_away(other))
        company.says("disable", CONNECTION, "--yes")
        assert refused_with(other, address) == (403, "CGT-152")
    assert refresh(company.server, tokens).json()["errors"][0]["errorCode"] == "OAU-211"
    company.says("enable", CONNECTION)
    assert refresh(company.server, tokens).status_code == 400


def test_wrong_client_secret_is_told_with_its_mend(
    visitor: Visitor, company: OidcCompany, openid_provider: OpenIdProvider
) -> None:
    """The fault's remedy names the command, the log what the provider said; neither the secret."""
    company.says("update-oidc", CONNECTION, "--client-secret-stdin", stdin="another secret, of yesterday\n")
    address = openid_provider.answers("agent", sent_away(visitor))
    assert refused_with(visitor, address) == (403, "CGT-159")
    log = company.server.log()
    assert "invalid_client" in log
    assert "of yesterday" not in log
    assert httpx.URL(address).params["code"] not in log


def test_nothing_secret_is_kept_or_logged(
    visitor: Visitor, company: OidcCompany, openid_provider: OpenIdProvider
) -> None:
    """The client secret lies sealed; codes, verifiers and tokens of the provider lie nowhere."""
    address = openid_provider.answers("agent", sent_away(visitor))
    visitor.follows(address)
    data = company.server.data
    kept = b"".join(file.read_bytes() for file in data.iterdir() if file.name.startswith("callgate.db"))
    seen = kept + company.server.log().encode() + "".join(company.shell.printed).encode()
    for secret in (CLIENT_SECRET, httpx.URL(address).params["code"]):
        assert secret.encode() not in seen
    assert "code=" not in str(visitor.at.url)


def test_password_is_refused_where_single_sign_on_is_enforced(
    visitor: Visitor, company: OidcCompany, openid_provider: OpenIdProvider
) -> None:
    """The same switches, whatever the provider speaks; the page has the button at hand."""
    company.says("policy", company.account, "enforced")
    refused = by_password(company.server)
    assert (refused.status_code, refused.json()["errors"][0]["errorCode"]) == (400, "CGT-150")
    visitor.goes_to("web", prompt="login")
    page = visitor.signs_in("agent")
    assert (page.status_code, code_of(page)) == (400, "CGT-150")
    assert 'value="sso"' in page.text
    assert refresh(company.server, signs_in(visitor, openid_provider)).status_code == 200


def test_sign_in_may_begin_at_the_connections_own_address(
    visitor: Visitor, company: OidcCompany, openid_provider: OpenIdProvider
) -> None:
    """What a provider's portal is given."""
    away = visitor.follows(company.ours["our_start_url"])
    visitor.follows(openid_provider.answers("agent", str(away.headers["location"])))
    assert "You are signed in" in visitor.at.text
    assert email_of(company.server, "agent") in visitor.at.text


def test_somebody_else_is_asked_for_anew(visitor: Visitor, openid_provider: OpenIdProvider) -> None:
    """Who presses "Use another account" is not signed in at once as the same person again."""
    signs_in(visitor, openid_provider)
    visitor.goes_to("web", prompt="consent")
    visitor.presses("switch")
    away = visitor.presses("sso", username=email_of(visitor.server, "helper"))
    assert httpx.URL(away.headers["location"]).params["prompt"] == "login"


def test_there_is_no_saml_here(company: OidcCompany) -> None:
    """A connection speaks one protocol: no metadata, and no response is heard."""
    here = company.ours["our_callback_url"].removesuffix("/callback")
    assert httpx.get(f"{here}/metadata").status_code == 404
    refused = httpx.post(f"{here}/acs", data={"SAMLResponse": "AAAA", "RelayState": "x"})
    assert (refused.status_code, re.findall(r"CGT-\d+", refused.text)[0]) == (403, "CGT-152")
