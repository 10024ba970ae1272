import pytest

from callgate.model.account import AccountStatus, ExtensionStatus
from callgate.model.client import ClientStatus
from callgate.model.connection import SsoExemption, SsoPolicy
from callgate.model.decisions import TokenTimes
from callgate.model.reference import TokenKind
from callgate.model.session import EndReason, Session, expires_ms
from callgate.protocol.sessions import (
    BECAUSE,
    Parties,
    access_end_ms,
    holds_secret,
    holds_sign_in,
    parties_of,
    person_works,
    policy_end_ms,
    refresh_end_ms,
    token_times,
    was_issued,
    why_facts_end,
    why_over,
)
from tests.factories import (
    ACCOUNT,
    ACTIVE,
    AGENT,
    AUTHORIZE_FACTS,
    NOW_MS,
    OPENED_MS,
    OTHER_SECRET,
    PARTIES,
    PENDING,
    SAML,
    SECOND_MS,
    SECRET,
    SESSION_FACTS,
    SIGN_IN,
    WEB,
    present,
)

BLOCKED = PARTIES._replace(client=WEB._replace(status=ClientStatus.BLOCKED))
SIGNED_OUT = PARTIES._replace(extension=AGENT._replace(sessions_from_ms=OPENED_MS + 1))
WAS_BLOCKED = PARTIES._replace(client=PARTIES.client._replace(sessions_from_ms=OPENED_MS + 1))
WAS_DISABLED = PARTIES._replace(account=ACCOUNT._replace(sessions_from_ms=OPENED_MS + 1))


NO_PASSWORDS = PARTIES._replace(account=ACCOUNT._replace(sso_policy=SsoPolicy.ENFORCED))


def limited(*, absolute_s: int = 0, idle_s: int = 0) -> Parties:
    """The account with time-outs."""
    return PARTIES._replace(account=ACCOUNT._replace(absolute_timeout_s=absolute_s, idle_timeout_s=idle_s))


@pytest.mark.requirement("ruling 3")
def test_every_end_can_be_explained() -> None:
    """Ruling 3: whoever holds an authentic token of an ended session may be told why."""
    assert BECAUSE.keys() == set(EndReason)


def test_secret_opens_its_own_row_only() -> None:
    """architecture.md, idea 3: the row keeps the secret's SHA-256."""
    assert holds_secret(ACTIVE, SECRET)
    assert not holds_secret(ACTIVE, OTHER_SECRET)
    assert not holds_secret(ACTIVE, b"")


def test_parties_are_none_when_one_is_gone() -> None:
    """A missing row is a refusal."""
    assert parties_of(SESSION_FACTS) == PARTIES
    assert parties_of(SESSION_FACTS._replace(client=None)) is None
    assert parties_of(SESSION_FACTS._replace(account=None)) is None
    assert parties_of(SESSION_FACTS._replace(extension=None)) is None


@pytest.mark.parametrize(
    ("session", "generation", "verdict"),
    [
        (ACTIVE._replace(generation=3), 1, True),
        (ACTIVE._replace(generation=3), 3, True),
        (ACTIVE._replace(generation=3), 4, False),
        (ACTIVE, 0, False),
        (PENDING, 0, False),
        (PENDING, 1, False),
    ],
)
def test_generation_was_issued_when_the_row_has_reached_it(session: Session, generation: int, *, verdict: bool) -> None:
    """architecture.md, "The session": a generation above the row's is an alarm; a code is no token."""
    assert was_issued(session, present(TokenKind.ACCESS, session=session, generation=generation)) is verdict


@pytest.mark.parametrize(
    ("parties", "from_ms", "version", "now_ms", "why"),
    [
        (PARTIES, 0, 3, NOW_MS, None),
        (PARTIES, OPENED_MS, 3, NOW_MS, None),
        (BLOCKED, 0, 3, NOW_MS, EndReason.APP_BLOCKED),
        (PARTIES, 0, 4, NOW_MS, EndReason.CREDENTIAL_CHANGED),
        (PARTIES, 0, None, NOW_MS, EndReason.CREDENTIAL_CHANGED),
        (PARTIES, OPENED_MS + 1, 3, NOW_MS, EndReason.RESTORED),
        (WAS_BLOCKED, 0, 3, NOW_MS, EndReason.APP_BLOCKED),
        (SIGNED_OUT, 0, 3, NOW_MS, EndReason.SIGNED_OUT_EVERYWHERE),
        (WAS_DISABLED, 0, 3, NOW_MS, EndReason.ADMINISTRATOR),
        (NO_PASSWORDS, 0, 3, NOW_MS, EndReason.WAY_CLOSED),
        (limited(absolute_s=61), 0, 3, NOW_MS, None),
        (limited(absolute_s=60), 0, 3, NOW_MS, EndReason.ABSOLUTE_TIMEOUT),
        (limited(idle_s=61), 0, 3, NOW_MS, None),
        (limited(idle_s=60), 0, 3, NOW_MS, EndReason.IDLE_TIMEOUT),
        (limited(absolute_s=60, idle_s=60), 0, 3, NOW_MS, EndReason.ABSOLUTE_TIMEOUT),
    ],
)
def test_session_is_over_when_todays_facts_differ(
    parties: Parties, from_ms: int, version: int | None, now_ms: int, why: EndReason | None
) -> None:
    """architecture.md, "The session": sessions end by comparison, not by bulk update."""
    assert why_over(ACTIVE, parties, credential_version=version, sessions_from_ms=from_ms, now_ms=now_ms) is why
    facts = SESSION_FACTS._replace(credential_version=version, sessions_from_ms=from_ms, now_ms=now_ms)
    assert why_facts_end(ACTIVE, parties, facts=facts) is why


