"""Roles: the predefined ones, which Callgate keeps, and those an account makes for itself."""

from collections.abc import Callable, Iterable

from callgate.model.account import Role
from callgate.model.acts import Refused, RoleActFacts
from callgate.model.changes import Change, RoleChanged, RoleCreated
from callgate.model.decisions import Done
from callgate.model.ids import RoleId
from callgate.model.listings import RolesFacts
from callgate.model.permission import PERMISSIONS
from callgate.model.roles import DefaultRoleChanged, RoleDeleted
from callgate.protocol.administer.texts import DESCRIPTION_CHARS_MAX, check_text, first_problem, nearest

SUPER_ADMIN = Role(
    id=RoleId(1),
    account_id=None,
    name="Super Admin",
    description="Everything there is",
    permissions=frozenset(PERMISSIONS),
    version=1,
)
STANDARD = Role(
    id=RoleId(2),
    account_id=None,
    name="Standard",
    description="One's own calls, the company's directory, and apps of others",
    permissions=frozenset({"EditCallLog", "ReadCallLog", "ReadCallRecording", "ReadExtensions", "ThirdPartyAppAccess"}),
    version=1,
)
PHONE_ADMIN = Role(
    id=RoleId(3),
    account_id=None,
    name="Phone System Admin",
    description="The company's calls, queues, extensions and own data",
    permissions=STANDARD.permissions
    | {"FullCompanyCallLog", "EditExtensions", "Groups", "EditCompanyInfo", "ReadUserRoles", "ReadAssignedRoles"},
    version=1,
)
USER_ADMIN = Role(
    id=RoleId(4),
    account_id=None,
    name="User Admin",
    description="People and queues, and which role each has",
    permissions=STANDARD.permissions | {"EditExtensions", "Groups", "ReadUserRoles", "EditAssignedRoles"},
    version=1,
)
_NAME_CHARS_TOLD = 32

PREDEFINED = (SUPER_ADMIN, STANDARD, PHONE_ADMIN, USER_ADMIN)
"""In every database, the same for every account. Their ids are fixed; those of other roles are drawn."""


def keep_predefined(facts: RolesFacts, *, by: str) -> Done:
    """Make the predefined roles, or bring them to what this version of Callgate says they are."""
    kept = {role.id: role for role in facts.roles}
    return Done(tuple(_settle(kept, by=by)))


def create_role(role: Role, *, facts: RoleActFacts, by: str) -> Done | Refused:
    """A role of one account."""
    if facts.account is None:
        return Refused("there is no such account")
    problem = _check(role, facts)
    return Refused(problem) if problem else Done((RoleCreated(role._replace(changed_ms=facts.now_ms), by),))


def change_role(edit: Callable[[Role], Role], *, facts: RoleActFacts, by: str) -> Done | Refused:
    """A role after an edit; nothing is written when nothing changed."""
    before = facts.role
    if before is None:
        return Refused("there is no such role")
    if before.account_id is None:
        return Refused(f"{before.name} is predefined: make a role of the account's own instead")
    edited = edit(before)
    if edited == before:
        return Done()
    problem = _check(edited, facts)
    after = edited._replace(version=before.version + 1, changed_ms=facts.now_ms)
    return Refused(problem) if problem else Done((RoleChanged(before, after, by),))


def delete_role(*, facts: RoleActFacts, by: str) -> Done | Refused:
    """A role of one account that nobody has, nor is to get."""
    role = facts.role
    if role is None:
        return Refused("there is no such role")
    if role.account_id is None:
        return Refused(f"{role.name} is predefined, and stays")
    if facts.in_use:
        return Refused(f"somebody has the role {role.name}: give them another one first")
    if facts.default_role_id == role.id:
        return Refused(f"new people get the role {role.name}: choose another default first")
    return Done((RoleDeleted(role, by),))


def choose_default(*, facts: RoleActFacts, by: str) -> Done | Refused:
    """The role that an account's new people get; nothing is written when it is chosen already."""
    account, role = facts.account, facts.role
    if account is None:
        return Refused("there is no such account")
    if role is None or role.account_id not in {None, account.id}:
        return Refused("there is no such role in this account")
    if facts.default_role_id == role.id:
        return Done()
    return Done((DefaultRoleChanged(account.id, facts.default_role_id, role.id, by),))


def _settle(kept: dict[RoleId, Role], *, by: str) -> Iterable[Change]:
    for role in PREDEFINED:
        before = kept.get(role.id)
        if before is None:
            yield RoleCreated(role, by)
        elif before._replace(version=role.version, changed_ms=role.changed_ms) != role:
            yield RoleChanged(before, role._replace(version=before.version + 1), by)


def _check(role: Role, facts: RoleActFacts) -> str | None:
    unknown = sorted(role.permissions - PERMISSIONS.keys())
    return first_problem(
        check_text("role's name", role.name),
        check_text("description", role.description, chars_max=DESCRIPTION_CHARS_MAX) if role.description else None,
        _tell_unknown(unknown[0]) if unknown else None,
        f"the account has a role {role.name} already" if facts.name_taken else None,
    )


def _tell_unknown(permission: str) -> str:
    near = nearest(permission, PERMISSIONS, most=2)
    meant = f"; nearest: {near}" if near else ""
    return (
        f"there is no permission {permission[:_NAME_CHARS_TOLD]}{meant}; "
        "dictionary/permission and `callgate roles permissions` list them"
    )
