import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.model import api_faults
from callgate.model.account import ExtensionStatus
from callgate.model.changes import SessionFirstUsed
from callgate.model.client import ClientStatus
from callgate.model.decisions import Admitted, Denied
from callgate.model.facts import SessionFacts
from callgate.model.faults import Fault
from callgate.model.reference import TokenKind
from callgate.model.session import EndReason, Session, SessionState
from callgate.protocol.bearer import decide, read_token
from callgate.protocol.sessions import ALARM, BECAUSE
from tests.factories import (
    ACCOUNT,
    ACTIVE,
    AGENT,
    FOREIGN,
    NOW_MS,
    OPENED_MS,
    OTHER_SECRET,
    PENDING,
    ROLE,
    SECOND_MS,
    SESSION_FACTS,
    WEB,
    present,
)
from tests.protocol.hostile import authorizations, explained


@pytest.mark.requirement("ruling 16")
@pytest.mark.requirement("RFC 6750 section 2.1")
@pytest.mark.requirement("RFC 6750 section 2.3")
@pytest.mark.requirement("must-not-break N.1")
@pytest.mark.parametrize(
    ("authorization", "query", "token"),
    [
        ("Bearer abc", b"", "abc"),
        ("bearer abc", b"", "abc"),
        ("BEARER  abc ", b"", "abc"),
        (None, b"access_token=abc", "abc"),
        (None, b"x=1&access_token=a%62c&y", "abc"),
        ("Bearer abc", b"access_token=", "abc"),
        ("Bearer abc", b"access_token=abc", "abc"),
        (None, b"access_token=abc&access_token=abc", "abc"),
        (None, b"access_token=%FF", "\ufffd"),
    ],
)
def test_token_is_read_from_header_or_query(authorization: str | None, query: bytes, token: str) -> None:
    """protocol.md I.1: any case of the scheme; ruling 16: the query is part of the wire."""
    assert read_token(authorization, query, query_tokens=True) == token


@pytest.mark.requirement("RFC 6750 section 2")
@pytest.mark.parametrize(
    ("authorization", "query", "fault"),
    [
        (None, b"", api_faults.AUTHORIZATION_ABSENT),
        (None, b"access_token=", api_faults.AUTHORIZATION_ABSENT),
        (None, b"xaccess_token=abc", api_faults.AUTHORIZATION_ABSENT),
        ("", b"", api_faults.AUTHORIZATION_MALFORMED),
        ("Bearer", b"", api_faults.AUTHORIZATION_MALFORMED),
        ("Bearer ", b"access_token=abc", api_faults.AUTHORIZATION_MALFORMED),
        ("Basic abc", b"", api_faults.AUTHORIZATION_MALFORMED),
        ("abc", b"", api_faults.AUTHORIZATION_MALFORMED),
        ("Bearer abc", b"access_token=abd", api_faults.TOKENS_DIFFER),
        (None, b"access_token=abc&access_token=abd", api_faults.TOKENS_DIFFER),
    ],
)
def test_call_is_refused_when_it_brings_no_single_token(authorization: str | None, query: bytes, fault: Fault) -> None:
    """protocol.md I.2: AGW-401 and AGW-402; RFC 6750 section 2: not more than one method."""
    assert read_token(authorization, query, query_tokens=True) == Denied(fault=fault)


@pytest.mark.requirement("ruling 16")
@pytest.mark.parametrize("authorization", [None, "Bearer abc"])
def test_token_in_query_is_refused_when_the_switch_is_off(authorization: str | None) -> None:
    """Ruling 16."""
    refused = Denied(fault=api_faults.QUERY_TOKEN_OFF)
    assert read_token(authorization, b"access_token=abc", query_tokens=False) == refused
    assert read_token("Bearer abc", b"", query_tokens=False) == "abc"


@given(authorizations, st.binary(max_size=80), st.booleans())
def test_answer_is_a_token_or_a_fault_whatever_is_sent(
    authorization: str | None, query: bytes, query_tokens: bool
) -> None:
    """No input makes an exception; a token is never empty."""
    answer = read_token(authorization, b"access_token=" + query, query_tokens=query_tokens)
    assert explained(answer) if isinstance(answer, Denied) else answer


TOKEN = present(TokenKind.ACCESS)
THIRD = ACTIVE._replace(generation=3)


def admitted(session: Session, *, expires_ms: int, first_use: bool = False) -> Admitted:
    """The session's bearer."""
    return Admitted(
        session=session,
        client=WEB,
        account=ACCOUNT,
        extension=AGENT,
        role=ROLE,
        expires_ms=expires_ms,
        changes=(SessionFirstUsed(session, NOW_MS),) if first_use else (),
    )


def facts(session: Session | None = ACTIVE) -> SessionFacts:
    """Everything as it should be, with this session."""
    return SESSION_FACTS._replace(session=session)


