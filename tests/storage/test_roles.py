"""Roles in a real database: listed, deleted, chosen as a default, and whose they are."""

import pytest

from callgate.model.account import Role
from callgate.model.changes import RoleChanged, RoleCreated
from callgate.model.failure import Unavailable
from callgate.model.ids import AccountId, ExtensionId, RoleId
from callgate.model.paging import Page
from callgate.model.roles import (
    AssignedRoleFacts,
    AssignedRoleLookup,
    AssignFacts,
    AssignLookup,
    DefaultRoleChanged,
    DefaultRoleLookup,
    RoleDeleted,
    RoleFacts,
    RoleListFacts,
    RoleListLookup,
    RoleListQuery,
    RoleLookup,
)
from tests.storage.engines import BROKEN_REFERENCE, Opened
from tests.storage.world import ACCOUNT, AGENT, CUSTOM_ROLE, NOW_MS, OTHER_ACCOUNT, OTHER_SERVICE, ROLE, SERVICE

SPARE = CUSTOM_ROLE._replace(id=RoleId(9), name="Spare", changed_ms=NOW_MS)


@pytest.fixture
def roles(store: Opened) -> Opened:
    """The world with one role more."""
    store.save(RoleCreated(SPARE, "cli"))
    return store


@pytest.mark.parametrize(
    ("account_id", "custom", "page", "expected", "total"),
    [
        (ACCOUNT.id, None, Page(), (ROLE, CUSTOM_ROLE, SPARE), 3),
        (ACCOUNT.id, True, Page(), (CUSTOM_ROLE, SPARE), 2),
        (ACCOUNT.id, False, Page(), (ROLE,), 1),
        (ACCOUNT.id, None, Page(2, 2), (SPARE,), 3),
        (OTHER_ACCOUNT.id, None, Page(), (ROLE,), 1),
        (OTHER_ACCOUNT.id, True, Page(), (), 0),
    ],
)
def test_roles_are_listed_by_origin(  # noqa: PLR0917 - one row of the table
    roles: Opened, account_id: AccountId, custom: bool | None, page: Page, expected: tuple[Role, ...], total: int
) -> None:
    """In the order of ids, with the total of all pages."""
    query = RoleListQuery(account_id, custom, page)
    assert roles.read(RoleListLookup(query)) == RoleListFacts(expected, total)


def test_role_is_found_where_it_may_be_seen(roles: Opened) -> None:
    """A predefined one everywhere, an account's own there."""
    assert roles.read(RoleLookup(ACCOUNT.id, SPARE.id)) == RoleFacts(SPARE)
    assert roles.read(RoleLookup(OTHER_ACCOUNT.id, ROLE.id)) == RoleFacts(ROLE)
    assert roles.read(RoleLookup(OTHER_ACCOUNT.id, SPARE.id)) == RoleFacts(None)
    assert roles.read(RoleLookup(ACCOUNT.id, RoleId(0))) == RoleFacts(None)


def test_role_is_deleted_as_it_was_seen(roles: Opened) -> None:
    """Changed meanwhile, it stays; somebody having it, the database refuses even a decision that overlooked them."""
    changed = SPARE._replace(name="New", version=2, changed_ms=NOW_MS + 1)
    roles.save(RoleChanged(SPARE, changed, "cli"))
    assert roles.read(RoleLookup(ACCOUNT.id, SPARE.id)) == RoleFacts(changed)
    with pytest.raises(Unavailable):
        roles.save(RoleDeleted(SPARE, "cli"))
    roles.save(RoleDeleted(changed, "cli"))
    assert roles.read(RoleLookup(ACCOUNT.id, SPARE.id)) == RoleFacts(None)
    with pytest.raises(BROKEN_REFERENCE):
        roles.save(RoleDeleted(CUSTOM_ROLE, "cli"))


def test_default_role_is_chosen_first_and_anew(roles: Opened) -> None:
    """A choice decided on another one is a conflict."""
    assert roles.read(DefaultRoleLookup(ACCOUNT.id)) == RoleFacts(None)
    first = DefaultRoleChanged(ACCOUNT.id, None, SPARE.id, "cli")
    anew = DefaultRoleChanged(ACCOUNT.id, SPARE.id, ROLE.id, "cli")
    roles.save(first)
    assert roles.read(DefaultRoleLookup(ACCOUNT.id)) == RoleFacts(SPARE)
    roles.save(anew)
    assert roles.read(DefaultRoleLookup(ACCOUNT.id)) == RoleFacts(ROLE)
    assert roles.read(DefaultRoleLookup(OTHER_ACCOUNT.id)) == RoleFacts(None)
    for stale in (first, anew):
        with pytest.raises(Unavailable):
            roles.save(stale)


def test_role_of_somebody_is_found_in_their_account(roles: Opened) -> None:
    """Another account's person has none here."""
    assert roles.read(AssignedRoleLookup(ACCOUNT.id, SERVICE.id)) == AssignedRoleFacts(SERVICE, CUSTOM_ROLE)
    for account_id, extension_id in ((OTHER_ACCOUNT.id, SERVICE.id), (ACCOUNT.id, ExtensionId(9))):
        assert roles.read(AssignedRoleLookup(account_id, extension_id)) == AssignedRoleFacts(None, None)


def test_assignment_sees_both_roles_and_the_givers(roles: Opened) -> None:
    """All as they are today; another account's role is none."""
    lookup = AssignLookup(account_id=ACCOUNT.id, extension_id=SERVICE.id, role_id=SPARE.id, giver_id=AGENT.id)
    assert roles.read(lookup) == AssignFacts(NOW_MS, SERVICE, CUSTOM_ROLE, SPARE, ROLE)
    elsewhere = AssignLookup(
        account_id=OTHER_ACCOUNT.id, extension_id=OTHER_SERVICE.id, role_id=SPARE.id, giver_id=AGENT.id
    )
    assert roles.read(elsewhere) == AssignFacts(NOW_MS, OTHER_SERVICE, ROLE, None, None)
