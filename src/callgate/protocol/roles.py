"""Roles asked for and changed by the resource API (protocol.md B): nobody gives, or takes, more than they have.

Who may ask at all stands in protocol/resources.py. What a role may be is an administrator's matter
(protocol/administer/roles.py), whoever the administrator is.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from callgate.model import api_faults
from callgate.model.account import Extension, Role
from callgate.model.acts import Refused, RoleActFacts
from callgate.model.changes import ExtensionChanged
from callgate.model.decisions import Denied, Done
from callgate.model.ids import AccountId, RoleId
from callgate.model.permission import PERMISSIONS, Category, expand
from callgate.model.roles import AssignFacts, RoleListQuery
from callgate.protocol.administer import roles
from callgate.protocol.body import BodyReader
from callgate.protocol.paging import read_page
from callgate.protocol.query import Query, QueryReader
from callgate.protocol.resources import Subject, no_such, no_such_extension

_PERMISSION_ID = re.compile(r"[A-Za-z0-9]{1,64}", re.ASCII)


class RoleWish(NamedTuple):
    """What a body wants of a role; None leaves as it is."""

    name: str | None
    description: str | None
    permissions: frozenset[str] | None


# --- asked -------------------------------------------------------------------------------------------------------


def parse_role_list(query: Query, *, account_id: AccountId) -> RoleListQuery | Denied:
    """The page of roles a query asks for."""
    reader = QueryReader(query)
    asked = RoleListQuery(account_id, reader.flag("custom"), read_page(reader))
    return reader.refused or asked


def parse_role(body: Mapping[str, object]) -> RoleWish | Denied:
    """What a role is to be called and to allow."""
    reader = BodyReader(body)
    named = reader.parts("permissions")
    ids = None if named is None else frozenset(each.text("id") or "" for each in named)
    wish = RoleWish(reader.text("displayName"), reader.text("description"), ids)
    return reader.refused or wish


def parse_new_role(body: Mapping[str, object]) -> RoleWish | Denied:
    """The same, of a role that is not there yet: it must have a name."""
    reader = BodyReader(body)
    return parse_role(body) if reader.has("displayName") else reader.require("displayName")


def parse_role_id(body: Mapping[str, object]) -> RoleId | Denied:
    """The role that new people are to get."""
    return _role_id(BodyReader(body))


def parse_assigned_role(body: Mapping[str, object]) -> RoleId | Denied:
    """The one role somebody is to have: here, nobody has two."""
    reader = BodyReader(body)
    records = reader.parts("records")
    if records is None or len(records) != 1:
        return reader.refuse("records")
    return _role_id(records[0])


def parse_validate_only(query: Query) -> bool | Denied:
    """Whether a deletion is only to be tried."""
    reader = QueryReader(query)
    wanted = reader.flag("validateOnly") is True
    return reader.refused or wanted


def parse_permission(query: Query) -> str | Denied:
    """The permission a check is about; one that nobody can have is an answer, not a mistake."""
    reader = QueryReader(query)
    found = reader.text("permissionId", form=_PERMISSION_ID)
    if reader.refused is None and found is None:
        return Denied(fault=api_faults.PARAMETER_REQUIRED, values=(("parameterName", "permissionId"),))
    return reader.refused or found or ""


def find_permission(name: str | None) -> str | Denied:
    """The id of a permission, from a path."""
    if name is None or name not in PERMISSIONS:
        return no_such("permissionId", why="there is no permission of this id")
    return name


def find_category(name: str | None) -> Category | Denied:
    """What a permission is about, by its id in a path."""
    found = next((category for category in Category if category.value == name), None)
    return found or no_such("permissionCategoryId", why="there is no category of this id")


def no_such_role() -> Denied:
    """There is no such role for this account."""
    return no_such("roleId", why="neither the account nor Callgate has a role of this id")


# --- changed -----------------------------------------------------------------------------------------------------


def create_role(role: Role, *, facts: RoleActFacts, by: str) -> Done | Denied:
    """A role of the account's own, that allows no more than its giver may."""
    return _exceeds(facts.giver, role) or _told(roles.create_role(role, facts=facts, by=by))


