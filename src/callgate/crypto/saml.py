"""SAML documents judged: a response a browser brought, or an assertion an app brought (RFC 7522).

In order: the gate, the issuer, the signature by one library, what the signed element says, and the same from another
library. A document is believed when nothing objects. All of it is slow (some 10 ms) and belongs on a thread.
"""

from collections.abc import Iterator
from typing import NamedTuple

from callgate.crypto import saml_profile
from callgate.crypto.saml_gate import ASSERTION, RESPONSE, Gated, decode_document, pass_gate
from callgate.crypto.saml_opinions import Reading, second_reading, verify_signatures
from callgate.crypto.saml_profile import RULES, Case, Expected
from callgate.model.saml import SamlCheck, SamlRefused, SamlVerified, Trust

GATE_CHECKS = (
    SamlCheck.SIZE,
    SamlCheck.ENCODING,
    SamlCheck.MARKUP,
    SamlCheck.SHAPE,
    SamlCheck.ENCRYPTION,
    SamlCheck.SIGNED,
    SamlCheck.ALGORITHMS,
    SamlCheck.REFERENCE,
)
"""What is settled before anything is believed of a document."""


class Finding(NamedTuple):
    """One check of a document; `mistake` is None where it passed."""

    check: SamlCheck
    mistake: str | None


def claimed_audiences(text: bytes) -> tuple[str, ...] | SamlRefused:
    """Read for whom the base64url of an assertion says it is: proven by nothing, and enough to find the connection."""
    gated = _open(text, bare=True)
    return gated if isinstance(gated, SamlRefused) else saml_profile.audiences(gated.assertion)


def verify_response(
    text: bytes,
    trust: Trust,
    *,
    acs_url: str,
    sp_entity_id: str,
    expected_in_response_to: str | None,
    now_ms: int,
) -> SamlVerified | SamlRefused:
    """Judge the base64 of a response that a browser brought (SAML 2.0 profiles section 4.1.4).

    Args:
        text: the form field `SAMLResponse`.
        trust: whose responses are believed.
        acs_url: where it came to.
        sp_entity_id: who we are to the provider.
        expected_in_response_to: the id of the request this browser was sent away with; None when it comes unasked.
        now_ms: the server's clock.
    """
    gated = _open(text, bare=False)
    expected = Expected(acs_url, (sp_entity_id,), expected_in_response_to, now_ms)
    return gated if isinstance(gated, SamlRefused) else _judge(gated, trust, expected=expected)


def verify_assertion(
    text: bytes, trust: Trust, *, token_url: str, sp_entity_id: str, now_ms: int
) -> SamlVerified | SamlRefused:
    """Judge the base64url of an assertion that an app brought (RFC 7522 section 3).

    Its audience is us by either name: the entity id, as for browsers, or the token endpoint's URL.
    """
    gated = _open(text, bare=True)
    expected = Expected(token_url, (sp_entity_id, token_url), None, now_ms)
    return gated if isinstance(gated, SamlRefused) else _judge(gated, trust, expected=expected)


def examine(text: bytes, trust: Trust | None, *, expected: Expected, bare: bool) -> Iterator[Finding]:
    """Tell of each check whether a document passes, also past the first mistake as far as it can be read.

    Without a trust what needs one is left out. For explaining only: nobody may be let in by this.
    """
    gated = _open(text, bare=bare)
    for check in GATE_CHECKS:
        failed = isinstance(gated, SamlRefused) and gated.check is check
        yield Finding(check, gated.reason if isinstance(gated, SamlRefused) and failed else None)
        if failed:
            return
    if isinstance(gated, SamlRefused):  # a status instead of an assertion
        yield Finding(gated.check, gated.reason)
        return
    if trust is not None:
        yield from (step for step in _steps(gated, trust, expected=expected) if isinstance(step, Finding))
        return
    case = _case(gated, expected, issuer=saml_profile.issuer(gated.assertion))
    yield from (Finding(check, rule(case)) for check, rule in _rules(gated))


def _open(text: bytes, *, bare: bool) -> Gated | SamlRefused:
    raw = decode_document(text, url_safe=bare)
    return raw if isinstance(raw, SamlRefused) else pass_gate(raw, ASSERTION if bare else RESPONSE)


def _judge(gated: Gated, trust: Trust, *, expected: Expected) -> SamlVerified | SamlRefused:
    """The first mistake, or what was verified: the steps past a mistake are never taken."""
    for step in _steps(gated, trust, expected=expected):
        if isinstance(step, SamlVerified):
            return step
        if step.mistake is not None:
            return SamlRefused(step.mistake, step.check)
    raise AssertionError("steps without a mistake end in what was verified")


def _steps(gated: Gated, trust: Trust, *, expected: Expected) -> Iterator[Finding | SamlVerified]:
    presented = _case(gated, expected, issuer=trust.issuer)
    yield Finding(SamlCheck.ISSUER, saml_profile.check_issuer(presented))
    verified = verify_signatures(gated, trust)
    yield Finding(SamlCheck.SIGNATURE, None if verified else "no certificate of the connection made this signature")
    # From here on what was signed is read, as it was signed. Unsigned parts of a response (its status and where it was
    # sent) can only refuse.
    case = presented
    if verified is not None:
        signed = verified.response is not None
        case = presented._replace(
            assertion=verified.assertion, response=verified.response if signed else presented.response
        )
    yield from (Finding(check, rule(case)) for check, rule in _rules(gated))
    if verified is None:
        return
    yield Finding(SamlCheck.SECOND_OPINION, _objection(gated, trust, case=case))
    yield SamlVerified(
        assertion_id=str(case.assertion.get("ID")),
        issuer=trust.issuer,
        name_id=saml_profile.name_id(case.assertion),
        attributes=saml_profile.attributes(case.assertion),
        session_index=saml_profile.session_index(case.assertion),
        not_on_or_after_ms=saml_profile.ends_ms(case),
    )


def _case(gated: Gated, expected: Expected, *, issuer: str) -> Case:
    bare = gated.root is gated.assertion
    response = None if bare else gated.root
    return Case(response, not bare and gated.root in gated.signed, gated.assertion, expected, issuer)


def _rules(gated: Gated) -> tuple[tuple[SamlCheck, saml_profile.Rule], ...]:
    """A bare assertion has no response to say anything, and need not answer a request."""
    bare = gated.root is gated.assertion
    return tuple((check, rule) for check, rule in RULES if not (bare and check in saml_profile.OF_RESPONSES))


def _objection(gated: Gated, trust: Trust, *, case: Case) -> str | None:
    first = Reading(
        str(case.assertion.get("ID")), saml_profile.name_id(case.assertion), saml_profile.issuer(case.assertion)
    )
    second = second_reading(
        gated,
        trust,
        recipient=case.expected.recipient,
        audience=saml_profile.audience(case),
        now_ms=case.expected.now_ms,
    )
    if isinstance(second, str):
        return second
    return None if first == second else "two libraries read it differently"
