"""Every question of the core, answered from a real database: whole facts are compared."""

import pytest

from callgate.model.account import LoginName
from callgate.model.changes import (
    AssertionClaimed,
    Change,
    ConsentGiven,
    CredentialDeleted,
    ExtensionCreated,
    KeyStored,
    PasswordChanged,
    ServiceDisallowed,
    SessionOpened,
    SessionsFromMoved,
    SignInStarted,
)
from callgate.model.decisions import Done
from callgate.model.facts import (
    Allowed,
    AssertionFacts,
    AuthorizeFacts,
    ClientFacts,
    CredentialFacts,
    KeysFacts,
    LoginFacts,
    OpeningFacts,
    Seated,
    ServiceFacts,
    SessionFacts,
)
from callgate.model.ids import AccountId, ClientId, ExtensionId, RowId
from callgate.model.key import KeyUse
from callgate.model.lookups import (
    AssertionLookup,
    AuthorizeLookup,
    ClientLookup,
    CredentialLookup,
    CredentialOpening,
    KeysLookup,
    LoginLookup,
    PasswordOpening,
    RedeemLookup,
    ServiceOpening,
    SessionLookup,
)
from callgate.model.session import CredentialKind, EndReason, SessionState
from callgate.storage import load_view
from tests.storage.engines import Opened
from tests.storage.world import (
    ACCOUNT,
    ADMIN,
    AGENT,
    AGENT_NUMBER,
    ALLOWANCE,
    APP,
    CONSENT,
    CREDENTIAL,
    CREDENTIAL_FOR_ALL,
    CUSTOM_ROLE,
    KEY,
    KEYS,
    NOW_MS,
    OTHER_ACCOUNT,
    OTHER_ALLOWANCE,
    OTHER_APP,
    OTHER_SERVICE,
    PASSWORD_HASH,
    ROLE,
    SERVICE,
    SIGN_IN,
    pending_of,
    service_session_of,
    session_of,
)

NOBODY = ClientId("nobody")

NEW_PASSWORD = PasswordChanged(AGENT, AGENT._replace(password_version=2, version=2), None, "cli")

NO_SESSION = SessionFacts(NOW_MS, 0, None, None, None, None, None, None, ())

OF_AGENT = SessionFacts(
    now_ms=NOW_MS,
    sessions_from_ms=0,
    session=session_of(0),
    credential_version=1,
    client=APP,
    account=ACCOUNT,
    extension=AGENT,
    role=ROLE,
    seat=(),
)

OPENING_OF_AGENT = OpeningFacts(
    now_ms=NOW_MS,
    sessions_from_ms=0,
    client=APP,
    account=ACCOUNT,
    extension=AGENT,
    role=ROLE,
    credential=None,
    seat=(),
)


def test_client_lookup_gives_the_app_and_what_proves_it(store: Opened) -> None:
    """A client's every field survives the way to the disk and back."""
    assert store.read(ClientLookup(APP.id)) == ClientFacts(APP, KEYS)
    assert store.read(ClientLookup(NOBODY)) == ClientFacts(None, None)


@pytest.mark.parametrize(
    ("login", "extension"),
    [
        (LoginName("ada.admin@example.com", None, None), ADMIN),
        (LoginName(None, AGENT_NUMBER, None), AGENT),
        (LoginName(None, "12025550100", None), ADMIN),
        (LoginName(None, "12025550100", "102"), AGENT),
        (LoginName(None, AGENT_NUMBER, "101"), ADMIN),
        (LoginName(None, "12025550200", None), None),
        (LoginName(None, "12025550100", "999"), None),
        (LoginName(None, "19995550100", None), None),
        (LoginName(None, "19995550100", "101"), None),
        (LoginName("nobody@example.com", None, None), None),
    ],
)
def test_login_name_means_whom_it_says(store: Opened, login: LoginName, extension: object) -> None:
    """protocol.md B: an address, a direct number, a company number with an extension, or alone its administrator."""
    company_id = ACCOUNT.id if login.extension_number and login.phone != "19995550100" else None
    found = store.read(LoginLookup(login))
    assert found[:3] == ((ACCOUNT, extension, PASSWORD_HASH) if extension else (None, None, None))
    assert found.company_id == company_id, "whose the number is, whether the extension is there or not"


