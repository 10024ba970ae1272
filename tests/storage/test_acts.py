"""What a decision on an administrator's act sees, answered from a real database: who is there, and what is taken."""

import pytest

from callgate.model.account import LoginName
from callgate.model.acts import (
    AccountActFacts,
    AccountActLookup,
    AllowanceActFacts,
    AllowanceActLookup,
    AppActFacts,
    AppActLookup,
    CellFacts,
    CellLookup,
    ConsentActFacts,
    ConsentActLookup,
    CredentialActFacts,
    CredentialActLookup,
    ExtensionActFacts,
    ExtensionActLookup,
    RoleActFacts,
    RoleActLookup,
)
from callgate.model.changes import ConsentGiven, RoleCreated, SessionOpened, SessionsFromMoved
from callgate.model.facts import Seated
from callgate.model.ids import AccountId, ClientId, ExtensionId, RoleId, RowId
from callgate.model.roles import DefaultRoleChanged
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
    CUSTOM_ROLE,
    NOW_MS,
    OTHER_ACCOUNT,
    OTHER_APP,
    ROLE,
    pending_of,
    session_of,
)

NEW = 999
NO_NAME = LoginName(None, None, None)


@pytest.mark.parametrize(
    ("lookup", "account", "number_taken", "email_taken"),
    [
        (AccountActLookup(account_id=ACCOUNT.id), ACCOUNT, False, False),
        (AccountActLookup(account_id=AccountId(NEW), phone="12025550999", email="x@example.com"), None, False, False),
        (AccountActLookup(account_id=AccountId(NEW), phone="12025550100"), None, True, False),
        (AccountActLookup(account_id=AccountId(NEW), phone=AGENT_NUMBER), None, True, False),
        (AccountActLookup(account_id=AccountId(NEW), email="ada.admin@example.com"), None, False, True),
        # Its own number and its administrator's own address are nobody else's.
        (
            AccountActLookup(account_id=ACCOUNT.id, phone="12025550100", email="ada.admin@example.com"),
            ACCOUNT,
            False,
            False,
        ),
        # A direct number of one of its people is not the company's.
        (AccountActLookup(account_id=ACCOUNT.id, phone=AGENT_NUMBER), ACCOUNT, True, False),
    ],
)
def test_account_act_sees_who_else_has_the_number_or_address(
    store: Opened, lookup: AccountActLookup, account: object, number_taken: bool, email_taken: bool
) -> None:
    """protocol.md B: a login name means one person of all accounts."""
    facts = store.read(lookup)
    assert facts == AccountActFacts(NOW_MS, account, number_taken, email_taken)  # type: ignore[arg-type] # rows of one table


@pytest.mark.parametrize(
    ("extension_id", "login", "taken"),
    [
        (AGENT.id, NO_NAME, (False, False, False)),
        (AGENT.id, LoginName("ben@example.com", AGENT_NUMBER, "102"), (False, False, False)),
        (AGENT.id, LoginName("ada.admin@example.com", "12025550100", "101"), (True, True, True)),
        (ExtensionId(NEW), LoginName("ben@example.com", AGENT_NUMBER, "102"), (True, True, True)),
        (ExtensionId(NEW), LoginName("new@example.com", "12025550999", "109"), (False, False, False)),
    ],
)
def test_extension_act_sees_who_else_is_called_so(
    store: Opened, extension_id: ExtensionId, login: LoginName, taken: tuple[bool, bool, bool]
) -> None:
    """Extension numbers are the account's, the rest is everybody's."""
    lookup = ExtensionActLookup(account_id=ACCOUNT.id, extension_id=extension_id, login=login, role_id=CUSTOM_ROLE.id)
    extension = AGENT if extension_id == AGENT.id else None
    number, email, phone = taken
    assert store.read(lookup) == ExtensionActFacts(NOW_MS, ACCOUNT, extension, CUSTOM_ROLE, number, email, phone)


def test_extension_act_sees_nobody_of_another_account(store: Opened) -> None:
    """An id of one account means nobody in another; its extension numbers are free there."""
    lookup = ExtensionActLookup(account_id=OTHER_ACCOUNT.id, extension_id=AGENT.id, login=LoginName(None, None, "102"))
    assert store.read(lookup) == ExtensionActFacts(NOW_MS, OTHER_ACCOUNT, None, None, False, False, False)
    nowhere = ExtensionActLookup(account_id=AccountId(NEW), extension_id=ExtensionId(NEW), login=NO_NAME)
    assert store.read(nowhere).account is None


def test_role_act_sees_whether_the_name_is_taken(store: Opened) -> None:
    """The predefined names are taken in every account; another account's are free."""
    mine = RoleActLookup(account_id=ACCOUNT.id, role_id=CUSTOM_ROLE.id, name="Reader")
    assert store.read(mine) == RoleActFacts(NOW_MS, ACCOUNT, CUSTOM_ROLE, name_taken=False, in_use=True)
    new = RoleActLookup(account_id=ACCOUNT.id, role_id=RoleId(NEW), name="Reader")
    assert store.read(new) == RoleActFacts(NOW_MS, ACCOUNT, None, name_taken=True)
    predefined = RoleActLookup(account_id=OTHER_ACCOUNT.id, role_id=RoleId(NEW), name=ROLE.name)
    assert store.read(predefined).name_taken
    elsewhere = RoleActLookup(account_id=OTHER_ACCOUNT.id, role_id=RoleId(NEW), name="Reader")
    assert not store.read(elsewhere).name_taken