def test_idle_end_moves_and_absolute_end_stays_when_tokens_are_issued() -> None:
    """architecture.md: idle means no issue; both are computed at decision time from today's policy."""
    issued = ACTIVE._replace(issued_ms=NOW_MS)
    assert policy_end_ms(issued, ACCOUNT) is None
    assert policy_end_ms(issued, limited(idle_s=60).account) == NOW_MS + 60 * SECOND_MS
    assert policy_end_ms(issued, limited(absolute_s=60).account) == OPENED_MS + 60 * SECOND_MS
    assert policy_end_ms(issued, limited(absolute_s=90, idle_s=60).account) == OPENED_MS + 90 * SECOND_MS


def test_row_expires_when_its_longest_token_does() -> None:
    """A pending row lives a minute, an active one as long as its refresh token, or its access token without one."""
    assert access_end_ms(ACTIVE) == OPENED_MS + 3600 * SECOND_MS
    assert refresh_end_ms(ACTIVE) == OPENED_MS + 604_800 * SECOND_MS
    assert expires_ms(ACTIVE) == refresh_end_ms(ACTIVE)
    assert expires_ms(ACTIVE._replace(refresh_ttl_s=0)) == access_end_ms(ACTIVE)
    assert expires_ms(PENDING) == PENDING.opened_ms + 60 * SECOND_MS


@pytest.mark.requirement("RFC 6749 section 5.1")
@pytest.mark.parametrize(
    ("session", "parties", "times"),
    [
        (ACTIVE, PARTIES, TokenTimes(3540, 604_740, None, None, None)),
        (ACTIVE._replace(issued_ms=NOW_MS), PARTIES, TokenTimes(3600, 604_800, None, None, None)),
        (ACTIVE._replace(issued_ms=NOW_MS - 1), PARTIES, TokenTimes(3599, 604_799, None, None, None)),
        (ACTIVE._replace(refresh_ttl_s=0), PARTIES, TokenTimes(3540, None, None, None, None)),
        (ACTIVE._replace(access_ttl_s=30), PARTIES, TokenTimes(0, 604_740, None, None, None)),
        (ACTIVE, limited(absolute_s=90), TokenTimes(30, 30, 30, OPENED_MS + 90 * SECOND_MS, None)),
        (ACTIVE, limited(idle_s=90), TokenTimes(30, 30, None, None, 90)),
        (ACTIVE, limited(absolute_s=70, idle_s=90), TokenTimes(10, 10, 10, OPENED_MS + 70 * SECOND_MS, 90)),
        (ACTIVE, limited(absolute_s=10_000), TokenTimes(3540, 9940, 9940, OPENED_MS + 10_000 * SECOND_MS, None)),
    ],
)
def test_times_are_what_remains_when_a_reply_is_made(session: Session, parties: Parties, times: TokenTimes) -> None:
    """protocol.md D.3: numbers are remaining life, whole seconds; session fields only where a time-out is enforced."""
    assert token_times(session, parties.account, now_ms=NOW_MS) == times


@pytest.mark.parametrize(
    ("account_status", "extension_status", "verdict"),
    [
        (AccountStatus.CONFIRMED, ExtensionStatus.ENABLED, True),
        (AccountStatus.DISABLED, ExtensionStatus.ENABLED, False),
        (AccountStatus.CONFIRMED, ExtensionStatus.FROZEN, False),
    ],
)
def test_person_works_when_account_and_extension_do(
    account_status: AccountStatus, extension_status: ExtensionStatus, *, verdict: bool
) -> None:
    """protocol.md B."""
    account, extension = ACCOUNT._replace(status=account_status), AGENT._replace(status=extension_status)
    assert person_works(account, extension) is verdict


def test_sign_in_opens_when_nothing_ended_it() -> None:
    """A browser's sign-in ends by time, by a new password, by signing out everywhere, by a restore."""
    facts = AUTHORIZE_FACTS
    assert holds_sign_in(SECRET, facts)
    for ended in (
        facts._replace(sign_in=SIGN_IN._replace(expires_ms=NOW_MS)),
        facts._replace(extension=AGENT._replace(password_version=4)),
        facts._replace(extension=SIGNED_OUT.extension),
        facts._replace(account=WAS_DISABLED.account),
        facts._replace(sessions_from_ms=OPENED_MS + 1),
        facts._replace(sign_in=None),
        facts._replace(account=None),
        facts._replace(extension=None),
    ):
        assert not holds_sign_in(SECRET, ended)
    assert not holds_sign_in(OTHER_SECRET, facts)


def test_sign_in_by_a_provider_stands_as_long_as_its_trust() -> None:
    """Not as long as the password: it was not used."""
    enforced = ACCOUNT._replace(sso_policy=SsoPolicy.ENFORCED)
    arrived = SIGN_IN._replace(connection_id=SAML.id, trust_version=4, password_version=1)
    facts = AUTHORIZE_FACTS._replace(account=enforced, sign_in=arrived, trust_version=4)
    assert holds_sign_in(SECRET, facts)
    for ended in (
        facts._replace(trust_version=5),
        facts._replace(trust_version=None),
        facts._replace(account=ACCOUNT),
    ):
        assert not holds_sign_in(SECRET, ended)


def test_sign_in_by_password_is_over_when_single_sign_on_is_enforced() -> None:
    """What a way in opened stands while the way is open."""
    enforced = AUTHORIZE_FACTS._replace(account=ACCOUNT._replace(sso_policy=SsoPolicy.ENFORCED))
    assert not holds_sign_in(SECRET, enforced)
    exempt = enforced._replace(extension=AGENT._replace(sso_exemption=SsoExemption.EXEMPT))
    assert holds_sign_in(SECRET, exempt)
