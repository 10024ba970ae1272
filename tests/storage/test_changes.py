"""Every change of the core: what it writes, and that it does not when its row has moved on."""

import asyncio

import pytest

from callgate.model.account import AccountStatus, ExtensionStatus, LoginName
from callgate.model.changes import (
    AccountChanged,
    AccountCreated,
    AppChanged,
    AppRegistered,
    AssertionClaimed,
    Change,
    ConsentGiven,
    ConsentWithdrawn,
    CredentialCreated,
    CredentialDeleted,
    CredentialUsed,
    ExtensionChanged,
    ExtensionCreated,
    KeyForgotten,
    KeyStored,
    PasswordChanged,
    PasswordRehashed,
    RoleChanged,
    RoleCreated,
    ServiceAllowed,
    ServiceDisallowed,
    SessionEnded,
    SessionFirstUsed,
    SessionOpened,
    SessionRedeemed,
    SessionRenewed,
    SessionRotated,
    SessionsFromMoved,
    SignInEnded,
    SignInStarted,
)
from callgate.model.client import ClientKeys, ClientStatus, GrantType, Switch
from callgate.model.decisions import Done
from callgate.model.facts import KeysFacts, OpeningFacts
from callgate.model.failure import Unavailable
from callgate.model.ids import AccountId, ClientId, ExtensionId, RoleId, RowId
from callgate.model.key import KeyState
from callgate.model.lookups import (
    AuthorizeLookup,
    ClientLookup,
    CredentialLookup,
    CredentialOpening,
    KeysLookup,
    LoginLookup,
    ServiceOpening,
    SessionLookup,
)
from callgate.model.session import ENDED_MAX, ENDED_MEMORY_MS, EndReason, Session, SessionState
from callgate.protocol.seats import Row, place_live
from callgate.protocol.sessions import parties_of
from callgate.storage.port import Unit
from callgate.storage.save_sessions import FORGET_EVERY
from callgate.storage.sqlite_writer import ATTEMPTS_MAX
from tests.storage.engines import BROKEN_REFERENCE, Opened
from tests.storage.world import (
    ACCOUNT,
    ADMIN,
    AGENT,
    AGENT_NUMBER,
    ALLOWANCE,
    APP,
    CONSENT,
    CREDENTIAL,
    CUSTOM_ROLE,
    KEY,
    KEYS,
    NOW_MS,
    OTHER_ALLOWANCE,
    OTHER_APP,
    PASSWORD_HASH,
    SERVICE,
    SIGN_IN,
    pending_of,
    refreshed,
    service_session_of,
    session_of,
)

LATER_MS = NOW_MS + 60_000

REDEEMED = session_of(0)._replace(
    key_number=2,
    issued_ms=LATER_MS,
    first_issued_ms=LATER_MS,
    redeemed_ms=LATER_MS,
    sign_in_id=SIGN_IN.id,
    signed_in_ms=NOW_MS,
    redirect_uri=APP.redirect_uris[0],
    redirect_uri_sent=True,
    nonce="n-0S6_WzA2Mj",
)


def session_in(store: Opened, session: Session) -> Session | None:
    """The row as it is now."""
    return store.read(SessionLookup(session.account_id, session.id)).session


def conflicts(store: Opened, *changes: Change) -> bool:
    """Whether changes were given up after five attempts. Whatever else they do is an error."""
    attempts = 0

    def decide(_: KeysFacts) -> Done:
        nonlocal attempts
        attempts += 1
        return Done(changes)

    try:
        store.run(KeysLookup(), decide)
    except Unavailable:
        assert attempts == ATTEMPTS_MAX
        return True
    return False


# --- sessions ----------------------------------------------------------------------------------------------------


