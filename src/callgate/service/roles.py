"""Roles read and changed for a bearer: judged, loaded, written in their name, and given to be rendered."""

from typing import NamedTuple

from callgate.crypto.entropy import draw_id
from callgate.model import operation
from callgate.model.account import Extension, Role
from callgate.model.acts import RoleActFacts, RoleActLookup
from callgate.model.decisions import Admitted, Denied, Done
from callgate.model.ids import AccountId, RoleId
from callgate.model.permission import expand
from callgate.model.roles import (
    AssignedRoleLookup,
    AssignLookup,
    DefaultRoleLookup,
    RoleListFacts,
    RoleListLookup,
    RoleListQuery,
    RoleLookup,
)
from callgate.protocol import roles
from callgate.protocol.administer.roles import STANDARD
from callgate.protocol.query import parse_query
from callgate.protocol.resources import Subject, find_id, judge, no_such_extension
from callgate.service.body import read_object
from callgate.service.context import Context
from callgate.service.resources import Asked
from callgate.storage.port import Unit


class RoleListShown(NamedTuple):
    """A page of roles; `dictionary` says that it is the one of predefined roles, which no account has."""

    query: RoleListQuery
    facts: RoleListFacts
    dictionary: bool


class RoleShown(NamedTuple):
    """One role, as an account's or as the dictionary's (None)."""

    role: Role
    account_id: AccountId | None


class AssignedShown(NamedTuple):
    """Who has which role."""

    extension: Extension
    role: Role


class CheckShown(NamedTuple):
    """Whether somebody's role permits one thing."""

    assigned: AssignedShown
    permission: str
    successful: bool


async def list_roles(context: Context, admitted: Admitted, asked: Asked) -> RoleListShown | Denied:
    """`GET account/{accountId}/user-role`. Raises Unavailable."""
    subject = judge(admitted, operation.LIST_ROLES, account=asked.account)
    if isinstance(subject, Denied):
        return subject
    pairs = parse_query(asked.query)
    if isinstance(pairs, Denied):
        return pairs
    query = roles.parse_role_list(pairs, account_id=subject.account_id)
    if isinstance(query, Denied):
        return query
    return RoleListShown(query, await context.store.read(RoleListLookup(query)), dictionary=False)


async def read_role(context: Context, admitted: Admitted, asked: Asked) -> RoleShown | Denied:
    """`GET account/{accountId}/user-role/{roleId}`. Raises Unavailable."""
    subject = judge(admitted, operation.READ_ROLE, account=asked.account)
    return subject if isinstance(subject, Denied) else await _show(context, subject, role_id=_role_id(asked))


async def create_role(context: Context, admitted: Admitted, asked: Asked) -> RoleShown | Denied:
    """`POST account/{accountId}/user-role`. Raises Unavailable."""
    subject = judge(admitted, operation.CREATE_ROLE, account=asked.account)
    if isinstance(subject, Denied):
        return subject
    body = read_object(asked)
    if isinstance(body, Denied):
        return body
    wish = roles.parse_new_role(body)
    if isinstance(wish, Denied):
        return wish
    role_id = RoleId(draw_id(context.entropy))
    permissions = frozenset() if wish.permissions is None else wish.permissions
    role = Role(role_id, subject.account_id, wish.name or "", wish.description or "", permissions, 1)
    lookup = _act(admitted, role_id, name=role.name)
    decided = await context.store.run(
        Unit(lookup, lambda facts: roles.create_role(role, facts=facts, by=_by(admitted)))
    )
    return decided if isinstance(decided, Denied) else await _show(context, subject, role_id=role_id)


async def change_role(context: Context, admitted: Admitted, asked: Asked) -> RoleShown | Denied:
    """`PUT account/{accountId}/user-role/{roleId}`. Raises Unavailable."""
    subject = judge(admitted, operation.CHANGE_ROLE, account=asked.account)
    if isinstance(subject, Denied):
        return subject
    body = read_object(asked)
    if isinstance(body, Denied):
        return body
    wish = roles.parse_role(body)
    if isinstance(wish, Denied):
        return wish
    role_id = _role_id(asked)

    def decide(facts: RoleActFacts) -> Done | Denied:
        return roles.change_role(wish, subject=subject, facts=facts, by=_by(admitted))

    decided = await context.store.run(Unit(_act(admitted, role_id, name=wish.name or ""), decide))
    return decided if isinstance(decided, Denied) else await _show(context, subject, role_id=role_id)


async def delete_role(context: Context, admitted: Admitted, asked: Asked) -> Denied | None:
    """`DELETE account/{accountId}/user-role/{roleId}`. Raises Unavailable."""
    subject = judge(admitted, operation.DELETE_ROLE, account=asked.account)
    if isinstance(subject, Denied):
        return subject
    pairs = parse_query(asked.query)
    if isinstance(pairs, Denied):
        return pairs
    validate_only = roles.parse_validate_only(pairs)
    if isinstance(validate_only, Denied):
        return validate_only

    def decide(facts: RoleActFacts) -> Done | Denied:
        return roles.delete_role(subject=subject, facts=facts, by=_by(admitted), validate_only=validate_only)

    decided = await context.store.run(Unit(_act(admitted, _role_id(asked)), decide))
    return decided if isinstance(decided, Denied) else None


