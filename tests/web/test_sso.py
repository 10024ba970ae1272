"""Single sign-on by SAML on a real server, with a real provider's answers: who is let in, and who is not."""

import base64
import re
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.admin.conftest import forker
from tests.company import CONNECTION, Company, connected, email_of
from tests.crypto.saml.signer import identity
from tests.identity_provider import (
    Answer,
    IdentityProvider,
    identity_provider,
    needs_identity_provider,
    running_identity_provider,
)
from tests.server import Server, restarted, running_server
from tests.web.visitor import TOKEN, Visitor, visiting

__all__ = ["forker", "identity_provider"]

pytestmark = needs_identity_provider

SIGN_IN_COOKIE = "callgate_sign_in"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture(scope="module")
def world(
    identity_provider: IdentityProvider, forker: "subprocess.Popen[str]", tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Company]:
    """A server of its own: its switches are moved."""
    folder = tmp_path_factory.mktemp("operator")
    with running_server() as server, connected(server, identity_provider, forker=forker, folder=folder) as made:
        yield made


@pytest.fixture
def company(world: Company) -> Iterator[Company]:
    """The company with single sign-on beside passwords, and so again afterwards."""
    yield world
    world.as_it_was()


@pytest.fixture
def visitor(company: Company) -> Iterator[Visitor]:
    """A browser that has never been here."""
    with visiting(company.server) as someone:
        yield someone


def sent_away(visitor: Visitor, who: str = "agent", **more: str) -> str:
    """Where a browser is sent that chose single sign-on for somebody's address."""
    visitor.goes_to("web", **({"prompt": "sso consent"} | more))
    visitor.presses("sso", username=email_of(visitor.server, who))
    return str(visitor.at.headers["location"])


def comes_back(visitor: Visitor, answer: Answer) -> httpx.Response:
    """The provider's page makes a browser post its answer."""
    return visitor.is_made_to_post(answer.place, answer.fields)


def signs_in(visitor: Visitor, company: Company, who: str = "agent") -> dict[str, str]:
    """All the way to the app, which has tokens then."""
    comes_back(visitor, company.answers(who, sent_away(visitor, who)))
    visitor.presses("authorize")
    tokens: dict[str, str] = visitor.redeems("web", visitor.brings["code"]).json()
    return tokens


def ours_of(visitor: Visitor) -> set[str]:
    """The cookies of ours that the browser keeps."""
    return {name for name in visitor.http.cookies if name.startswith("callgate")}


def code_of(page: httpx.Response) -> str:
    """The fault that a page shows."""
    found = re.search(r"\b(?:CGT|OAU|CMN)-\d{3}\b", page.text)
    assert found, page.text
    return found[0]


def refresh(server: Server, tokens: dict[str, str]) -> httpx.Response:
    """What a refresh of the app's tokens gives."""
    app = server.world.apps["web"]
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    return httpx.post(f"{server.base_url}{TOKEN}", data=form, auth=(app.client_id, app.client_secret or ""))


def granted(server: Server, key: str, **form: str) -> httpx.Response:
    """What an unattended app's grant gives."""
    app = server.world.apps[key]
    return httpx.post(f"{server.base_url}{TOKEN}", data=form, auth=(app.client_id, app.client_secret or ""))


def by_password(server: Server, password: str | None = None) -> httpx.Response:
    """What the password grant gives to the agent."""
    agent = server.world.people["agent"]
    form = {"grant_type": "password", "username": email_of(server, "agent"), "password": password or agent.password}
    return granted(server, "script", **form)


def test_app_gets_tokens_of_the_person_the_provider_named(visitor: Visitor, company: Company) -> None:
    """And nothing of the trip stays in the browser."""
    tokens = signs_in(visitor, company)
    assert tokens["owner_id"] == company.server.world.people["agent"].id
    assert {name for name in visitor.http.cookies if name.startswith("callgate")} == {
        "callgate_browser",
        SIGN_IN_COOKIE,
    }
    assert refresh(company.server, tokens).status_code == 200


