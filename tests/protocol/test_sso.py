"""Single sign-on judged: routing, what is read of an answer, arriving and entering."""

import pytest

from callgate.model import authorize_faults, grant_faults, sso_faults
from callgate.model.account import ExtensionStatus, LoginName
from callgate.model.changes import SignInStarted
from callgate.model.connection import Connection, SsoPolicy
from callgate.model.decisions import Denied, LookAgain
from callgate.model.evidence import IdentityProven
from callgate.model.faults import Fault
from callgate.model.ids import ConnectionId
from callgate.model.sso import ASSERTION_ID_CHARS_MAX, ArrivalFacts, AssertionConsumed, RouteFacts
from callgate.protocol.guards import connection_reliance
from callgate.protocol.sign_in import SignedIn
from callgate.protocol.sso import Arrived, Attributes, arrive, enter, may_depart, read_email, route
from tests.factories import ACCOUNT, AGENT, FRESH, MINUTE_MS, MOMENT, NOW_MS, SAML

ALLOWING = ACCOUNT._replace(sso_policy=SsoPolicy.ALLOWED)
SECOND = SAML._replace(id=ConnectionId(1501), name="Second", email_domains=())
ADA = LoginName("ada@northwind.example", None, None)
PROVEN = IdentityProven(
    connection_id=SAML.id,
    email="ada@northwind.example",
    assertion_id="_a1",
    expires_ms=NOW_MS + MINUTE_MS,
    relied_on=connection_reliance(SAML),
)
FACTS = ArrivalFacts(NOW_MS, SAML, ALLOWING, AGENT, consumed=False)
SPENT = (AssertionConsumed(SAML.id, "_a1", NOW_MS + MINUTE_MS),)


def denied(decision: object) -> Fault:
    """The fault of a denial."""
    assert isinstance(decision, Denied)
    return decision.fault


@pytest.mark.parametrize(
    ("connections", "email", "chosen"),
    [
        ((SAML,), "ada@northwind.example", SAML),
        ((SECOND, SAML), "ada@northwind.example", SAML),
        ((SAML, SECOND), "ada@elsewhere.example", SECOND),
        ((SAML,), "ada@elsewhere.example", SAML),
        ((SAML._replace(enabled=False), SECOND), "ada@northwind.example", SECOND),
    ],
)
def test_person_is_sent_to_the_provider_of_their_domain(
    connections: tuple[Connection, ...], email: str, chosen: Connection
) -> None:
    """Else to the one for everybody, else to the only one."""
    assert route(RouteFacts(ALLOWING, connections), LoginName(email, None, None)) == chosen


def test_phone_number_leads_to_its_accounts_provider() -> None:
    """protocol.md B: whatever one signs in with names a person."""
    assert route(RouteFacts(ALLOWING, (SAML, SECOND)), LoginName(None, "12025550100", "102")) == SECOND


@pytest.mark.parametrize(
    "facts",
    [
        RouteFacts(None, ()),
        RouteFacts(ALLOWING, ()),
        RouteFacts(ALLOWING, (SAML._replace(enabled=False),)),
        RouteFacts(ACCOUNT, (SAML,)),
    ],
    ids=["unknown", "no connection", "disabled", "switched off"],
)
def test_answer_is_one_and_the_same_when_nothing_serves_the_name(facts: RouteFacts) -> None:
    """Ruling 10 carried over: who is unknown and whose account has no single sign-on cannot be told apart."""
    assert route(facts, ADA) == route(RouteFacts(None, ()), None)
    assert denied(route(facts, ADA)) is authorize_faults.SSO_NOT_CONFIGURED


def test_nobody_is_sent_to_a_provider_that_would_not_be_heard() -> None:
    """Disabled, or switched off: refused before the person leaves."""
    assert may_depart(SAML, ALLOWING) is None
    assert denied(may_depart(SAML._replace(enabled=False), ALLOWING)) is sso_faults.SSO_CONNECTION_OFF
    assert denied(may_depart(SAML, ACCOUNT)) is sso_faults.SSO_OFF


def test_address_is_read_from_the_subject_or_from_the_attribute_chosen() -> None:
    """protocol.md H: the e-mail attribute, or a custom one."""
    attributes = (("mail", ("Ada@Northwind.Example", "Ada@Northwind.Example")), ("other", ("eve@northwind.example",)))
    assert read_email(SAML, name_id="ADA@northwind.example", attributes=attributes) == "ada@northwind.example"
    custom = SAML._replace(email_attribute="mail")
    assert read_email(custom, name_id="x", attributes=attributes) == "ada@northwind.example"


@pytest.mark.parametrize(
    ("attribute", "attributes", "why"),
    [
        ("mail", (), "0 values of mail, not one; it has no attributes"),
        ("mail", (("mail", ("a@b.example", "c@b.example")),), "2 values of mail"),
        ("mail", (("mail", ("+12025550100",)),), "not an e-mail address"),
        ("mail", (("mail", ("",)),), "not an e-mail address"),
        ("NameID", (("mail", ("a@b.example",)),), "not an e-mail address"),
    ],
)
def test_answer_is_refused_when_it_does_not_name_one_address(attribute: str, attributes: Attributes, why: str) -> None:
    """Nothing else of the answer is taken instead, and the log says what there was."""
    refused = read_email(SAML._replace(email_attribute=attribute), name_id="opaque", attributes=attributes)
    assert denied(refused) is sso_faults.SSO_ANSWER_REFUSED
    assert isinstance(refused, Denied)
    assert why in refused.why


