import pytest

from callgate.model import grant_faults
from callgate.model.account import ExtensionStatus
from callgate.model.changes import SessionEnded, SessionRedeemed
from callgate.model.client import Client, ClientStatus
from callgate.model.decisions import Denied, Granted, LookAgain, TokenTimes
from callgate.model.facts import SessionFacts
from callgate.model.faults import Fault
from callgate.model.ids import RowId
from callgate.model.lookups import RedeemLookup
from callgate.model.reference import TokenKind
from callgate.model.session import EndReason, Session, SessionState
from callgate.protocol.grants.authorization_code import CodeRequest, decide, lookup, parse
from callgate.protocol.opening import Terms
from tests.factories import (
    ACTIVE,
    AGENT,
    FOREIGN,
    MOMENT,
    NOW_MS,
    OTHER_SECRET,
    PENDING,
    REDIRECT_URI,
    ROLE,
    SECOND_MS,
    SECRET,
    SESSION_FACTS,
    SPA,
    VERIFIER,
    WEB,
    form,
    present,
    proven,
    seated,
)

REQUEST = CodeRequest("the code", REDIRECT_URI, VERIFIER, Terms(3600, 604_800, None))
CODE = present(TokenKind.CODE, session=PENDING)
FACTS = SESSION_FACTS._replace(session=PENDING, seat=seated(PENDING))

REDEEMED = PENDING._replace(
    state=SessionState.ACTIVE,
    slot=0,
    generation=1,
    key_number=2,
    first_issued_ms=NOW_MS,
    issued_ms=NOW_MS,
    redeemed_ms=NOW_MS,
)


def judge(
    request: CodeRequest = REQUEST, *, facts: SessionFacts = FACTS, client: Client = WEB, secret: bytes = SECRET
) -> Granted | Denied | LookAgain:
    """The judgement of an app that is proven as it is."""
    return decide(request, client=proven(client), reference=CODE._replace(secret=secret), moment=MOMENT, facts=facts)


def granted(after: Session = REDEEMED, *, ended: tuple[SessionEnded, ...] = ()) -> Granted:
    """The first tokens of the session."""
    return Granted(
        session=after,
        secret=SECRET,
        times=TokenTimes(after.access_ttl_s, after.refresh_ttl_s or None, None, None, None),
        extension=AGENT,
        client=WEB,
        now_ms=NOW_MS,
        changes=(*ended, SessionRedeemed(PENDING, after)),
    )


def denial(decision: Granted | Denied | LookAgain) -> Fault | None:
    """The fault of a denial that changes nothing."""
    return decision.fault if isinstance(decision, Denied) and not decision.changes else None


def test_request_is_read_from_the_form() -> None:
    """protocol.md D.2; the scope was settled at authorize, so one sent here is ignored."""
    sent = form(
        code="c", redirect_uri="u", code_verifier="v", scope="Nothing", access_token_ttl="700", endpoint_id="phone"
    )
    assert parse(sent, WEB) == CodeRequest("c", "u", "v", Terms(700, 604_800, "phone"))
    assert parse(form(code="c", redirect_uri="", code_verifier=""), WEB) == CodeRequest(
        "c", None, None, Terms(3600, 604_800, None)
    )


def test_row_and_seat_are_looked_up() -> None:
    """The pending row and the seat its tokens will take."""
    assert lookup(CODE) == RedeemLookup(PENDING.account_id, PENDING.id)


@pytest.mark.requirement("RFC 6749 section 4.1.3")
@pytest.mark.requirement("must-not-break N.5")
def test_tokens_are_granted_when_the_code_is_whole_and_bound() -> None:
    """RFC 6749 section 4.1.3: bound to client, redirect URI and challenge."""
    assert judge() == granted()


def test_terms_are_the_token_requests_when_it_asks_for_some() -> None:
    """protocol.md D.1: lifetimes and endpoint belong to the token request."""
    request = CodeRequest("c", REDIRECT_URI, VERIFIER, Terms(700, 0, "phone"))
    assert judge(request) == granted(REDEEMED._replace(access_ttl_s=700, refresh_ttl_s=0, endpoint_id="phone"))