def test_requests_are_signed_and_say_who_asks(visitor: Visitor, company: Company) -> None:
    """A provider may insist on it, and none learns more of the authorize request than a name."""
    url = httpx.URL(sent_away(visitor, state="a secret of the app"))
    assert str(url).startswith(company.provider.sso_url)
    assert set(url.params) == {"SAMLRequest", "RelayState", "SigAlg", "Signature"}
    assert re.fullmatch(r"cg\.[A-Za-z0-9_-]{22}", url.params["RelayState"])
    company.says("update", CONNECTION, "--unsigned-requests")
    assert set(httpx.URL(sent_away(visitor)).params) == {"SAMLRequest", "RelayState"}


def test_person_who_wanted_a_page_of_their_own_is_led_to_it(visitor: Visitor, company: Company) -> None:
    """The trip carries it as it carries an app's request."""
    page = "/restapi/oauth/security/credentials"
    visitor.follows(page)
    visitor.presses("sso", username=email_of(visitor.server, "agent"))
    comes_back(visitor, company.answers("agent", str(visitor.at.headers["location"])))
    assert (visitor.at.status_code, visitor.at.url.path) == (200, page)


def test_answer_opens_nothing_in_another_browser(visitor: Visitor, company: Company) -> None:
    """Login CSRF: an answer to a request that this browser did not send (RFC 6819 section 4.4.1.8)."""
    answer = company.answers("agent", sent_away(visitor))
    with visiting(company.server) as other:
        refused = comes_back(other, answer)
        assert (refused.status_code, code_of(refused)) == (400, "CGT-128")
        assert SIGN_IN_COOKIE not in other.http.cookies


def test_answer_meets_only_the_request_it_answers(visitor: Visitor, company: Company) -> None:
    """Two tabs: an answer under the other's RelayState is not believed."""
    first, second = company.answers("agent", sent_away(visitor)), httpx.URL(sent_away(visitor))
    crossed = Answer(first.place, {**first.fields, "RelayState": second.params["RelayState"]})
    assert code_of(comes_back(visitor, crossed)) == "CGT-153"


def test_tabs_sign_in_side_by_side(visitor: Visitor, company: Company) -> None:
    """Each has cookies of its own; the third is not troubled by the second."""
    urls = [sent_away(visitor, state=str(number)) for number in range(3)]
    for number, url in enumerate(urls):
        comes_back(visitor, company.answers("agent", url))
        visitor.presses("authorize")
        assert visitor.brings["state"] == str(number)


def test_browser_keeps_no_more_than_four_trips(visitor: Visitor) -> None:
    """Cookies count against the headers of every request."""
    for _ in range(5):
        sent_away(visitor)
    assert len([name for name in visitor.http.cookies if "departure" in name]) == 1


def test_request_too_long_for_a_cookie_is_refused_on_the_page(visitor: Visitor) -> None:
    """Before the person leaves, not when they are back."""
    visitor.goes_to("web", state="s" * 3500)
    refused = visitor.presses("sso", username=email_of(visitor.server, "agent"))
    assert (refused.status_code, code_of(refused)) == (400, "CGT-102")


def test_answer_is_good_for_one_sign_in(visitor: Visitor, company: Company) -> None:
    """CVE-2026-18967: whoever saw it in a log or a history cannot use it again."""
    answer = company.answers("agent", sent_away(visitor))
    comes_back(visitor, answer)
    refused = comes_back(visitor, answer)
    assert (refused.status_code, code_of(refused)) == (403, "CGT-154")


def test_answer_is_spent_for_another_process_too(forker: "subprocess.Popen[str]", tmp_path: Path) -> None:
    """It is remembered where every process looks, until it would not be believed any more."""
    with (
        running_identity_provider() as provider,
        running_server() as server,
        connected(server, provider, forker=forker, folder=tmp_path) as company,
        visiting(server) as visitor,
    ):
        answer = company.answers("agent", sent_away(visitor))
        assert comes_back(visitor, answer).status_code == 200
        with restarted(server):
            assert code_of(comes_back(visitor, answer)) == "CGT-154"


