"""Identity providers in a real database: what is asked is answered whole, what is written stays written once."""

import pytest

from callgate.model.account import LoginName
from callgate.model.changes import AccountChanged, ExtensionChanged, SessionOpened, SignInStarted
from callgate.model.connection import ClientAuth, Connection, ConnectionSecret, SsoExemption, SsoPolicy
from callgate.model.ids import AccountId, ConnectionId, ExtensionId
from callgate.model.lookups import AuthorizeLookup, LoginLookup, SessionLookup
from callgate.model.session import CredentialKind
from callgate.model.sso import (
    ArrivalFacts,
    ArrivalLookup,
    ArrivedLookup,
    AssertionConsumed,
    ConnectionActFacts,
    ConnectionActLookup,
    ConnectionChanged,
    ConnectionCreated,
    ConnectionFacts,
    ConnectionLookup,
    ConnectionRemoved,
    ConnectionSecretsListing,
    ConnectionsListing,
    IdentityOpening,
    RouteFacts,
    RouteLookup,
    SsoOfferLookup,
    SsoPolicyActFacts,
    SsoPolicyActLookup,
)
from tests.factories import OIDC
from tests.storage.engines import Opened
from tests.storage.test_changes import conflicts
from tests.storage.world import ACCOUNT, ADMIN, AGENT, APP, CONNECTION, NOW_MS, OTHER_ACCOUNT, SIGN_IN, session_of

SECRET = ConnectionSecret(b"sealed")
SECOND = CONNECTION._replace(
    id=ConnectionId(6_002), name="Second", issuer="https://second.example.com", email_domains=()
)
FOREIGN = SECOND._replace(id=ConnectionId(6_003), account_id=OTHER_ACCOUNT.id)
ALLOWING = ACCOUNT._replace(sso_policy=SsoPolicy.ALLOWED, version=2)
BEN = LoginName("ben@example.net", None, None)


@pytest.fixture
def connected(store: Opened) -> Opened:
    """The account with its connection, switched on."""
    store.save(ConnectionCreated(CONNECTION, SECRET, "cli"), AccountChanged(ACCOUNT, ALLOWING, "cli"))
    return store


def listed(store: Opened, called: str | None = None, account_id: AccountId | None = None) -> tuple[Connection, ...]:
    """The connections there are."""
    return store.read(ConnectionsListing(account_id=account_id, called=called)).connections


def test_switches_are_kept_with_account_and_person(connected: Opened) -> None:
    """Every fact that has them has the switches."""
    exempt = AGENT._replace(sso_exemption=SsoExemption.EXEMPT, version=2)
    connected.save(ExtensionChanged(AGENT, exempt, "cli"))
    facts = connected.read(LoginLookup(LoginName("ben@example.com", None, None)))
    assert (facts.account, facts.extension) == (ALLOWING, exempt)


def test_connection_is_found_with_its_account_and_its_secret(connected: Opened) -> None:
    """And nothing where there is none."""
    assert connected.read(ConnectionLookup(CONNECTION.id)) == ConnectionFacts(CONNECTION, SECRET, ALLOWING)
    assert connected.read(ConnectionLookup(SECOND.id)) == ConnectionFacts(None, None, None)


def test_connections_are_listed_by_account_name_and_id(connected: Opened) -> None:
    """As the command line asks for them."""
    connected.save(ConnectionCreated(SECOND, ConnectionSecret(None), "cli"), ConnectionCreated(FOREIGN, SECRET, "cli"))
    assert listed(connected) == (CONNECTION, SECOND, FOREIGN)
    assert listed(connected, account_id=OTHER_ACCOUNT.id) == (FOREIGN,)
    assert listed(connected, called="Second") == (SECOND, FOREIGN)
    assert listed(connected, called="6001") == (CONNECTION,)


def test_single_sign_on_is_offered_when_somebody_can_use_it(store: Opened) -> None:
    """An enabled connection of an account that is switched on."""
    assert not store.read(SsoOfferLookup()).offered
    store.save(ConnectionCreated(CONNECTION, SECRET, "cli"))
    assert not store.read(SsoOfferLookup()).offered
    store.save(AccountChanged(ACCOUNT, ALLOWING, "cli"))
    assert store.read(SsoOfferLookup()).offered
    store.save(ConnectionChanged(CONNECTION, CONNECTION._replace(enabled=False, version=2), None, "cli"))
    assert not store.read(SsoOfferLookup()).offered


@pytest.mark.parametrize(
    ("login", "facts"),
    [
        (LoginName("anyone@example.org", None, None), RouteFacts(ALLOWING, (CONNECTION,))),
        (BEN, RouteFacts(ALLOWING, (CONNECTION, SECOND))),
        (LoginName(None, "12025550100", "101"), RouteFacts(ALLOWING, (CONNECTION, SECOND))),
        (LoginName("nobody@example.net", None, None), RouteFacts(None, ())),
        (LoginName("nobody@sub.example.org", None, None), RouteFacts(None, ())),
    ],
)
def test_login_name_leads_to_its_providers(connected: Opened, login: LoginName, facts: RouteFacts) -> None:
    """A claimed domain alone decides; else the person's account does."""
    moved = AGENT._replace(email="ben@example.net", version=2)
    connected.save(ConnectionCreated(SECOND, SECRET, "cli"), ExtensionChanged(AGENT, moved, "cli"))
    assert connected.read(RouteLookup(login)) == facts


