"""Roles read: an account's and the predefined ones, who has which, and which one new people get."""

from typing import Final, cast

from callgate.model.account import Extension, Role
from callgate.model.roles import (
    AssignedRoleFacts,
    AssignedRoleLookup,
    AssignFacts,
    AssignLookup,
    DefaultRoleLookup,
    RoleFacts,
    RoleListFacts,
    RoleListLookup,
    RoleListQuery,
    RoleLookup,
)
from callgate.storage.load_view import View
from callgate.storage.rows import Row, Value, columns, extension_from, role_from

_ROLE: Final = columns(Role._fields, "role")
_EXTENSION: Final = columns(Extension._fields, "extension")

_PAGE: Final = f"SELECT {_ROLE} FROM role WHERE {{which}} ORDER BY id LIMIT ? OFFSET ?"
_TOTAL: Final = "SELECT count(*) FROM role WHERE {which}"
_BOTH: Final = "(account_id = ? OR account_id IS NULL)"
_OWN: Final = "account_id = ?"
_PREDEFINED: Final = "account_id IS NULL"

_ONE: Final = f"SELECT {_ROLE} FROM role WHERE id = ? AND {_BOTH}"
_DEFAULT: Final = f"""
SELECT {_ROLE} FROM default_role JOIN role ON role.id = default_role.role_id WHERE default_role.account_id = ?
"""
_ASSIGNED: Final = f"""
SELECT {_EXTENSION}, {_ROLE} FROM extension JOIN role ON role.id = extension.role_id
WHERE extension.id = ? AND extension.account_id = ?
"""


def load_role_list(view: View, lookup: RoleListLookup) -> RoleListFacts:
    """Answer `RoleListLookup`."""
    which, values = _which(lookup.query)
    page = lookup.query.page
    total = view.rows(_TOTAL.format(which=which), values)[0][0]
    rows = view.rows(_PAGE.format(which=which), (*values, page.size, page.start))
    return RoleListFacts(tuple(role_from(row) for row in rows), cast("int", total))


def load_role(view: View, lookup: RoleLookup) -> RoleFacts:
    """Answer `RoleLookup`."""
    return RoleFacts(_role(view.row(_ONE, (lookup.role_id, lookup.account_id))))


def load_default_role(view: View, lookup: DefaultRoleLookup) -> RoleFacts:
    """Answer `DefaultRoleLookup`."""
    return RoleFacts(_role(view.row(_DEFAULT, (lookup.account_id,))))


def load_assigned_role(view: View, lookup: AssignedRoleLookup) -> AssignedRoleFacts:
    """Answer `AssignedRoleLookup`."""
    return _assigned(view.row(_ASSIGNED, (lookup.extension_id, lookup.account_id)))


def load_assign(view: View, lookup: AssignLookup) -> AssignFacts:
    """Answer `AssignLookup`."""
    theirs = _assigned(view.row(_ASSIGNED, (lookup.extension_id, lookup.account_id)))
    return AssignFacts(
        now_ms=view.now_ms,
        extension=theirs.extension,
        before=theirs.role,
        after=_role(view.row(_ONE, (lookup.role_id, lookup.account_id))),
        giver=find_role_of(view, lookup.account_id, extension_id=lookup.giver_id),
    )


def find_role_of(view: View, account_id: Value, *, extension_id: Value) -> Role | None:
    """The role that an extension of an account has today."""
    return _assigned(view.row(_ASSIGNED, (extension_id, account_id))).role


def _which(query: RoleListQuery) -> tuple[str, tuple[Value, ...]]:
    if query.custom is None:
        return _BOTH, (query.account_id,)
    return (_OWN, (query.account_id,)) if query.custom else (_PREDEFINED, ())


def _assigned(row: Row | None) -> AssignedRoleFacts:
    if row is None:
        return AssignedRoleFacts(None, None)
    split = len(Extension._fields)
    return AssignedRoleFacts(extension_from(row[:split]), role_from(row[split:]))


def _role(row: Row | None) -> Role | None:
    return role_from(row) if row else None