def test_session_is_redeemed_when_it_waits(store: Opened) -> None:
    """A code becomes tokens: every field that may change does."""
    store.save(SessionOpened(pending_of(0)))
    store.save(SessionRedeemed(pending_of(0), REDEEMED))
    assert session_in(store, REDEEMED) == REDEEMED
    assert conflicts(store, SessionRedeemed(pending_of(0), REDEEMED))


def test_session_is_rotated_when_the_generation_is_the_one_seen(store: Opened) -> None:
    """The second of two refreshes decided on one row is a miss."""
    first, second = session_of(0), refreshed(session_of(0), LATER_MS)
    store.save(SessionOpened(first))
    store.save(SessionRotated(first, second))
    assert session_in(store, second) == second
    assert conflicts(store, SessionRotated(first, second))
    assert session_in(store, second) == second


def test_session_is_renewed_when_nothing_of_the_generation_moved(store: Opened) -> None:
    """A first use or another renewal in between makes the decision old."""
    first = session_of(0)
    renewed = first._replace(issued_ms=LATER_MS)
    store.save(SessionOpened(first))
    store.save(SessionRenewed(first, renewed))
    assert session_in(store, renewed) == renewed
    assert conflicts(store, SessionRenewed(first, renewed))
    store.save(SessionFirstUsed(renewed, LATER_MS))
    assert conflicts(store, SessionRenewed(renewed, renewed._replace(issued_ms=LATER_MS + 1)))


@pytest.mark.parametrize("field", ["scope", "client_id"])
def test_refresh_that_changes_what_it_may_not_is_a_defect(store: Opened, field: str) -> None:
    """Lifetimes, scope and owner are fixed when a session opens."""
    first = session_of(0)
    changed = {"scope": "EditAccounts", "client_id": OTHER_APP.id}
    after = refreshed(first, LATER_MS)._replace(**{field: changed[field]})  # type: ignore[arg-type] # both are texts
    store.save(SessionOpened(first))
    with pytest.raises(AssertionError):
        store.save(SessionRotated(first, after))
    assert session_in(store, first) == first


def test_first_use_is_marked_once_and_only_on_its_generation(store: Opened) -> None:
    """A mark that comes late is no conflict: somebody else made it."""
    first, second = session_of(0), refreshed(session_of(0), LATER_MS)
    store.save(SessionOpened(first))
    store.save(SessionFirstUsed(first, NOW_MS + 1))
    store.save(SessionFirstUsed(first, NOW_MS + 2))
    used = first._replace(first_used_ms=NOW_MS + 1)
    assert session_in(store, first) == used
    store.save(SessionRotated(used, second))
    store.save(SessionFirstUsed(used, NOW_MS + 3))
    assert session_in(store, second) == second


@pytest.mark.parametrize("session", [session_of(0), pending_of(0), service_session_of(0)])
def test_ended_session_gives_up_its_slot_and_remembers_why(store: Opened, session: Session) -> None:
    """Whatever it was; nothing ends twice."""
    store.save(SessionOpened(session))
    end = SessionEnded(session, EndReason.EVICTED, LATER_MS, APP.id)
    store.save(end)
    assert session_in(store, session) == session._replace(
        state=SessionState.ENDED, slot=None, ended_ms=LATER_MS, ended_why=EndReason.EVICTED
    )
    assert conflicts(store, end)
    assert conflicts(store, SessionRotated(session, refreshed(session, LATER_MS)))


def test_session_of_an_older_generation_is_not_ended(store: Opened) -> None:
    """An end is decided on a generation too."""
    first, second = session_of(0), refreshed(session_of(0), LATER_MS)
    store.save(SessionOpened(first), SessionRotated(first, second))
    assert conflicts(store, SessionEnded(first, EndReason.REPLAYED, LATER_MS, APP.id))
    assert session_in(store, first) == second


def test_slot_is_taken_by_one_session(store: Opened) -> None:
    """The cap is made of slots: the loser decides again."""
    store.save(SessionOpened(session_of(0)))
    rival = session_of(1)._replace(slot=0)
    assert conflicts(store, SessionOpened(rival))
    store.save(SessionEnded(session_of(0), EndReason.EVICTED, LATER_MS, APP.id), SessionOpened(rival))
    assert session_in(store, rival) == rival


