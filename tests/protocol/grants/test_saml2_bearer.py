import pytest

from callgate.model import grant_faults
from callgate.model.account import ExtensionStatus
from callgate.model.changes import SessionEnded, SessionOpened
from callgate.model.client import Client
from callgate.model.connection import SsoPolicy
from callgate.model.decisions import Denied, Granted, LookAgain, TokenTimes
from callgate.model.evidence import IdentityProven
from callgate.model.faults import Fault
from callgate.model.session import CredentialKind, EndReason
from callgate.model.sso import AssertionConsumed, IdentityOpening, IdentityOpeningFacts
from callgate.protocol.grants.saml2_bearer import Saml2BearerRequest, decide, lookup, parse
from callgate.protocol.guards import connection_reliance
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
    SAML,
    SCRIPT,
    form,
    proven,
    seated,
)

REQUEST = Saml2BearerRequest("PHNhbWw-", Asked(("ReadCallLog",), Terms(3600, 604_800, None)))
PROVEN = IdentityProven(
    connection_id=SAML.id,
    email="ben@northwind.example",
    assertion_id="_a1",
    expires_ms=NOW_MS + 300_000,
    relied_on=connection_reliance(SAML),
)
ALLOWING = ACCOUNT._replace(sso_policy=SsoPolicy.ALLOWED)
SIGNED_ON = ACCOUNT._replace(sso_policy=SsoPolicy.ENFORCED)
OPENING = OPENING_FACTS._replace(account=SIGNED_ON, credential=None)
FACTS = IdentityOpeningFacts(OPENING, SAML, consumed=False)
OPENED = ACTIVE._replace(
    id=FRESH.row_id,
    client_id=SCRIPT.id,
    secret_sha256=FRESH.secret_sha256,
    key_number=FRESH.key_number,
    opened_ms=NOW_MS,
    first_issued_ms=NOW_MS,
    issued_ms=NOW_MS,
    scope="ReadCallLog",
    endpoint_id=FRESH.endpoint_id,
    credential_kind=CredentialKind.CONNECTION,
    credential_id=SAML.id,
    credential_version=SAML.trust_version,
)
SPENT = AssertionConsumed(SAML.id, "_a1", NOW_MS + 300_000)


def judge(facts: IdentityOpeningFacts = FACTS, *, client: Client = SCRIPT) -> Granted | Denied | LookAgain:
    """The judgement of an app that is proven as it is."""
    return decide(REQUEST, client=proven(client), proven=PROVEN, moment=MOMENT, facts=facts)


def granted(*ended: SessionEnded) -> Granted:
    """A session of the person, and the assertion spent with it."""
    return Granted(
        session=OPENED,
        secret=FRESH_SECRET,
        times=TokenTimes(3600, 604_800, None, None, None),
        extension=AGENT,
        client=SCRIPT,
        now_ms=NOW_MS,
        changes=(*ended, SessionOpened(OPENED), SPENT),
    )


def test_request_is_read_from_the_form() -> None:
    """RFC 7522 section 2.1."""
    assert parse(form(assertion="PHNhbWw-", scope="ReadCallLog"), SCRIPT) == REQUEST
    assert isinstance(parse(form(scope="ReadCallLog"), SCRIPT), Denied)
    assert isinstance(parse(form(assertion="PHNhbWw-", scope="Nothing"), SCRIPT), Denied)


def test_assertion_is_not_shown_by_its_request() -> None:
    """Whoever reads a log gets no assertion, which is good for minutes."""
    assert "PHNhbWw" not in repr(REQUEST)


def test_person_is_looked_up_again() -> None:
    """architecture.md, idea 4."""
    asked = IdentityOpening(SCRIPT.id, SAML.id, email="ben@northwind.example", assertion_id="_a1")
    assert lookup(proven(SCRIPT), PROVEN) == asked


@pytest.mark.requirement("RFC 7522 section 2.1")
@pytest.mark.parametrize("policy", [SsoPolicy.ENFORCED, SsoPolicy.ALLOWED])
def test_session_opens_and_spends_the_assertion_when_the_provider_vouches(policy: SsoPolicy) -> None:
    """Seed 000: it works where single sign-on is enforced; the assertion is good once."""
    account = ACCOUNT._replace(sso_policy=policy)
    assert judge(FACTS._replace(opening=OPENING._replace(account=account))) == granted()


def test_oldest_session_is_evicted_when_the_cap_is_reached() -> None:
    """must-not-break 8."""
    client = SCRIPT._replace(session_cap=1)
    former = ACTIVE._replace(client_id=SCRIPT.id, endpoint_id="other")
    opening = OPENING._replace(client=client, account=ALLOWING, seat=seated(former))
    decision = judge(FACTS._replace(opening=opening), client=client)
    assert isinstance(decision, Granted)
    ended = SessionEnded(former, EndReason.EVICTED, NOW_MS, SCRIPT.id)
    assert decision.changes == (ended, SessionOpened(OPENED), SPENT)


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        (FACTS._replace(connection=None), grant_faults.SAML_CONNECTION_OFF),
        (FACTS._replace(connection=SAML._replace(enabled=False)), grant_faults.SAML_CONNECTION_OFF),
        (FACTS._replace(consumed=True), grant_faults.SAML_ASSERTION_USED),
        (
            FACTS._replace(opening=OPENING._replace(account=None, extension=None, role=None)),
            grant_faults.SAML_PERSON_UNKNOWN,
        ),
        (FACTS._replace(opening=OPENING._replace(account=ACCOUNT)), grant_faults.SAML_SSO_OFF),
        (
            FACTS._replace(opening=OPENING._replace(extension=AGENT._replace(status=ExtensionStatus.DISABLED))),
            grant_faults.SIGN_IN_STATE,
        ),
    ],
    ids=["gone", "disabled", "used", "nobody", "switched off", "person disabled"],
)
def test_nothing_is_granted_or_spent_when_something_is_against_it(facts: IdentityOpeningFacts, fault: Fault) -> None:
    """CVE-2026-2603 and its like: a disabled provider lets nobody in. What was refused may come again when mended."""
    decision = judge(facts)
    assert isinstance(decision, Denied)
    assert (decision.fault, decision.changes) == (fault, ())


def test_other_accounts_private_app_is_refused() -> None:
    """OAU-167: an app serves its owner's account unless it is public."""
    private = FOREIGN._replace(private=True)
    decision = judge(FACTS._replace(opening=OPENING._replace(client=private)), client=private)
    assert isinstance(decision, Denied)
    assert decision.fault is grant_faults.APP_PRIVATE


@pytest.mark.parametrize(
    "facts",
    [
        FACTS._replace(opening=OPENING._replace(client=None)),
        FACTS._replace(opening=OPENING._replace(client=SCRIPT._replace(version=SCRIPT.version + 1))),
        FACTS._replace(connection=SAML._replace(version=2)),
    ],
    ids=["app gone", "app changed", "connection changed"],
)
def test_proof_is_made_anew_when_what_it_stood_on_changed(facts: IdentityOpeningFacts) -> None:
    """A certificate removed while a signature was checked is not trusted."""
    assert judge(facts) == LookAgain()