def test_oldest_session_is_evicted_when_the_cap_is_reached() -> None:
    """must-not-break 8: the seat is taken when the code becomes tokens."""
    live = [ACTIVE._replace(id=RowId(slot), slot=slot, endpoint_id=f"e{slot}") for slot in range(5)]
    ended = SessionEnded(live[0], EndReason.EVICTED, NOW_MS, WEB.id)
    assert judge(facts=FACTS._replace(seat=seated(*live, PENDING))) == granted(ended=(ended,))


@pytest.mark.requirement("RFC 6749 section 4.1.3")
@pytest.mark.requirement("must-not-break N.5")
@pytest.mark.parametrize(
    ("client", "secret", "facts", "fault"),
    [
        (WEB, SECRET, FACTS._replace(session=None), grant_faults.CODE_INVALID),
        (WEB, OTHER_SECRET, FACTS, grant_faults.CODE_INVALID),
        (SPA, SECRET, FACTS, grant_faults.CODE_FOR_OTHER_CLIENT),
        (WEB, SECRET, FACTS._replace(extension=None), grant_faults.CODE_INVALID),
        (WEB, SECRET, FACTS._replace(credential_version=4), grant_faults.CODE_INVALID),
        (WEB, SECRET, FACTS._replace(sessions_from_ms=NOW_MS), grant_faults.CODE_INVALID),
        (
            WEB,
            SECRET,
            FACTS._replace(extension=AGENT._replace(status=ExtensionStatus.DISABLED)),
            grant_faults.EXTENSION_DISABLED,
        ),
    ],
)
def test_code_is_refused_when_it_is_not_this_apps_living_code(
    client: Client, secret: bytes, facts: SessionFacts, fault: Fault
) -> None:
    """Assurance S5 and S23: bound to the client; locked after the code was issued means refused. Nothing is written."""
    assert denial(judge(client=client, secret=secret, facts=facts)) is fault


@pytest.mark.requirement("ruling 8")
def test_code_is_refused_when_the_app_may_not_serve_the_person() -> None:
    """Ruling 8."""
    session = PENDING._replace(client_id=FOREIGN.id)
    facts = FACTS._replace(session=session, client=FOREIGN, role=ROLE._replace(permissions=frozenset()))
    assert denial(judge(client=FOREIGN, facts=facts)) is grant_faults.THIRD_PARTY_ACCESS


@pytest.mark.requirement("must-not-break N.5")
@pytest.mark.parametrize(("age_ms", "lives"), [(59_999, True), (60_000, False), (61_000, False)])
def test_code_expires_after_a_minute(age_ms: int, *, lives: bool) -> None:
    """protocol.md C.3, assurance S4."""
    decision = judge(facts=FACTS._replace(now_ms=PENDING.opened_ms + age_ms))
    assert isinstance(decision, Granted) is lives
    assert lives or denial(decision) is grant_faults.CODE_EXPIRED


MISMATCH = grant_faults.REDIRECT_URI_MISMATCH


@pytest.mark.requirement("ruling 14")
@pytest.mark.requirement("RFC 6749 section 4.1.3")
@pytest.mark.parametrize(
    ("redirect_uri", "was_sent", "fault"),
    [
        (REDIRECT_URI, True, None),
        (REDIRECT_URI, False, None),
        (None, False, None),
        (None, True, MISMATCH),
        (REDIRECT_URI + "/", True, MISMATCH),
        ("", True, MISMATCH),
        ("https://evil.example/", False, MISMATCH),
        ("é", True, MISMATCH),
    ],
)
def test_redirect_uri_must_be_the_authorize_requests(
    redirect_uri: str | None, fault: Fault | None, *, was_sent: bool
) -> None:
    """Ruling 14: required if it was sent at authorize, and equal."""
    request = CodeRequest("c", redirect_uri, VERIFIER, REQUEST.terms)
    facts = FACTS._replace(session=PENDING._replace(redirect_uri_sent=was_sent))
    assert denial(judge(request, facts=facts)) is fault


INVALID = grant_faults.CODE_INVALID