def test_answer_is_refused_when_it_was_altered(visitor: Visitor, company: Company) -> None:
    """And the log, not the page, says which check failed."""
    answer = company.answers("agent", sent_away(visitor))
    document = answer.document.replace(b"agent", b"admin")
    fields = {**answer.fields, "SAMLResponse": base64.b64encode(document).decode()}
    refused = comes_back(visitor, Answer(answer.place, fields))
    assert (refused.status_code, code_of(refused)) == (403, "CGT-153")
    assert "signature" not in refused.text
    assert "signature" in company.server.log()


def test_person_nobody_here_knows_is_told_so(visitor: Visitor, company: Company) -> None:
    """No account is made for them (CVE-2025-64717), and no other company's person is meant."""
    refused = comes_back(visitor, company.answers("stranger", sent_away(visitor)))
    assert (refused.status_code, code_of(refused)) == (403, "CGT-155")


def test_unknown_address_is_answered_as_one_without_single_sign_on(visitor: Visitor, company: Company) -> None:
    """Ruling 10 carried over: the page does not tell who has an account here."""
    pages = []
    for address in ("nobody@nowhere.example", email_of(company.server, "other_admin")):
        visitor.goes_to("web")
        refused = visitor.presses("sso", username=address)
        assert (refused.status_code, code_of(refused)) == (400, "CGT-129")
        pages.append(re.sub(r'name="form_state" value="[^"]*"', "", refused.text).replace(address, "…"))
    assert pages[0] == pages[1]


def test_claimed_domain_leads_to_its_provider_whoever_is_meant(visitor: Visitor, company: Company) -> None:
    """With a domain the page does not even tell whether the person exists."""
    company.says("update", CONNECTION, "--email-domain", "claimed.example")
    visitor.goes_to("web")
    away = visitor.presses("sso", username="whoever@claimed.example")
    assert away.headers["location"].startswith(company.provider.sso_url)


def test_disabled_provider_lets_nobody_in(visitor: Visitor, company: Company) -> None:
    """CVE-2026-2603, -3047, -3009: judged when the answer is consumed; what it opened before is over for good."""
    tokens = signs_in(visitor, company)
    answer = company.answers("agent", sent_away(visitor))
    company.says("disable", CONNECTION, "--yes")
    assert code_of(comes_back(visitor, answer)) == "CGT-152"
    over = refresh(company.server, tokens).json()
    assert over["errors"][0]["errorCode"] == "OAU-211"
    visitor.goes_to("web", prompt="none")
    assert visitor.brings["error"] == "login_required"
    company.says("enable", CONNECTION)
    assert refresh(company.server, tokens).status_code == 400
    visitor.goes_to("web", prompt="none")
    assert visitor.brings["error"] == "login_required"


def test_provider_disabled_between_answer_and_sign_in_lets_nobody_in(visitor: Visitor, company: Company) -> None:
    """The redirect that brings the cookies is a second look."""
    answer = company.answers("agent", sent_away(visitor))
    reply = httpx.post(answer.place, data=dict(answer.fields), headers={"Accept": "text/html"})
    visitor.http.cookies.update(reply.cookies)
    company.says("disable", CONNECTION, "--yes")
    company.says("enable", CONNECTION)
    assert code_of(visitor.follows(reply.headers["location"])) == "CGT-152"


def test_certificates_roll_over(visitor: Visitor, company: Company, tmp_path: Path) -> None:
    """A stranger's certificate verifies nothing; the right one does as the secondary; and nobody is signed out."""
    tokens = signs_in(visitor, company)
    other = tmp_path / "other.pem"
    other.write_bytes(identity("other.example").pem)
    company.says("certificates", CONNECTION, "--primary", str(other))
    assert code_of(comes_back(visitor, company.answers("agent", sent_away(visitor)))) == "CGT-153"
    company.says("certificates", CONNECTION, "--secondary", str(company.provider.certificate))
    comes_back(visitor, company.answers("agent", sent_away(visitor)))
    assert "asks for access" in visitor.at.text
    assert refresh(company.server, tokens).status_code == 200


