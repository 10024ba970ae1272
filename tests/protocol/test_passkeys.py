import pytest

from callgate.model import authorize_faults, grant_faults, mfa_faults, sso_faults
from callgate.model.account import ExtensionStatus
from callgate.model.changes import AssertionClaimed, SignInStarted
from callgate.model.connection import SsoPolicy
from callgate.model.decisions import Denied
from callgate.model.evidence import PasskeyMade, PasskeyProven
from callgate.model.factor import PASSKEYS_MAX, Factor, Factors, MfaPolicy, Misses, Passkey
from callgate.model.faults import Fault
from callgate.model.ids import RowId
from callgate.model.mfa import (
    FactorsFacts,
    PasskeyAdded,
    PasskeyDoubted,
    PasskeyRemoved,
    PasskeyUsed,
    RecoveryCodesMade,
    SecurityFacts,
)
from callgate.protocol import security
from callgate.protocol.passkeys import add, enter, remove, use
from callgate.protocol.second_factor import FactorProven, decide, enrol
from callgate.protocol.security import Changed
from callgate.protocol.sign_in import SignedIn
from tests.factories import ACCOUNT, AGENT, FRESH, MINUTE_MS, MOMENT, NOW_MS, SECRET, SIGN_IN
from tests.protocol.test_second_factor import ADA, PENDING, REQUIRED, SIGNED_IN, TOTP
from tests.protocol.test_security import BROWSER, PLAIN, WITH_APP

PASSKEY = Passkey(RowId(400), ACCOUNT.id, AGENT.id, b"id", b"attested", 5, 1, 1)
FACTS = FactorsFacts(NOW_MS, ACCOUNT, ADA, Factors(recovery=frozenset({b"c" * 32}), passkeys=(PASSKEY,)))
PROVEN = PasskeyProven(PASSKEY.id, 6, verified=True, challenge="challenge")
CLAIMED = AssertionClaimed("passkey challenge", "challenge", NOW_MS + 10 * MINUTE_MS)
USED = PasskeyUsed(PASSKEY, 6, NOW_MS)
MADE = PasskeyMade(b"new", b"new attested", 0, "challenge", frozenset({b"e" * 32}))
ALONE = SIGNED_IN._replace(factor=Factor.PASSKEY_ALONE)


def holding(count: int) -> FactorsFacts:
    """With a passkey whose counter stands here."""
    return FACTS._replace(factors=Factors(passkeys=(PASSKEY._replace(sign_count=count),)))


def test_passkey_signs_in_by_itself_when_it_knew_who_held_it() -> None:
    """Its challenge is spent and its counter moved on in the same transaction."""
    decision = enter(PROVEN, moment=MOMENT, facts=FACTS, remembered=False)
    assert decision == SignedIn(ALONE, FRESH.secret, (CLAIMED, USED, SignInStarted(ALONE)))


@pytest.mark.requirement("Web Authentication section 7.2")
@pytest.mark.parametrize(
    ("proven", "facts", "fault", "spent"),
    [
        (PasskeyProven(PASSKEY.id, 6, verified=False, challenge="c"), FACTS, mfa_faults.PASSKEY_REFUSED, 0),
        (PROVEN, FACTS._replace(answered=True), mfa_faults.PASSKEY_REFUSED, 0),
        (PROVEN, FACTS._replace(account=None, extension=None, factors=Factors()), mfa_faults.PASSKEY_REFUSED, 0),
        (PROVEN, FACTS._replace(factors=Factors()), mfa_faults.PASSKEY_REFUSED, 0),
        (PROVEN, FACTS._replace(account=ACCOUNT._replace(mfa_policy=MfaPolicy.OFF)), mfa_faults.MFA_OFF, 2),
        (
            PROVEN,
            FACTS._replace(account=ACCOUNT._replace(sso_policy=SsoPolicy.ENFORCED)),
            sso_faults.SSO_REQUIRED,
            2,
        ),
        (
            PROVEN,
            FACTS._replace(extension=ADA._replace(status=ExtensionStatus.DISABLED)),
            grant_faults.SIGN_IN_STATE,
            2,
        ),
    ],
    ids=["unverified", "answered before", "nobody", "removed", "off", "single sign-on", "disabled"],
)
def test_passkey_alone_is_refused_when_it_is_not_enough(
    proven: PasskeyProven, facts: FactorsFacts, fault: Fault, spent: int
) -> None:
    """What was proven is spent, whatever comes of it."""
    refused = enter(proven, moment=MOMENT, facts=facts, remembered=False)
    assert isinstance(refused, Denied)
    assert (refused.fault, len(refused.changes)) == (fault, spent)