@pytest.mark.requirement("RFC 7636 section 4.6")
@pytest.mark.requirement("RFC 9700 section 2.1.1")
@pytest.mark.parametrize(
    ("challenge", "plain", "verifier", "fault"),
    [
        (PENDING.code_challenge, False, VERIFIER, None),
        (VERIFIER, True, VERIFIER, None),
        (None, False, None, None),
        (PENDING.code_challenge, False, None, INVALID),
        (PENDING.code_challenge, False, VERIFIER[:-1] + "x", INVALID),
        (PENDING.code_challenge, False, PENDING.code_challenge, INVALID),
        (PENDING.code_challenge, True, VERIFIER, INVALID),
        (VERIFIER, False, VERIFIER, INVALID),
        (None, False, VERIFIER, INVALID),
    ],
)
def test_verifier_must_be_the_challenges(
    challenge: str | None, plain: bool, verifier: str | None, fault: Fault | None
) -> None:
    """RFC 7636 section 4.6; RFC 9700 section 4.8.2: a verifier without a challenge is a downgrade, and refused."""
    request = CodeRequest("c", REDIRECT_URI, verifier, REQUEST.terms)
    session = PENDING._replace(code_challenge=challenge, challenge_plain=plain)
    assert denial(judge(request, facts=FACTS._replace(session=session))) is fault


def used(*, ago_ms: int) -> SessionFacts:
    """The code was redeemed some time ago, and its session has been refreshed since."""
    session = REDEEMED._replace(generation=3, redeemed_ms=NOW_MS - ago_ms)
    return FACTS._replace(session=session, seat=seated(session))


@pytest.mark.requirement("RFC 6749 section 4.1.2")
@pytest.mark.parametrize("ago_ms", [10_001, 60_000, 86_400_000])
def test_session_ends_when_its_code_comes_again_late(ago_ms: int) -> None:
    """RFC 6749 section 4.1.2: must deny, and should revoke what the first redemption gave."""
    facts = used(ago_ms=ago_ms)
    assert facts.session is not None
    again = judge(facts=facts)
    assert isinstance(again, Denied)
    assert again.fault is INVALID
    assert again.changes == (SessionEnded(facts.session, EndReason.CODE_REPLAYED, NOW_MS, WEB.id),)


@pytest.mark.requirement("RFC 6749 section 4.1.2")
@pytest.mark.parametrize("ago_ms", [0, 1, 10_000])
def test_code_is_only_refused_when_it_comes_again_in_a_blink(ago_ms: int) -> None:
    """architecture.md: a page that sends its code twice in a blink must not sign its user out."""
    assert denial(judge(facts=used(ago_ms=ago_ms))) is INVALID


@pytest.mark.parametrize(
    ("request_", "client", "secret"),
    [
        (CodeRequest("c", REDIRECT_URI, None, REQUEST.terms), WEB, SECRET),
        (CodeRequest("c", REDIRECT_URI, "x" * 43, REQUEST.terms), WEB, SECRET),
        (CodeRequest("c", None, VERIFIER, REQUEST.terms), WEB, SECRET),
        (REQUEST, SPA, SECRET),
        (REQUEST, WEB, OTHER_SECRET),
    ],
)
def test_session_lives_on_when_a_thief_without_the_verifier_replays_its_code(
    request_: CodeRequest, client: Client, secret: bytes
) -> None:
    """architecture.md: it ends only when client, redirect URI and PKCE were proven."""
    assert denial(judge(request_, client=client, secret=secret, facts=used(ago_ms=SECOND_MS * 60))) is not None


def test_session_lives_on_when_the_replaying_apps_proof_was_overtaken() -> None:
    """A proof with yesterday's secret ends nothing either."""
    facts = used(ago_ms=60_000)._replace(client=WEB._replace(version=2))
    assert judge(facts=facts) == LookAgain()


@pytest.mark.parametrize("why", [EndReason.REPLACED, EndReason.REVOKED, EndReason.EVICTED])
def test_code_is_refused_when_its_session_is_over(why: EndReason) -> None:
    """A sixth code ended the first; a session ended stays so."""
    session = PENDING._replace(state=SessionState.ENDED, slot=None, ended_ms=NOW_MS - 1, ended_why=why)
    assert denial(judge(facts=FACTS._replace(session=session))) is INVALID


@pytest.mark.parametrize("client", [WEB._replace(version=2), WEB._replace(version=2, status=ClientStatus.BLOCKED)])
def test_app_is_proven_again_when_it_changed_since(client: Client) -> None:
    """architecture.md, idea 4."""
    assert judge(facts=FACTS._replace(client=client)) == LookAgain()


def test_code_is_refused_when_the_app_is_blocked() -> None:
    """A blocked app's every session is over."""
    blocked = WEB._replace(status=ClientStatus.BLOCKED)
    assert denial(judge(client=blocked, facts=FACTS._replace(client=blocked))) is INVALID
