"""A real identity provider's documents are believed, and each attack on a fresh one of them is refused."""

import base64
import time
from collections.abc import Iterator
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree

from callgate.crypto.saml import verify_assertion, verify_response
from callgate.crypto.saml_metadata import IdpMetadata, read_idp_metadata
from callgate.crypto.saml_request import AuthnRequest, build_authn_request, certificate_for, redirect_with
from callgate.model.saml import SamlCheck, SamlRefused, SamlVerified, Trust
from tests.crypto.saml.hostile import ATTACKS, VICTIM, packed
from tests.crypto.saml.signer import SAML, identity
from tests.identity_provider import (
    Answer,
    IdentityProvider,
    Member,
    ServedParty,
    Visitor,
    identity_provider,
    needs_identity_provider,
)

__all__ = ["identity_provider"]

pytestmark = needs_identity_provider

SP = "https://callgate.example/sso/1/metadata"
ACS_URL = "https://callgate.example/sso/1/acs"
TOKEN_URL = "https://callgate.example/restapi/oauth/token"
ANNA = Member("anna", "a password of hers", "anna@example.com")
PARTY = ServedParty(entity_id=SP, places=(ACS_URL, TOKEN_URL))


@pytest.fixture
def visitor(identity_provider: IdentityProvider) -> Iterator[Visitor]:
    """Anna at a provider that knows her and us."""
    identity_provider.serve([PARTY])
    identity_provider.know([ANNA])
    with identity_provider.visited_by(ANNA) as someone:
        yield someone


@cache
def read(provider: IdentityProvider) -> IdpMetadata:
    """The provider's metadata as an administrator uploads it, once."""
    found = read_idp_metadata(provider.metadata())
    assert isinstance(found, IdpMetadata)
    return found


def judge(
    text: bytes,
    provider: IdentityProvider,
    *,
    asked: str | None = None,
    acs_url: str = ACS_URL,
    sp: str = SP,
    later_s: int = 0,
) -> SamlVerified | SamlRefused:
    """As a browser brings it, now or later."""
    metadata = read(provider)
    return verify_response(
        text,
        Trust(metadata.entity_id, metadata.certificates),
        acs_url=acs_url,
        sp_entity_id=sp,
        expected_in_response_to=asked,
        now_ms=int(time.time() + later_s) * 1000,
    )


def field_of(answer: Answer) -> bytes:
    """The form field as it is posted."""
    return answer.fields["SAMLResponse"].encode()


def test_response_of_a_real_provider_is_believed(visitor: Visitor) -> None:
    """By the keys of its own metadata."""
    outcome = judge(field_of(visitor.answer(entity_id=SP, place=ACS_URL)), visitor.provider)
    assert isinstance(outcome, SamlVerified)
    assert (outcome.name_id, outcome.values("mail"), outcome.issuer) == (
        ANNA.email,
        (ANNA.email,),
        visitor.provider.entity_id,
    )


def test_signed_request_is_answered_by_a_real_provider(visitor: Visitor) -> None:
    """It checks our signature with the certificate of our metadata, and refuses a request without one."""
    key = load_pem_private_key(identity("callgate").key_pem, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    told = {"validate.authnrequest": True, "certData": certificate_for(key)}
    visitor.provider.serve([ServedParty(entity_id=SP, places=(ACS_URL, TOKEN_URL), options=told)])
    asked = AuthnRequest(
        request_id="_request-1",
        destination=visitor.provider.sso_url,
        acs_url=ACS_URL,
        sp_entity_id=SP,
        now_ms=int(time.time()) * 1000,
    )
    url = redirect_with(build_authn_request(asked), visitor.provider.sso_url, relay_state="back", key=key)
    answer = visitor.answer_to(url)
    assert isinstance(judge(field_of(answer), visitor.provider, asked="_request-1"), SamlVerified)
    assert answer.fields["RelayState"] == "back"
    unsigned = redirect_with(build_authn_request(asked), visitor.provider.sso_url, relay_state=None, key=None)
    assert "no signature found on message" in visitor.client.get(unsigned).text


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_is_refused_when_made_from_a_real_providers_response(name: str, visitor: Visitor) -> None:
    """Fresh for each attack; the live one is believed, and the attack is stopped where it is to be stopped."""
    live = visitor.answer(entity_id=SP, place=ACS_URL).document
    assert isinstance(judge(packed(live), visitor.provider), SamlVerified)
    hostile = ATTACKS[name].attack(live)
    assert hostile != live
    refused = judge(packed(hostile), visitor.provider)
    assert isinstance(refused, SamlRefused), VICTIM
    assert refused.check is ATTACKS[name].stopped_by, refused


def test_response_of_a_real_provider_is_refused_elsewhere_and_later(visitor: Visitor) -> None:
    """For another audience, at another place, in answer to a request nobody sent, and after its five minutes."""
    text = field_of(visitor.answer(entity_id=SP, place=ACS_URL))
    refusals = (
        (judge(text, visitor.provider, sp="https://other.example"), SamlCheck.AUDIENCE),
        (judge(text, visitor.provider, acs_url=TOKEN_URL), SamlCheck.DESTINATION),
        (judge(text, visitor.provider, asked="_another"), SamlCheck.REQUEST),
        (judge(text, visitor.provider, later_s=400), SamlCheck.TIME),
    )
    for outcome, check in refusals:
        assert isinstance(outcome, SamlRefused)
        assert outcome.check is check


def test_assertion_of_a_real_provider_is_believed_at_the_token_endpoint(visitor: Visitor) -> None:
    """Cut out of the response that it makes for that place; the one it makes for browsers is not for there."""
    metadata = read(visitor.provider)
    outcomes = []
    for place in (TOKEN_URL, ACS_URL):
        document = visitor.answer(entity_id=SP, place=place).document
        assertion = etree.fromstring(document).find(f"{{{SAML}}}Assertion")
        assert assertion is not None
        outcomes.append(
            verify_assertion(
                base64.urlsafe_b64encode(etree.tostring(assertion)),
                Trust(metadata.entity_id, metadata.certificates),
                token_url=TOKEN_URL,
                sp_entity_id=SP,
                now_ms=int(time.time()) * 1000,
            )
        )
    believed, refused = outcomes
    assert isinstance(believed, SamlVerified)
    assert isinstance(refused, SamlRefused)
    assert refused.check is SamlCheck.RECIPIENT