def test_login_has_no_hash_when_the_person_has_no_password(store: Opened) -> None:
    """A person who signs in otherwise is found without one."""
    person = AGENT._replace(id=ExtensionId(77), number="177", email="no@example.com")
    store.save(ExtensionCreated(person, None, None, "cli"))
    assert store.read(LoginLookup(LoginName("no@example.com", None, None))) == LoginFacts(ACCOUNT, person, None)


def test_credential_lookup_finds_it_by_its_hash(store: Opened) -> None:
    """The list of apps is a set, and None stays None: all apps."""
    assert store.read(CredentialLookup(CREDENTIAL.sha256)) == CredentialFacts(CREDENTIAL)
    assert store.read(CredentialLookup(CREDENTIAL_FOR_ALL.sha256)) == CredentialFacts(CREDENTIAL_FOR_ALL)
    assert store.read(CredentialLookup(bytes(32))) == CredentialFacts(None)


def test_assertion_is_claimed_by_the_client_that_claimed_it(store: Opened) -> None:
    """Another client's jti is its own."""
    store.save(AssertionClaimed(APP.id, "jti-1", NOW_MS + 1))
    assert store.read(AssertionLookup(APP.id, "jti-1")) == AssertionFacts(claimed=True)
    assert store.read(AssertionLookup(OTHER_APP.id, "jti-1")) == AssertionFacts(claimed=False)


def test_session_lookup_gives_the_session_and_what_it_is_compared_with(store: Opened) -> None:
    """Without its seat, which only an opening asks for."""
    store.save(SessionOpened(session_of(0)), SessionOpened(session_of(1)))
    assert store.read(SessionLookup(ACCOUNT.id, session_of(0).id)) == OF_AGENT


@pytest.mark.parametrize(
    ("account_id", "row_id"),
    [(OTHER_ACCOUNT.id, session_of(0).id), (ACCOUNT.id, RowId(5)), (AccountId(0), RowId(0))],
)
def test_session_is_unknown_when_the_reference_names_another_account(
    store: Opened, account_id: AccountId, row_id: RowId
) -> None:
    """The account is part of the key (architecture.md, Storage)."""
    store.save(SessionOpened(session_of(0)))
    assert store.read(SessionLookup(account_id, row_id)) == NO_SESSION
    assert store.read(RedeemLookup(account_id, row_id)) == NO_SESSION


def test_session_survives_in_every_field(store: Opened) -> None:
    """Optional fields that are set, and an ended row's."""
    waiting = pending_of(0)
    ended = session_of(1)._replace(
        state=SessionState.ENDED,
        slot=None,
        redeemed_ms=NOW_MS + 1,
        first_used_ms=NOW_MS + 2,
        ended_ms=NOW_MS + 3,
        ended_why=EndReason.REPLAYED,
    )
    store.save(SessionOpened(waiting), SessionOpened(ended))
    assert store.read(SessionLookup(ACCOUNT.id, waiting.id)).session == waiting
    assert store.read(SessionLookup(ACCOUNT.id, ended.id)).session == ended


def test_redeem_lookup_gives_the_seat_in_slot_order(store: Opened) -> None:
    """Pending and live rows of this (client, extension), neither services nor ended ones nor another app's."""
    elsewhere = session_of(7)._replace(client_id=OTHER_APP.id)
    over = session_of(8)._replace(state=SessionState.ENDED, slot=None, ended_ms=NOW_MS)
    seat = (session_of(0), session_of(3), pending_of(1))
    store.save(*(SessionOpened(session) for session in (*reversed(seat), elsewhere, over, service_session_of(9))))
    facts = store.read(RedeemLookup(ACCOUNT.id, pending_of(1).id))
    assert facts.session == pending_of(1)
    assert facts.seat == tuple(Seated(session, 1) for session in seat)


def test_session_facts_lack_what_was_deleted(store: Opened) -> None:
    """A row without its app or its extension is refused by whoever judges it; it is not an error."""
    orphan = session_of(0)._replace(client_id=NOBODY, extension_id=ExtensionId(5))
    store.save(SessionOpened(orphan))
    expected = SessionFacts(NOW_MS, 0, orphan, None, None, ACCOUNT, None, None, ())
    assert store.read(SessionLookup(ACCOUNT.id, orphan.id)) == expected
    assert store.read(RedeemLookup(ACCOUNT.id, orphan.id)) == expected
    homeless = session_of(6)._replace(account_id=AccountId(6))
    store.save(SessionOpened(homeless))
    assert store.read(SessionLookup(AccountId(6), homeless.id)).account is None