def test_slot_is_free_for_another_app_or_person(store: Opened) -> None:
    """A seat belongs to one (client, extension)."""
    store.save(
        SessionOpened(session_of(0)),
        SessionOpened(session_of(1)._replace(slot=0, client_id=OTHER_APP.id)),
        SessionOpened(session_of(2)._replace(slot=0, extension_id=ADMIN.id)),
    )
    assert store.rows("SELECT count(*) FROM session") == [(3,)]


def test_endpoint_has_one_living_session(store: Opened) -> None:
    """Sign-ins of one endpoint at once: each replaces the one before. Codes have not come that far yet."""
    endpoint = session_of(0).endpoint_id
    store.save(SessionOpened(pending_of(9)._replace(endpoint_id=endpoint)))

    def sign_in(number: int) -> Unit[OpeningFacts, Done]:
        def decide(facts: OpeningFacts) -> Done:
            parties = parties_of(facts)
            assert parties is not None
            row = Row(parties, facts.seat, facts.sessions_from_ms, facts.now_ms)
            placed = place_live(row, endpoint_id=endpoint)
            opened = session_of(number)._replace(slot=placed.slot, endpoint_id=endpoint, issued_ms=facts.now_ms)
            return Done((*placed.changes, SessionOpened(opened)))

        return Unit(CredentialOpening(APP.id, CREDENTIAL.id), decide)

    async def sign_in_at_once() -> None:
        await asyncio.gather(*(store.store.run(sign_in(number)) for number in range(4)))

    store.await_(sign_in_at_once())
    counted = "SELECT state, count(*) FROM session WHERE endpoint_id = ? GROUP BY state ORDER BY state"
    assert store.rows(counted, endpoint) == [(1, 1), (2, 1), (3, 3)]


def test_row_id_is_taken_by_one_session(store: Opened) -> None:
    """Ids are random below the millisecond; a collision is decided again with the same id, and given up."""
    store.save(SessionOpened(session_of(0)))
    assert conflicts(store, SessionOpened(session_of(1)._replace(id=session_of(0).id)))


def test_oldest_ends_are_forgotten_when_there_are_too_many(store: Opened) -> None:
    """Of this (client, extension), whenever it is looked; others keep theirs."""
    elsewhere = session_of(99)._replace(client_id=OTHER_APP.id)
    store.save(SessionOpened(elsewhere), SessionEnded(elsewhere, EndReason.REVOKED, NOW_MS, APP.id))
    assert session_of(0).id % FORGET_EVERY == 0
    looked, ended = FORGET_EVERY * 4, FORGET_EVERY * 5 - 1
    for number in range(ended):
        session = session_of(number)
        store.save(SessionOpened(session))
        store.save(SessionEnded(session, EndReason.REVOKED, NOW_MS + number, APP.id))
    remembered = store.rows("SELECT id FROM session WHERE client_id = ? ORDER BY id", APP.id)
    assert remembered == [(session_of(number).id,) for number in range(looked + 1 - ENDED_MAX, ended)]
    assert session_in(store, elsewhere) is not None


