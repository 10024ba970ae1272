import pytest

from callgate.model import faults, grant_faults
from callgate.model.account import AccountStatus, ExtensionStatus, Role
from callgate.model.changes import SessionOpened
from callgate.model.client import Client, GrantType
from callgate.model.decisions import Denied, Granted, LookAgain, TokenTimes
from callgate.model.facts import ServiceFacts
from callgate.model.faults import Fault
from callgate.model.ids import AccountId
from callgate.model.lookups import ServiceOpening
from callgate.model.session import CredentialKind
from callgate.protocol.grants.client_credentials import ClientCredentialsRequest, decide, lookup, parse
from callgate.protocol.opening import Asked, Terms
from tests.factories import (
    ACCOUNT,
    ACTIVE,
    ALLOWANCE,
    ALLOWED,
    FRESH,
    FRESH_SECRET,
    MOMENT,
    NOW_MS,
    OTHER_ACCOUNT,
    ROLE,
    SERVICE,
    SERVICE_EXTENSION,
    SERVICE_FACTS,
    form,
    proven,
)
from tests.protocol.hostile import explained

REQUEST = ClientCredentialsRequest(None, Asked(("ReadCallLog",), Terms(3600, 0, None)))


def judge(facts: ServiceFacts = SERVICE_FACTS, *, app: Client = SERVICE) -> Granted | Denied | LookAgain:
    """The judgement of an app that is proven as it is."""
    return decide(REQUEST, client=proven(app), moment=MOMENT, facts=facts)


@pytest.mark.requirement("ruling 7")
@pytest.mark.requirement("RFC 6749 section 4.4")
@pytest.mark.parametrize(
    ("named", "account_id"),
    [
        ("", None),
        ("1001", 1001),
        ("0001001", 1001),
        ("~", 0),
        ("-1", 0),
        ("1001 ", 0),
        ("\u0661\u0660\u0660\u0661", 0),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, 0),
    ],
)
def test_account_is_read_from_the_form(named: str, account_id: int | None) -> None:
    """Ruling 7: a name of impossible form names an account that nobody has: OAU-251, indistinguishable."""
    request = parse(form(account_id=named, scope="ReadCallLog"), SERVICE)
    expected = None if account_id is None else AccountId(account_id)
    assert request == ClientCredentialsRequest(expected, REQUEST.asked)


@pytest.mark.requirement("RFC 6749 section 4.4")
def test_no_refresh_token_is_asked_for_whatever_the_app_has() -> None:
    """RFC 6749 section 4.4.3: a refresh token should not be included."""
    request = parse(form(refresh_token_ttl="5000"), SERVICE._replace(issues_refresh_tokens=True))
    assert isinstance(request, ClientCredentialsRequest)
    assert request.asked.terms.refresh_ttl_s == 0


def test_identity_is_dropped_when_a_service_asks_for_it() -> None:
    """OpenID Connect Core section 2: an ID token is about a person."""
    both = SERVICE._replace(grants=SERVICE.grants | {GrantType.AUTHORIZATION_CODE})
    request = parse(form(scope="openid ReadCallLog email"), both)
    assert isinstance(request, ClientCredentialsRequest)
    assert request.asked.scope == ("ReadCallLog",)
    refused = parse(form(scope="openid"), both)
    assert isinstance(refused, Denied)
    assert refused.fault is grant_faults.SCOPE_INVALID


def test_accounts_are_looked_up_that_allow_the_app() -> None:
    """All of them, or the named one."""
    assert lookup(proven(SERVICE), REQUEST) == ServiceOpening(SERVICE.id, None)