@pytest.mark.parametrize(
    ("kind", "credential_id", "gone", "version"),
    [
        (CredentialKind.PASSWORD, AGENT.id, NEW_PASSWORD, 2),
        (CredentialKind.JWT_CREDENTIAL, CREDENTIAL.id, CredentialDeleted(CREDENTIAL, "cli"), None),
        (CredentialKind.ALLOWANCE, ALLOWANCE.id, ServiceDisallowed(ALLOWANCE, "cli"), None),
    ],
)
def test_credential_version_changes_when_the_credential_does(
    store: Opened, kind: CredentialKind, credential_id: int, gone: Change, version: int | None
) -> None:
    """That difference ends the session by comparison, in its own facts and in its seat's."""
    session = session_of(0)._replace(credential_kind=kind, credential_id=credential_id)
    store.save(SessionOpened(session))
    lookup = RedeemLookup(ACCOUNT.id, session.id)
    before = store.read(lookup)
    assert (before.credential_version, before.seat[0].credential_version) == (1, 1)
    store.save(gone)
    after = store.read(lookup)
    assert (after.credential_version, after.seat[0].credential_version) == (version, version)


def test_credential_version_is_none_when_the_credential_is_of_another_account(store: Opened) -> None:
    """A row id alone names nothing."""
    session = session_of(0)._replace(credential_kind=CredentialKind.ALLOWANCE, credential_id=OTHER_ALLOWANCE.id)
    store.save(SessionOpened(session))
    assert store.read(SessionLookup(ACCOUNT.id, session.id)).credential_version is None


def test_password_opening_resolves_the_login_name_now(store: Opened) -> None:
    """Whoever has the name at this moment, with their seat; nobody when nobody has it."""
    store.save(SessionOpened(session_of(2)))
    lookup = PasswordOpening(APP.id, LoginName(None, AGENT_NUMBER, None))
    assert store.read(lookup) == OPENING_OF_AGENT._replace(seat=(Seated(session_of(2), 1),))
    unknown = PasswordOpening(APP.id, LoginName("nobody@example.com", None, None))
    nobody = OPENING_OF_AGENT._replace(account=None, extension=None, role=None)
    assert store.read(unknown) == nobody
    assert store.read(PasswordOpening(NOBODY, lookup.login)) == OPENING_OF_AGENT._replace(client=None)


def test_credential_opening_gives_the_credentials_person(store: Opened) -> None:
    """A deleted credential has none."""
    assert store.read(CredentialOpening(APP.id, CREDENTIAL.id)) == OPENING_OF_AGENT._replace(credential=CREDENTIAL)
    store.save(CredentialDeleted(CREDENTIAL, "cli"))
    nobody = OPENING_OF_AGENT._replace(account=None, extension=None, role=None)
    assert store.read(CredentialOpening(APP.id, CREDENTIAL.id)) == nobody


def test_service_opening_gives_the_accounts_that_allow_the_app(store: Opened) -> None:
    """One that is named, or up to two."""
    own = Allowed(ALLOWANCE, ACCOUNT, SERVICE, CUSTOM_ROLE)
    other = Allowed(OTHER_ALLOWANCE, OTHER_ACCOUNT, OTHER_SERVICE, ROLE)
    assert store.read(ServiceOpening(APP.id, None)) == ServiceFacts(NOW_MS, APP, (own, other))
    assert store.read(ServiceOpening(APP.id, ACCOUNT.id)) == ServiceFacts(NOW_MS, APP, (own,))
    assert store.read(ServiceOpening(APP.id, AccountId(1))) == ServiceFacts(NOW_MS, APP, ())
    assert store.read(ServiceOpening(OTHER_APP.id, None)) == ServiceFacts(NOW_MS, OTHER_APP, ())
    assert store.read(ServiceOpening(NOBODY, None)) == ServiceFacts(NOW_MS, None, ())


def test_authorize_lookup_without_a_sign_in_gives_the_app_and_its_owner(store: Opened) -> None:
    """A visitor not signed in, and one whose sign-in is gone."""
    visitor = AuthorizeFacts(NOW_MS, 0, OTHER_APP, "Other", None, None, None, None, None, ())
    assert store.read(AuthorizeLookup(OTHER_APP.id, None)) == visitor
    assert store.read(AuthorizeLookup(OTHER_APP.id, (ACCOUNT.id, SIGN_IN.id))) == visitor
    unknown = AuthorizeFacts(NOW_MS, 0, None, "", None, None, None, None, None, ())
    assert store.read(AuthorizeLookup(NOBODY, None)) == unknown