@pytest.mark.parametrize(
    ("changes", "expires_ms"),
    [
        ((SessionOpened(session_of(0)),), NOW_MS + 604_800_000),
        ((SessionOpened(pending_of(0)),), NOW_MS + 60_000),
        ((SessionOpened(service_session_of(0)),), NOW_MS + 3_600_000),
        ((SessionOpened(pending_of(0)), SessionRedeemed(pending_of(0), REDEEMED)), LATER_MS + 604_800_000),
        (
            (SessionOpened(session_of(0)), SessionEnded(session_of(0), EndReason.REVOKED, LATER_MS, "")),
            LATER_MS + ENDED_MEMORY_MS,
        ),
        (
            (
                SessionOpened(service_session_of(0)),
                SessionEnded(service_session_of(0), EndReason.REVOKED, LATER_MS, ""),
            ),
            NOW_MS + 3_600_000,
        ),
        (
            (SessionOpened(pending_of(0)), SessionEnded(pending_of(0), EndReason.REPLACED, NOW_MS + 5, "")),
            NOW_MS + 60_000,
        ),
    ],
)
def test_row_lies_in_the_bucket_of_its_expiry(store: Opened, changes: tuple[Change, ...], expires_ms: int) -> None:
    """The first quarter of an hour by whose beginning nothing of the row can be used."""
    store.save(*changes)
    [(bucket,)] = store.rows("SELECT sweep_bucket FROM session")
    assert isinstance(bucket, int)
    assert 0 <= bucket * 900_000 - expires_ms < 900_000


def test_refresh_leaves_the_bucket_alone(store: Opened) -> None:
    """A refresh changes no indexed column (architecture.md, Storage)."""
    first = session_of(0)
    store.save(SessionOpened(first))
    before = store.rows("SELECT sweep_bucket FROM session")
    store.save(SessionRotated(first, refreshed(first, NOW_MS + 86_400_000)))
    assert store.rows("SELECT sweep_bucket FROM session") == before


# --- proofs ------------------------------------------------------------------------------------------------------


def test_credential_use_is_recorded_when_it_is_the_latest(store: Opened) -> None:
    """Of two jobs at once the later stays; a deleted credential is no conflict."""
    for at_ms in (NOW_MS, NOW_MS + 10, NOW_MS + 5):
        store.save(CredentialUsed(CREDENTIAL.id, at_ms))
    found = store.read(CredentialLookup(CREDENTIAL.sha256)).credential
    assert found == CREDENTIAL._replace(last_used_ms=NOW_MS + 10)
    store.save(CredentialUsed(RowId(5), NOW_MS))


def test_assertion_is_claimed_once(store: Opened) -> None:
    """The second presentation finds it spent."""
    store.save(AssertionClaimed(APP.id, "jti", NOW_MS))
    assert conflicts(store, AssertionClaimed(APP.id, "jti", NOW_MS))
    store.save(AssertionClaimed(OTHER_APP.id, "jti", NOW_MS))


# --- people at a browser -----------------------------------------------------------------------------------------


def test_sign_in_is_gone_when_it_ended(store: Opened) -> None:
    """Signing out twice is fine."""
    lookup = AuthorizeLookup(APP.id, (ACCOUNT.id, SIGN_IN.id))
    store.save(SignInStarted(SIGN_IN))
    assert store.read(lookup).sign_in == SIGN_IN
    assert conflicts(store, SignInStarted(SIGN_IN))
    for _ in range(2):
        store.save(SignInEnded(SIGN_IN, "browser"))
        assert store.read(lookup).sign_in is None


def test_consent_is_widened_and_withdrawn(store: Opened) -> None:
    """A later consent adds to what was agreed; withdrawing twice is fine."""
    lookup = AuthorizeLookup(APP.id, (ACCOUNT.id, SIGN_IN.id))
    store.save(SignInStarted(SIGN_IN), ConsentGiven(CONSENT))
    store.save(ConsentGiven(CONSENT._replace(scopes=frozenset({"ReadAccounts"}), granted_ms=LATER_MS)))
    wide = CONSENT._replace(scopes=frozenset({"ReadAccounts", "ReadCallLog"}), granted_ms=LATER_MS)
    assert store.read(lookup).consent == wide
    for _ in range(2):
        store.save(ConsentWithdrawn(ACCOUNT.id, AGENT.id, APP.id, "admin"))
        assert store.read(lookup).consent is None


