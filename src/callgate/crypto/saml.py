"""SAML documents judged: a response a browser brought, or an assertion an app brought (RFC 7522).

In order: the gate, the issuer, the signature by one library, what the signed element says, and the same from another
library. A document is believed when nothing objects. All of it is slow (some 10 ms) and belongs on a thread.
"""

from collections.abc import Iterator
from typing import NamedTuple

from lxml import etree

from callgate.crypto import saml_profile
from callgate.crypto.saml_gate import (
    ASSERTION,
    RESPONSE,
    Gated,
    Shaped,
    decode_document,
    parse_markup,
    pass_gate,
    read_shape,
)
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


class Claims(NamedTuple):
    """What an unproven document says: whom it is for, what it answers, whom it is about."""

    assertion_id: str
    audiences: tuple[str, ...]
    in_response_to: str | None
    name_id: str
    attributes: tuple[tuple[str, tuple[str, ...]], ...]


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


def examine(text: bytes, trust: Trust, *, expected: Expected, bare: bool) -> Iterator[Finding]:
    """Tell of each check whether a document passes, also past the first mistake as far as it can be read.

    For explaining only: nobody may be let in by this.
    """
    shaped = _shape(text, bare=bare)
    if isinstance(shaped, SamlRefused):
        yield from _up_to(shaped)
        return
    gated = _open(text, bare=bare)
    if isinstance(gated, Gated):
        yield from _up_to(None)
        yield from _told(_steps(gated, trust, expected=expected))
        return
    yield from _up_to(gated)
    case = _case(shaped, expected, issuer=trust.issuer, signed=False)
    yield Finding(SamlCheck.ISSUER, saml_profile.check_issuer(case))
    yield from (Finding(check, rule(case)) for check, rule in _rules(shaped))


def read_claims(text: bytes, *, bare: bool) -> Claims | SamlRefused:
    """Read what a document says of itself, proven by nothing: enough to find the connection, or to explain."""
    shaped = _shape(text, bare=bare)
    if isinstance(shaped, SamlRefused):
        return shaped
    root, assertion = shaped
    return Claims(
        assertion_id=str(assertion.get("ID")),
        audiences=saml_profile.audiences(assertion),
        in_response_to=None if bare else root.get("InResponseTo"),
        name_id=saml_profile.name_id(assertion),
        attributes=saml_profile.attributes(assertion),
    )


def cut_out_assertion(response: bytes) -> bytes | None:
    """Give the assertion of a response, with the namespaces that it had from around it; None where there is none."""
    root = parse_markup(response)
    found = None if isinstance(root, SamlRefused) or root.tag != RESPONSE else root.find(ASSERTION)
    return None if found is None else etree.tostring(found, with_tail=False)


def _told(steps: Iterator[Finding | SamlVerified]) -> Iterator[Finding]:
    """The findings; the second library's only where the first finds nothing, as it objects to the same otherwise."""
    failed = False
    for step in steps:
        if isinstance(step, Finding) and not (failed and step.check is SamlCheck.SECOND_OPINION):
            failed = failed or step.mistake is not None
            yield step


def _open(text: bytes, *, bare: bool) -> Gated | SamlRefused:
    raw = decode_document(text, url_safe=bare)
    return raw if isinstance(raw, SamlRefused) else pass_gate(raw, ASSERTION if bare else RESPONSE)


def _shape(text: bytes, *, bare: bool) -> Shaped | SamlRefused:
    raw = decode_document(text, url_safe=bare)
    return raw if isinstance(raw, SamlRefused) else read_shape(raw, ASSERTION if bare else RESPONSE)


def _up_to(refused: SamlRefused | None) -> Iterator[Finding]:
    """The gate's checks that passed, and the one that did not."""
    for check in GATE_CHECKS:
        if refused is not None and refused.check is check:
            break
        yield Finding(check, None)
    if refused is not None:
        yield Finding(refused.check, refused.reason)


def _judge(gated: Gated, trust: Trust, *, expected: Expected) -> SamlVerified | SamlRefused:
    """The first mistake, or what was verified: the steps past a mistake are never taken."""
    for step in _steps(gated, trust, expected=expected):
        if isinstance(step, SamlVerified):
            return step
        if step.mistake is not None:
            return SamlRefused(step.mistake, step.check)
    raise AssertionError("steps without a mistake end in what was verified")


def _steps(gated: Gated, trust: Trust, *, expected: Expected) -> Iterator[Finding | SamlVerified]:
    from callgate.crypto.saml_opinions import verify_signatures  # noqa: PLC0415 - who reads no document loads no XML

    shaped = Shaped(gated.root, gated.assertion)
    presented = _case(shaped, expected, issuer=trust.issuer, signed=gated.root in gated.signed)
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


def _case(shaped: Shaped, expected: Expected, *, issuer: str, signed: bool) -> Case:
    response = None if shaped.root is shaped.assertion else shaped.root
    return Case(response, signed, shaped.assertion, expected, issuer)


def _rules(shaped: Shaped | Gated) -> tuple[tuple[SamlCheck, saml_profile.Rule], ...]:
    """A bare assertion has no response to say anything, and need not answer a request."""
    bare = shaped.root is shaped.assertion
    return tuple((check, rule) for check, rule in RULES if not (bare and check in saml_profile.OF_RESPONSES))


def _objection(gated: Gated, trust: Trust, *, case: Case) -> str | None:
    from callgate.crypto.saml_opinions import Reading, second_reading  # noqa: PLC0415 - likewise

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