def test_sign_in_that_begins_at_the_provider_is_refused_unless_allowed(visitor: Visitor, company: Company) -> None:
    """Nothing ties such an answer to this browser, so it is off."""
    refused = comes_back(visitor, company.answers_unasked("agent"))
    assert (refused.status_code, code_of(refused)) == (403, "CGT-156")


def test_person_is_asked_whether_they_meant_to_sign_in(visitor: Visitor, company: Company) -> None:
    """Login CSRF: an answer somebody else began signs nobody in before they have seen as whom."""
    company.says("update", CONNECTION, "--idp-initiated")
    page = comes_back(visitor, company.answers_unasked("agent"))
    assert email_of(company.server, "agent") in page.text
    assert SIGN_IN_COOKIE not in visitor.http.cookies
    visitor.presses("continue")
    assert "You are signed in" in visitor.at.text
    visitor.goes_to("web", prompt="none")
    assert visitor.brings.get("error", "") in {"consent_required", ""}


def test_person_who_did_not_mean_to_is_not_signed_in(visitor: Visitor, company: Company) -> None:
    """Cancel leads to the server's own page; the answer is spent."""
    company.says("update", CONNECTION, "--idp-initiated")
    comes_back(visitor, company.answers_unasked("agent"))
    visitor.presses("cancel")
    assert visitor.at.url.path == "/"
    assert ours_of(visitor) == set()


def test_answer_about_no_trip_of_ours_puts_nothing_into_a_cookie(server: Server) -> None:
    """The name of a trip ends in the name of a cookie: what is none is refused, whatever the button."""
    for action in ("cancel", "continue"):
        for handle in ("x=1; Domain=evil.example", "x\r\nSet-Cookie: callgate_browser=evil", "x" * 9000, ""):
            form = {"arrival": handle, "action": action}
            refused = httpx.post(f"{server.base_url}/restapi/oauth/sso/finish", data=form)
            assert (refused.status_code, refused.json()["errors"][0]["errorCode"]) == (400, "CGT-128")
            assert "set-cookie" not in refused.headers


@pytest.mark.parametrize("number", ["9" * 19, str(2**63), "9" * 400, "x"])
@pytest.mark.parametrize(
    ("method", "place", "status"),
    [("GET", "metadata", 404), ("GET", "start", 403), ("GET", "callback", 400), ("POST", "acs", 403)],
)
def test_connection_nobody_has_is_refused_whatever_its_number(
    server: Server, number: str, method: str, place: str, status: int
) -> None:
    """A number that no column holds is one that nobody has."""
    url = f"{server.base_url}/restapi/oauth/sso/{number}/{place}"
    form = {"SAMLResponse": "AAAA", "RelayState": "cg.1234567890123456789012"}
    assert httpx.request(method, url, data=form if method == "POST" else None).status_code == status


def test_yes_of_another_sites_page_is_none(visitor: Visitor, company: Company) -> None:
    """assurance.md S11: the form that confirms is posted by our own page alone."""
    company.says("update", CONNECTION, "--idp-initiated")
    page = comes_back(visitor, company.answers_unasked("agent"))
    handle = re.search(r'name="arrival" value="([^"]+)"', page.text)
    assert handle
    form = {"arrival": handle[1], "action": "continue"}
    refused = visitor.http.post(
        "/restapi/oauth/sso/finish",
        data=form,
        headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    )
    assert (refused.status_code, code_of(refused)) == (400, "CGT-128")


def test_relay_state_leads_nowhere_else(visitor: Visitor, company: Company) -> None:
    """RelayState resumes the authorize request and nothing else: an address in it is ignored."""
    company.says("update", CONNECTION, "--idp-initiated")
    answer = company.answers_unasked("agent")
    comes_back(visitor, Answer(answer.place, {**answer.fields, "RelayState": "https://evil.example/"}))
    visitor.presses("continue")
    assert visitor.at.url.host == "127.0.0.1"
    assert visitor.at.url.path == "/restapi/oauth/sso/signed-in"


def test_sign_in_may_begin_at_the_connections_own_address(visitor: Visitor, company: Company) -> None:
    """What a provider's portal is given as the sign-on address: a trip of our own, without an app."""
    away = visitor.follows(company.ours["our_start_url"])
    comes_back(visitor, company.answers("agent", str(away.headers["location"])))
    assert "You are signed in" in visitor.at.text