def test_person_arrives_and_the_assertion_is_spent() -> None:
    """Assurance section 2: a consumed-assertion table, and the connection enabled at consumption."""
    arrived = arrive(PROVEN, FACTS)
    assert arrived == Arrived(connection=SAML, account=ALLOWING, extension=AGENT, changes=SPENT)
    codes_are_single_use = PROVEN.__class__(
        connection_id=SAML.id,
        email=PROVEN.email,
        assertion_id=None,
        expires_ms=0,
        relied_on=PROVEN.relied_on,
    )
    assert arrive(codes_are_single_use, FACTS) == Arrived(connection=SAML, account=ALLOWING, extension=AGENT)


@pytest.mark.parametrize(
    ("facts", "fault", "changes"),
    [
        (FACTS._replace(connection=None), sso_faults.SSO_CONNECTION_OFF, ()),
        (FACTS._replace(account=None), sso_faults.SSO_CONNECTION_OFF, ()),
        (FACTS._replace(connection=SAML._replace(enabled=False)), sso_faults.SSO_CONNECTION_OFF, ()),
        (FACTS._replace(consumed=True), sso_faults.SSO_ANSWER_USED, ()),
        (FACTS._replace(account=ACCOUNT), sso_faults.SSO_OFF, SPENT),
        (FACTS._replace(extension=None), sso_faults.SSO_PERSON_UNKNOWN, SPENT),
        (
            FACTS._replace(extension=AGENT._replace(status=ExtensionStatus.DISABLED)),
            grant_faults.SIGN_IN_STATE,
            SPENT,
        ),
    ],
)
def test_arrival_is_refused_by_todays_facts(
    facts: ArrivalFacts, fault: Fault, changes: tuple[AssertionConsumed, ...]
) -> None:
    """CVE-2026-2603 (disabled provider), -18967 (replay): judged on facts of the transaction, and spent."""
    decision = arrive(PROVEN, facts)
    assert denied(decision) is fault
    assert isinstance(decision, Denied)
    assert decision.changes == changes


def test_answer_is_verified_again_when_the_connection_changed_under_it() -> None:
    """A certificate taken back while its signature was being checked."""
    assert arrive(PROVEN, FACTS._replace(connection=SAML._replace(version=2))) == LookAgain()


def test_assertion_is_refused_when_its_id_could_not_be_remembered() -> None:
    """What cannot be remembered could be replayed."""
    long = "_" * (ASSERTION_ID_CHARS_MAX + 1)
    proven = IdentityProven(
        connection_id=SAML.id, email="", assertion_id=long, expires_ms=0, relied_on=connection_reliance(SAML)
    )
    assert denied(arrive(proven, FACTS)) is sso_faults.SSO_ANSWER_REFUSED


def test_sign_in_begins_and_names_its_provider() -> None:
    """It ends with the provider's trust, not with the password."""
    entered = enter(SAML.trust_version, FACTS, moment=MOMENT)
    assert isinstance(entered, SignedIn)
    assert entered.changes == (SignInStarted(entered.sign_in),)
    sign_in = entered.sign_in
    assert (sign_in.id, sign_in.secret_sha256) == (FRESH.row_id, FRESH.secret_sha256)
    assert (sign_in.account_id, sign_in.extension_id) == (ALLOWING.id, AGENT.id)
    assert (sign_in.connection_id, sign_in.trust_version) == (SAML.id, SAML.trust_version)
    assert (sign_in.signed_in_ms, sign_in.expires_ms) == (NOW_MS, NOW_MS + 12 * 3600 * 1000)


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        (FACTS._replace(connection=None), sso_faults.SSO_CONNECTION_OFF),
        (FACTS._replace(account=None), sso_faults.SSO_CONNECTION_OFF),
        (FACTS._replace(connection=SAML._replace(enabled=False)), sso_faults.SSO_CONNECTION_OFF),
        (FACTS._replace(connection=SAML._replace(trust_version=2)), sso_faults.SSO_CONNECTION_OFF),
        (FACTS._replace(extension=None), sso_faults.SSO_PERSON_UNKNOWN),
        (FACTS._replace(account=ACCOUNT), sso_faults.SSO_OFF),
        (FACTS._replace(extension=AGENT._replace(status=ExtensionStatus.FROZEN)), grant_faults.SIGN_IN_STATE),
    ],
)
def test_entering_is_refused_by_todays_facts(facts: ArrivalFacts, fault: Fault) -> None:
    """Between the answer and the sign-in lie a redirect and, perhaps, an administrator."""
    assert denied(enter(SAML.trust_version, facts, moment=MOMENT)) is fault
