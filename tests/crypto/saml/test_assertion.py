"""An assertion for the grant is believed by the rules of RFC 7522, and by no weaker ones than a browser's."""

import base64

import pytest
from lxml import etree

from callgate.crypto.saml import read_claims, verify_assertion
from callgate.model.saml import SamlCheck, SamlRefused, SamlVerified, Trust
from tests.crypto.saml.hostile import ATTACKS
from tests.crypto.saml.signer import (
    ACS_URL,
    ISSUER,
    NOW_MS,
    SAML,
    SP,
    TOKEN_URL,
    Answer,
    Signing,
    identity,
    instant,
    signed_assertion,
    signed_response,
    varied,
)

TRUST = Trust(ISSUER, (identity().der,))


def for_grant(**parts: object) -> Answer:
    """An answer made for the token endpoint."""
    return varied(**{"recipient": TOKEN_URL, "in_response_to": None, **parts})


def packed(raw: bytes) -> bytes:
    """As the parameter `assertion` carries it."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def judge(text: bytes) -> SamlVerified | SamlRefused:
    """An assertion as it is judged when an app brings it."""
    return verify_assertion(text, TRUST, token_url=TOKEN_URL, sp_entity_id=SP, now_ms=NOW_MS)


@pytest.mark.requirement("RFC 7522 section 3")
@pytest.mark.parametrize(
    "answer",
    [
        for_grant(),
        for_grant(audience=TOKEN_URL),
        for_grant(authn_statement=False),
        for_grant(in_response_to="_whatever"),
        for_grant(attributes={}),
    ],
    ids=["plain", "audience is the endpoint", "nobody signed in", "asked for", "no attributes"],
)
def test_assertion_is_believed_when_it_is_made_for_the_token_endpoint(answer: Answer) -> None:
    """Audience by either name; an AuthnStatement need not be there (rule 7)."""
    outcome = judge(packed(signed_assertion(answer)))
    assert isinstance(outcome, SamlVerified)
    assert (outcome.name_id, outcome.assertion_id) == ("anna@example.com", answer.assertion_id)


@pytest.mark.requirement("RFC 7522 section 3")
@pytest.mark.parametrize(
    ("answer", "check"),
    [
        (for_grant(recipient=ACS_URL), SamlCheck.RECIPIENT),
        (for_grant(recipient=None), SamlCheck.RECIPIENT),
        (for_grant(audience="https://other.example"), SamlCheck.AUDIENCE),
        (for_grant(audience=None), SamlCheck.AUDIENCE),
        (for_grant(issuer="https://other.example"), SamlCheck.ISSUER),
        (for_grant(confirmed_until=instant(-60)), SamlCheck.TIME),
        (for_grant(confirmed_until=""), SamlCheck.TIME),
        (for_grant(not_before=instant(61)), SamlCheck.TIME),
        (for_grant(confirmation="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"), SamlCheck.SUBJECT),
        (for_grant(name_id=""), SamlCheck.SUBJECT),
    ],
)
def test_assertion_is_refused_when_it_says_the_wrong_thing(answer: Answer, check: SamlCheck) -> None:
    """Rules 2 to 6: an assertion made for a browser's sign-in is none for the grant."""
    outcome = judge(packed(signed_assertion(answer)))
    assert isinstance(outcome, SamlRefused)
    assert outcome.check is check


def test_assertion_is_believed_when_it_was_cut_out_of_a_response() -> None:
    """What an app gets from a provider is a response; the assertion inside is signed for itself."""
    found = etree.fromstring(signed_response(for_grant(), Signing(response=True))).find(f"{{{SAML}}}Assertion")
    assert found is not None
    assert isinstance(judge(packed(etree.tostring(found))), SamlVerified)


@pytest.mark.parametrize(
    ("text", "check"),
    [
        (packed(signed_response(for_grant())), SamlCheck.SHAPE),
        (base64.b64encode(b"<a>\xff\xfe\xfa</a>"), SamlCheck.ENCODING),
        (b"+/+/", SamlCheck.ENCODING),
        (b"A" * 400_000, SamlCheck.SIZE),
    ],
    ids=["a whole response", "no text", "standard alphabet", "too long"],
)
def test_assertion_is_refused_when_it_is_none(text: bytes, check: SamlCheck) -> None:
    """Section 2.1: base64url of one assertion."""
    outcome = judge(text)
    assert isinstance(outcome, SamlRefused)
    assert outcome.check is check


@pytest.mark.parametrize("padding", [b"", b"=", b"==", b"\r\n"])
def test_padding_is_forgiven(padding: bytes) -> None:
    """It should not be there (section 2.1), and many encoders put it there."""
    text = packed(signed_assertion())
    assert isinstance(judge(text + padding), SamlVerified)


def assertions_in(raw: bytes) -> list[bytes]:
    """Every assertion an attacker could cut out of a document, the forged and the real one."""
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    root = etree.fromstring(raw, parser)
    found = [] if root is None else [each for each in root.iter() if str(each.tag).endswith("}Assertion")]
    return [etree.tostring(each, with_tail=False) for each in found]


@pytest.mark.parametrize("name", ATTACKS)
def test_nobody_is_taken_for_somebody_else_when_an_assertion_is_cut_out_of_a_hostile_response(name: str) -> None:
    """What the attacks on responses leave as assertions is refused, or is the provider's own, word for word."""
    attacked = ATTACKS[name].attack(signed_response(for_grant(), Signing(response=True)))
    for raw in [attacked, *assertions_in(attacked)]:
        outcome = judge(packed(raw))
        assert isinstance(outcome, SamlRefused) or outcome.name_id == "anna@example.com"


def test_assertion_is_refused_when_its_subject_was_changed() -> None:
    """Another name under the old signature."""
    raw = signed_assertion(for_grant())
    outcome = judge(packed(raw.replace(b"anna@", b"admin@")))
    assert isinstance(outcome, SamlRefused)
    assert outcome.check is SamlCheck.SIGNATURE


def test_claims_are_what_the_assertion_says_and_prove_nothing() -> None:
    """They find the connection whose certificates are tried."""
    answer = for_grant(audience="https://any.example", name_id="who@any.example")
    claims = read_claims(packed(signed_assertion(answer, Signing(by=identity("mallory")))), bare=True)
    assert not isinstance(claims, SamlRefused)
    assert (claims.audiences, claims.name_id) == (("https://any.example",), "who@any.example")
    assert isinstance(read_claims(b"AAAA", bare=True), SamlRefused)
