import pytest

from callgate.model import authorize_faults, mfa_faults, sso_faults
from callgate.model.changes import PasswordChanged, SignInEnded, SignInStarted
from callgate.model.connection import SsoPolicy
from callgate.model.decisions import Denied
from callgate.model.evidence import TotpConfirmed
from callgate.model.factor import Factor, Factors, MfaPolicy
from callgate.model.faults import Fault
from callgate.model.mfa import RecoveryCodesMade, SecurityFacts, TotpAdded, TotpRemoved
from callgate.protocol.security import (
    Changed,
    change_password,
    make_recovery_codes,
    may_change,
    remove_totp,
    set_up_totp,
    who_is_here,
)
from tests.factories import (
    ACCOUNT,
    AGENT,
    AUTHORIZE_FACTS,
    FRESH,
    MINUTE_MS,
    MOMENT,
    NOW_MS,
    OTHER_SECRET,
    SAML,
    SECRET,
    SIGN_IN,
)
from tests.protocol.test_second_factor import ADA, CONFIRMED, TOTP

BROWSER = AUTHORIZE_FACTS._replace(client=None, consent=None)
PLAIN = SecurityFacts(BROWSER, Factors())
BY_CODE = SIGN_IN._replace(factor=Factor.CODE)
WITH_APP = SecurityFacts(BROWSER._replace(sign_in=BY_CODE, extension=ADA), Factors(TOTP, frozenset({b"c" * 32})))


def of_account(facts: SecurityFacts, policy: MfaPolicy) -> SecurityFacts:
    """The same in an account with another policy."""
    return facts._replace(browser=facts.browser._replace(account=ACCOUNT._replace(mfa_policy=policy)))


def at(facts: SecurityFacts, now_ms: int) -> SecurityFacts:
    """The same at another time."""
    return facts._replace(browser=facts.browser._replace(now_ms=now_ms))


def test_person_is_here_when_the_cookie_opens_a_living_sign_in() -> None:
    """And nobody is when it does not, or when the sign-in lacks what is needed by now."""
    assert who_is_here(SECRET, PLAIN.browser)
    assert who_is_here(SECRET, WITH_APP.browser)
    assert who_is_here(OTHER_SECRET, PLAIN.browser) is None
    assert who_is_here(SECRET, BROWSER._replace(extension=ADA)) is None
    assert who_is_here(SECRET, of_account(PLAIN, MfaPolicy.REQUIRED).browser) is None


@pytest.mark.parametrize(
    ("secret", "facts", "fault"),
    [
        (OTHER_SECRET, PLAIN, mfa_faults.SIGN_IN_AGAIN),
        (SECRET, at(PLAIN, SIGN_IN.expires_ms), mfa_faults.SIGN_IN_AGAIN),
        (
            SECRET,
            SecurityFacts(BROWSER._replace(sign_in=SIGN_IN._replace(signed_in_ms=NOW_MS - 10 * MINUTE_MS)), Factors()),
            mfa_faults.SIGN_IN_AGAIN,
        ),
    ],
    ids=["another's cookie", "over", "ten minutes ago"],
)
def test_nothing_is_changed_by_who_did_not_sign_in_a_moment_ago(
    secret: bytes, facts: SecurityFacts, fault: Fault
) -> None:
    """Whoever finds a browser open takes nobody's account over (ASVS 7.5.1)."""
    for decision in (
        may_change(secret, facts),
        set_up_totp(secret, confirmed=CONFIRMED, moment=MOMENT, facts=facts),
        remove_totp(secret, moment=MOMENT, facts=facts),
        make_recovery_codes(secret, sha256s=frozenset(), facts=facts),
        change_password(secret, password_hash="hash", proven_version=3, moment=MOMENT, facts=facts),
    ):
        assert isinstance(decision, Denied)
        assert (decision.fault, decision.changes) == (fault, ())


def test_people_of_single_sign_on_change_nothing_here() -> None:
    """Their provider keeps what proves them."""
    by_provider = SIGN_IN._replace(connection_id=SAML.id, trust_version=1)
    browser = BROWSER._replace(
        sign_in=by_provider, trust_version=1, account=ACCOUNT._replace(sso_policy=SsoPolicy.ENFORCED)
    )
    refused = set_up_totp(SECRET, confirmed=CONFIRMED, moment=MOMENT, facts=SecurityFacts(browser, Factors()))
    assert isinstance(refused, Denied)
    assert refused.fault is sso_faults.SSO_REQUIRED


