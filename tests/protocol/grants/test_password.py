import pytest

from callgate.model import grant_faults, mfa_faults, sso_faults
from callgate.model.account import ExtensionStatus, LoginName
from callgate.model.changes import SessionEnded, SessionOpened
from callgate.model.client import Client
from callgate.model.connection import SsoPolicy
from callgate.model.decisions import Denied, Granted, LookAgain, TokenTimes
from callgate.model.evidence import PasswordEvidence, PasswordLocked, PasswordRefused
from callgate.model.factor import MfaPolicy
from callgate.model.facts import OpeningFacts
from callgate.model.faults import Fault
from callgate.model.lookups import PasswordOpening
from callgate.model.session import CredentialKind, EndReason
from callgate.protocol.grants.password import PasswordRequest, decide, lookup, parse
from callgate.protocol.opening import Asked, Terms
from tests.factories import (
    ACCOUNT,
    ACTIVE,
    AGENT,
    FOREIGN,
    FRESH,
    FRESH_SECRET,
    MOMENT,
    NOW_MS,
    OPENING_FACTS,
    PASSWORD_PROVEN,
    QUEUE,
    ROLE,
    SCRIPT,
    form,
    proven,
    seated,
)

ADA = LoginName("ada@northwind.example", None, None)
REQUEST = PasswordRequest(ADA, "secret", Asked(("ReadCallLog",), Terms(700, 5000, "phone")))

OPENED = ACTIVE._replace(
    id=FRESH.row_id,
    client_id=SCRIPT.id,
    secret_sha256=FRESH.secret_sha256,
    key_number=FRESH.key_number,
    opened_ms=NOW_MS,
    first_issued_ms=NOW_MS,
    issued_ms=NOW_MS,
    access_ttl_s=700,
    refresh_ttl_s=5000,
    scope="ReadCallLog",
    endpoint_id="phone",
    credential_kind=CredentialKind.PASSWORD,
    credential_id=AGENT.id,
    credential_version=AGENT.password_version,
)
GRANTED = Granted(
    session=OPENED,
    secret=FRESH_SECRET,
    times=TokenTimes(700, 5000, None, None, None),
    extension=AGENT,
    client=SCRIPT,
    now_ms=NOW_MS,
    changes=(SessionOpened(OPENED),),
)


def judge(
    facts: OpeningFacts = OPENING_FACTS,
    *,
    password: PasswordEvidence = PASSWORD_PROVEN,
    client: Client = SCRIPT,
    request: PasswordRequest = REQUEST,
) -> Granted | Denied | LookAgain:
    """The judgement of an app that is proven as it is."""
    return decide(request, client=proven(client), password=password, moment=MOMENT, facts=facts)


def test_request_is_read_from_the_form() -> None:
    """protocol.md D.2: username, password, extension."""
    sent = form(
        username="ada@northwind.example",
        password="secret",
        scope="ReadCallLog",
        access_token_ttl="700",
        refresh_token_ttl="5000",
        endpoint_id="phone",
        pin="1",
    )
    assert parse(sent, SCRIPT) == REQUEST
    by_number = parse(form(username="+12025550100", extension="102", password="x"), SCRIPT)
    assert isinstance(by_number, PasswordRequest)
    assert by_number.login == LoginName(None, "12025550100", "102")


def test_name_is_looked_up_again() -> None:
    """architecture.md, idea 4."""
    assert lookup(proven(SCRIPT), ADA) == PasswordOpening(SCRIPT.id, ADA)


@pytest.mark.requirement("RFC 6749 section 4.3")
def test_session_opens_when_the_password_was_right() -> None:
    """RFC 6749 section 4.3: on the terms asked, compared from now on with this password."""
    assert judge() == GRANTED


def test_endpoint_is_made_up_when_none_is_sent() -> None:
    """protocol.md D.1: else the server generates one."""
    request = PasswordRequest(ADA, "x", Asked(("ReadCallLog",), Terms(700, 0, None)))
    decision = judge(request=request)
    assert isinstance(decision, Granted)
    assert (decision.session.endpoint_id, decision.times.refresh_expires_in_s) == (FRESH.endpoint_id, None)


