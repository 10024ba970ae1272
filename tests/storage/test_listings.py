"""What an administrator looks through, answered from a real database: each filter, each page, whole facts."""

from callgate.model.changes import (
    AppChanged,
    ConsentGiven,
    CredentialDeleted,
    ExtensionCreated,
    SessionOpened,
    SessionsFromMoved,
)
from callgate.model.client import AuthMethod, Client, ClientKeys
from callgate.model.directory import ListedExtension
from callgate.model.ids import ExtensionId
from callgate.model.listings import (
    AccountsFacts,
    AccountsListing,
    AllowancesFacts,
    AllowancesListing,
    AppsFacts,
    AppsListing,
    AuditBatch,
    AuditListing,
    AuditPlace,
    ConsentsFacts,
    ConsentsListing,
    CredentialsFacts,
    CredentialsListing,
    ExtensionsListing,
    ListedAllowance,
    ListedConsent,
    ListedSession,
    RolesFacts,
    RolesListing,
    SealedSecret,
    SealedSecretsFacts,
    SealedSecretsListing,
    SessionsFacts,
    SessionsListing,
)
from callgate.model.session import Session
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
    FOUNDING,
    NOW_MS,
    OTHER_ACCOUNT,
    OTHER_ALLOWANCE,
    OTHER_APP,
    OTHER_SERVICE,
    ROLE,
    SERVICE,
    service_session_of,
    session_of,
)


def test_extensions_are_listed_by_number(store: Opened) -> None:
    """As people count: 9, then 101 and 102, then 1000; every page goes on where the one before ended."""
    for number in ("1000", "9"):
        extension = AGENT._replace(id=ExtensionId(int(number)), number=number, email=None)
        store.save(ExtensionCreated(extension, None, None, "cli"))
    numbers: list[str | None] = []
    after = 0
    while page := store.read(ExtensionsListing(account_id=ACCOUNT.id, after=after, rows=2)).extensions:
        numbers += [listed.extension.number for listed in page]
        after = page[-1].extension.id
    assert numbers == ["9", "101", "102", "1000", None]


def test_accounts_are_listed_by_page_and_found_by_what_they_are_called(store: Opened) -> None:
    """An id, a main number or a name means one account."""
    both = AccountsFacts((ACCOUNT, OTHER_ACCOUNT))
    assert store.read(AccountsListing()) == both
    assert store.read(AccountsListing(rows=1)).accounts == (ACCOUNT,)
    assert store.read(AccountsListing(after=ACCOUNT.id)).accounts == (OTHER_ACCOUNT,)
    for called in (str(ACCOUNT.id), "+12025550100", "Acme"):
        assert store.read(AccountsListing(called=called)).accounts == (ACCOUNT,)
    assert store.read(AccountsListing(called="nobody")).accounts == ()


def test_extensions_are_listed_with_number_and_password(store: Opened) -> None:
    """A service has neither, and comes last."""
    admin, agent = ListedExtension(ADMIN, None, True), ListedExtension(AGENT, AGENT_NUMBER, True)
    service = ListedExtension(SERVICE, None, False)
    assert store.read(ExtensionsListing(account_id=ACCOUNT.id)).extensions == (admin, agent, service)
    assert len(store.read(ExtensionsListing()).extensions) == 4
    assert store.read(ExtensionsListing(extension_id=AGENT.id)).extensions == (agent,)
    assert store.read(ExtensionsListing(account_id=ACCOUNT.id, number="102")).extensions == (agent,)
    assert store.read(ExtensionsListing(after=AGENT.id, rows=1)).extensions == (service,)
    assert store.read(ExtensionsListing(account_id=OTHER_ACCOUNT.id, extension_id=AGENT.id)).extensions == ()


def test_roles_of_one_account_come_with_the_predefined_ones(store: Opened) -> None:
    """protocol.md B: predefined roles belong to nobody, and come first."""
    assert store.read(RolesListing()) == RolesFacts((ROLE, CUSTOM_ROLE))
    assert store.read(RolesListing(account_id=OTHER_ACCOUNT.id)) == RolesFacts((ROLE,))


def test_apps_are_listed_by_page_and_found_by_id_or_name(store: Opened) -> None:
    """In the order of client ids."""
    assert store.read(AppsListing()) == AppsFacts((APP, OTHER_APP))
    assert store.read(AppsListing(account_id=OTHER_ACCOUNT.id)).apps == (OTHER_APP,)
    assert store.read(AppsListing(after=APP.id, rows=1)).apps == (OTHER_APP,)
    assert store.read(AppsListing(called=APP.id)).apps == store.read(AppsListing(called="Reports")).apps == (APP,)


def test_allowances_are_listed_with_account_service_and_role(store: Opened) -> None:
    """Who lets an app in without a user, and bounded by what."""
    assert store.read(AllowancesListing(APP.id)) == AllowancesFacts(
        (
            ListedAllowance(ALLOWANCE, ACCOUNT, SERVICE, CUSTOM_ROLE),
            ListedAllowance(OTHER_ALLOWANCE, OTHER_ACCOUNT, OTHER_SERVICE, ROLE),
        )
    )
    assert store.read(AllowancesListing(OTHER_APP.id)).allowances == ()


def test_sealed_secrets_are_listed_and_hashed_ones_are_not(store: Opened) -> None:
    """What a change of the key-encryption key must reach."""
    after: Client = OTHER_APP._replace(auth_method=AuthMethod.CLIENT_SECRET_JWT, version=2)
    sealed = ClientKeys(None, b"\x00sealed\xff", None)
    assert store.read(SealedSecretsListing("", 10)).secrets == ()
    store.save(AppChanged(OTHER_APP, after, sealed, "cli"))
    assert store.read(SealedSecretsListing("", 10)) == SealedSecretsFacts((SealedSecret(after, sealed),))
    assert store.read(SealedSecretsListing(after.id, 10)).secrets == ()


