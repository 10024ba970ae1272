import pytest

from callgate.model import grant_faults
from callgate.model.account import AccountStatus, ExtensionStatus
from callgate.model.changes import SessionEnded, SessionRenewed, SessionRotated
from callgate.model.client import Client, ClientStatus, Switch
from callgate.model.decisions import Denied, Granted, LookAgain, TokenTimes
from callgate.model.facts import SessionFacts
from callgate.model.faults import Fault
from callgate.model.lookups import SessionLookup
from callgate.model.reference import TokenKind
from callgate.model.session import EndReason, Session, SessionState
from callgate.protocol.grants.refresh_token import RefreshRequest, decide, lookup, parse
from callgate.protocol.sessions import ALARM, BECAUSE
from tests.factories import (
    ACCOUNT,
    ACTIVE,
    AGENT,
    FOREIGN,
    FRESH,
    MINUTE_MS,
    MOMENT,
    NOW_MS,
    OTHER_SECRET,
    PENDING,
    ROLE,
    SECRET,
    SESSION_FACTS,
    SPA,
    WEB,
    form,
    present,
    proven,
)
from tests.protocol.hostile import explained

REQUEST = RefreshRequest("the token", None)
THIRD = ACTIVE._replace(generation=3)
PUBLIC = THIRD._replace(client_id=SPA.id)
STRICT = WEB._replace(switches=frozenset({Switch.LATE_REPEAT_ENDS}))
OFF = AGENT._replace(status=ExtensionStatus.DISABLED)

Decision = Granted | Denied | LookAgain


def facts(session: Session | None = THIRD, *, client: Client | None = WEB) -> SessionFacts:
    """Everything as it should be, with this session of this app."""
    return SESSION_FACTS._replace(session=session, client=client)


def judge(
    seen: SessionFacts, *, generation: int, request: RefreshRequest = REQUEST, client: Client | None = None
) -> Decision:
    """The judgement of a refresh token of some generation, presented by the app as it is."""
    app = client or seen.client or WEB
    token = present(TokenKind.REFRESH, session=seen.session or THIRD, generation=generation)
    return decide(request, client=proven(app), reference=token, key_number=MOMENT.fresh.key_number, facts=seen)