def test_own_session_is_replaced_when_the_endpoint_signs_in_again() -> None:
    """protocol.md E.4; whoever rises is saved before the newcomer, because slots are unique."""
    former = ACTIVE._replace(client_id=SCRIPT.id, slot=2, endpoint_id="phone")
    decision = judge(OPENING_FACTS._replace(seat=seated(former)))
    assert isinstance(decision, Granted)
    after = OPENED._replace(slot=2)
    assert decision.changes == (SessionEnded(former, EndReason.REPLACED, NOW_MS, SCRIPT.id), SessionOpened(after))


QUEUE_FACTS = OPENING_FACTS._replace(extension=QUEUE._replace(password_version=AGENT.password_version))
OFF = OPENING_FACTS._replace(extension=AGENT._replace(status=ExtensionStatus.DISABLED))
SSO_ONLY = OPENING_FACTS._replace(account=ACCOUNT._replace(sso_policy=SsoPolicy.ENFORCED))
ARMED = OPENING_FACTS._replace(extension=AGENT._replace(has_factor=True))
MFA_ONLY = OPENING_FACTS._replace(account=ACCOUNT._replace(mfa_policy=MfaPolicy.REQUIRED))
THIRD_PARTY = OPENING_FACTS._replace(client=FOREIGN, role=ROLE._replace(permissions=frozenset()))


@pytest.mark.requirement("ruling 10")
@pytest.mark.requirement("RFC 6749 section 5.2")
@pytest.mark.parametrize(
    ("facts", "password", "client", "fault"),
    [
        (OPENING_FACTS, PasswordRefused(), SCRIPT, grant_faults.CREDENTIALS_INVALID),
        (OFF, PasswordRefused(), SCRIPT, grant_faults.CREDENTIALS_INVALID),
        (OPENING_FACTS, PasswordLocked(sso_offered=False), SCRIPT, grant_faults.LOGIN_LOCKED),
        (OFF, PasswordLocked(sso_offered=False), SCRIPT, grant_faults.LOGIN_LOCKED),
        (SSO_ONLY, PasswordLocked(sso_offered=True), SCRIPT, grant_faults.LOGIN_LOCKED_SSO),
        (
            OPENING_FACTS._replace(extension=None),
            PasswordLocked(sso_offered=True),
            SCRIPT,
            grant_faults.LOGIN_LOCKED_SSO,
        ),
        (THIRD_PARTY, PasswordRefused(), FOREIGN, grant_faults.CREDENTIALS_INVALID),
        (OPENING_FACTS._replace(client=None), PasswordRefused(), SCRIPT, grant_faults.CREDENTIALS_INVALID),
        (OFF, PASSWORD_PROVEN, SCRIPT, grant_faults.SIGN_IN_STATE),
        (THIRD_PARTY, PASSWORD_PROVEN, FOREIGN, grant_faults.THIRD_PARTY_ACCESS),
        (SSO_ONLY, PasswordRefused(), SCRIPT, grant_faults.CREDENTIALS_INVALID),
        (SSO_ONLY, PASSWORD_PROVEN, SCRIPT, sso_faults.SSO_REQUIRED),
        (ARMED, PASSWORD_PROVEN, SCRIPT, mfa_faults.MFA_REQUIRED),
        (ARMED, PasswordRefused(), SCRIPT, grant_faults.CREDENTIALS_INVALID),
        (MFA_ONLY, PASSWORD_PROVEN, SCRIPT, mfa_faults.MFA_REQUIRED),
    ],
)
def test_state_is_told_only_when_the_password_was_right(
    facts: OpeningFacts, password: PasswordEvidence, client: Client, fault: Fault
) -> None:
    """Ruling 10."""
    refused = judge(facts, password=password, client=client)
    assert isinstance(refused, Denied)
    assert (refused.fault, refused.changes) == (fault, ())


@pytest.mark.parametrize(
    "facts",
    [
        OPENING_FACTS._replace(client=None),
        OPENING_FACTS._replace(client=SCRIPT._replace(version=2)),
        OPENING_FACTS._replace(account=None),
        OPENING_FACTS._replace(extension=None),
        OPENING_FACTS._replace(extension=AGENT._replace(password_version=4)),
        QUEUE_FACTS,
    ],
)
def test_proofs_are_made_again_when_they_were_overtaken(facts: OpeningFacts) -> None:
    """architecture.md, idea 4: one guard compares all of it with fresh facts."""
    assert judge(facts) == LookAgain()