def test_person_is_found_inside_the_connections_account_alone(connected: Opened) -> None:
    """An answer of one company's provider is about nobody in another."""
    found = ArrivalFacts(NOW_MS, CONNECTION, ALLOWING, AGENT, consumed=False)
    assert connected.read(ArrivalLookup(CONNECTION.id, "ben@example.com", "_1")) == found
    connected.save(ConnectionCreated(FOREIGN, SECRET, "cli"))
    nobody = ArrivalFacts(NOW_MS, FOREIGN, OTHER_ACCOUNT, None, consumed=False)
    assert connected.read(ArrivalLookup(FOREIGN.id, "ben@example.com")) == nobody
    assert connected.read(ArrivedLookup(FOREIGN.id, AGENT.id)) == nobody
    assert connected.read(ArrivedLookup(CONNECTION.id, AGENT.id)) == found
    assert connected.read(ArrivedLookup(CONNECTION.id, ExtensionId(1))) == found._replace(extension=None)
    gone = ArrivalFacts(NOW_MS, None, None, None, consumed=False)
    assert connected.read(ArrivalLookup(SECOND.id, "ben@example.com")) == gone


def test_assertion_is_consumed_once_and_of_one_connection(connected: Opened) -> None:
    """A taken key means that another process was first; it loads again, and finds it consumed."""
    spent = AssertionConsumed(CONNECTION.id, "_1", NOW_MS + 1000)
    connected.save(spent)
    assert connected.read(ArrivalLookup(CONNECTION.id, "ben@example.com", "_1")).consumed
    assert not connected.read(ArrivalLookup(CONNECTION.id, "ben@example.com", "_2")).consumed
    assert not connected.read(ArrivalLookup(SECOND.id, "ben@example.com", "_1")).consumed
    assert conflicts(connected, spent)


def test_opening_by_an_assertion_finds_person_seat_and_use(connected: Opened) -> None:
    """The app's sessions of that very person; nobody where the address is another account's."""
    session = session_of(0)
    connected.save(SessionOpened(session), AssertionConsumed(CONNECTION.id, "_1", NOW_MS + 1000))
    facts = connected.read(
        IdentityOpening(session.client_id, CONNECTION.id, email="ben@example.com", assertion_id="_1")
    )
    assert (facts.connection, facts.consumed) == (CONNECTION, True)
    assert (facts.opening.account, facts.opening.extension) == (ALLOWING, AGENT)
    assert [each.session for each in facts.opening.seat] == [session]
    connected.save(ConnectionCreated(FOREIGN, SECRET, "cli"))
    other = connected.read(IdentityOpening(session.client_id, FOREIGN.id, email="ben@example.com", assertion_id="_1"))
    assert (other.connection, other.consumed, other.opening.extension) == (FOREIGN, False, None)


def test_connection_changes_by_compare_and_swap(connected: Opened) -> None:
    """The second of two changes of one row loads again; the secret stays unless another is given."""
    after = CONNECTION._replace(certificates=("MIIsecondary",), email_domains=("example.org",), version=2)
    connected.save(ConnectionChanged(CONNECTION, after, None, "cli"))
    assert connected.read(ConnectionLookup(CONNECTION.id)) == ConnectionFacts(after, SECRET, ALLOWING)
    assert connected.rows("SELECT domain FROM sso_domain") == [("example.org",)]
    assert conflicts(connected, ConnectionChanged(CONNECTION, after, None, "cli"))
    last = after._replace(version=3)
    connected.save(ConnectionChanged(after, last, ConnectionSecret(b"other"), "cli"))
    assert connected.read(ConnectionLookup(CONNECTION.id)).secret == ConnectionSecret(b"other")


def test_openid_connect_provider_is_kept_as_it_was_made(connected: Opened) -> None:
    """Every field of it, and a change of each."""
    made = OIDC._replace(account_id=ACCOUNT.id, announces_iss=True, client_auth=ClientAuth.POST, email_domains=())
    connected.save(ConnectionCreated(made, SECRET, "cli"))
    assert connected.read(ConnectionLookup(made.id)) == ConnectionFacts(made, SECRET, ALLOWING)
    after = made._replace(
        announces_iss=False, client_auth=ClientAuth.BASIC, believes_email=True, scopes=("openid",), version=2
    )
    connected.save(ConnectionChanged(made, after, None, "cli"))
    assert connected.read(ConnectionLookup(made.id)).connection == after