def test_consent_stays_when_it_is_withdrawn_from_another_account(store: Opened) -> None:
    """The account is part of every statement."""
    store.save(SignInStarted(SIGN_IN), ConsentGiven(CONSENT))
    store.save(ConsentWithdrawn(AccountId(1), AGENT.id, APP.id, "admin"))
    assert store.read(AuthorizeLookup(APP.id, (ACCOUNT.id, SIGN_IN.id))).consent == CONSENT


# --- what administrators keep ------------------------------------------------------------------------------------


def test_account_changes_with_the_number_it_signs_in_by(store: Opened) -> None:
    """The old number means nobody, and is free."""
    after = ACCOUNT._replace(
        main_number="+12025550111", name="Acme Inc", status=AccountStatus.DISABLED, absolute_timeout_s=7, version=2
    )
    store.save(AccountChanged(ACCOUNT, after, "cli"))
    assert store.read(LoginLookup(LoginName(None, "12025550111", None))).account == after
    assert store.read(LoginLookup(LoginName(None, "12025550100", None))).account is None
    assert store.read(LoginLookup(LoginName(None, AGENT_NUMBER, None))).account == after
    assert conflicts(store, AccountChanged(ACCOUNT, after, "cli"))
    renamed = after._replace(name="Acme again", version=3)
    store.save(AccountChanged(after, renamed, "cli"))
    assert store.read(LoginLookup(LoginName(None, "12025550111", None))).account == renamed


def test_numbers_and_addresses_are_unique_over_all_accounts(store: Opened) -> None:
    """Whoever signs in by one must be one; case does not tell addresses apart."""
    company = ACCOUNT._replace(id=AccountId(5))
    assert conflicts(store, AccountCreated(company, "cli"))
    assert store.rows("SELECT count(*) FROM account WHERE id = 5") == [(0,)]
    person = AGENT._replace(id=ExtensionId(6), number="106", email="BEN@example.com")
    assert conflicts(store, ExtensionCreated(person, None, None, "cli"))
    assert conflicts(store, ExtensionCreated(person._replace(email=None, number="102"), None, None, "cli"))
    assert conflicts(store, ExtensionCreated(person._replace(email=None), AGENT_NUMBER, None, "cli"))
    assert store.rows("SELECT count(*) FROM extension WHERE id = 6") == [(0,)]


def test_extension_changes_when_its_version_is_the_one_seen(store: Opened) -> None:
    """Every field but id and account; the old address means nobody."""
    after = ADMIN._replace(
        number="201",
        status=ExtensionStatus.FROZEN,
        first_name="Eve",
        email="eve@example.com",
        role_id=CUSTOM_ROLE.id,
        sessions_from_ms=NOW_MS,
        version=2,
    )
    store.save(ExtensionChanged(ADMIN, after, "cli"))
    facts = store.read(LoginLookup(LoginName("eve@example.com", None, None)))
    assert (facts.extension, facts.password_hash) == (after, PASSWORD_HASH)
    assert store.read(LoginLookup(LoginName("ada.admin@example.com", None, None))).extension is None
    assert conflicts(store, ExtensionChanged(ADMIN, after, "cli"))


def test_password_changes_with_its_version(store: Opened) -> None:
    """Two changes decided on one version: the second is a miss."""
    after = AGENT._replace(password_version=2, version=2)
    change = PasswordChanged(AGENT, after, "$argon2id$new", "cli")
    store.save(change)
    facts = store.read(LoginLookup(LoginName(None, AGENT_NUMBER, None)))
    assert (facts.extension, facts.password_hash) == (after, "$argon2id$new")
    assert conflicts(store, change)
    assert "$argon2id" not in repr(change)


