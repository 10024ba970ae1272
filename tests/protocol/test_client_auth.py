from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given

from callgate.model import faults
from callgate.model.client import AuthMethod, Client, Switch
from callgate.model.decisions import Denied
from callgate.model.faults import Fault
from callgate.model.ids import ClientId
from callgate.protocol.client_auth import (
    ASSERTION_TYPE,
    AssertionPresented,
    ClientNamed,
    Presented,
    SecretPresented,
    method_allowed,
    presented,
)
from callgate.protocol.forms import Form
from tests.factories import SPA, WEB, form
from tests.protocol.hostile import authorizations, explained, forms

NOTHING = form()
ASSERTED = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": "h.p.s"}


def basic(text: str) -> str:
    """The header as most clients write it."""
    return "Basic " + b64encode(text.encode()).decode()


def named(client_id: str) -> ClientNamed:
    """A client id without proof."""
    return ClientNamed(ClientId(client_id))


def secret(client_id: str, text: str, *, in_body: bool = False) -> SecretPresented:
    """A client id and its secret."""
    return SecretPresented(ClientId(client_id), text, in_body=in_body)


PRESENTED: list[tuple[str | None, Form, Presented]] = [
    # Header alone (RFC 6749 section 2.3.1; must-not-break 1).
    (basic("cid:sec"), NOTHING, secret("cid", "sec")),
    (basic("cid:se:c:"), NOTHING, secret("cid", "se:c:")),
    ("basic " + b64encode(b"cid:sec").decode(), NOTHING, secret("cid", "sec")),
    ("BASIC   " + b64encode(b"cid:sec").decode(), NOTHING, secret("cid", "sec")),
    ("Basic " + urlsafe_b64encode("cid:ÿÿÿ".encode()).decode(), NOTHING, secret("cid", "ÿÿÿ")),
    ("Basic " + b64encode("cid:ÿÿÿ".encode()).decode(), NOTHING, secret("cid", "ÿÿÿ")),
    ("Basic " + b64encode(b"cid:secr").decode().rstrip("="), NOTHING, secret("cid", "secr")),
    # An empty secret only names an app: the pip SDK sends it for public ones (protocol.md A.3).
    (basic("cid:"), NOTHING, named("cid")),
    (basic("cid:"), form(client_id="cid"), named("cid")),
    (basic("cid:"), form(client_id="cid", client_secret=""), named("cid")),
    # Equal duplicates pass (ruling 11): passport-ringcentral and rc-ex send both.
    (basic("cid:sec"), form(client_id="cid", client_secret="sec"), secret("cid", "sec")),
    (basic("cid:sec"), form(client_id="", client_secret=""), secret("cid", "sec")),
    # Body alone (must-not-break 4).
    (None, form(client_id="cid"), named("cid")),
    ("", form(client_id="cid"), named("cid")),
    (None, form(client_id="cid", client_secret=""), named("cid")),
    (None, form(client_id="cid", client_secret="sec"), secret("cid", "sec", in_body=True)),
    # Assertions (RFC 7523 section 2.2).
    (None, form(**ASSERTED), AssertionPresented(None, "h.p.s")),
    (None, form(**ASSERTED, client_id="cid"), AssertionPresented(ClientId("cid"), "h.p.s")),
    (None, form(**ASSERTED, client_secret=""), AssertionPresented(None, "h.p.s")),
    # Empty means absent (must-not-break 2).
    (basic("cid:sec"), form(client_assertion="", client_assertion_type=""), secret("cid", "sec")),
]

REFUSED: list[tuple[str | None, Form, Fault]] = [
    (None, NOTHING, faults.CLIENT_PROOF_MISSING),
    (None, form(client_id=""), faults.CLIENT_PROOF_MISSING),
    (None, form(client_secret="sec"), faults.CLIENT_PROOF_MISSING),
    (None, form(client_id="c" * 129), faults.CLIENT_UNKNOWN),
    # Malformed headers.
    ("Basic", NOTHING, faults.AUTHORIZATION_MALFORMED),
    ("Basic ", form(client_id="cid"), faults.AUTHORIZATION_MALFORMED),
    ("Bearer " + b64encode(b"cid:sec").decode(), NOTHING, faults.AUTHORIZATION_MALFORMED),
    ("Basic cid:sec", NOTHING, faults.AUTHORIZATION_MALFORMED),
    ("Basic Y2lk", NOTHING, faults.AUTHORIZATION_MALFORMED),  # no colon
    ("Basic Y2lkO", NOTHING, faults.AUTHORIZATION_MALFORMED),  # impossible length
    ("Basic =", NOTHING, faults.AUTHORIZATION_MALFORMED),
    ("Basic Y2lk====", NOTHING, faults.AUTHORIZATION_MALFORMED),
    ("Basic Y2lkOnNlY3J=", NOTHING, faults.AUTHORIZATION_MALFORMED),  # "cid:secr" with a spare bit set
    (basic(":sec"), NOTHING, faults.AUTHORIZATION_MALFORMED),
    (basic(":"), NOTHING, faults.AUTHORIZATION_MALFORMED),
    (basic("cid\x00:sec"), NOTHING, faults.AUTHORIZATION_MALFORMED),
    ("Basic /w==", NOTHING, faults.AUTHORIZATION_MALFORMED),  # no UTF-8
    (basic("c" * 129 + ":sec"), NOTHING, faults.AUTHORIZATION_MALFORMED),
    (basic("cid:" + "s" * 1024), NOTHING, faults.AUTHORIZATION_MALFORMED),
    # Two ways at once, or one that contradicts the other.
    (basic("cid:sec"), form(client_id="other"), faults.CLIENT_PROOFS_TWO),
    (basic("cid:sec"), form(client_secret="other"), faults.CLIENT_PROOFS_TWO),
    (basic("cid:"), form(client_secret="sec"), faults.CLIENT_PROOFS_TWO),
    (basic("cid:sec"), form(**ASSERTED), faults.CLIENT_PROOFS_TWO),
    (None, form(**ASSERTED, client_secret="sec"), faults.CLIENT_PROOFS_TWO),
    # Half an assertion, or of another kind.
    (None, form(client_assertion="h.p.s", client_id="cid"), faults.CLIENT_ASSERTION_INVALID),
    (None, form(client_assertion_type=ASSERTION_TYPE), faults.CLIENT_ASSERTION_INVALID),
    (None, form(client_assertion="h.p.s", client_assertion_type="urn:saml"), faults.CLIENT_ASSERTION_INVALID),
]