@pytest.mark.requirement("ruling 7")
@pytest.mark.requirement("RFC 6749 section 4.4")
def test_session_of_the_service_extension_opens_when_one_account_allows_it() -> None:
    """Ruling 7: no slot, so that a service's twentieth pod signs nobody out; compared with the allowance."""
    session = ACTIVE._replace(
        id=FRESH.row_id,
        client_id=SERVICE.id,
        extension_id=SERVICE_EXTENSION.id,
        slot=None,
        secret_sha256=FRESH.secret_sha256,
        key_number=FRESH.key_number,
        opened_ms=NOW_MS,
        first_issued_ms=NOW_MS,
        issued_ms=NOW_MS,
        refresh_ttl_s=0,
        scope="ReadCallLog",
        endpoint_id=FRESH.endpoint_id,
        credential_kind=CredentialKind.ALLOWANCE,
        credential_id=ALLOWANCE.id,
        credential_version=ALLOWANCE.version,
    )
    assert judge() == Granted(
        session=session,
        secret=FRESH_SECRET,
        times=TokenTimes(3600, None, None, None, None),
        extension=SERVICE_EXTENSION,
        client=SERVICE,
        now_ms=NOW_MS,
        changes=(SessionOpened(session),),
    )


TWO = (ALLOWED, ALLOWED._replace(account=OTHER_ACCOUNT))
OFF = (ALLOWED._replace(extension=SERVICE_EXTENSION._replace(status=ExtensionStatus.DISABLED)),)
CLOSED = (ALLOWED._replace(account=ACCOUNT._replace(status=AccountStatus.DISABLED)),)


@pytest.mark.requirement("ruling 7")
@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        (SERVICE_FACTS._replace(allowed=()), grant_faults.GRANT_NOT_ALLOWED),
        (SERVICE_FACTS._replace(allowed=TWO), grant_faults.ACCOUNT_ID_NEEDED),
        (SERVICE_FACTS._replace(allowed=OFF), grant_faults.EXTENSION_DISABLED),
        (SERVICE_FACTS._replace(allowed=CLOSED), grant_faults.ACCOUNT_GONE),
    ],
)
def test_app_is_refused_when_not_exactly_one_account_gives_it_a_working_seat(facts: ServiceFacts, fault: Fault) -> None:
    """Ruling 7: unknown and not allowed are OAU-251; missing where needed invalid_request with our own code."""
    refused = judge(facts)
    assert isinstance(refused, Denied)
    assert (refused.fault, refused.changes) == (fault, ())
    assert explained(refused)


PUBLIC = SERVICE._replace(account_id=OTHER_ACCOUNT.id, private=False)
PRIVATE = PUBLIC._replace(private=True)
BARRED = ROLE._replace(permissions=frozenset({"ReadCallLog"}))


@pytest.mark.requirement("ruling 8")
@pytest.mark.parametrize(
    ("app", "role", "fault"),
    [
        (SERVICE, BARRED, None),
        (PUBLIC, ROLE, None),
        (PUBLIC, BARRED, grant_faults.THIRD_PARTY_ACCESS),
        (PUBLIC, None, grant_faults.THIRD_PARTY_ACCESS),
        (PRIVATE, ROLE, grant_faults.APP_PRIVATE),
    ],
)
def test_app_of_another_account_is_judged_by_the_role_of_today(
    app: Client, role: Role | None, fault: Fault | None
) -> None:
    """Ruling 8: the allowance was judged when it was given, and the role may have lost ThirdPartyAppAccess since."""
    decision = judge(ServiceFacts(NOW_MS, app, (ALLOWED._replace(role=role),)), app=app)
    if fault is None:
        assert isinstance(decision, Granted)
        return
    assert isinstance(decision, Denied)
    assert (decision.fault, decision.changes) == (fault, ())
    assert explained(decision)


@pytest.mark.parametrize("client", [None, SERVICE._replace(version=2)])
def test_app_is_proven_again_when_it_changed_since(client: Client | None) -> None:
    """architecture.md, idea 4."""
    assert judge(SERVICE_FACTS._replace(client=client)) == LookAgain()


def test_request_is_refused_when_its_endpoint_has_no_possible_form() -> None:
    """As for every opening grant."""
    refused = Denied(fault=faults.PARAMETER_INVALID, values=(("parameter", "endpoint_id"),))
    assert parse(form(endpoint_id="a b"), SERVICE) == refused
