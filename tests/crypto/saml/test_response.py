"""A response is believed when everything about it is right, and refused by the check that its one mistake is for."""

import pytest
from xmlsec import constants

from callgate.crypto.saml import examine, verify_response
from callgate.crypto.saml_profile import Expected
from callgate.model.saml import SamlCheck, SamlRefused, SamlVerified, Trust
from tests.crypto.saml.hostile import packed
from tests.crypto.saml.signer import (
    ACS_URL,
    ISSUER,
    NOW_MS,
    REQUEST_ID,
    SP,
    Answer,
    Signing,
    identity,
    instant,
    signed_response,
    varied,
)

TRUST = Trust(ISSUER, (identity().der,))
ELSEWHERE = "https://elsewhere.example/saml/acs"


def judge(
    raw: bytes, *, trust: Trust = TRUST, asked: str | None = REQUEST_ID, now_ms: int = NOW_MS, acs_url: str = ACS_URL
) -> SamlVerified | SamlRefused:
    """A response as it is judged when a browser brings it."""
    return verify_response(
        packed(raw), trust, acs_url=acs_url, sp_entity_id=SP, expected_in_response_to=asked, now_ms=now_ms
    )


def check_of(outcome: SamlVerified | SamlRefused) -> SamlCheck | None:
    """The check that refused."""
    return outcome.check if isinstance(outcome, SamlRefused) else None


def test_response_is_read_whole_when_everything_is_right() -> None:
    """Subject, attributes with all values, session and the end after which it could not come again."""
    answer = varied(attributes={"mail": ("anna@example.com",), "groups": ("staff", "calls")}, assertion_id="_a1")
    assert judge(signed_response(answer)) == SamlVerified(
        assertion_id="_a1",
        issuer=ISSUER,
        name_id="anna@example.com",
        attributes=(("mail", ("anna@example.com",)), ("groups", ("staff", "calls"))),
        session_index="_s1",
        not_on_or_after_ms=NOW_MS + 360_000,
    )


@pytest.mark.parametrize(
    "signing",
    [
        Signing(),
        Signing(response=True),
        Signing(assertion=False, response=True),
        Signing(method=constants.TransformRsaSha512, digest=constants.TransformSha512),
        Signing(by=identity("curve", kind="ec"), method=constants.TransformEcdsaSha256),
        Signing(canonical=constants.TransformExclC14NWithComments),
        Signing(prefixes="saml"),
        Signing(by=identity("expired", expired=True)),
    ],
    ids=["assertion", "both", "response", "sha512", "curve", "with-comments", "prefixes", "expired certificate"],
)
def test_response_is_believed_when_signed_as_providers_do(signing: Signing) -> None:
    """Okta signs both, Entra ID and ADFS the assertion; a certificate carries a key, its dates are no check."""
    trust = Trust(ISSUER, (identity("other").der, signing.by.der))
    assert isinstance(judge(signed_response(None, signing), trust=trust), SamlVerified)


@pytest.mark.parametrize(
    ("answer", "check"),
    [
        (varied(issuer="https://other.example"), SamlCheck.ISSUER),
        (varied(response_issuer="https://other.example"), SamlCheck.ISSUER),
        (varied(destination=ELSEWHERE), SamlCheck.DESTINATION),
        (varied(destination=ACS_URL + "/x"), SamlCheck.DESTINATION),
        (varied(recipient=ELSEWHERE), SamlCheck.RECIPIENT),
        (varied(recipient=f"{ELSEWHERE}?{ACS_URL}"), SamlCheck.RECIPIENT),
        (varied(recipient=None), SamlCheck.RECIPIENT),
        (varied(audience="https://other.example"), SamlCheck.AUDIENCE),
        (varied(audience=None), SamlCheck.AUDIENCE),
        (varied(conditions="<saml:Condition/>"), SamlCheck.AUDIENCE),
        (
            varied(conditions="<saml:AudienceRestriction><saml:Audience>x</saml:Audience></saml:AudienceRestriction>"),
            SamlCheck.AUDIENCE,
        ),
        (varied(in_response_to="_another"), SamlCheck.REQUEST),
        (varied(in_response_to=None), SamlCheck.REQUEST),
        (varied(status="urn:oasis:names:tc:SAML:2.0:status:Responder"), SamlCheck.STATUS),
        (varied(confirmation="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"), SamlCheck.SUBJECT),
        (varied(name_id=""), SamlCheck.SUBJECT),
        (varied(name_id="  "), SamlCheck.SUBJECT),
        (varied(name_id="x" * 1025), SamlCheck.SUBJECT),
        (varied(name_id="anna<saml:b/>"), SamlCheck.SUBJECT),
        (varied(not_before=instant(61)), SamlCheck.TIME),
        (varied(not_on_or_after=instant(-60)), SamlCheck.TIME),
        (varied(confirmed_until=instant(-60)), SamlCheck.TIME),
        (varied(confirmed_until=instant(86_401)), SamlCheck.TIME),
        (varied(confirmed_until="tomorrow"), SamlCheck.TIME),
        (varied(confirmed_until="2027-01-15"), SamlCheck.TIME),
        (varied(confirmed_until=""), SamlCheck.TIME),
        (varied(not_before="soon"), SamlCheck.TIME),
        (varied(session_until=instant(-60)), SamlCheck.TIME),
        (varied(issued=instant(61)), SamlCheck.TIME),
        (varied(authn_statement=False), SamlCheck.STATEMENT),
    ],
)
@pytest.mark.requirement("SAML Profiles section 4.1.4.3")
def test_response_is_refused_when_it_says_the_wrong_thing(answer: Answer, check: SamlCheck) -> None:
    """Signed by the right key, and still not for us, not now, or not in answer to this browser."""
    assert check_of(judge(signed_response(answer))) is check


