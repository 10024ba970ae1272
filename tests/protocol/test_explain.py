"""Who may ask for an explanation, and what they are told."""

import pytest
from hypothesis import given

from callgate.model import faults, grant_faults
from callgate.model.client import Client
from callgate.model.decisions import Denied
from callgate.model.faults import Fault
from callgate.model.ids import ClientId
from callgate.protocol.client_auth import ASSERTION_TYPE, AssertionPresented, ClientNamed, SecretPresented
from callgate.protocol.explain import detail, read_call
from tests.factories import SPA, WEB
from tests.protocol.hostile import authorizations, bodies, content_types, explained

FORM = "application/x-www-form-urlencoded"
BASIC = "Basic Y2lkOnNlYw=="
ASSERTED = f"client_assertion_type={ASSERTION_TYPE}&client_assertion=h.p.s".encode()


def read(
    *, body: bytes = b"", query: bytes = b"", authorization: str | None = None, content_type: str = FORM
) -> object:
    """A call as it came; its refusal as its fault."""
    answer = read_call(content_type=content_type, body=body, query=query, authorization=authorization)
    return answer.fault if isinstance(answer, Denied) else answer


def test_client_is_read_from_header_or_form() -> None:
    """As at the token endpoint (protocol.md A.3)."""
    assert read(authorization=BASIC, content_type="") == SecretPresented(ClientId("cid"), "sec")
    assert read(body=b"client_id=cid") == ClientNamed(ClientId("cid"))
    assert read(body=ASSERTED) == AssertionPresented(None, "h.p.s")


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        ({}, faults.CLIENT_PROOF_MISSING),
        ({"query": b"client_assertion=a.b.c"}, faults.SECRET_IN_QUERY),
        ({"query": b"client_secret=s"}, faults.SECRET_IN_QUERY),
        ({"query": b"%"}, faults.BODY_MALFORMED),
        ({"body": b"%"}, faults.BODY_MALFORMED),
        ({"body": b"client_id=a&client_id=b"}, faults.PARAMETER_DUPLICATED),
        ({"body": b"{}", "content_type": "application/json"}, faults.BODY_NOT_FORM),
        ({"body": ASSERTED, "authorization": BASIC}, faults.CLIENT_PROOFS_TWO),
    ],
)
def test_asking_is_refused_when_no_single_proof_is_shown(call: dict[str, bytes], fault: Fault) -> None:
    """A row of the catalogue each."""
    assert read(**call) is fault  # type: ignore[arg-type]


@given(content_type=content_types, body=bodies, query=bodies, authorization=authorizations)
def test_anything_is_read_or_refused(content_type: str, body: bytes, query: bytes, authorization: str | None) -> None:
    """Whatever is sent."""
    answer = read_call(content_type=content_type, body=body, query=query, authorization=authorization)
    assert explained(answer) if isinstance(answer, Denied) else answer


@pytest.mark.parametrize(
    ("client", "fault", "told"),
    [
        (WEB, grant_faults.GRANT_NOT_ALLOWED, "found"),
        (WEB, grant_faults.SIGN_IN_STATE, None),
        (SPA, grant_faults.GRANT_NOT_ALLOWED, None),
        (SPA, grant_faults.SIGN_IN_STATE, None),
    ],
)
def test_detail_is_told_to_the_owner_of_an_app_that_proved_itself(
    client: Client, fault: Fault, told: str | None
) -> None:
    """What concerns a person is their administrator's; under the name of an app without a secret anybody may ask."""
    assert detail(client, fault=fault, why="found") == told
