import pytest
from hypothesis import given

from callgate.model import faults, grant_faults
from callgate.model.client import Client, ClientStatus, GrantType
from callgate.model.decisions import Denied
from callgate.model.faults import Fault
from callgate.model.ids import ClientId
from callgate.protocol.client_auth import ClientNamed, SecretPresented
from callgate.protocol.grants import ALL, GrantRequest
from callgate.protocol.grants.authorization_code import CodeRequest
from callgate.protocol.grants.refresh_token import RefreshRequest
from callgate.protocol.opening import Terms
from callgate.protocol.token import SECRETS, TokenCall, read_call, read_grant
from tests.factories import WEB
from tests.protocol.hostile import authorizations, bodies, clients, content_types, explained

URLENCODED = "application/x-www-form-urlencoded"


def call(body: bytes, *, query: bytes = b"", authorization: str | None = None) -> TokenCall | Denied:
    """A POST as clients send it."""
    return read_call(content_type=URLENCODED, body=body, query=query, authorization=authorization)


def grant(body: bytes, client: Client = WEB) -> GrantRequest | Denied:
    """What the grant reads of a readable call."""
    readable = call(body)
    assert isinstance(readable, TokenCall)
    return read_grant(readable, client)


@pytest.mark.requirement("must-not-break N.4")
def test_call_is_read_when_client_and_grant_are_named() -> None:
    """protocol.md D: in the header or in the body."""
    by_header = call(b"grant_type=refresh_token&refresh_token=t", authorization="Basic Y2lkOnNlYw==")
    assert isinstance(by_header, TokenCall)
    assert (by_header.presented, by_header.grant) == (
        SecretPresented(ClientId("cid"), "sec"),
        GrantType.REFRESH_TOKEN,
    )
    by_body = call(b"grant_type=authorization_code&code=c&client_id=cid", query=b"unknown=1")
    assert isinstance(by_body, TokenCall)
    assert (by_body.presented, by_body.grant) == (ClientNamed(ClientId("cid")), GrantType.AUTHORIZATION_CODE)


@pytest.mark.parametrize(
    ("wanted", "by_grant"),
    [
        (b"urn:ietf:params:oauth:grant-type:jwt-bearer", True),
        (b"partner_jwt", True),
        (b"client_credentials", False),
        (b"refresh_token", False),
    ],
)
def test_client_may_be_proven_by_its_grant_when_that_is_an_assertion(wanted: bytes, *, by_grant: bool) -> None:
    """RFC 7521 section 4.1; whether this app may, its registered method says."""
    named = call(b"assertion=a&client_id=cid&grant_type=" + wanted)
    assert isinstance(named, TokenCall)
    assert named.presented == ClientNamed(ClientId("cid"), by_grant=by_grant)


SAML = b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Asaml2-bearer&client_id=x&assertion="
SAML_LITERALLY = b"client_id=x&assertion=%b&grant_type=urn:ietf:params:oauth:grant-type:saml2-bearer"


@pytest.mark.parametrize("body", [SAML + b"A" * 60_000, SAML_LITERALLY % (b"A" * 60_000)])
def test_call_may_be_long_when_it_brings_a_saml_assertion(body: bytes) -> None:
    """Wherever the grant is named, and however it is escaped; no other grant has a use for as much."""
    readable = call(body)
    assert isinstance(readable, TokenCall)
    assert readable.grant is GrantType.SAML2_BEARER


@pytest.mark.parametrize(
    ("body", "limit"),
    [
        (SAML + b"A" * 65_536, "64 KiB"),
        (b"grant_type=password&client_id=x&password=" + b"A" * 20_000, "16 KiB"),
        (b"x=" + b"A" * 20_000 + b"&grant_type=" + b"%41" * 10_000, "16 KiB"),
        (b"a" * 70_000 + b"&" + SAML, "16 KiB"),
    ],
)
def test_call_is_refused_when_it_is_longer_than_its_grant_needs(body: bytes, limit: str) -> None:
    """Bounds are per grant: 16 KiB, and 64 KiB with a SAML assertion."""
    assert call(body) == Denied(fault=faults.BODY_TOO_LARGE, values=(("limit", limit),))


@pytest.mark.requirement("RFC 6749 section 5.2")
@pytest.mark.parametrize(
    ("body", "query", "fault"),
    [
        (b"", b"", faults.PARAMETER_MISSING),
        (b"grant_type=&client_id=x", b"", faults.PARAMETER_MISSING),
        (b"client_id=x", b"grant_type=refresh_token", faults.PARAMETER_MISSING),
        (b"grant_type=device_code&client_id=x", b"", grant_faults.GRANT_UNSUPPORTED),
        (b"grant_type=implicit&client_id=x", b"", grant_faults.GRANT_UNSUPPORTED),
        (b"grant_type=PASSWORD&client_id=x", b"", grant_faults.GRANT_UNSUPPORTED),
        (b"grant_type=refresh_token", b"", faults.CLIENT_PROOF_MISSING),
        (b"grant_type=refresh_token&client_id=x&client_id=x", b"", faults.PARAMETER_DUPLICATED),
        (b"grant_type=refresh_token&client_id=x", b"client_id=x", faults.PARAMETER_DUPLICATED),
        (b"grant_type=refresh_token&client_id=x", b"grant_type=password", faults.PARAMETER_DUPLICATED),
        (b"grant_type=refresh_token&client_id=x", b"a=%zz", faults.BODY_MALFORMED),
        (b"grant_type=%zz", b"", faults.BODY_MALFORMED),
        (b"a" * 20_000, b"", faults.BODY_TOO_LARGE),
        *((b"grant_type=refresh_token&client_id=x", name.encode(), faults.SECRET_IN_QUERY) for name in sorted(SECRETS)),
    ],
)
def test_call_is_refused_when_it_cannot_be_read(body: bytes, query: bytes, fault: Fault) -> None:
    """RFC 6749 sections 3.2 and 5.2; assurance S8: a parameter in body and query is a duplicate."""
    refused = call(body, query=query)
    assert isinstance(refused, Denied)
    assert refused.fault is fault
    assert explained(refused)


