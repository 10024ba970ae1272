from dataclasses import replace

import pytest
from hypothesis import given

from callgate.model import grant_faults, sso_faults
from callgate.model.account import ExtensionStatus, LoginName
from callgate.model.changes import SignInStarted
from callgate.model.connection import SsoPolicy
from callgate.model.consent import SignIn
from callgate.model.decisions import Denied, LookAgain
from callgate.model.evidence import PasswordEvidence, PasswordLocked, PasswordRefused
from callgate.model.factor import MfaPolicy
from callgate.model.facts import OpeningFacts
from callgate.model.faults import Fault
from callgate.protocol.forms import Form
from callgate.protocol.sign_in import AskFactor, SignedIn, SignInRequest, decide, parse
from tests.factories import ACCOUNT, AGENT, FRESH, MOMENT, NOW_MS, OPENING_FACTS, PASSWORD_PROVEN, QUEUE, form
from tests.protocol.hostile import explained, forms

ADA = LoginName("ada@northwind.example", None, None)
REQUEST = SignInRequest(ADA, "secret", remembered=False)


@pytest.mark.requirement("ruling 15")
def test_form_is_read_when_name_and_password_are_there() -> None:
    """Ruling 15: the fields of the page."""
    assert parse(form(username="ada@northwind.example", password="secret")) == REQUEST
    assert parse(form(username="+12025550100", extension="102", password="secret", remember_me="on")) == SignInRequest(
        LoginName(None, "12025550100", "102"), "secret", remembered=True
    )
    assert parse(form(username="nobody", password="secret")) == SignInRequest(None, "secret", remembered=False)


@pytest.mark.parametrize("incomplete", [form(), form(username="ada"), form(username="ada", password="")])
def test_form_is_refused_when_it_is_incomplete(incomplete: Form) -> None:
    """The empty string is never a valid secret."""
    assert parse(incomplete) == Denied(fault=grant_faults.CREDENTIALS_INCOMPLETE)


def test_repr_tells_no_password() -> None:
    """Reprs end up in logs."""
    assert "hunter2" not in repr(SignInRequest(ADA, "hunter2", remembered=False))


@pytest.mark.parametrize(("remembered", "ttl_s"), [(False, 12 * 3600), (True, 30 * 24 * 3600)])
def test_browser_is_signed_in_when_the_password_was_right(*, remembered: bool, ttl_s: int) -> None:
    """Policy: half a day, or 30 days where the person said so."""
    sign_in = SignIn(
        id=FRESH.row_id,
        account_id=ACCOUNT.id,
        extension_id=AGENT.id,
        secret_sha256=FRESH.secret_sha256,
        signed_in_ms=NOW_MS,
        expires_ms=NOW_MS + ttl_s * 1000,
        password_version=AGENT.password_version,
    )
    decision = decide(
        replace(REQUEST, remembered=remembered),
        password=PASSWORD_PROVEN,
        moment=MOMENT,
        facts=OPENING_FACTS,
    )
    assert decision == SignedIn(sign_in, MOMENT.fresh.secret, (SignInStarted(sign_in),))


SSO_ONLY = OPENING_FACTS._replace(account=ACCOUNT._replace(sso_policy=SsoPolicy.ENFORCED))
QUEUE_FACTS = OPENING_FACTS._replace(extension=QUEUE)
DISABLED_FACTS = OPENING_FACTS._replace(extension=AGENT._replace(status=ExtensionStatus.DISABLED))


@pytest.mark.requirement("ruling 10")
@pytest.mark.parametrize(
    ("password", "facts", "fault"),
    [
        (PasswordRefused(), OPENING_FACTS, grant_faults.CREDENTIALS_INVALID),
        (PasswordRefused(), OPENING_FACTS._replace(account=None, extension=None), grant_faults.CREDENTIALS_INVALID),
        (PasswordRefused(), DISABLED_FACTS, grant_faults.CREDENTIALS_INVALID),
        (PasswordLocked(sso_offered=False), OPENING_FACTS, grant_faults.LOGIN_LOCKED),
        (PasswordLocked(sso_offered=False), DISABLED_FACTS, grant_faults.LOGIN_LOCKED),
        (PasswordLocked(sso_offered=True), SSO_ONLY, grant_faults.LOGIN_LOCKED_SSO),
        (PASSWORD_PROVEN, DISABLED_FACTS, grant_faults.SIGN_IN_STATE),
        (PasswordRefused(), SSO_ONLY, grant_faults.CREDENTIALS_INVALID),
        (PASSWORD_PROVEN, SSO_ONLY, sso_faults.SSO_REQUIRED),
    ],
)
def test_state_is_told_only_when_the_password_was_right(
    password: PasswordEvidence, facts: OpeningFacts, fault: Fault
) -> None:
    """Ruling 10: unknown person and wrong password are OAU-140, whatever their state."""
    refused = decide(REQUEST, password=password, moment=MOMENT, facts=facts)
    assert isinstance(refused, Denied)
    assert refused.fault is fault
    assert explained(refused)


@pytest.mark.parametrize(
    "facts",
    [
        OPENING_FACTS._replace(extension=AGENT._replace(has_factor=True)),
        OPENING_FACTS._replace(account=ACCOUNT._replace(mfa_policy=MfaPolicy.REQUIRED)),
    ],
    ids=["has one", "required"],
)
def test_more_is_asked_when_the_password_was_right_and_is_not_enough(facts: OpeningFacts) -> None:
    """Nothing is written before; a wrong password is told nothing of it."""
    assert facts.account is not None
    assert facts.extension is not None
    decision = decide(REQUEST, password=PASSWORD_PROVEN, moment=MOMENT, facts=facts)
    assert decision == AskFactor(facts.account, facts.extension, NOW_MS)
    assert decision.changes == ()
    refused = decide(REQUEST, password=PasswordRefused(), moment=MOMENT, facts=facts)
    assert refused == decide(REQUEST, password=PasswordRefused(), moment=MOMENT, facts=OPENING_FACTS)


@pytest.mark.parametrize(
    "facts",
    [
        OPENING_FACTS._replace(account=None),
        OPENING_FACTS._replace(extension=None),
        OPENING_FACTS._replace(extension=AGENT._replace(password_version=4)),
        QUEUE_FACTS,  # the name now means somebody else
    ],
)
def test_password_is_proven_again_when_it_was_overtaken(facts: OpeningFacts) -> None:
    """architecture.md, idea 4: the name is resolved again inside the transaction."""
    assert decide(REQUEST, password=PASSWORD_PROVEN, moment=MOMENT, facts=facts) == LookAgain()


@given(forms)
def test_answer_is_a_request_or_a_fault_whatever_is_sent(sent: Form) -> None:
    """No input makes an exception."""
    answer = parse(sent)
    assert isinstance(answer, SignInRequest) or explained(answer)