def test_authorize_lookup_with_a_sign_in_gives_the_person(store: Opened) -> None:
    """With their consent and seat; the sign-in is found in its own account only."""
    store.save(SignInStarted(SIGN_IN), ConsentGiven(CONSENT), SessionOpened(pending_of(0)))
    signed_in = AuthorizeFacts(
        now_ms=NOW_MS,
        sessions_from_ms=0,
        client=APP,
        owner_name="Acme",
        sign_in=SIGN_IN,
        account=ACCOUNT,
        extension=AGENT,
        role=ROLE,
        consent=CONSENT,
        seat=(Seated(pending_of(0), 1),),
    )
    assert store.read(AuthorizeLookup(APP.id, (ACCOUNT.id, SIGN_IN.id))) == signed_in
    stranger = store.read(AuthorizeLookup(APP.id, (OTHER_ACCOUNT.id, SIGN_IN.id)))
    assert (stranger.sign_in, stranger.extension, stranger.consent) == (None, None, None)
    elsewhere = store.read(AuthorizeLookup(OTHER_APP.id, (ACCOUNT.id, SIGN_IN.id)))
    assert (elsewhere.extension, elsewhere.consent, elsewhere.seat) == (AGENT, None, ())
    without_app = store.read(AuthorizeLookup(NOBODY, (ACCOUNT.id, SIGN_IN.id)))
    assert (without_app.extension, without_app.consent, without_app.seat) == (AGENT, None, ())


def test_keys_lookup_gives_every_key_in_order(store: Opened) -> None:
    """By use and number, wrapped as they were given."""
    assert store.read(KeysLookup()) == KeysFacts(NOW_MS, ())
    pair = KEY._replace(use=KeyUse.ID_TOKEN_RS256)
    second = KEY._replace(number=2)
    store.save(KeyStored(second, "server"), KeyStored(KEY, "server"), KeyStored(pair, "server"))
    assert store.read(KeysLookup()).keys == (pair, KEY, second)


def stamped(store: Opened) -> int:
    """The time a unit is decided at."""
    seen: list[int] = []

    def decide(facts: KeysFacts) -> Done:
        seen.append(facts.now_ms)
        return Done()

    store.run(KeysLookup(), decide)
    return seen[0]


def test_facts_are_stamped_with_the_cells_time(store: Opened) -> None:
    """Reading or deciding; the time never runs backwards behind what was stamped (architecture.md, Storage)."""
    store.clock.now_ms = NOW_MS + 500
    assert stamped(store) == NOW_MS + 500
    store.clock.now_ms = NOW_MS - 10_000
    assert store.read(KeysLookup()).now_ms == NOW_MS + 500
    assert stamped(store) == NOW_MS + 500


def test_sessions_from_reaches_every_fact_that_is_compared_with_it(store: Opened) -> None:
    """Sessions issued before it are over."""
    store.save(SessionOpened(session_of(0)), SignInStarted(SIGN_IN), SessionsFromMoved(NOW_MS - 7, "cli"))
    assert store.read(SessionLookup(ACCOUNT.id, session_of(0).id)).sessions_from_ms == NOW_MS - 7
    assert store.read(CredentialOpening(APP.id, CREDENTIAL.id)).sessions_from_ms == NOW_MS - 7
    assert store.read(AuthorizeLookup(APP.id, None)).sessions_from_ms == NOW_MS - 7


def test_role_is_the_extensions_own(store: Opened) -> None:
    """A service's role bounds it."""
    store.save(SessionOpened(service_session_of(0)))
    facts = store.read(SessionLookup(ACCOUNT.id, service_session_of(0).id))
    assert (facts.extension, facts.role, facts.credential_version) == (SERVICE, CUSTOM_ROLE, 1)


def test_facts_are_the_same_when_more_entities_are_met_than_are_kept_parsed(
    store: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is dropped is parsed again."""
    monkeypatch.setattr(load_view, "KEPT_MAX", 1)
    store.save(SessionOpened(session_of(0)), SessionOpened(service_session_of(1)))
    first = SessionLookup(ACCOUNT.id, session_of(0).id)
    second = SessionLookup(ACCOUNT.id, service_session_of(1).id)
    answers = [store.read(lookup) for lookup in (first, second, first, second)]
    assert answers[:2] == answers[2:]
    assert (answers[0].extension, answers[1].extension) == (AGENT, SERVICE)