def test_call_is_refused_when_it_is_no_form() -> None:
    """protocol.md D: anything else 415."""
    refused = read_call(content_type="application/json", body=b"{}", query=b"", authorization=None)
    assert refused == Denied(fault=faults.BODY_NOT_FORM)


def test_grant_is_read_when_the_app_has_it() -> None:
    """The grant's own part of the form; the rest is somebody else's."""
    assert grant(b"grant_type=refresh_token&refresh_token=t&client_id=x&scope=a") == RefreshRequest("t", "a")
    assert grant(b"grant_type=authorization_code&code=c&redirect_uri=u&client_id=x&scope=Nothing") == CodeRequest(
        "c", "u", None, Terms(3600, 604_800, None)
    )


@pytest.mark.requirement("RFC 6749 section 5.2")
@pytest.mark.parametrize("wanted", sorted(ALL))
def test_grant_is_refused_when_the_app_does_not_have_it(wanted: str) -> None:
    """protocol.md A.2: OAU-251; the explanation names what the app has. Before anything else of the grant is read."""
    ticked, _ = ALL[wanted]
    client = WEB._replace(grants=WEB.grants - {ticked})
    refused = grant(f"grant_type={wanted}&client_id=x".encode(), client)
    assert isinstance(refused, Denied)
    assert refused.fault is grant_faults.GRANT_NOT_ALLOWED
    names = ", ".join(sorted(has.value for has in client.grants))
    assert refused.why == f"asked for {ticked.value}; the app has {names}"


def test_grant_is_refused_when_the_app_is_blocked() -> None:
    """protocol.md A.1."""
    refused = grant(b"grant_type=refresh_token&refresh_token=t&client_id=x", WEB._replace(status=ClientStatus.BLOCKED))
    assert isinstance(refused, Denied)
    assert refused.fault is faults.CLIENT_BLOCKED


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"grant_type=authorization_code", faults.PARAMETER_MISSING),
        (b"grant_type=refresh_token", faults.PARAMETER_MISSING),
        (b"grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer", faults.PARAMETER_MISSING),
        (b"grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=", faults.PARAMETER_MISSING),
        (b"grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=x&scope=No", grant_faults.SCOPE_INVALID),
        (b"grant_type=password&username=x", grant_faults.CREDENTIALS_INCOMPLETE),
        (b"grant_type=password&password=x", grant_faults.CREDENTIALS_INCOMPLETE),
        (b"grant_type=password&username=x&password=", grant_faults.CREDENTIALS_INCOMPLETE),
        (b"grant_type=password&username=x&password=y&scope=No", grant_faults.SCOPE_INVALID),
        (b"grant_type=client_credentials&scope=No", grant_faults.SCOPE_INVALID),
        (b"grant_type=client_credentials&scope=openid+email", grant_faults.SCOPE_INVALID),
        (b"grant_type=client_credentials&endpoint_id=a+b", faults.PARAMETER_INVALID),
        (b"grant_type=authorization_code&code=x&endpoint_id=a+b", faults.PARAMETER_INVALID),
    ],
)
def test_grant_is_refused_when_its_part_of_the_form_is_incomplete(body: bytes, fault: Fault) -> None:
    """RFC 6749 section 5.2: invalid_request; D.5 for the incomplete credentials."""
    client = WEB._replace(grants=frozenset(GrantType))
    refused = grant(body + b"&client_id=x", client)
    assert isinstance(refused, Denied)
    assert refused.fault is fault
    assert explained(refused)


@pytest.mark.parametrize(
    "body",
    [
        b"grant_type=authorization_code&code=hunter2&code_verifier=hunter2",
        b"grant_type=refresh_token&refresh_token=hunter2",
        b"grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=hunter2",
        b"grant_type=password&username=x&password=hunter2",
    ],
)
def test_repr_tells_no_secret_when_a_request_is_shown(body: bytes) -> None:
    """Reprs end up in logs."""
    readable = call(body + b"&client_id=x&client_secret=hunter2")
    assert isinstance(readable, TokenCall)
    shown = repr(readable) + repr(read_grant(readable, WEB._replace(grants=frozenset(GrantType))))
    assert "hunter2" not in shown


@given(content_types, bodies, bodies, authorizations, clients)
def test_answer_is_a_request_or_a_fault_whatever_is_sent(
    content_type: str, body: bytes, query: bytes, authorization: str | None, client: Client
) -> None:
    """No input makes an exception, in the reading or in the grant."""
    answer = read_call(content_type=content_type, body=body, query=query, authorization=authorization)
    if isinstance(answer, TokenCall):
        asked = read_grant(answer, client._replace(grants=frozenset(GrantType)))
        assert not isinstance(asked, Denied) or explained(asked)
    else:
        assert explained(answer)
