"""Assertions of a real identity provider become tokens at a real server, once each, and only while everybody agrees."""

import base64
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import pytest
from lxml import etree

from tests.admin.conftest import forker
from tests.admin.shell import Shell, open_shell_beside
from tests.crypto.saml.signer import SAML
from tests.identity_provider import (
    IdentityProvider,
    Member,
    ServedParty,
    Visitor,
    identity_provider,
    needs_identity_provider,
)
from tests.server import Server, running_server

__all__ = ["forker", "identity_provider"]

pytestmark = needs_identity_provider

GRANT = "urn:ietf:params:oauth:grant-type:saml2-bearer"
TOKEN = "/restapi/oauth/token"
COMPANY_CALLS = "/restapi/v1.0/account/~/call-log"
CONNECTION = "Company IdP"


@dataclass(frozen=True)
class Company:
    """The account `main`, whose people its identity provider signs in and nobody else may."""

    server: Server
    shell: Shell
    provider: IdentityProvider
    visitor: Visitor
    entity_id: str
    client: tuple[str, str]

    @property
    def token_url(self) -> str:
        """Where assertions go."""
        return f"{self.server.base_url}{TOKEN}"

    def response(self, *, place: str | None = None, visitor: Visitor | None = None) -> bytes:
        """What the provider answers, for the token endpoint unless said otherwise."""
        asked = visitor or self.visitor
        return asked.answer(entity_id=self.entity_id, place=place or self.token_url).document

    def assertion(self, *, place: str | None = None, visitor: Visitor | None = None) -> str:
        """A fresh assertion, cut out of its response."""
        return cut_out(self.response(place=place, visitor=visitor))

    def exchange(self, assertion: str, *, client: tuple[str, str] | None = None) -> httpx.Response:
        """An app brings it."""
        form = {"grant_type": GRANT, "assertion": assertion}
        return httpx.post(self.token_url, data=form, auth=client or self.client, timeout=30)

    def reads_calls(self, token: str) -> int:
        """What the company's call log answers to a bearer."""
        url = f"{self.server.base_url}{COMPANY_CALLS}"
        return httpx.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=30).status_code


def cut_out(response: bytes) -> str:
    """The assertion of a response, in base64url."""
    found = etree.fromstring(response).find(f"{{{SAML}}}Assertion")
    assert found is not None
    return base64.urlsafe_b64encode(etree.tostring(found)).decode()


def error_of(response: httpx.Response) -> tuple[int, str, str]:
    """Status, error and code."""
    told = response.json()
    return response.status_code, told["error"], told["errors"][0]["errorCode"]


def check_of(response: httpx.Response) -> str:
    """The check that a refusal names."""
    found = re.search(r"fails the check \[([a-z ]+)\]", response.json()["error_description"])
    assert found, response.text
    return found[1]


@pytest.fixture(scope="module")
def company(
    identity_provider: IdentityProvider,
    forker: "subprocess.Popen[str]",
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Company]:
    """Set up as an administrator sets it up."""
    with running_server() as server:
        shell = open_shell_beside(forker, server, tmp_path_factory.mktemp("operator"))
        main, helper = server.world.accounts["main"], server.world.people["helper"]
        provider = ("--issuer", identity_provider.entity_id, "--sso-url", identity_provider.sso_url)
        certificate = ("--certificate", str(identity_provider.certificate))
        made = shell.give("sso", "connect-saml", main.id, "--name", CONNECTION, *provider, *certificate)
        shell.give("sso", "policy", main.id, "enforced")
        words = ("--kind", "ServerOther", "--grant", GRANT, "--scope", "ReadAccounts", "--scope", "ReadCallLog")
        app = shell.give("apps", "register", "--account", main.id, "--name", "Data lake", *words)
        ours = f"{server.base_url}/restapi/oauth/sso/{made['id']}"
        entity_id, places = f"{ours}/metadata", (f"{ours}/acs", f"{server.base_url}{TOKEN}")
        identity_provider.serve([ServedParty(entity_id=entity_id, places=places)])
        members = [Member("job", "a long password", helper.email), Member("stranger", "another", "who@nowhere.example")]
        identity_provider.know(members)
        with identity_provider.visited_by(members[0]) as visitor:
            client = (app["client_id"], app["client_secret"])
            yield Company(server, shell, identity_provider, visitor, entity_id, client)


@pytest.mark.requirement("RFC 7522 section 2.1")
def test_assertion_becomes_a_token_of_its_person_where_single_sign_on_is_enforced(company: Company) -> None:
    """Seed 000: no password, no browser, no person; the very assertion that the company's provider issues."""
    helper = company.server.world.people["helper"]
    reply = company.exchange(company.assertion())
    assert reply.status_code == 200, reply.text
    assert (reply.json()["owner_id"], "refresh_token" in reply.json()) == (helper.id, False)
    assert company.reads_calls(reply.json()["access_token"]) == 200

    script = company.server.world.apps["script"]
    password = {"grant_type": "password", "username": helper.email, "password": helper.password}
    refused = httpx.post(company.token_url, data=password, auth=(script.client_id, str(script.client_secret)))
    assert error_of(refused) == (400, "invalid_grant", "CGT-150")


def test_discovery_lists_the_grant_when_an_app_has_it(company: Company) -> None:
    """The document tells the truth."""
    told = httpx.get(f"{company.server.base_url}/.well-known/oauth-authorization-server").json()
    assert GRANT in told["grant_types_supported"]