def test_nobody_is_shown_where_nobody_is_signed_in(visitor: Visitor) -> None:
    """And there is no trip to finish either."""
    for address in ("/restapi/oauth/sso/signed-in", "/restapi/oauth/sso/finish", "/restapi/oauth/sso/finish?arrival=x"):
        assert code_of(visitor.follows(address)) == "CGT-128"


def test_metadata_is_served_to_the_provider(company: Company) -> None:
    """Who we are, where answers go, and the certificate of our requests; of nothing else is there any."""
    served = httpx.get(company.ours["our_entity_id"])
    assert served.headers["content-type"] == "application/samlmetadata+xml"
    assert company.ours["our_acs_url"] in served.text
    assert "X509Certificate" in served.text
    written = company.shell.folder / "sp.xml"
    company.says("sp-metadata", CONNECTION, "--output", str(written))
    assert written.read_bytes() == served.content
    for other in ("0", "1234567890", "x", "9" * 40):
        assert httpx.get(f"{company.server.base_url}/restapi/oauth/sso/{other}/metadata").status_code == 404


def test_request_key_is_renewed(visitor: Visitor, company: Company) -> None:
    """The provider is given the new certificate by the metadata."""
    before = httpx.get(company.ours["our_entity_id"]).text
    company.says("new-signing-key", CONNECTION)
    assert httpx.get(company.ours["our_entity_id"]).text != before
    assert "Signature" in httpx.URL(sent_away(visitor)).params


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"RelayState=x", 400, "CGT-101"),
        (b"SAMLResponse=x&SAMLResponse=y", 400, "OAU-111"),
        (b"SAMLResponse=" + b"A" * 600_000, 413, "CGT-102"),
        (b"SAMLResponse=%zz", 400, "CGT-104"),
        (b"SAMLResponse=AAAA&RelayState=cg.1234567890123456789012", 403, "CGT-153"),
    ],
)
def test_answer_that_is_none_is_refused(company: Company, body: bytes, status: int, code: str) -> None:
    """Before anything is parsed that costs more than its bytes."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    refused = httpx.post(company.ours["our_acs_url"], content=body, headers=headers)
    assert (refused.status_code, refused.json()["errors"][0]["errorCode"]) == (status, code)


def test_password_is_refused_where_single_sign_on_is_enforced(visitor: Visitor, company: Company) -> None:
    """Seed 002's table: passwords are not compatible with it, JWT credentials and services are."""
    server = company.server
    tokens = by_password(server).json()
    visitor.goes_to("web", prompt="consent")
    visitor.signs_in("agent")
    company.says("policy", company.account, "enforced")
    refused = by_password(server)
    assert (refused.status_code, refused.json()["errors"][0]["errorCode"]) == (400, "CGT-150")
    assert by_password(server, "a wrong password").json()["errors"][0]["errorCode"] == "OAU-140"
    app = server.world.apps["script"]
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    over = httpx.post(f"{server.base_url}{TOKEN}", data=form, auth=(app.client_id, app.client_secret or "")).json()
    assert over["errors"][0]["errorCode"] == "OAU-211"
    assert "no longer lets people sign in this way" in over["error_description"]
    visitor.goes_to("web", prompt="none")
    assert visitor.brings["error"] == "login_required"
    for credential in server.world.jwt_credentials.values():
        if credential.person == "helper":
            assertion = {"grant_type": JWT_BEARER, "assertion": credential.jwt}
            assert granted(server, "script", **assertion).status_code == 200
    assert granted(server, "service", grant_type="client_credentials").status_code == 200