def test_password_is_hashed_anew_unless_it_was_changed_meanwhile(store: Opened) -> None:
    """Nothing but the hash: versions, and with them every session, stay."""
    store.save(PasswordRehashed(ACCOUNT.id, AGENT.id, PASSWORD_HASH, "$argon2id$stronger"))
    store.save(PasswordRehashed(ACCOUNT.id, AGENT.id, PASSWORD_HASH, "$argon2id$late"))
    facts = store.read(LoginLookup(LoginName(None, AGENT_NUMBER, None)))
    assert (facts.extension, facts.password_hash) == (AGENT, "$argon2id$stronger")


@pytest.mark.parametrize(
    "change",
    [
        AccountChanged(ACCOUNT, ACCOUNT, "cli"),
        ExtensionChanged(ADMIN, ADMIN, "cli"),
        ExtensionChanged(ADMIN, ADMIN._replace(version=2, password_version=9), "cli"),
        ExtensionChanged(ADMIN, ADMIN._replace(version=2, id=AGENT.id), "cli"),
        PasswordChanged(ADMIN, ADMIN._replace(version=2), None, "cli"),
        RoleChanged(CUSTOM_ROLE, CUSTOM_ROLE, "cli"),
        AppChanged(APP, APP, None, "cli"),
        AppChanged(APP, OTHER_APP._replace(version=2), None, "cli"),
    ],
)
def test_change_that_keeps_its_version_is_a_defect(store: Opened, change: Change) -> None:
    """Versions are what proofs, caches and compare-and-swaps rely on."""
    with pytest.raises(AssertionError):
        store.save(change)


def test_extension_without_account_or_role_is_a_defect(store: Opened) -> None:
    """A broken reference is ours, and never a conflict to try again."""
    nobody = AGENT._replace(id=ExtensionId(6), number="6", email=None, role_id=RoleId(99))
    with pytest.raises(BROKEN_REFERENCE):
        store.save(ExtensionCreated(nobody, None, None, "cli"))


def test_role_changes_when_its_version_is_the_one_seen(store: Opened) -> None:
    """Its people have the new permissions at once."""
    store.save(SessionOpened(service_session_of(0)))
    after = CUSTOM_ROLE._replace(
        name="Readers", description="new", permissions=frozenset({"ReadCompanyCallLog"}), version=2
    )
    store.save(RoleChanged(CUSTOM_ROLE, after, "cli"))
    assert store.read(SessionLookup(ACCOUNT.id, service_session_of(0).id)).role == after
    assert conflicts(store, RoleChanged(CUSTOM_ROLE, after, "cli"))
    assert conflicts(store, RoleCreated(after, "cli"))


def test_app_changes_when_its_version_is_the_one_seen(store: Opened) -> None:
    """Its keys stay unless new ones are given."""
    after = APP._replace(
        name="Reports 2",
        status=ClientStatus.BLOCKED,
        grants=frozenset({GrantType.JWT_BEARER}),
        scopes=(),
        redirect_uris=(),
        switches=frozenset({Switch.PKCE_PLAIN, Switch.LATE_REPEAT_ENDS}),
        session_cap=100,
        version=2,
    )
    store.save(AppChanged(APP, after, None, "cli"))
    assert store.read(ClientLookup(APP.id)) == (after, KEYS)
    assert conflicts(store, AppChanged(APP, after, None, "cli"))
    sealed = ClientKeys(None, b"sealed", '{"keys": []}')
    newest = after._replace(version=3)
    store.save(AppChanged(after, newest, sealed, "cli"))
    assert store.read(ClientLookup(APP.id)) == (newest, sealed)
    assert conflicts(store, AppRegistered(APP, KEYS, "cli"))


def test_account_allows_an_app_once(store: Opened) -> None:
    """A second allowance leaves no service extension behind."""
    twin = ServiceAllowed(
        ALLOWANCE._replace(id=RowId(7_009), extension_id=ExtensionId(909)), SERVICE._replace(id=ExtensionId(909)), ""
    )
    assert conflicts(store, twin)
    assert store.rows("SELECT count(*) FROM extension WHERE id = 909") == [(0,)]