def test_passkey_stands_beside_the_password_though_it_knew_nobody() -> None:
    """And is not held up by wrong codes: nobody can guess it."""
    unverified = PasskeyProven(PASSKEY.id, 6, verified=False, challenge="challenge")
    facts = FACTS._replace(factors=FACTS.factors._replace(misses=Misses(50, NOW_MS)))
    by_passkey = SIGNED_IN._replace(factor=Factor.PASSKEY)
    assert decide(PENDING, code=unverified, moment=MOMENT, facts=facts) == FactorProven(
        by_passkey, FRESH.secret, codes_made=False, changes=(CLAIMED, USED, SignInStarted(by_passkey))
    )
    refused = decide(PENDING, code=unverified, moment=MOMENT, facts=facts._replace(answered=True))
    assert isinstance(refused, Denied)
    assert refused.fault is mfa_faults.PASSKEY_REFUSED


@pytest.mark.requirement("Web Authentication section 6.1.1")
@pytest.mark.parametrize(
    ("stored", "shown", "doubted"),
    [(0, 0, False), (0, 1, False), (5, 6, False), (5, 5, True), (5, 4, True), (5, 0, True)],
)
def test_passkey_is_doubted_when_its_counter_does_not_move_on(stored: int, shown: int, *, doubted: bool) -> None:
    """There may be a copy; those that never count are not doubted."""
    facts = holding(stored)
    proven = PasskeyProven(PASSKEY.id, shown, verified=True, challenge="challenge")
    decision = use(proven, ADA, facts=facts)
    [passkey] = facts.factors.passkeys
    if doubted:
        assert isinstance(decision, Denied)
        assert decision.changes == (CLAIMED, PasskeyDoubted(passkey, shown, NOW_MS))
    else:
        assert decision == (CLAIMED, PasskeyUsed(passkey, shown, NOW_MS))


def test_passkey_is_added_with_recovery_codes_where_there_are_none() -> None:
    """Which stay where there are."""
    after = AGENT._replace(has_factor=True, version=2)
    passkey = Passkey(FRESH.row_id, ACCOUNT.id, AGENT.id, b"new", b"new attested", 0, NOW_MS, NOW_MS)
    bare = FACTS._replace(extension=AGENT, factors=Factors())
    added = PasskeyAdded(AGENT, after, passkey, "1002")
    codes = RecoveryCodesMade(ACCOUNT.id, AGENT.id, MADE.recovery, "1002")
    assert add(MADE, AGENT, moment=MOMENT, facts=bare) == (CLAIMED, added, codes)
    assert add(MADE, AGENT, moment=MOMENT, facts=FACTS) == (CLAIMED, added)


@pytest.mark.parametrize(
    "facts",
    [FACTS._replace(answered=True), FACTS._replace(factors=Factors(passkeys=(PASSKEY,) * PASSKEYS_MAX))],
    ids=["answered before", "too many"],
)
def test_passkey_is_not_added_when_it_must_not_be(facts: FactorsFacts) -> None:
    """One challenge, one passkey; and no more than anybody needs."""
    refused = add(MADE, ADA, moment=MOMENT, facts=facts)
    assert isinstance(refused, Denied)
    assert (refused.fault, refused.changes) == (mfa_faults.PASSKEY_NOT_MADE, ())


