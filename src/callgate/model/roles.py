"""Roles as the resource API shows and changes them: what is asked and what is answered (protocol.md B)."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from callgate.model.account import Extension, Role
from callgate.model.ids import AccountId, ExtensionId, RoleId
from callgate.model.lookups import Lookup
from callgate.model.paging import Page


class RoleListQuery(NamedTuple):
    """Which roles are wanted: an account's own, the predefined ones (`custom` False), or both (None)."""

    account_id: AccountId
    custom: bool | None
    page: Page


class RoleListFacts(NamedTuple):
    """A page in the order of ids, and how many there are on all pages."""

    records: tuple[Role, ...]
    total: int


class RoleFacts(NamedTuple):
    """One role, or None: unknown, or another account's."""

    role: Role | None


class AssignedRoleFacts(NamedTuple):
    """Whose role: None for no such extension of the account."""

    extension: Extension | None
    role: Role | None


class AssignFacts(NamedTuple):
    """Somebody's role about to change, and the role of whoever changes it; None is what is not there."""

    now_ms: int
    extension: Extension | None
    before: Role | None
    after: Role | None
    giver: Role | None


@dataclass(frozen=True, slots=True)
class RoleListLookup(Lookup[RoleListFacts]):
    """A page of roles."""

    query: RoleListQuery


@dataclass(frozen=True, slots=True)
class RoleLookup(Lookup[RoleFacts]):
    """A role of an account, or a predefined one."""

    account_id: AccountId
    role_id: RoleId


@dataclass(frozen=True, slots=True)
class DefaultRoleLookup(Lookup[RoleFacts]):
    """The role that new people of an account get; None where the account never chose one."""

    account_id: AccountId


@dataclass(frozen=True, slots=True)
class AssignedRoleLookup(Lookup[AssignedRoleFacts]):
    """The role of an extension."""

    account_id: AccountId
    extension_id: ExtensionId


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignLookup(Lookup[AssignFacts]):
    """Somebody, the role they are to have, and who gives it."""

    account_id: AccountId
    extension_id: ExtensionId
    role_id: RoleId
    giver_id: ExtensionId


@dataclass(frozen=True, slots=True)
class RoleDeleted:
    """A role that nobody has is gone."""

    role: Role
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class DefaultRoleChanged:
    """New people of an account get another role; `before` None: it had never chosen."""

    account_id: AccountId
    before: RoleId | None
    after: RoleId
    by: str
    AUDITED: ClassVar[bool] = True


RoleDirectoryChange = RoleDeleted | DefaultRoleChanged