def granted(seen: SessionFacts, after: Session, *changes: SessionRotated | SessionRenewed) -> Granted:
    """Tokens of the living generation."""
    assert seen.client is not None
    elapsed_s = -(-(seen.now_ms - after.issued_ms) // 1000)
    return Granted(
        session=after,
        secret=SECRET,
        times=TokenTimes(max(0, after.access_ttl_s - elapsed_s), after.refresh_ttl_s - elapsed_s, None, None, None),
        extension=AGENT,
        client=seen.client,
        now_ms=seen.now_ms,
        changes=changes,
    )


def ended(session: Session, seen: SessionFacts) -> Denied:
    """The session is over, and its holder is told why."""
    assert seen.client is not None
    return Denied(
        fault=grant_faults.TOKEN_REVOKED,
        values=(("because", ": a used refresh token was presented again"),),
        why="replay: an old generation was presented; the session is ended",
        changes=(SessionEnded(session, EndReason.REPLAYED, seen.now_ms, seen.client.id),),
    )


def fault_of(decision: Decision) -> Fault | None:
    """The fault of a denial that changes nothing."""
    return decision.fault if isinstance(decision, Denied) and not decision.changes else None


@pytest.mark.requirement("ruling 4")
def test_request_is_read_and_what_sdks_echo_ignored() -> None:
    """Ruling 4, architecture.md: TTL fields and endpoint_id of a refresh are parsed and ignored."""
    sent = form(refresh_token="t", access_token_ttl="1", refresh_token_ttl="x", endpoint_id="a b", scope="ReadCallLog")
    assert parse(sent, WEB) == RefreshRequest("t", "ReadCallLog")


def test_one_row_is_looked_up() -> None:
    """The hottest lookup there is: no seat."""
    assert lookup(present(TokenKind.REFRESH)) == SessionLookup(ACTIVE.account_id, ACTIVE.id)


# --- generation n ------------------------------------------------------------------------------------------------


@pytest.mark.requirement("RFC 6749 section 6")
@pytest.mark.requirement("must-not-break N.6")
@pytest.mark.parametrize("first_used_ms", [None, NOW_MS - 1])
def test_next_generation_is_made_when_the_newest_token_is_presented(first_used_ms: int | None) -> None:
    """architecture.md: n to n + 1; the old access token is dead at once, whether or not it was used."""
    session = THIRD._replace(first_used_ms=first_used_ms)
    after = session._replace(
        generation=4, key_number=FRESH.key_number, first_issued_ms=NOW_MS, issued_ms=NOW_MS, first_used_ms=None
    )
    assert judge(facts(session), generation=3) == granted(facts(session), after, SessionRotated(session, after))


def test_lifetimes_stay_as_opened_when_tokens_are_refreshed() -> None:
    """architecture.md: fixed when the session opens; SDKs echo remaining time and would ratchet it down."""
    session = THIRD._replace(access_ttl_s=700, refresh_ttl_s=5000)
    decision = judge(facts(session), generation=3)
    assert isinstance(decision, Granted)
    assert (decision.session.access_ttl_s, decision.session.refresh_ttl_s) == (700, 5000)
    assert decision.times == TokenTimes(700, 5000, None, None, None)


def test_refresh_works_when_the_access_token_is_expired() -> None:
    """protocol.md M, row 16."""
    assert isinstance(judge(facts()._replace(now_ms=NOW_MS + 100 * MINUTE_MS), generation=3), Granted)


# --- generation n - 1: the repeat --------------------------------------------------------------------------------


def repeated(session: Session, *, after_ms: int) -> SessionFacts:
    """The session some time after its living generation was made."""
    return facts(session)._replace(now_ms=session.first_issued_ms + after_ms)


@pytest.mark.requirement("must-not-break N.6")
@pytest.mark.parametrize("after_ms", [0, 1, 10_001, 30 * MINUTE_MS])
def test_same_pair_is_given_again_when_its_access_token_is_unused(after_ms: int) -> None:
    """protocol.md E.2: up to 60 minutes; half its life is left, so nothing is written."""
    seen = repeated(THIRD, after_ms=after_ms)
    assert judge(seen, generation=2) == granted(seen, THIRD)


@pytest.mark.requirement("must-not-break N.6")
@pytest.mark.parametrize("after_ms", [30 * MINUTE_MS + 1, 60 * MINUTE_MS])
def test_times_are_renewed_when_under_half_of_the_unused_tokens_life_is_left(after_ms: int) -> None:
    """architecture.md: it renews the times, not the strings: same generation, same key."""
    seen = repeated(THIRD, after_ms=after_ms)
    after = THIRD._replace(issued_ms=seen.now_ms)
    assert judge(seen, generation=2) == granted(seen, after, SessionRenewed(THIRD, after))


@pytest.mark.requirement("ruling 2")
def test_window_is_not_renewed_when_the_times_are() -> None:
    """Ruling 2: the 60 minutes count from the generation's first issue."""
    renewed = THIRD._replace(issued_ms=THIRD.first_issued_ms + 40 * MINUTE_MS)
    inside = repeated(renewed, after_ms=60 * MINUTE_MS)
    assert isinstance(judge(inside, generation=2), Granted)
    outside = repeated(renewed, after_ms=60 * MINUTE_MS + 1)
    assert fault_of(judge(outside, generation=2)) is grant_faults.REFRESH_SPENT


@pytest.mark.requirement("must-not-break N.6")
@pytest.mark.parametrize("since_ms", [0, 10_000])
def test_same_pair_is_given_again_when_it_was_first_used_a_moment_ago(since_ms: int) -> None:
    """protocol.md E.2: about 10 seconds more; a used token's times are never renewed."""
    session = THIRD._replace(first_used_ms=THIRD.first_issued_ms + 50 * MINUTE_MS)
    seen = repeated(session, after_ms=50 * MINUTE_MS + since_ms)
    assert judge(seen, generation=2) == granted(seen, session)


LATE = [
    repeated(THIRD, after_ms=60 * MINUTE_MS + 1),
    repeated(THIRD._replace(first_used_ms=THIRD.first_issued_ms), after_ms=10_001),
]


@pytest.mark.parametrize("seen", LATE)
def test_late_repeat_is_refused_when_the_app_proved_a_secret(seen: SessionFacts) -> None:
    """architecture.md: a confidential client is refused with the remedy, and its session lives on."""
    assert fault_of(judge(seen, generation=2)) is grant_faults.REFRESH_SPENT


@pytest.mark.requirement("RFC 9700 section 4.14.2")
@pytest.mark.parametrize("seen", LATE)
def test_session_ends_when_a_public_app_repeats_late(seen: SessionFacts) -> None:
    """RFC 9700 section 4.14.2; the per-app switch does the same for a confidential one."""
    assert seen.session is not None
    public = seen._replace(session=seen.session._replace(client_id=SPA.id), client=SPA)
    assert judge(public, generation=2) == ended(seen.session._replace(client_id=SPA.id), public)
    strict = seen._replace(client=STRICT)
    assert judge(strict, generation=2) == ended(seen.session, strict)


# --- generation n - 2 and older, and above n ----------------------------------------------------------------------


@pytest.mark.requirement("RFC 9700 section 4.14.2")
@pytest.mark.parametrize("generation", [1, 2])
@pytest.mark.parametrize(("session", "client"), [(ACTIVE, WEB), (PUBLIC, SPA)])
def test_session_ends_when_an_older_generation_is_presented(session: Session, client: Client, generation: int) -> None:
    """architecture.md: token n - 1 or older: the session ends, always."""
    fourth = session._replace(generation=4)
    seen = facts(fourth, client=client)
    assert judge(seen, generation=generation) == ended(fourth, seen)


@pytest.mark.requirement("RFC 9700 section 4.14.2")
@pytest.mark.parametrize(
    "seen",
    [
        facts()._replace(extension=OFF),
        facts()._replace(account=ACCOUNT._replace(status=AccountStatus.DISABLED)),
        facts(THIRD._replace(refresh_ttl_s=30)),
    ],
)
def test_session_ends_when_theft_meets_a_person_who_is_disabled_or_a_token_expired(seen: SessionFacts) -> None:
    """Always: it must not be found alive when the person is enabled again or its access token still lives."""
    assert seen.session is not None
    assert judge(seen, generation=1) == ended(seen.session, seen)


@pytest.mark.parametrize(
    ("session", "generation"), [(THIRD, 4), (THIRD, 0), (PENDING, 0), (PENDING, 1), (THIRD, 2**32 - 1)]
)
def test_nothing_changes_when_a_generation_was_never_issued(session: Session, generation: int) -> None:
    """architecture.md: a restored database or a stolen key: refuse, change nothing, alarm."""
    decision = judge(facts(session), generation=generation)
    assert decision == Denied(fault=grant_faults.TOKEN_NOT_FOUND, why=ALARM)


# --- whoever must not have them -----------------------------------------------------------------------------------


@pytest.mark.requirement("RFC 6749 section 10.4")
def test_token_is_not_found_when_it_is_another_apps() -> None:
    """RFC 6749 section 10.4: bound to the client; nothing changes, whatever the generation."""
    for generation in (1, 2, 3):
        assert fault_of(judge(facts(), generation=generation, client=SPA)) is grant_faults.TOKEN_NOT_FOUND


@pytest.mark.parametrize("generation", [1, 2, 3])
def test_token_is_not_found_when_row_or_secret_is_not_its(generation: int) -> None:
    """A missing row is a refusal too; a row alone gives nothing."""
    assert fault_of(judge(facts(None), generation=generation)) is grant_faults.TOKEN_NOT_FOUND
    token = present(TokenKind.REFRESH, session=THIRD, generation=generation)._replace(secret=OTHER_SECRET)
    decision = decide(REQUEST, client=proven(WEB), reference=token, key_number=MOMENT.fresh.key_number, facts=facts())
    assert fault_of(decision) is grant_faults.TOKEN_NOT_FOUND


@pytest.mark.parametrize("seen", [facts(client=None), facts()._replace(account=None), facts()._replace(extension=None)])
def test_token_is_not_found_when_a_party_is_gone(seen: SessionFacts) -> None:
    """A missing row is a refusal."""
    assert fault_of(judge(seen, generation=3, client=WEB)) is grant_faults.TOKEN_NOT_FOUND


@pytest.mark.parametrize("generation", [1, 2, 3])
def test_app_is_proven_again_when_it_changed_since(generation: int) -> None:
    """architecture.md, idea 4: also before anything is ended."""
    assert judge(facts(client=WEB._replace(version=2)), generation=generation, client=WEB) == LookAgain()


TIMED_OUT = {EndReason.ABSOLUTE_TIMEOUT, EndReason.IDLE_TIMEOUT, EndReason.EXPIRED}


@pytest.mark.requirement("ruling 3")
@pytest.mark.parametrize("why", EndReason)
@pytest.mark.parametrize("generation", [1, 2, 3])
def test_session_stays_ended_when_any_of_its_tokens_is_presented(why: EndReason, generation: int) -> None:
    """architecture.md: `ended` beats every window; ruling 3: OAU-210 and OAU-211, with the reason."""
    session = THIRD._replace(state=SessionState.ENDED, slot=None, ended_ms=NOW_MS - 1, ended_why=why)
    decision = judge(facts(session), generation=generation)
    assert isinstance(decision, Denied)
    assert (decision.changes, decision.why) == ((), BECAUSE[why])
    expected = grant_faults.TOKEN_EXPIRED if why in TIMED_OUT else grant_faults.TOKEN_REVOKED
    assert decision.fault is expected
    assert explained(decision)


@pytest.mark.parametrize(
    ("seen", "fault"),
    [
        (facts(client=WEB._replace(status=ClientStatus.BLOCKED)), grant_faults.TOKEN_REVOKED),
        (facts()._replace(credential_version=4), grant_faults.TOKEN_REVOKED),
        (facts()._replace(credential_version=None), grant_faults.TOKEN_REVOKED),
        (facts()._replace(sessions_from_ms=NOW_MS), grant_faults.TOKEN_REVOKED),
        (facts()._replace(extension=AGENT._replace(sessions_from_ms=NOW_MS)), grant_faults.TOKEN_REVOKED),
        (facts()._replace(account=ACCOUNT._replace(absolute_timeout_s=60)), grant_faults.TOKEN_EXPIRED),
        (facts()._replace(account=ACCOUNT._replace(idle_timeout_s=60)), grant_faults.TOKEN_EXPIRED),
        (facts(THIRD._replace(access_ttl_s=60, refresh_ttl_s=60)), grant_faults.TOKEN_EXPIRED),
    ],
)
@pytest.mark.parametrize("generation", [1, 2, 3])
def test_tokens_are_refused_when_the_session_is_over_by_comparison(
    seen: SessionFacts, fault: Fault, generation: int
) -> None:
    """architecture.md: a difference from today's facts is an end; nothing needs to be written."""
    assert fault_of(judge(seen, generation=generation)) is fault


@pytest.mark.parametrize(
    ("seen", "fault"),
    [
        (facts()._replace(extension=OFF), grant_faults.EXTENSION_DISABLED),
        (facts()._replace(account=ACCOUNT._replace(status=AccountStatus.DISABLED)), grant_faults.ACCOUNT_GONE),
        (
            facts(THIRD._replace(client_id=FOREIGN.id), client=FOREIGN)._replace(
                role=ROLE._replace(permissions=frozenset())
            ),
            grant_faults.THIRD_PARTY_ACCESS,
        ),
        (facts(THIRD._replace(refresh_ttl_s=60)), grant_faults.TOKEN_EXPIRED),
        (facts(THIRD._replace(refresh_ttl_s=0)), grant_faults.TOKEN_EXPIRED),
    ],
)
@pytest.mark.parametrize("generation", [2, 3])
def test_repeat_passes_every_guard_a_refresh_passes(seen: SessionFacts, fault: Fault, generation: int) -> None:
    """architecture.md: disabled means disabled; assurance S23."""
    assert fault_of(judge(seen, generation=generation)) is fault


@pytest.mark.requirement("RFC 6749 section 6")
@pytest.mark.parametrize("generation", [2, 3])
def test_scope_is_invalid_when_a_refresh_asks_for_more(generation: int) -> None:
    """RFC 6749 section 6, assurance S14: the scope never widens."""
    wider = RefreshRequest("t", "ReadAccounts SMS")
    assert fault_of(judge(facts(), generation=generation, request=wider)) is grant_faults.SCOPE_INVALID


def test_scope_stays_when_a_refresh_asks_for_less() -> None:
    """RFC 6749 section 3.3: the reply says which scope the tokens have; a repeat must give the very same ones."""
    decision = judge(facts(), generation=3, request=RefreshRequest("t", "ReadCallLog"))
    assert isinstance(decision, Granted)
    assert decision.session.scope == THIRD.scope
