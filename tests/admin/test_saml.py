"""`callgate saml check`: which checks a document passes, and what whoever set the provider up is told to mend."""

import base64
import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from urllib.parse import urlencode

import pytest
from xmlsec import constants

from callgate.admin.saml_mends import MENDS, PROVIDERS
from callgate.model.saml import SamlCheck
from callgate.model.saml_check import CONNECTION, PERSON, SWITCH, USE
from tests.admin.shell import Shell
from tests.crypto.saml import hostile
from tests.crypto.saml.signer import (
    ISSUER,
    Answer,
    Signing,
    identity,
    instant,
    signed_assertion,
    signed_response,
    varied,
)


@dataclass(frozen=True)
class Desk:
    """A company with a provider, and where its documents belong."""

    shell: Shell
    entity_id: str
    acs_url: str
    token_url: str

    def answer(self, **parts: object) -> Answer:
        """What the provider says to a browser when all is well."""
        usual = {
            "now_ms": int(time.time()) * 1000,
            "audience": self.entity_id,
            "destination": self.acs_url,
            "recipient": self.acs_url,
            "name_id": "ann@x.example",
            "in_response_to": "_r1",
        }
        return varied(**{**usual, **parts})

    def for_grant(self) -> Answer:
        """What it says for the token endpoint."""
        return self.answer(recipient=self.token_url, in_response_to=None)

    def check(self, content: bytes, *words: str) -> dict[str, tuple[bool, str | None]]:
        """Each check of a file, whether it passed and what was found."""
        (self.shell.folder / "document").write_bytes(content)
        ended = self.shell.run("saml", "check", "document", *words, "--json")
        found = {each["check"]: (each["passed"], each["found"]) for each in json.loads(ended.out)}
        assert ended.code == (0 if all(passed for passed, _ in found.values()) else 1)
        return found

    def failing(self, content: bytes, *words: str) -> set[str]:
        """The checks that a file fails."""
        return {check for check, (passed, _) in self.check(content, *words).items() if not passed}


def set_up(shell: Shell) -> Desk:
    """Ann's company lets its provider sign people in."""
    (shell.folder / "idp.pem").write_bytes(identity().pem)
    account = shell.give("accounts", "create", "--name", "Alder", "--main-number", "+12025550100")
    shell.give("extensions", "create", "--account", "Alder", "--first-name", "Ann", "--email", "ann@x.example")
    provider = ("--issuer", ISSUER, "--sso-url", "https://idp.example/sso", "--certificate", "idp.pem")
    made = shell.give("sso", "connect-saml", "Alder", "--name", "IdP", *provider)
    shell.give("sso", "policy", str(account["id"]), "allowed")
    entity_id, acs_url = str(made["our_entity_id"]), str(made["our_acs_url"])
    return Desk(shell, entity_id, acs_url, f"{entity_id.partition('/sso/')[0]}/token")


