from dataclasses import replace

import pytest

from callgate.model import authorize_faults, grant_faults, mfa_faults, sso_faults
from callgate.model.account import ExtensionStatus
from callgate.model.changes import SignInStarted
from callgate.model.connection import SsoPolicy
from callgate.model.consent import SignIn
from callgate.model.decisions import Denied, LookAgain
from callgate.model.evidence import CodeEvidence, CodeRefused, RecoveryProven, TotpConfirmed, TotpProven
from callgate.model.factor import Factor, Factors, MfaPolicy, Misses, Totp
from callgate.model.faults import Fault
from callgate.model.ids import RowId
from callgate.model.mfa import (
    CodeMissed,
    FactorsFacts,
    MissesForgotten,
    RecoveryCodesMade,
    RecoveryCodeUsed,
    TotpAdded,
    TotpUsed,
)
from callgate.protocol.second_factor import FactorProven, Pending, decide, enrol
from tests.factories import ACCOUNT, AGENT, FRESH, MINUTE_MS, MOMENT, NOW_MS
from tests.protocol.hostile import explained

STEP = NOW_MS // 30_000
CODE_HASH = b"c" * 32
TOTP = Totp(RowId(300), ACCOUNT.id, AGENT.id, b"sealed", STEP - 10, NOW_MS - MINUTE_MS)
ADA = AGENT._replace(has_factor=True)
FACTS = FactorsFacts(NOW_MS, ACCOUNT, ADA, Factors(TOTP, frozenset({CODE_HASH, b"d" * 32})))
PENDING = Pending(ACCOUNT.id, AGENT.id, AGENT.password_version, NOW_MS - MINUTE_MS, remembered=False)
SIGNED_IN = SignIn(
    id=FRESH.row_id,
    account_id=ACCOUNT.id,
    extension_id=AGENT.id,
    secret_sha256=FRESH.secret_sha256,
    signed_in_ms=NOW_MS,
    expires_ms=NOW_MS + 12 * 3600 * 1000,
    password_version=AGENT.password_version,
    factor=Factor.CODE,
)


def missed(count: int, *, ago_ms: int = 1) -> FactorsFacts:
    """After so many wrong codes in a row."""
    return FACTS._replace(factors=FACTS.factors._replace(misses=Misses(count, NOW_MS - ago_ms)))


@pytest.mark.requirement("RFC 6238 section 5.2")
def test_person_is_signed_in_when_the_code_is_right() -> None:
    """Its step is spent in the same transaction."""
    assert decide(PENDING, code=TotpProven(TOTP.id, STEP), moment=MOMENT, facts=FACTS) == FactorProven(
        SIGNED_IN, FRESH.secret, codes_made=False, changes=(TotpUsed(TOTP, STEP), SignInStarted(SIGNED_IN))
    )


def test_person_is_signed_in_when_a_recovery_code_is_right() -> None:
    """It is gone in the same transaction, and wrong codes before it count no more."""
    decision = decide(PENDING, code=RecoveryProven(CODE_HASH), moment=MOMENT, facts=missed(2))
    assert isinstance(decision, FactorProven)
    assert decision.changes == (
        RecoveryCodeUsed(ACCOUNT.id, AGENT.id, CODE_HASH),
        MissesForgotten(ACCOUNT.id, AGENT.id),
        SignInStarted(SIGNED_IN),
    )


def test_sign_in_is_remembered_when_that_was_asked_with_the_password() -> None:
    """The box stands on the first page."""
    pending = PENDING._replace(remembered=True)
    decision = decide(pending, code=RecoveryProven(CODE_HASH), moment=MOMENT, facts=FACTS)
    assert isinstance(decision, FactorProven)
    assert decision.sign_in.expires_ms == NOW_MS + 30 * 24 * 3600 * 1000


@pytest.mark.requirement("RFC 6238 section 5.2")
@pytest.mark.parametrize(
    "code",
    [
        CodeRefused(),
        TotpProven(TOTP.id, TOTP.spent_step),
        TotpProven(TOTP.id, TOTP.spent_step - 1),
        RecoveryProven(b"x" * 32),
    ],
    ids=["wrong", "used", "older than one used", "no recovery code"],
)
def test_code_is_refused_and_counted_when_it_is_wrong_or_spent(code: CodeEvidence) -> None:
    """RFC 6238 section 5.2: the second attempt of a code must not be accepted; one answer for all."""
    refused = decide(PENDING, code=code, moment=MOMENT, facts=missed(2))
    assert isinstance(refused, Denied)
    assert refused.fault is mfa_faults.FACTOR_REFUSED
    assert explained(refused)
    counted = CodeMissed(ACCOUNT.id, AGENT.id, Misses(2, NOW_MS - 1), Misses(3, NOW_MS))
    assert refused.changes == (counted,)