def test_domain_and_issuer_belong_to_one_connection(connected: Opened) -> None:
    """Two companies cannot both claim a domain, nor one company a provider twice."""
    assert conflicts(connected, ConnectionCreated(FOREIGN._replace(email_domains=("example.com",)), SECRET, "cli"))
    assert conflicts(connected, ConnectionCreated(SECOND._replace(issuer=CONNECTION.issuer), SECRET, "cli"))
    assert conflicts(connected, ConnectionCreated(SECOND._replace(name=CONNECTION.name), SECRET, "cli"))


def test_removed_connection_frees_its_domains(connected: Opened) -> None:
    """Only as it was seen."""
    assert conflicts(connected, ConnectionRemoved(CONNECTION._replace(version=2), "cli"))
    connected.save(ConnectionRemoved(CONNECTION, "cli"))
    assert listed(connected) == ()
    assert connected.rows("SELECT domain FROM sso_domain") == []


def test_act_sees_what_another_connection_has(connected: Opened) -> None:
    """Its own issuer, name and domains are no rivals of it."""
    own = ConnectionActLookup(
        account_id=ACCOUNT.id,
        connection_id=CONNECTION.id,
        name=CONNECTION.name,
        issuer=CONNECTION.issuer,
        email_domains=CONNECTION.email_domains,
    )
    free = ConnectionActFacts(NOW_MS, ALLOWING, CONNECTION, issuer_taken=False, name_taken=False, domains_taken=())
    assert connected.read(own) == free
    rival = ConnectionActLookup(
        account_id=ACCOUNT.id,
        connection_id=SECOND.id,
        name=CONNECTION.name,
        issuer=CONNECTION.issuer,
        email_domains=("example.net", "example.org"),
    )
    taken = ConnectionActFacts(
        NOW_MS, ALLOWING, None, issuer_taken=True, name_taken=True, domains_taken=("example.org",)
    )
    assert connected.read(rival) == taken
    foreign = ConnectionActLookup(
        account_id=AccountId(1), connection_id=CONNECTION.id, name="", issuer="", email_domains=()
    )
    assert connected.read(foreign) == free._replace(account=None, connection=None)


def test_policy_act_sees_the_accounts_connections(connected: Opened) -> None:
    """Nothing is enforced that nobody could follow."""
    assert connected.read(SsoPolicyActLookup(ACCOUNT.id)) == SsoPolicyActFacts(NOW_MS, ALLOWING, (CONNECTION,))
    assert connected.read(SsoPolicyActLookup(AccountId(1))) == SsoPolicyActFacts(NOW_MS, None, ())


def test_session_and_sign_in_are_compared_with_the_providers_trust(connected: Opened) -> None:
    """Disabled, or another provider: what it opened is over by comparison."""
    session = session_of(0)._replace(
        credential_kind=CredentialKind.CONNECTION, credential_id=CONNECTION.id, credential_version=1
    )
    arrived = SIGN_IN._replace(connection_id=CONNECTION.id, trust_version=1)
    connected.save(SessionOpened(session), SignInStarted(arrived))
    authorize = AuthorizeLookup(APP.id, (arrived.account_id, arrived.id))
    assert connected.read(SessionLookup(ACCOUNT.id, session.id)).credential_version == 1
    assert connected.read(authorize).sign_in == arrived
    assert connected.read(authorize).trust_version == 1
    off = CONNECTION._replace(enabled=False, trust_version=2, version=2)
    connected.save(ConnectionChanged(CONNECTION, off, None, "cli"))
    assert connected.read(SessionLookup(ACCOUNT.id, session.id)).credential_version == 2
    assert connected.read(authorize).trust_version == 2
    connected.save(ConnectionRemoved(off, "cli"))
    assert connected.read(SessionLookup(ACCOUNT.id, session.id)).credential_version is None
    assert connected.read(authorize).trust_version is None


def test_administrator_is_a_person_like_others(connected: Opened) -> None:
    """protocol.md B: the main administrator's extension has the account's id, and an address of its own."""
    assert connected.read(ArrivalLookup(CONNECTION.id, "ada.admin@example.com")).extension == ADMIN


def test_what_proves_us_is_kept_part_by_part(connected: Opened) -> None:
    """A new signing key leaves the client secret as it is; all are listed page by page for wrapping anew."""
    after = CONNECTION._replace(version=2)
    connected.save(ConnectionChanged(CONNECTION, after, ConnectionSecret(sealed_signing_key=b"key"), "cli"))
    both = ConnectionSecret(b"sealed", b"key")
    assert connected.read(ConnectionLookup(CONNECTION.id)).secret == both
    connected.save(ConnectionCreated(SECOND, ConnectionSecret(), "cli"))
    assert connected.read(ConnectionSecretsListing(0, 1)).secrets == ((after, both),)
    assert connected.read(ConnectionSecretsListing(CONNECTION.id, 9)).secrets == ((SECOND, ConnectionSecret()),)