def test_role_act_sees_whom_it_concerns(store: Opened) -> None:
    """Who has the role, who gets it by default, and the role of whoever acts."""
    spare = CUSTOM_ROLE._replace(id=RoleId(NEW), name="Spare")
    store.save(RoleCreated(spare, "cli"), DefaultRoleChanged(ACCOUNT.id, None, spare.id, "cli"))
    asked = RoleActLookup(account_id=ACCOUNT.id, role_id=spare.id, name="Spare", giver_id=AGENT.id)
    expected = RoleActFacts(NOW_MS, ACCOUNT, spare, name_taken=False, default_role_id=spare.id, giver=ROLE)
    assert store.read(asked) == expected
    act = ExtensionActLookup(account_id=ACCOUNT.id, extension_id=ExtensionId(NEW), login=NO_NAME, giver_id=AGENT.id)
    assert store.read(act).giver == ROLE


def test_app_act_sees_owner_app_and_whether_the_name_is_taken(store: Opened) -> None:
    """Names are an account's own."""
    mine = AppActLookup(account_id=ACCOUNT.id, client_id=APP.id, name=APP.name)
    assert store.read(mine) == AppActFacts(NOW_MS, ACCOUNT, APP, name_taken=False)
    new = AppActLookup(account_id=ACCOUNT.id, client_id=ClientId("new"), name=APP.name)
    assert store.read(new) == AppActFacts(NOW_MS, ACCOUNT, None, name_taken=True)
    elsewhere = AppActLookup(account_id=AccountId(NEW), client_id=ClientId("new"), name=APP.name)
    assert store.read(elsewhere) == AppActFacts(NOW_MS, None, None, name_taken=False)


def test_allowance_act_sees_app_account_role_and_allowance(store: Opened) -> None:
    """Each of them may be missing."""
    there = AllowanceActLookup(client_id=APP.id, account_id=ACCOUNT.id, role_id=ROLE.id)
    assert store.read(there) == AllowanceActFacts(NOW_MS, APP, ACCOUNT, ROLE, ALLOWANCE)
    none = AllowanceActLookup(client_id=OTHER_APP.id, account_id=ACCOUNT.id)
    assert store.read(none) == AllowanceActFacts(NOW_MS, OTHER_APP, ACCOUNT, None, None)
    nothing = AllowanceActLookup(client_id=ClientId("new"), account_id=AccountId(NEW))
    assert store.read(nothing) == AllowanceActFacts(NOW_MS, None, None, None, None)


def test_credential_act_sees_person_credential_and_apps_that_are_none(store: Opened) -> None:
    """A credential of somebody else is none of this person's."""
    apps = frozenset({APP.id, ClientId("gone"), ClientId("also gone")})
    lookup = CredentialActLookup(extension_id=AGENT.id, credential_id=CREDENTIAL.id, client_ids=apps)
    unknown = (ClientId("also gone"), ClientId("gone"))
    seen = CredentialActFacts(NOW_MS, ACCOUNT, AGENT, CREDENTIAL, unknown, role=ROLE, apps=(APP,), held=2)
    assert store.read(lookup) == seen
    another = CredentialActLookup(extension_id=ADMIN.id, credential_id=CREDENTIAL.id)
    assert store.read(another) == CredentialActFacts(NOW_MS, ACCOUNT, ADMIN, None, (), role=ROLE)
    nobody = CredentialActLookup(extension_id=ExtensionId(NEW), credential_id=RowId(NEW))
    assert store.read(nobody) == CredentialActFacts(NOW_MS, None, None, None, ())


def test_consent_act_sees_the_consent_and_the_seat(store: Opened) -> None:
    """Codes and living sessions of this person with this app, and nobody else's."""
    live, code = session_of(0), pending_of(1)
    elsewhere = session_of(2)._replace(slot=0, client_id=OTHER_APP.id)
    store.save(ConsentGiven(CONSENT), *(SessionOpened(each) for each in (live, code, elsewhere)))
    seat = (Seated(live, 1), Seated(code, 1))
    assert store.read(ConsentActLookup(AGENT.id, APP.id)) == ConsentActFacts(NOW_MS, CONSENT, seat)
    never = ConsentActLookup(AGENT.id, OTHER_APP.id)
    assert store.read(never) == ConsentActFacts(NOW_MS, None, (Seated(elsewhere, 1),))
    assert store.read(ConsentActLookup(ExtensionId(NEW), APP.id)) == ConsentActFacts(NOW_MS, None, ())


def test_cell_lookup_gives_the_line_sessions_count_from(store: Opened) -> None:
    """What a restore and a log-out of everybody move."""
    store.save(SessionsFromMoved(NOW_MS - 5, "cli"))
    assert store.read(CellLookup()) == CellFacts(NOW_MS, NOW_MS - 5)