@pytest.mark.parametrize(
    ("count", "wait_ms"),
    [(4, 0), (5, MINUTE_MS), (6, 2 * MINUTE_MS), (10, 32 * MINUTE_MS), (11, 60 * MINUTE_MS), (10_000, 60 * MINUTE_MS)],
)
@pytest.mark.parametrize("code", [TotpProven(TOTP.id, STEP), CodeRefused()], ids=["right", "wrong"])
def test_nothing_is_looked_at_while_one_waits(count: int, wait_ms: int, code: CodeEvidence) -> None:
    """Whatever the code, the same answer, and nothing is written; then it is looked at again."""
    if wait_ms:
        waiting = decide(PENDING, code=code, moment=MOMENT, facts=missed(count, ago_ms=wait_ms - 1))
        assert isinstance(waiting, Denied)
        assert (waiting.fault, waiting.changes) == (mfa_faults.FACTOR_WAITS, ())
    free = decide(PENDING, code=code, moment=MOMENT, facts=missed(count, ago_ms=wait_ms))
    assert isinstance(free, FactorProven) is isinstance(code, TotpProven)


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        (FACTS._replace(account=None, extension=None), authorize_faults.FORM_EXPIRED),
        (FACTS._replace(extension=ADA._replace(password_version=4)), authorize_faults.FORM_EXPIRED),
        (FACTS._replace(now_ms=PENDING.proven_ms + 10 * MINUTE_MS), authorize_faults.FORM_EXPIRED),
        (FACTS._replace(extension=ADA._replace(status=ExtensionStatus.DISABLED)), grant_faults.SIGN_IN_STATE),
        (FACTS._replace(account=ACCOUNT._replace(sso_policy=SsoPolicy.ENFORCED)), sso_faults.SSO_REQUIRED),
    ],
    ids=["gone", "new password", "too late", "disabled", "single sign-on"],
)
def test_right_code_is_refused_when_the_password_before_it_stands_no_more(facts: FactorsFacts, fault: Fault) -> None:
    """Both steps are judged by what is true at the second."""
    refused = decide(PENDING, code=TotpProven(TOTP.id, STEP), moment=MOMENT, facts=facts)
    assert isinstance(refused, Denied)
    assert (refused.fault, refused.changes) == (fault, ())


@pytest.mark.parametrize("totp", [None, TOTP._replace(id=RowId(301))], ids=["gone", "another"])
def test_code_is_proven_again_when_the_app_was_changed_meanwhile(totp: Totp | None) -> None:
    """architecture.md, idea 4."""
    facts = FACTS._replace(factors=FACTS.factors._replace(totp=totp))
    assert decide(PENDING, code=TotpProven(TOTP.id, STEP), moment=MOMENT, facts=facts) == LookAgain()


CONFIRMED = TotpConfirmed(b"newly sealed", STEP, frozenset({b"e" * 32}))
REQUIRED = FactorsFacts(NOW_MS, ACCOUNT._replace(mfa_policy=MfaPolicy.REQUIRED), AGENT, Factors())


def test_first_app_is_set_up_when_the_account_requires_one() -> None:
    """With recovery codes, and the code that showed it spent."""
    decision = enrol(PENDING, made=CONFIRMED, moment=MOMENT, facts=REQUIRED)
    after = AGENT._replace(has_factor=True, version=2)
    totp = Totp(FRESH.row_id, ACCOUNT.id, AGENT.id, b"newly sealed", STEP, NOW_MS)
    assert decision == FactorProven(
        SIGNED_IN,
        FRESH.secret,
        codes_made=True,
        changes=(
            TotpAdded(AGENT, after, totp, "1002"),
            RecoveryCodesMade(ACCOUNT.id, AGENT.id, CONFIRMED.recovery, "1002"),
            SignInStarted(SIGNED_IN),
        ),
    )


@pytest.mark.parametrize(
    ("confirmed", "facts", "fault"),
    [
        (None, REQUIRED, mfa_faults.TOTP_UNCONFIRMED),
        (CONFIRMED, REQUIRED._replace(account=ACCOUNT), authorize_faults.FORM_EXPIRED),
        (CONFIRMED, REQUIRED._replace(extension=ADA), authorize_faults.FORM_EXPIRED),
        (CONFIRMED, REQUIRED._replace(now_ms=PENDING.proven_ms + 10 * MINUTE_MS), authorize_faults.FORM_EXPIRED),
    ],
    ids=["wrong code", "not required", "has one", "too late"],
)
def test_first_app_is_refused_when_it_must_not_be(
    confirmed: TotpConfirmed | None, facts: FactorsFacts, fault: Fault
) -> None:
    """Above all, a password alone never replaces a factor that is there."""
    refused = enrol(PENDING, made=confirmed, moment=MOMENT, facts=facts)
    assert isinstance(refused, Denied)
    assert (refused.fault, refused.changes) == (fault, ())


def test_repr_tells_no_secret() -> None:
    """Reprs end up in logs."""
    values = (
        TOTP,
        CONFIRMED,
        FACTS.factors,
        replace(FactorProven(SIGNED_IN, b"hunter2", codes_made=False, changes=())),
    )
    for value in values:
        assert not {"sealed", "hunter2", "ccc", "eee"} & {*repr(value).replace("'", " ").split()}