def test_disallowed_service_is_disabled_and_can_be_allowed_anew(store: Opened) -> None:
    """The allowance goes; the extension stays for what names it."""
    store.save(SessionOpened(service_session_of(0)))
    store.save(ServiceDisallowed(ALLOWANCE, "cli"))
    assert [allowed.allowance for allowed in store.read(ServiceOpening(APP.id, None)).allowed] == [OTHER_ALLOWANCE]
    facts = store.read(SessionLookup(ACCOUNT.id, service_session_of(0).id))
    assert facts.extension == SERVICE._replace(status=ExtensionStatus.DISABLED, version=2)
    assert conflicts(store, ServiceDisallowed(ALLOWANCE, "cli"))
    anew = ALLOWANCE._replace(id=RowId(7_010), extension_id=ExtensionId(910))
    store.save(ServiceAllowed(anew, SERVICE._replace(id=ExtensionId(910)), "cli"))
    assert anew in [allowed.allowance for allowed in store.read(ServiceOpening(APP.id, None)).allowed]


def test_credential_is_deleted_once(store: Opened) -> None:
    """And its text can never name another."""
    twin = CREDENTIAL._replace(id=RowId(8_009))
    assert conflicts(store, CredentialCreated(twin, "cli"))
    store.save(CredentialDeleted(CREDENTIAL, "cli"))
    assert store.read(CredentialLookup(CREDENTIAL.sha256)).credential is None
    assert conflicts(store, CredentialDeleted(CREDENTIAL, "cli"))


def test_sessions_from_moves_forward_only(store: Opened) -> None:
    """An older order must not bring sessions back."""
    for at_ms in (NOW_MS, NOW_MS - 5):
        store.save(SessionsFromMoved(at_ms, "cli"))
    assert store.rows("SELECT sessions_from_ms FROM cell") == [(NOW_MS,)]


def test_key_moves_through_its_states_and_is_forgotten(store: Opened) -> None:
    """When it was published stays; forgetting twice is fine."""
    active = KEY._replace(state=KeyState.ACTIVE, active_ms=LATER_MS)
    retired = active._replace(state=KeyState.RETIRED, retired_ms=LATER_MS + 1, wrapped=b"wrapped anew")
    for key in (KEY, active, retired):
        store.save(KeyStored(key, "server"))
        assert store.read(KeysLookup()).keys == (key,)
    for _ in range(2):
        store.save(KeyForgotten(KEY.use, KEY.number, "server"))
        assert store.read(KeysLookup()).keys == ()


# --- units -------------------------------------------------------------------------------------------------------


def test_unit_is_decided_again_on_the_newer_row(store: Opened) -> None:
    """A conflict loads anew: what is saved stands on what is there."""
    store.save(SessionOpened(session_of(0)))
    attempts = 0

    def open_in_next_slot(_: KeysFacts) -> Done:
        nonlocal attempts
        attempts += 1
        return Done((SessionOpened(session_of(1)._replace(slot=attempts - 1)),))

    store.run(KeysLookup(), open_in_next_slot)
    assert attempts == 2
    assert session_in(store, session_of(1)) == session_of(1)


def test_unit_is_all_or_nothing(store: Opened) -> None:
    """A later change that misses takes the earlier ones with it."""
    assert conflicts(
        store,
        SessionOpened(session_of(0)),
        SessionEnded(session_of(5), EndReason.REVOKED, NOW_MS, APP.id),
    )
    assert store.rows("SELECT count(*) FROM session") == [(0,)]


def test_list_whose_member_would_be_lost_is_a_defect(store: Opened) -> None:
    """Members are separated by spaces, so none may be empty or hold one."""
    for uris in (("https://a.example/ b",), ("",)):
        broken = AppRegistered(APP._replace(id=ClientId("b"), redirect_uris=uris), KEYS, "cli")
        with pytest.raises(AssertionError):
            store.save(broken)