@pytest.fixture(scope="module")
def desk(forker: "subprocess.Popen[str]", migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """One for all tests that only ask."""
    return set_up(Shell(Path(copytree(migrated, tmp_path_factory.mktemp("saml") / "copy")), forker))


@pytest.fixture
def fresh_desk(shell: Shell) -> Desk:
    """One for a test that changes something."""
    return set_up(shell)


def test_every_check_passes_when_all_is_well(desk: Desk) -> None:
    """Of a response and of an assertion; nothing was used up by asking."""
    response = signed_response(desk.answer())
    for _ in range(2):
        found = desk.check(response)
        assert list(found) == [*(check.value for check in SamlCheck), CONNECTION, SWITCH, PERSON, USE]
        assert set(found.values()) == {(True, None)}
    assert desk.failing(signed_assertion(desk.for_grant()), "--grant") == set()


@pytest.mark.parametrize("form", ["xml", "base64", "form", "url-safe"])
def test_file_may_hold_a_document_in_the_forms_it_is_found_in(desk: Desk, form: str) -> None:
    """As XML, as the form field, or as the body that a browser or an app sent."""
    response, assertion = signed_response(desk.answer()), signed_assertion(desk.for_grant())
    packed, safe = base64.b64encode(response).decode(), base64.urlsafe_b64encode(assertion).decode()
    match form:
        case "xml":
            assert desk.failing(b"\n" + response + b"\n") == set()
        case "base64":
            assert desk.failing(packed.encode()) == set()
        case "form":
            assert desk.failing(urlencode({"SAMLResponse": packed, "RelayState": "x"}).encode()) == set()
            assert desk.failing(urlencode({"grant_type": "x", "assertion": safe}).encode(), "--grant") == set()
        case _:
            assert desk.failing(safe.encode(), "--grant") == set()


def test_assertion_is_cut_out_when_the_grant_is_asked_about_a_response(desk: Desk) -> None:
    """What people have in a file is what a browser posted: its recipient is the mistake, not its wrapping."""
    assert desk.failing(signed_response(desk.answer()), "--grant") == {"recipient"}
    assert desk.failing(signed_response(desk.for_grant()), "--grant") == set()


@pytest.mark.parametrize(
    ("parts", "signing", "failing"),
    [
        ({"issuer": "https://other.example", "response_issuer": None}, Signing(), {"issuer"}),
        ({"audience": "https://other.example"}, Signing(), {"audience"}),
        ({"recipient": "https://other.example"}, Signing(), {"recipient", "request"}),
        ({"destination": "https://other.example"}, Signing(), {"destination"}),
        ({"status": "urn:oasis:names:tc:SAML:2.0:status:Responder"}, Signing(), {"status"}),
        ({"confirmed_until": instant(0)}, Signing(), {"time"}),
        ({"in_response_to": None}, Signing(), {"request"}),
        ({"name_id": "nobody@x.example"}, Signing(), {"person"}),
        ({}, Signing(by=identity("other")), {"signature"}),
        ({}, Signing(method=constants.TransformRsaSha1), {"algorithms"}),
        ({}, Signing(assertion=False), {"signed"}),
        ({"audience": "x", "recipient": "y"}, Signing(assertion=False), {"signed", "audience", "recipient", "request"}),
    ],
)
def test_each_mistake_is_named_with_what_was_found(
    desk: Desk, parts: dict[str, object], signing: Signing, failing: set[str]
) -> None:
    """All of them at once, also of a document whose signature nobody can believe."""
    found = desk.check(signed_response(desk.answer(**parts), signing), "--connection", "IdP")
    assert {check for check, (passed, _) in found.items() if not passed} == failing
    assert all(said for passed, said in found.values() if not passed)


@pytest.mark.parametrize("name", ["billion laughs", "XSW3", "huge", "UTF-16", "encrypted, unsigned"])
def test_hostile_document_is_explained_and_harms_nobody(desk: Desk, name: str) -> None:
    """The checker reads strangers' files as the server does."""
    attack = hostile.ATTACKS[name]
    live = signed_response(desk.answer(), Signing(response=True))
    assert attack.stopped_by.value in desk.failing(attack.attack(live), "--connection", "IdP")


def test_state_of_connection_switch_and_person_is_told(fresh_desk: Desk) -> None:
    """What the server will ask besides the document."""
    response = signed_response(fresh_desk.answer())
    fresh_desk.shell.give("extensions", "disable", "ann@x.example", "--yes")
    assert fresh_desk.failing(response) == {"person"}
    fresh_desk.shell.give("sso", "disable", "IdP", "--yes")
    fresh_desk.shell.give("sso", "policy", "Alder", "off")
    assert fresh_desk.failing(response) == {"person", "connection", "switch"}


def test_document_is_judged_as_at_a_time(desk: Desk) -> None:
    """A file is old by the time somebody looks at it."""
    old = int(time.time()) * 1000 - 3_600_000
    response = signed_response(desk.answer(now_ms=old))
    assert "time" in desk.failing(response)
    assert desk.failing(response, "--at", instant(10, now_ms=old)) == set()
    (desk.shell.folder / "document").write_bytes(response)
    assert "not an ISO 8601 date" in desk.shell.refuse("saml", "check", "document", "--at", "yesterday")


def test_connection_must_be_said_when_it_could_be_several(fresh_desk: Desk) -> None:
    """The audience names it; without one of ours there must be no choice."""
    provider = ("--issuer", "https://two.example", "--sso-url", "https://two.example/sso", "--certificate", "idp.pem")
    fresh_desk.shell.give("sso", "connect-saml", "Alder", "--name", "Second", *provider)
    assert fresh_desk.failing(signed_response(fresh_desk.answer())) == set()
    foreign = signed_response(fresh_desk.answer(audience="https://other.example"))
    (fresh_desk.shell.folder / "document").write_bytes(foreign)
    assert "--connection" in fresh_desk.shell.refuse("saml", "check", "document")
    assert "audience" in fresh_desk.failing(foreign, "--connection", "IdP", "--account", "Alder")


def test_people_are_told_what_to_set_at_each_provider(desk: Desk) -> None:
    """One line each, then what to do here and in the four consoles, with our own addresses in it."""
    (desk.shell.folder / "document").write_bytes(signed_response(desk.answer(audience="https://other.example")))
    ended = desk.shell.run("saml", "check", "document")
    lines = ended.out.splitlines()
    assert ended.code == 1
    assert any(line.startswith("passes") and "signature" in line for line in lines)
    place = next(number for number, line in enumerate(lines) if line.startswith("FAILS") and "audience" in line)
    assert [line.strip().partition(":")[0] for line in lines[place + 1 : place + 6]] == ["to do", *PROVIDERS]
    assert sum(desk.entity_id in line for line in lines[place + 1 : place + 6]) == 5
    assert "Held against the connection IdP" in ended.err


def test_every_check_has_its_mend() -> None:
    """A check that fails and says nothing about what to do is half a check."""
    assert MENDS.keys() == {check.value for check in SamlCheck} | {CONNECTION, SWITCH, PERSON, USE}
    for mend in MENDS.values():
        assert all(text and "{" not in text for _, text in mend.told(name="1", place="here", entity_id="us"))


def test_expired_certificate_is_mentioned_and_believed(fresh_desk: Desk) -> None:
    """Its dates are no check; that its end is past is worth knowing."""
    old = identity("old", expired=True, bits=2048)
    (fresh_desk.shell.folder / "old.pem").write_bytes(old.pem)
    fresh_desk.shell.give("sso", "certificates", "IdP", "--primary", "old.pem")
    response = signed_response(fresh_desk.answer(), Signing(by=old))
    (fresh_desk.shell.folder / "document").write_bytes(response)
    ended = fresh_desk.shell.run("saml", "check", "document")
    assert ended.code == 0
    assert ("ended on" in ended.err) is (old.certificate.not_valid_after_utc.timestamp() < time.time())