def test_page_names_the_way_to_go_where_single_sign_on_is_enforced(visitor: Visitor, company: Company) -> None:
    """Only to whoever knows the password (ruling 10), and with the button at hand whatever `prompt` says."""
    company.says("policy", company.account, "enforced")
    for prompt in ("", "login"):
        visitor.goes_to("web", prompt=prompt)
        refused = visitor.presses("sign-in", username=email_of(company.server, "agent"), password="a wrong one")
        assert code_of(refused) == "OAU-140"
        visitor.goes_to("web", prompt=prompt)
        refused = visitor.signs_in("agent")
        assert (refused.status_code, code_of(refused)) == (400, "CGT-150")
        assert 'value="sso"' in refused.text
    tokens = signs_in(visitor, company)
    assert refresh(company.server, tokens).status_code == 200


def test_exempt_person_may_use_a_password_and_enforced_one_may_not(company: Company) -> None:
    """What seed 000 was promised: the switch for a particular extension."""
    agent = company.server.world.people["agent"].id
    company.says("policy", company.account, "enforced")
    company.says("exempt", agent)
    assert by_password(company.server).status_code == 200
    company.says("policy", company.account, "allowed")
    company.says("enforce", agent)
    assert by_password(company.server).json()["errors"][0]["errorCode"] == "CGT-150"
    company.says("policy", company.account, "off")
    assert by_password(company.server).status_code == 200


def test_extension_shows_whether_passwords_work(company: Company) -> None:
    """protocol.md H: the feature PasswordAuth."""
    credential = next(each for each in company.server.world.jwt_credentials.values() if each.person == "helper")
    tokens = granted(company.server, "script", grant_type=JWT_BEARER, assertion=credential.jwt).json()

    def password_auth() -> bool:
        url = f"{company.server.base_url}/restapi/v1.0/account/~/extension/~"
        shown = httpx.get(url, headers={"Authorization": f"Bearer {tokens['access_token']}"}).json()
        return bool(shown["serviceFeatures"][0]["enabled"])

    assert password_auth()
    company.says("policy", company.account, "enforced")
    assert not password_auth()


def test_single_sign_on_switched_off_lets_nobody_in(visitor: Visitor, company: Company) -> None:
    """And ends what came by it; as the other switches do, until it is on again."""
    tokens = signs_in(visitor, company)
    answer = company.answers("agent", sent_away(visitor))
    company.says("policy", company.account, "off")
    assert code_of(comes_back(visitor, answer)) == "CGT-151"
    assert refresh(company.server, tokens).json()["errors"][0]["errorCode"] == "OAU-211"
    company.says("policy", company.account, "allowed")
    assert refresh(company.server, tokens).status_code == 200


@pytest.mark.parametrize(
    ("prompt", "password", "sso"),
    [
        ("", True, True),
        ("login sso", True, True),
        ("consent", True, True),
        ("login", True, False),
        ("sso", False, True),
    ],
)
def test_page_offers_the_ways_that_prompt_names(visitor: Visitor, prompt: str, *, password: bool, sso: bool) -> None:
    """protocol.md C.2: `sso` shows only single sign-on, `login` only the password."""
    page = visitor.goes_to("web", prompt=prompt).text
    assert ('name="password"' in page, 'value="sso"' in page) == (password, sso)


def test_page_that_says_to_use_a_password_asks_for_one(visitor: Visitor) -> None:
    """Where single sign-on was asked for and the company has none, nobody is left without a way."""
    visitor.goes_to("web", prompt="sso")
    refused = visitor.presses("sso", username="somebody@nowhere.example")
    assert code_of(refused) == "CGT-129"
    assert 'name="password"' in refused.text
    assert 'name="password"' not in visitor.signs_in("agent").text


def test_page_offers_no_single_sign_on_where_nobody_has_it(server: Server) -> None:
    """A button that leads nowhere confuses."""
    with visiting(server) as visitor:
        assert 'value="sso"' not in visitor.goes_to("web").text


def test_somebody_else_is_asked_for_anew(visitor: Visitor, company: Company) -> None:
    """Who presses "Use another account" is not signed in at once as the same person again."""
    signs_in(visitor, company)
    visitor.goes_to("web", prompt="consent")
    visitor.presses("switch")
    away = visitor.presses("sso", username=email_of(company.server, "helper"))
    request = httpx.URL(away.headers["location"]).params["SAMLRequest"]
    assert b"ForceAuthn" in zlib.decompress(base64.b64decode(request), -15)
