"""Roles written: made, changed, deleted, and given to whoever is new."""

from typing import Final

from callgate.model.account import Role
from callgate.model.changes import RoleChanged, RoleCreated
from callgate.model.roles import DefaultRoleChanged, RoleDeleted
from callgate.storage.pen import Pen
from callgate.storage.rows import columns, marks, row_of

_ROLE: Final = f"INSERT INTO role ({columns(Role._fields)}) VALUES ({marks(Role._fields)})"
_CHANGE_ROLE: Final = """
UPDATE role SET name = ?, description = ?, permissions = ?, version = ?, changed_ms = ? WHERE id = ? AND version = ?
"""
_DELETE_ROLE: Final = "DELETE FROM role WHERE id = ? AND version = ?"
_FIRST_DEFAULT: Final = "INSERT INTO default_role (role_id, account_id) VALUES (?, ?)"
_DEFAULT: Final = "UPDATE default_role SET role_id = ? WHERE account_id = ? AND role_id = ?"


def create_role(pen: Pen, change: RoleCreated) -> None:
    """Insert a role."""
    pen.write(_ROLE, row_of(change.role))


def change_role(pen: Pen, change: RoleChanged) -> None:
    """Change a role's words and permissions."""
    before, after = change.before, change.after
    assert after[:2] == before[:2]
    assert after.version == before.version + 1
    pen.swap(_CHANGE_ROLE, (*row_of(after[2:]), before.id, before.version))


def delete_role(pen: Pen, change: RoleDeleted) -> None:
    """Delete a role as the decision saw it."""
    pen.swap(_DELETE_ROLE, (change.role.id, change.role.version))


def change_default_role(pen: Pen, change: DefaultRoleChanged) -> None:
    """Choose an account's default role, first or anew."""
    if change.before is None:
        pen.write(_FIRST_DEFAULT, (change.after, change.account_id))
    else:
        pen.swap(_DEFAULT, (change.after, change.account_id, change.before))