def change_role(wish: RoleWish, *, subject: Subject, facts: RoleActFacts, by: str) -> Done | Denied:
    """A role as wished: it allowed no more than its giver may, and does so afterwards."""
    role = _visible(facts.role, subject)
    if role is None:
        return no_such_role()
    edited = _edit(role, wish)
    return (
        _exceeds(facts.giver, role)
        or _exceeds(facts.giver, edited)
        or _told(roles.change_role(lambda _: edited, facts=facts, by=by))
    )


def delete_role(*, subject: Subject, facts: RoleActFacts, by: str, validate_only: bool) -> Done | Denied:
    """A role gone, or only whether it could go."""
    role = _visible(facts.role, subject)
    if role is None:
        return no_such_role()
    outcome = _exceeds(facts.giver, role) or _told(roles.delete_role(facts=facts, by=by))
    return Done() if validate_only and isinstance(outcome, Done) else outcome


def choose_default(*, subject: Subject, facts: RoleActFacts, by: str) -> Done | Denied:
    """The role that new people get."""
    role = _visible(facts.role, subject)
    if role is None:
        return no_such_role()
    return _exceeds(facts.giver, role) or _told(roles.choose_default(facts=facts, by=by))


def assign_role(*, subject: Subject, facts: AssignFacts, by: str) -> Done | Denied:
    """Somebody's role: what they had and what they get is no more than the giver has.

    The main administrator's is not changed by the API: an account that nobody can administer any more is beyond it.
    """
    extension, before = facts.extension, facts.before
    after = _visible(facts.after, subject)
    if extension is None or before is None:
        return no_such_extension()
    if after is None:
        return no_such_role()
    exceeds = _exceeds(facts.giver, before) or _exceeds(facts.giver, after)
    if exceeds or before == after:
        return exceeds or Done()
    if _is_main_administrator(extension):
        return refused("the main administrator keeps the role they have")
    changed = extension._replace(role_id=after.id, version=extension.version + 1)
    return Done((ExtensionChanged(extension, changed, by),))


def exceeds_giver(giver: Role | None, role: Role | None) -> Denied | None:
    """Whether a role allows what its giver may not."""
    return None if role is None else _exceeds(giver, role)


def refused(problem: str) -> Denied:
    """An administrator's act that cannot be, in the API's words."""
    return Denied(fault=api_faults.ACT_REFUSED, values=(("problem", problem),))


def _role_id(reader: BodyReader) -> RoleId | Denied:
    found = reader.id("id")
    return reader.require("id") if found is None else RoleId(found)


def _edit(role: Role, wish: RoleWish) -> Role:
    return role._replace(
        name=role.name if wish.name is None else wish.name,
        description=role.description if wish.description is None else wish.description,
        permissions=role.permissions if wish.permissions is None else wish.permissions,
    )


def _visible(role: Role | None, subject: Subject) -> Role | None:
    return role if role is not None and role.account_id in {None, subject.account_id} else None


def _exceeds(giver: Role | None, role: Role) -> Denied | None:
    own = expand(giver.permissions) if giver else frozenset()
    beyond = sorted(expand(role.permissions) - own)
    if not beyond:
        return None
    why = f"{giver.name if giver else 'nobody'} lacks {', '.join(beyond)}"
    return Denied(fault=api_faults.ROLE_EXCEEDS_GIVER, values=(("permissionName", beyond[0]),), why=why)


def _told(outcome: Done | Refused) -> Done | Denied:
    return refused(outcome.problem) if isinstance(outcome, Refused) else outcome


def _is_main_administrator(extension: Extension) -> bool:
    return int(extension.id) == int(extension.account_id)