def test_assertion_is_good_once_also_when_it_comes_many_times_at_once(company: Company) -> None:
    """One-time use by a unique key in the transaction that opens the session."""
    assertion = company.assertion()
    with ThreadPoolExecutor(16) as crowd:
        replies = list(crowd.map(company.exchange, [assertion] * 16))
    assert sorted(reply.status_code for reply in replies) == [200] + [400] * 15
    refused = {error_of(reply) for reply in replies if reply.status_code == 400}
    assert refused == {(400, "invalid_grant", "CGT-161")}
    assert error_of(company.exchange(assertion)) == (400, "invalid_grant", "CGT-161")


def test_assertion_for_browsers_is_refused_with_the_check_it_fails(company: Company) -> None:
    """RFC 7522 section 3 rule 5: it was to be delivered elsewhere. The reply names the check and the mend."""
    acs_url = company.entity_id.replace("/metadata", "/acs")
    refused = company.exchange(company.assertion(place=acs_url))
    assert error_of(refused) == (400, "invalid_grant", "CGT-160")
    assert check_of(refused) == "recipient"
    assert "callgate saml check" in refused.text


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda company: base64.urlsafe_b64encode(company.response()).decode(), "shape"),
        (lambda company: tampered(company.assertion()), "signature"),
        (lambda company: foreign(company.assertion(), company), "audience"),
        (lambda company: f"{company.assertion()}!", "encoding"),
    ],
    ids=["whole response", "tampered", "unknown connection", "no base64url"],
)
def test_assertion_is_refused_with_the_check_it_fails(company: Company, change: object, check: str) -> None:
    """What is wrong is said by its name, to an app that proved itself."""
    assert callable(change)
    refused = company.exchange(change(company))
    assert error_of(refused) == (400, "invalid_grant", "CGT-160")
    assert check_of(refused) == check


def tampered(assertion: str) -> str:
    """Another subject under the signature."""
    raw = base64.urlsafe_b64decode(assertion)
    return base64.urlsafe_b64encode(raw.replace(b"@", b".evil@", 1)).decode()


def foreign(assertion: str, company: Company) -> str:
    """For a connection that is not there."""
    raw = base64.urlsafe_b64decode(assertion)
    wanted = company.entity_id.encode()
    return base64.urlsafe_b64encode(raw.replace(wanted, wanted.replace(b"/metadata", b"9/metadata"))).decode()


def test_assertion_about_nobody_is_refused(company: Company) -> None:
    """Signed by the right provider, about somebody who is not in the account."""
    with company.provider.visited_by(Member("stranger", "another", "who@nowhere.example")) as stranger:
        refused = company.exchange(company.assertion(visitor=stranger))
    assert error_of(refused) == (400, "invalid_grant", "CGT-162")


def test_app_without_the_grant_is_refused(company: Company) -> None:
    """OAU-251: an app may use the grants it is registered for."""
    script = company.server.world.apps["script"]
    refused = company.exchange(company.assertion(), client=(script.client_id, str(script.client_secret)))
    assert error_of(refused) == (400, "unauthorized_client", "OAU-251")


def test_disabled_connection_lets_nobody_in_and_its_sessions_are_over(company: Company) -> None:
    """CVE-2026-2603, -3047: disabled at the moment of use is disabled."""
    token = company.exchange(company.assertion()).json()["access_token"]
    assert company.reads_calls(token) == 200
    company.shell.give("sso", "policy", company.server.world.accounts["main"].id, "allowed")
    company.shell.give("sso", "disable", CONNECTION, "--yes")
    assert error_of(company.exchange(company.assertion())) == (400, "invalid_grant", "CGT-163")
    assert company.reads_calls(token) == 401
    company.shell.give("sso", "enable", CONNECTION)
    assert company.exchange(company.assertion()).status_code == 200


def test_single_sign_on_switched_off_lets_nobody_in_by_assertion(company: Company) -> None:
    """The account's switch rules its provider's word, in whatever form it comes."""
    account = company.server.world.accounts["main"].id
    company.shell.give("sso", "policy", account, "off")
    assertion = company.assertion()
    assert error_of(company.exchange(assertion)) == (400, "invalid_grant", "CGT-164")
    company.shell.give("sso", "policy", account, "enforced")
    assert company.exchange(assertion).status_code == 200, "what was refused was not spent"


def test_long_assertion_is_taken_and_too_long_a_body_is_not(company: Company) -> None:
    """150 groups, the most that Entra ID sends; and beyond 64 KiB 413 before anything is looked at."""
    company.provider.know([Member("job", "a long password", company.visitor.member.email, groups=150)])
    with company.provider.visited_by(company.visitor.member) as again:
        assertion = company.assertion(visitor=again)
    assert 16 * 1024 < len(assertion) < 48 * 1024
    assert company.exchange(assertion).status_code == 200
    refused = company.exchange("A" * 65_536)
    assert error_of(refused) == (413, "invalid_request", "CGT-102")


def test_assertion_is_refused_when_its_time_is_over_by_our_clock(company: Company) -> None:
    """SimpleSAMLphp's live five minutes; the last test here, because the clock does not go back."""
    assertion = company.assertion()
    company.server.advance(400)
    refused = company.exchange(assertion)
    assert error_of(refused) == (400, "invalid_grant", "CGT-160")
    assert check_of(refused) == "time"