def test_credentials_are_listed_by_person_account_and_id(store: Opened) -> None:
    """Never their text, which is stored nowhere."""
    both = CredentialsFacts(NOW_MS, (CREDENTIAL, CREDENTIAL_FOR_ALL))
    assert store.read(CredentialsListing()) == both
    assert store.read(CredentialsListing(account_id=ACCOUNT.id, extension_id=AGENT.id)) == both
    assert store.read(CredentialsListing(after=CREDENTIAL.id)).credentials == (CREDENTIAL_FOR_ALL,)
    assert store.read(CredentialsListing(credential_id=CREDENTIAL.id, rows=1)).credentials == (CREDENTIAL,)
    assert store.read(CredentialsListing(extension_id=ADMIN.id)).credentials == ()


def test_consents_are_listed_by_person_app_and_account_and_go_on_after_one(store: Opened) -> None:
    """In the order of person and app, with both as they are today, or None where one is gone."""
    to_other = CONSENT._replace(client_id=OTHER_APP.id, scopes=frozenset({"ReadAccounts", "ReadCallLog"}))
    of_admin = CONSENT._replace(extension_id=ADMIN.id)
    stray = CONSENT._replace(
        account_id=OTHER_ACCOUNT.id,
        extension_id=type(ADMIN.id)(OTHER_ACCOUNT.id + 7),
        client_id=type(APP.id)("gone"),
    )
    store.save(*(ConsentGiven(each) for each in (stray, to_other, CONSENT, of_admin)))
    first, second = ListedConsent(of_admin, APP, ADMIN), ListedConsent(CONSENT, APP, AGENT)
    third, fourth = ListedConsent(to_other, OTHER_APP, AGENT), ListedConsent(stray, None, None)
    assert store.read(ConsentsListing()) == ConsentsFacts((first, second, third, fourth))
    assert store.read(ConsentsListing(after=(AGENT.id, APP.id), rows=1)).consents == (third,)
    assert store.read(ConsentsListing(after=(ADMIN.id, APP.id))).consents == (second, third, fourth)
    assert store.read(ConsentsListing(extension_id=AGENT.id)).consents == (second, third)
    assert store.read(ConsentsListing(client_id=APP.id)).consents == (first, second)
    assert store.read(ConsentsListing(account_id=OTHER_ACCOUNT.id)).consents == (fourth,)


def test_sessions_are_listed_with_what_they_are_compared_with(store: Opened) -> None:
    """Each with today's version of its credential, or None where that is gone."""
    by_password, by_service = session_of(0), service_session_of(1)
    by_credential: Session = session_of(2)._replace(
        credential_kind=type(by_password.credential_kind).JWT_CREDENTIAL, credential_id=CREDENTIAL.id
    )
    stray = session_of(3)._replace(client_id=type(APP.id)("gone"))
    store.save(*(SessionOpened(each) for each in (by_password, by_service, by_credential, stray)))
    store.save(CredentialDeleted(CREDENTIAL, "cli"), SessionsFromMoved(5, "cli"))
    password = ListedSession(by_password, 1, APP, ACCOUNT, AGENT)
    service = ListedSession(by_service, 1, APP, ACCOUNT, SERVICE)
    deleted = ListedSession(by_credential, None, APP, ACCOUNT, AGENT)
    unknown = ListedSession(stray, 1, None, ACCOUNT, AGENT)
    assert store.read(SessionsListing()) == SessionsFacts(NOW_MS, 5, (password, service, deleted, unknown))
    assert store.read(SessionsListing(extension_id=SERVICE.id)).sessions == (service,)
    assert store.read(SessionsListing(client_id=stray.client_id)).sessions == (unknown,)
    assert store.read(SessionsListing(row_id=by_credential.id)).sessions == (deleted,)
    assert store.read(SessionsListing(account_id=ACCOUNT.id, after=by_password.id, rows=1)).sessions == (service,)
    assert store.read(SessionsListing(account_id=OTHER_ACCOUNT.id)).sessions == ()


def test_audit_is_listed_from_the_newest_link(store: Opened) -> None:
    """One link a commit, with every audited change of it."""
    store.clock.now_ms += 1000
    store.save(SessionsFromMoved(7, "cli"))
    newest, oldest = store.read(AuditListing()).batches
    assert (newest.writer, newest.seq, newest.at_ms) == ("server", 1, NOW_MS + 1000)
    assert '"what":"SessionsFromMoved"' in newest.entries
    assert len(oldest.entries.splitlines()) == len(FOUNDING)
    assert store.read(AuditListing(before_ms=newest.at_ms)).batches == (oldest,)
    assert store.read(AuditListing(rows=1)).batches == (newest,)


def test_audit_log_is_read_to_its_end_when_many_commits_share_a_millisecond(store: Opened) -> None:
    """A busy server commits several times in one; each page goes on where the one before ended, whoever wrote it."""
    for number in range(5):
        store.save(SessionOpened(service_session_of(number)))
    whole = store.read(AuditListing()).batches
    assert len({batch.at_ms for batch in whole}) < len(whole)
    paged: list[AuditBatch] = []
    while page := store.read(
        AuditListing(after=AuditPlace(paged[-1].writer, paged[-1].seq) if paged else None, rows=2)
    ).batches:
        paged += page
    assert tuple(paged) == whole
    assert store.read(AuditListing(after=AuditPlace("nobody", 1))).batches == ()