async def read_default_role(context: Context, admitted: Admitted, asked: Asked) -> RoleShown | Denied:
    """`GET account/{accountId}/user-role/default`. Raises Unavailable."""
    subject = judge(admitted, operation.READ_DEFAULT_ROLE, account=asked.account)
    return subject if isinstance(subject, Denied) else await _show_default(context, subject)


async def choose_default_role(context: Context, admitted: Admitted, asked: Asked) -> RoleShown | Denied:
    """`PUT account/{accountId}/user-role/default`. Raises Unavailable."""
    subject = judge(admitted, operation.CHOOSE_DEFAULT_ROLE, account=asked.account)
    if isinstance(subject, Denied):
        return subject
    body = read_object(asked)
    if isinstance(body, Denied):
        return body
    role_id = roles.parse_role_id(body)
    if isinstance(role_id, Denied):
        return role_id

    def decide(facts: RoleActFacts) -> Done | Denied:
        return roles.choose_default(subject=subject, facts=facts, by=_by(admitted))

    decided = await context.store.run(Unit(_act(admitted, role_id), decide))
    return decided if isinstance(decided, Denied) else await _show_default(context, subject)


async def read_assigned_role(context: Context, admitted: Admitted, asked: Asked) -> AssignedShown | Denied:
    """`GET …/extension/{extensionId}/assigned-role`. Raises Unavailable."""
    subject = judge(admitted, operation.READ_ASSIGNED_ROLE, account=asked.account, extension=asked.extension)
    return subject if isinstance(subject, Denied) else await _assigned(context, subject)


async def assign_role(context: Context, admitted: Admitted, asked: Asked) -> AssignedShown | Denied:
    """`PUT …/extension/{extensionId}/assigned-role`. Raises Unavailable."""
    subject = judge(admitted, operation.ASSIGN_ROLE, account=asked.account, extension=asked.extension)
    if isinstance(subject, Denied):
        return subject
    body = read_object(asked)
    if isinstance(body, Denied):
        return body
    role_id = roles.parse_assigned_role(body)
    if isinstance(role_id, Denied):
        return role_id
    assert subject.extension_id is not None, "the path names one"
    lookup = AssignLookup(
        account_id=subject.account_id,
        extension_id=subject.extension_id,
        role_id=role_id,
        giver_id=admitted.extension.id,
    )
    decided = await context.store.run(
        Unit(lookup, lambda facts: roles.assign_role(subject=subject, facts=facts, by=_by(admitted)))
    )
    return decided if isinstance(decided, Denied) else await _assigned(context, subject)


async def read_profile(context: Context, admitted: Admitted, asked: Asked) -> AssignedShown | Denied:
    """`GET …/extension/{extensionId}/authz-profile`. Raises Unavailable."""
    subject = judge(admitted, operation.READ_PROFILE, account=asked.account, extension=asked.extension)
    return subject if isinstance(subject, Denied) else await _assigned(context, subject)


async def check_permission(context: Context, admitted: Admitted, asked: Asked) -> CheckShown | Denied:
    """`GET …/extension/{extensionId}/authz-profile/check`. Raises Unavailable."""
    subject = judge(admitted, operation.CHECK_PERMISSION, account=asked.account, extension=asked.extension)
    if isinstance(subject, Denied):
        return subject
    pairs = parse_query(asked.query)
    if isinstance(pairs, Denied):
        return pairs
    permission = roles.parse_permission(pairs)
    if isinstance(permission, Denied):
        return permission
    assigned = await _assigned(context, subject)
    if isinstance(assigned, Denied):
        return assigned
    return CheckShown(assigned, permission, permission in expand(assigned.role.permissions))


async def _show(context: Context, subject: Subject, *, role_id: RoleId) -> RoleShown | Denied:
    role = (await context.store.read(RoleLookup(subject.account_id, role_id))).role
    return RoleShown(role, subject.account_id) if role else roles.no_such_role()


async def _show_default(context: Context, subject: Subject) -> RoleShown:
    role = (await context.store.read(DefaultRoleLookup(subject.account_id))).role
    return RoleShown(role or STANDARD, subject.account_id)


async def _assigned(context: Context, subject: Subject) -> AssignedShown | Denied:
    assert subject.extension_id is not None, "the path names one"
    facts = await context.store.read(AssignedRoleLookup(subject.account_id, subject.extension_id))
    if facts.extension is None or facts.role is None:
        return no_such_extension()
    return AssignedShown(facts.extension, facts.role)


def _act(admitted: Admitted, role_id: RoleId, *, name: str = "") -> RoleActLookup:
    return RoleActLookup(account_id=admitted.account.id, role_id=role_id, name=name, giver_id=admitted.extension.id)


def _role_id(asked: Asked) -> RoleId:
    """The id of the path; 0, which no role has, for what is none."""
    return RoleId(find_id(asked.item) or 0)


def _by(admitted: Admitted) -> str:
    """As the audit log names a person who acts through an app."""
    return str(admitted.extension.id)