def test_app_is_set_up_and_the_browser_is_signed_in_by_it() -> None:
    """The sign-in by a password alone would stand no more: another takes its place, with the same times."""
    anew = SIGN_IN._replace(id=FRESH.row_id, secret_sha256=FRESH.secret_sha256, factor=Factor.CODE)
    after = AGENT._replace(has_factor=True, version=2)
    totp = TOTP._replace(
        id=FRESH.row_id, sealed_secret=CONFIRMED.sealed_secret, spent_step=CONFIRMED.step, added_ms=NOW_MS
    )
    assert set_up_totp(SECRET, confirmed=CONFIRMED, moment=MOMENT, facts=PLAIN) == Changed(
        anew,
        FRESH.secret,
        codes_made=True,
        changes=(
            TotpAdded(AGENT, after, totp, "1002"),
            RecoveryCodesMade(ACCOUNT.id, AGENT.id, CONFIRMED.recovery, "1002"),
            SignInEnded(SIGN_IN, "1002"),
            SignInStarted(anew),
        ),
    )


def test_recovery_codes_stay_when_another_app_takes_the_place_of_the_first() -> None:
    """They lie in a drawer, and were not lost with the phone."""
    decision = set_up_totp(SECRET, confirmed=CONFIRMED, moment=MOMENT, facts=WITH_APP)
    assert isinstance(decision, Changed)
    assert not decision.codes_made
    assert [type(change) for change in decision.changes] == [TotpAdded, SignInEnded, SignInStarted]
    added = decision.changes[0]
    assert isinstance(added, TotpAdded)
    assert decision.sign_in is not None
    assert (added.after.password_version, decision.sign_in.password_version) == (ADA.password_version + 1,) * 2


@pytest.mark.parametrize(
    ("confirmed", "facts", "fault"),
    [
        (None, PLAIN, mfa_faults.TOTP_UNCONFIRMED),
        (CONFIRMED, of_account(PLAIN, MfaPolicy.OFF), mfa_faults.MFA_OFF),
    ],
    ids=["wrong code", "switched off"],
)
def test_app_is_not_set_up_when_it_cannot_be(
    confirmed: TotpConfirmed | None, facts: SecurityFacts, fault: Fault
) -> None:
    """It must show its code, and the account must want it."""
    refused = set_up_totp(SECRET, confirmed=confirmed, moment=MOMENT, facts=facts)
    assert isinstance(refused, Denied)
    assert (refused.fault, refused.changes) == (fault, ())


def test_app_is_removed_when_the_account_allows_it() -> None:
    """Nothing is left beside the password, and what was opened elsewhere is over: this browser has another sign-in."""
    after = ADA._replace(has_factor=False, password_version=4, version=2)
    anew = BY_CODE._replace(id=FRESH.row_id, secret_sha256=FRESH.secret_sha256, password_version=4)
    changes = (TotpRemoved(ADA, after, "1002"), SignInEnded(BY_CODE, "1002"), SignInStarted(anew))
    changed = Changed(anew, FRESH.secret, codes_made=False, changes=changes)
    assert remove_totp(SECRET, moment=MOMENT, facts=WITH_APP) == changed


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        (of_account(WITH_APP, MfaPolicy.REQUIRED), mfa_faults.FACTOR_NEEDED),
        (PLAIN, authorize_faults.FORM_EXPIRED),
    ],
    ids=["the last", "gone already"],
)
def test_app_is_not_removed_when_it_must_not_be(facts: SecurityFacts, fault: Fault) -> None:
    """What the account requires is replaced, never removed."""
    refused = remove_totp(SECRET, moment=MOMENT, facts=facts)
    assert isinstance(refused, Denied)
    assert (refused.fault, refused.changes) == (fault, ())


def test_recovery_codes_are_made_for_who_has_something_to_recover() -> None:
    """And for nobody else."""
    fresh = frozenset({b"f" * 32})
    made = RecoveryCodesMade(ACCOUNT.id, AGENT.id, fresh, "1002")
    assert make_recovery_codes(SECRET, sha256s=fresh, facts=WITH_APP) == Changed(
        None, b"", codes_made=True, changes=(made,)
    )
    refused = make_recovery_codes(SECRET, sha256s=fresh, facts=PLAIN)
    assert isinstance(refused, Denied)
    assert refused.fault is authorize_faults.FORM_EXPIRED


def test_password_is_changed_and_the_browser_stays_signed_in() -> None:
    """By the same factor; every other sign-in and session of the old password is over by comparison."""
    after = ADA._replace(password_version=4, version=2)
    anew = BY_CODE._replace(id=FRESH.row_id, secret_sha256=FRESH.secret_sha256, password_version=4)
    decision = change_password(SECRET, password_hash="hash", proven_version=3, moment=MOMENT, facts=WITH_APP)
    assert decision == Changed(
        anew,
        FRESH.secret,
        codes_made=False,
        changes=(PasswordChanged(ADA, after, "hash", "1002"), SignInEnded(BY_CODE, "1002"), SignInStarted(anew)),
    )


def test_password_is_not_changed_when_it_was_changed_meanwhile() -> None:
    """The old one was proven before the transaction."""
    refused = change_password(SECRET, password_hash="hash", proven_version=2, moment=MOMENT, facts=PLAIN)
    assert isinstance(refused, Denied)
    assert refused.fault is authorize_faults.FORM_EXPIRED