@pytest.mark.parametrize(
    ("factors", "left"),
    [
        (Factors(passkeys=(PASSKEY,)), False),
        (Factors(totp=TOTP, passkeys=(PASSKEY,)), True),
        (Factors(passkeys=(PASSKEY, PASSKEY._replace(id=RowId(401)))), True),
    ],
    ids=["the last", "beside an app", "beside another"],
)
def test_passkey_is_removed_unless_it_is_the_last_and_one_is_required(factors: Factors, *, left: bool) -> None:
    """What is left says whether the password alone is enough again."""
    facts = FACTS._replace(factors=factors)
    removed = PasskeyRemoved(ADA, ADA._replace(has_factor=left, password_version=4, version=2), PASSKEY, "1002")
    assert remove(PASSKEY.id, ADA, required=False, facts=facts) == removed
    required = remove(PASSKEY.id, ADA, required=True, facts=facts)
    if left:
        assert required == removed
    else:
        assert isinstance(required, Denied)
        assert required.fault is mfa_faults.FACTOR_NEEDED
    gone = remove(RowId(1), ADA, required=False, facts=facts)
    assert isinstance(gone, Denied)
    assert gone.fault is authorize_faults.FORM_EXPIRED


def test_browser_stays_signed_in_when_it_adds_a_passkey() -> None:
    """By another sign-in in the place of the one that a password alone began."""
    changed = security.add_passkey(SECRET, made=MADE, moment=MOMENT, facts=PLAIN)
    assert isinstance(changed, Changed)
    assert changed.codes_made
    anew = SIGN_IN._replace(id=FRESH.row_id, secret_sha256=FRESH.secret_sha256, factor=Factor.PASSKEY)
    assert changed.sign_in == anew
    answered = security.add_passkey(SECRET, made=MADE, moment=MOMENT, facts=PLAIN._replace(answered=True))
    assert isinstance(answered, Denied)
    off = PLAIN._replace(browser=BROWSER._replace(account=ACCOUNT._replace(mfa_policy=MfaPolicy.OFF)))
    refused = security.add_passkey(SECRET, made=MADE, moment=MOMENT, facts=off)
    assert isinstance(refused, Denied)
    assert refused.fault is mfa_faults.MFA_OFF


def test_passkey_is_added_and_removed_by_who_signed_in_a_moment_ago() -> None:
    """And the app may go while a passkey is left, even where one is required."""
    facts: SecurityFacts = WITH_APP._replace(factors=WITH_APP.factors._replace(passkeys=(PASSKEY,)))
    removed = security.remove_passkey(SECRET, passkey_id=PASSKEY.id, moment=MOMENT, facts=facts)
    assert isinstance(removed, Changed)
    assert isinstance(removed.changes[0], PasskeyRemoved)
    required = facts._replace(browser=facts.browser._replace(account=ACCOUNT._replace(mfa_policy=MfaPolicy.REQUIRED)))
    assert isinstance(security.remove_totp(SECRET, moment=MOMENT, facts=required), Changed)
    late = facts._replace(browser=facts.browser._replace(now_ms=SIGN_IN.signed_in_ms + 10 * MINUTE_MS))
    for decision in (
        security.remove_passkey(SECRET, passkey_id=PASSKEY.id, moment=MOMENT, facts=late),
        security.add_passkey(SECRET, made=MADE, moment=MOMENT, facts=late),
    ):
        assert isinstance(decision, Denied)
        assert decision.fault is mfa_faults.SIGN_IN_AGAIN
    gone = security.remove_passkey(SECRET, passkey_id=RowId(1), moment=MOMENT, facts=facts)
    assert isinstance(gone, Denied)


def test_passkey_is_a_first_factor_as_an_app_is() -> None:
    """The sign-in is by password and passkey; a challenge that was answered makes none."""
    decision = enrol(PENDING, made=MADE, moment=MOMENT, facts=REQUIRED)
    assert isinstance(decision, FactorProven)
    assert decision.codes_made
    assert decision.sign_in.factor is Factor.PASSKEY
    assert [type(change) for change in decision.changes] == [
        AssertionClaimed,
        PasskeyAdded,
        RecoveryCodesMade,
        SignInStarted,
    ]
    answered = enrol(PENDING, made=MADE, moment=MOMENT, facts=REQUIRED._replace(answered=True))
    assert isinstance(answered, Denied)
    assert answered.fault is mfa_faults.PASSKEY_NOT_MADE