@pytest.mark.parametrize(
    "answer",
    [
        varied(not_before=instant(60)),
        varied(not_on_or_after=instant(-59)),
        varied(confirmed_until=instant(-59)),
        varied(confirmed_until=instant(86_400)),
        varied(session_until=instant(-59)),
        varied(destination=None),
        varied(response_issuer=None),
        varied(attributes={}),
        varied(conditions="<saml:OneTimeUse/>"),
        varied(name_id="\n  anna@example.com\n"),
        varied(name_id="Anna &amp; Söhne"),
    ],
)
def test_response_is_believed_when_it_is_just_within_the_rules(answer: Answer) -> None:
    """A minute of difference between clocks; parts that need not be there; entities every document may use."""
    assert isinstance(judge(signed_response(answer)), SamlVerified)


@pytest.mark.parametrize(
    ("signing", "check"),
    [
        (Signing(method=constants.TransformRsaSha1), SamlCheck.ALGORITHMS),
        (Signing(digest=constants.TransformSha1), SamlCheck.ALGORITHMS),
        (Signing(canonical=constants.TransformInclC14N), SamlCheck.ALGORITHMS),
        (Signing(by=identity("mallory")), SamlCheck.SIGNATURE),
        (Signing(assertion=False), SamlCheck.SIGNED),
    ],
    ids=["rsa-sha1", "sha1", "inclusive", "foreign", "unsigned"],
)
def test_response_is_refused_when_it_is_signed_otherwise(signing: Signing, check: SamlCheck) -> None:
    """By a provider whose settings are older than the attacks on them, or by somebody else."""
    assert check_of(judge(signed_response(None, signing))) is check


def test_signed_response_is_refused_when_it_does_not_say_where_it_goes() -> None:
    """Bindings section 3.5.5.2: a signed response has a Destination."""
    both = Signing(response=True)
    assert check_of(judge(signed_response(varied(destination=None), both))) is SamlCheck.DESTINATION


def test_unasked_response_is_believed_only_when_it_answers_nothing() -> None:
    """A response stolen from a sign-in that was asked for cannot be passed off as one that was not."""
    assert isinstance(judge(signed_response(varied(in_response_to=None)), asked=None), SamlVerified)
    assert check_of(judge(signed_response(), asked=None)) is SamlCheck.REQUEST


@pytest.mark.parametrize("text", [b"", b"%%%", b"AAAA=", "ü".encode()])
def test_field_is_refused_when_it_is_no_base64(text: bytes) -> None:
    """Nothing that is no document reaches a parser."""
    outcome = verify_response(
        text, TRUST, acs_url=ACS_URL, sp_entity_id=SP, expected_in_response_to=None, now_ms=NOW_MS
    )
    assert check_of(outcome) in {SamlCheck.ENCODING, SamlCheck.MARKUP}


def test_examination_goes_past_the_first_mistake() -> None:
    """Whoever mends settings wants to see all of them at once."""
    raw = signed_response(varied(audience="x", recipient=ELSEWHERE), Signing(by=identity("mallory")))
    findings = list(examine(packed(raw), TRUST, expected=Expected(ACS_URL, (SP,), REQUEST_ID, NOW_MS), bare=False))
    failed = {finding.check for finding in findings if finding.mistake}
    assert failed == {SamlCheck.SIGNATURE, SamlCheck.RECIPIENT, SamlCheck.REQUEST, SamlCheck.AUDIENCE}
    assert [finding.check for finding in findings][:3] == [SamlCheck.SIZE, SamlCheck.ENCODING, SamlCheck.MARKUP]
