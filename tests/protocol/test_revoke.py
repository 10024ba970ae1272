import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.model import faults, grant_faults
from callgate.model.account import ExtensionStatus
from callgate.model.changes import SessionEnded
from callgate.model.client import Client, ClientStatus
from callgate.model.decisions import Denied, Done
from callgate.model.facts import SessionFacts
from callgate.model.faults import Fault
from callgate.model.ids import ClientId
from callgate.model.lookups import SessionLookup
from callgate.model.reference import TokenKind
from callgate.model.session import EndReason, SessionState
from callgate.protocol.client_auth import ClientNamed, SecretPresented
from callgate.protocol.revoke import RevokeCall, decide, lookup, read_call
from tests.factories import (
    ACTIVE,
    AGENT,
    NOW_MS,
    OTHER_SECRET,
    SESSION_FACTS,
    SPA,
    WEB,
    present,
    proven,
)
from tests.protocol.hostile import authorizations, bodies, content_types, explained

URLENCODED = "application/x-www-form-urlencoded"
BASIC = "Basic Y2lkOnNlYw=="
CID = ClientId("cid")


def read(
    body: bytes,
    *,
    query: bytes = b"",
    authorization: str | None = BASIC,
    content_type: str = URLENCODED,
    query_tokens: bool = True,
) -> RevokeCall | Denied:
    """A call of an app that has a secret."""
    return read_call(
        content_type=content_type, body=body, query=query, authorization=authorization, query_tokens=query_tokens
    )


@pytest.mark.requirement("RFC 7009 section 2.1")
@pytest.mark.requirement("must-not-break N.4")
@pytest.mark.requirement("must-not-break N.7")
def test_token_is_read_from_body_or_query() -> None:
    """protocol.md F: in the body, in the query, or equal in both; by Basic or a public app's id."""
    call = RevokeCall(SecretPresented(CID, "sec"), "t")
    assert read(b"token=t") == call
    assert read(b"token=t&token_type_hint=access_token&x=1") == call
    assert read(b"", query=b"token=t", content_type="") == call
    assert read(b"token=t", query=b"token=t") == call
    assert read(b"token=t", query=b"token=") == call
    assert read(b"token=t&client_id=cid", authorization=None) == RevokeCall(ClientNamed(CID), "t")
    assert read(b"token=t", query=b"token=", query_tokens=False) == call


@pytest.mark.parametrize(
    ("body", "query", "fault"),
    [
        (b"", b"", faults.PARAMETER_INVALID),
        (b"token=", b"", faults.PARAMETER_INVALID),
        (b"token=a", b"token=b", grant_faults.REVOKE_TOKENS_DIFFER),
        (b"token=a&token=a", b"", faults.PARAMETER_DUPLICATED),
        (b"", b"token=a&token=a", faults.PARAMETER_DUPLICATED),
        (b"token=a", b"client_secret=s", faults.SECRET_IN_QUERY),
        (b"token=a", b"client_assertion=s", faults.SECRET_IN_QUERY),
        (b"token=%", b"", faults.BODY_MALFORMED),
        (b"token=a", b"token=%", faults.BODY_MALFORMED),
        (b"token=a&client_id=other", b"", faults.CLIENT_PROOFS_TWO),
    ],
)
def test_call_is_refused_when_it_cannot_be_read(body: bytes, query: bytes, fault: Fault) -> None:
    """protocol.md F: OAU-150 for two tokens, CMN-101 for none."""
    refused = read(body, query=query)
    assert isinstance(refused, Denied)
    assert refused.fault is fault
    assert explained(refused)


def test_call_is_refused_when_its_body_is_no_form() -> None:
    """A body must be a form; no body need not."""
    assert read(b"{}", content_type="application/json") == Denied(fault=faults.BODY_NOT_FORM)


@pytest.mark.requirement("ruling 16")
def test_token_in_query_is_refused_when_the_switch_is_off() -> None:
    """Ruling 16: one server switch turns tokens in a query off."""
    refused = Denied(fault=faults.SECRET_IN_QUERY, values=(("parameter", "token"),))
    assert read(b"", query=b"token=t", query_tokens=False) == refused


def test_repr_tells_no_token() -> None:
    """Reprs end up in logs."""
    assert "hunter2" not in repr(read(b"token=hunter2"))


TOKEN = present(TokenKind.ACCESS)
REVOKED = Done((SessionEnded(ACTIVE, EndReason.REVOKED, NOW_MS, WEB.id),))


def test_one_row_is_looked_up() -> None:
    """The session of the token; no seat."""
    assert lookup(TOKEN) == SessionLookup(ACTIVE.account_id, ACTIVE.id)


@pytest.mark.requirement("RFC 7009 section 2")
@pytest.mark.parametrize("kind", [TokenKind.ACCESS, TokenKind.REFRESH])
@pytest.mark.parametrize("generation", [1, 2, 3, 4])
def test_session_ends_when_any_authentic_token_of_it_is_revoked(kind: TokenKind, generation: int) -> None:
    """architecture.md: any authentic token of the caller's client, whatever its generation or age."""
    session = ACTIVE._replace(generation=3)
    facts = SESSION_FACTS._replace(session=session, now_ms=NOW_MS + 10**12)
    token = present(kind, session=session, generation=generation)
    ended = SessionEnded(session, EndReason.REVOKED, facts.now_ms, WEB.id)
    assert decide(client=proven(WEB), reference=token, facts=facts) == Done((ended,))


@pytest.mark.parametrize(
    "facts",
    [
        SESSION_FACTS._replace(extension=AGENT._replace(status=ExtensionStatus.DISABLED)),
        SESSION_FACTS._replace(client=WEB._replace(status=ClientStatus.BLOCKED)),
        SESSION_FACTS._replace(credential_version=None),
        SESSION_FACTS._replace(account=None, extension=None),
    ],
)
def test_session_ends_when_its_person_or_app_does_not_work(facts: SessionFacts) -> None:
    """Revoking needs nobody's permission but the app's."""
    assert decide(client=proven(WEB), reference=TOKEN, facts=facts) == REVOKED


@pytest.mark.requirement("RFC 7009 section 2.2")
@pytest.mark.requirement("must-not-break N.7")
@pytest.mark.parametrize(
    ("client", "facts", "secret"),
    [
        (WEB, SESSION_FACTS._replace(session=None), None),
        (WEB, SESSION_FACTS, OTHER_SECRET),
        (SPA, SESSION_FACTS, None),
        (WEB, SESSION_FACTS._replace(session=ACTIVE._replace(state=SessionState.ENDED)), None),
    ],
)
def test_nothing_changes_when_the_token_is_not_of_a_living_session_of_the_app(
    client: Client, facts: SessionFacts, secret: bytes | None
) -> None:
    """RFC 7009 section 2.2: answered as if it were; never another client's session."""
    token = TOKEN._replace(secret=secret or TOKEN.secret)
    assert decide(client=proven(client), reference=token, facts=facts) == Done()


@given(content_types, bodies, bodies, authorizations, st.booleans())
def test_answer_is_a_call_or_a_fault_whatever_is_sent(
    content_type: str, body: bytes, query: bytes, authorization: str | None, query_tokens: bool
) -> None:
    """No input makes an exception; a token is never empty."""
    answer = read(body, query=query, authorization=authorization, content_type=content_type, query_tokens=query_tokens)
    assert explained(answer) if isinstance(answer, Denied) else answer.token