@pytest.mark.requirement("ruling 11")
@pytest.mark.requirement("RFC 6749 section 2.3.1")
@pytest.mark.requirement("must-not-break N.1")
@pytest.mark.requirement("must-not-break N.4")
@pytest.mark.parametrize(("authorization", "sent", "shown"), PRESENTED)
def test_client_is_read_when_one_method_is_presented(authorization: str | None, sent: Form, shown: Presented) -> None:
    """Basic in either alphabet, the body, or an assertion; equal duplicates are one (ruling 11)."""
    assert presented(authorization, sent) == shown


@pytest.mark.requirement("RFC 6749 section 2.3")
@pytest.mark.parametrize(("authorization", "sent", "fault"), REFUSED)
def test_client_is_refused_when_no_single_method_is_presented(
    authorization: str | None, sent: Form, fault: Fault
) -> None:
    """RFC 6749 section 2.3: a client must not use more than one method in each request."""
    refused = presented(authorization, sent)
    assert isinstance(refused, Denied)
    assert refused.fault is fault
    assert explained(refused)


POST = WEB._replace(switches=frozenset({Switch.CLIENT_SECRET_POST}))
HMAC = WEB._replace(auth_method=AuthMethod.CLIENT_SECRET_JWT)
SIGNING = WEB._replace(auth_method=AuthMethod.PRIVATE_KEY_JWT)
FEDERATED = WEB._replace(auth_method=AuthMethod.FEDERATED_JWT)
BY_GRANT = ClientNamed(ClientId("x"), by_grant=True)
BARE, HEADER, BODY = named("x"), secret("x", "y"), secret("x", "y", in_body=True)
ASSERTION = AssertionPresented(None, "h.p.s")

METHODS: list[tuple[Client, Presented, Fault | None]] = [
    (SPA, BARE, None),
    (SPA, HEADER, faults.CLIENT_UNPROVEN),
    (SPA, BODY, faults.CLIENT_UNPROVEN),
    (SPA, ASSERTION, faults.CLIENT_ASSERTION_INVALID),
    (WEB, BARE, faults.CLIENT_PROOF_MISSING),
    (WEB, HEADER, None),
    (WEB, BODY, faults.CLIENT_PROOF_MISSING),
    (WEB, ASSERTION, faults.CLIENT_ASSERTION_INVALID),
    (POST, HEADER, None),
    (POST, BODY, None),
    (HMAC, BARE, faults.CLIENT_PROOF_MISSING),
    (HMAC, HEADER, faults.CLIENT_UNPROVEN),
    (HMAC, ASSERTION, None),
    (SIGNING, BARE, faults.CLIENT_PROOF_MISSING),
    (SIGNING, HEADER, faults.CLIENT_UNPROVEN),
    (SIGNING, ASSERTION, None),
    (SIGNING, BY_GRANT, faults.CLIENT_PROOF_MISSING),
    (WEB, BY_GRANT, faults.CLIENT_PROOF_MISSING),
    (SPA, BY_GRANT, None),
    (FEDERATED, BARE, faults.CLIENT_PROOF_MISSING),
    (FEDERATED, BY_GRANT, None),
    (FEDERATED, HEADER, faults.CLIENT_UNPROVEN),
    (FEDERATED, ASSERTION, None),
]


@pytest.mark.requirement("RFC 9700 section 2.5")
@pytest.mark.parametrize(("client", "shown", "fault"), METHODS)
def test_method_is_allowed_when_the_app_is_registered_for_it(
    client: Client, shown: Presented, fault: Fault | None
) -> None:
    """RFC 9700 section 2.5: an app with a stronger method does not get in by a weaker one."""
    refused = method_allowed(client, shown)
    assert (refused and refused.fault) is fault


def test_repr_tells_no_secret_when_one_was_presented() -> None:
    """Reprs end up in logs."""
    assert "hunter2" not in repr(secret("cid", "hunter2")) + repr(AssertionPresented(None, "hunter2"))


@given(authorizations, forms)
def test_answer_is_a_client_or_a_fault_whatever_is_sent(authorization: str | None, sent: Form) -> None:
    """No header and no form makes an exception; ids stay within their bound."""
    answer = presented(authorization, sent)
    if isinstance(answer, Denied):
        assert explained(answer)
    elif not isinstance(answer, AssertionPresented):
        assert 1 <= len(answer.client_id) <= 128