@pytest.mark.parametrize(
    ("session", "first_use"),
    [
        (ACTIVE, False),
        (THIRD, True),
        (THIRD._replace(first_used_ms=NOW_MS - 1), False),
        (THIRD._replace(refresh_ttl_s=0), False),
    ],
)
def test_bearer_is_admitted_when_token_and_session_live(session: Session, *, first_use: bool) -> None:
    """architecture.md: the first use is marked only where a refresh token precedes it."""
    expected = admitted(session, expires_ms=OPENED_MS + 3600 * SECOND_MS, first_use=first_use)
    assert decide(present(TokenKind.ACCESS, session=session), facts(session)) == expected


def test_admission_ends_early_when_the_account_has_a_time_out() -> None:
    """architecture.md: absolute and idle ends are computed from today's policy."""
    account = ACCOUNT._replace(idle_timeout_s=90)
    verdict = decide(TOKEN, facts()._replace(account=account))
    assert isinstance(verdict, Admitted)
    assert verdict.expires_ms == OPENED_MS + 90 * SECOND_MS


def ended(why: EndReason) -> Session:
    """The session, over and remembered."""
    return THIRD._replace(state=SessionState.ENDED, slot=None, ended_ms=NOW_MS - 1, ended_why=why)


@pytest.mark.requirement("ruling 3")
@pytest.mark.requirement("RFC 6750 section 3.1")
@pytest.mark.parametrize(
    ("seen", "generation", "fault", "why"),
    [
        (facts(None), 1, api_faults.TOKEN_UNKNOWN, "no such session"),
        (facts(THIRD), 4, api_faults.TOKEN_UNKNOWN, ALARM),
        (facts(), 0, api_faults.TOKEN_UNKNOWN, ALARM),
        (facts(PENDING), 0, api_faults.TOKEN_UNKNOWN, ALARM),
        (facts(PENDING), 1, api_faults.TOKEN_UNKNOWN, ALARM),
        (facts()._replace(role=None), 1, api_faults.TOKEN_UNKNOWN, "the app, account, extension or role is gone"),
        (facts()._replace(client=None), 1, api_faults.TOKEN_UNKNOWN, "the app, account, extension or role is gone"),
        (facts(THIRD), 2, api_faults.TOKEN_SUPERSEDED, "a refresh made a newer generation"),
        (facts(THIRD), 1, api_faults.TOKEN_SUPERSEDED, "a refresh made a newer generation"),
        (
            facts()._replace(client=WEB._replace(status=ClientStatus.BLOCKED)),
            1,
            api_faults.TOKEN_UNKNOWN,
            "the session is over: the application was blocked",
        ),
        (facts()._replace(now_ms=OPENED_MS + 3600 * SECOND_MS), 1, api_faults.TOKEN_EXPIRED, ""),
        (
            facts()._replace(extension=AGENT._replace(status=ExtensionStatus.DISABLED)),
            1,
            api_faults.TOKEN_UNKNOWN,
            "the account or extension is disabled",
        ),
        (
            facts()._replace(client=FOREIGN, role=ROLE._replace(permissions=frozenset())),
            1,
            api_faults.PERMISSION_MISSING,
            "the role lacks ThirdPartyAppAccess today",
        ),
        *(
            (facts(ended(why)), generation, api_faults.TOKEN_UNKNOWN, f"the session is over: {BECAUSE[why]}")
            for why in set(EndReason) - {EndReason.EXPIRED}
            for generation in (2, 3)
        ),
        (facts(ended(EndReason.EXPIRED)), 3, api_faults.TOKEN_EXPIRED, "the session expired and gave up its seat"),
    ],
)
def test_bearer_is_refused_when_token_or_session_is_dead(
    seen: SessionFacts, generation: int, fault: Fault, why: str
) -> None:
    """Ruling 3: expired OAU-128, superseded OAU-129, ended or unknown OAU-213; nothing is written."""
    refused = decide(TOKEN._replace(generation=generation), seen)
    assert isinstance(refused, Denied)
    assert (refused.fault, refused.why, refused.changes) == (fault, why, ())
    assert explained(refused)


def test_bearer_is_refused_when_the_secret_is_anothers() -> None:
    """The database holds no secret: a row alone admits nobody."""
    refused = decide(TOKEN._replace(secret=OTHER_SECRET), facts())
    assert isinstance(refused, Denied)
    assert refused.fault is api_faults.TOKEN_UNKNOWN


@pytest.mark.requirement("ruling 3")
def test_holder_is_told_why_when_the_session_was_ended() -> None:
    """Ruling 3: "session limit reached: signed in again elsewhere"."""
    refused = decide(TOKEN, facts(ended(EndReason.EVICTED)))
    assert isinstance(refused, Denied)
    assert refused.values == (("because", ": session limit reached: signed in again elsewhere"),)
