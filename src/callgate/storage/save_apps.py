"""Apps, what accounts allow them, and JWT credentials written."""

from typing import Final

from callgate.model.account import Allowance, ExtensionStatus
from callgate.model.changes import (
    AppChanged,
    AppRegistered,
    CredentialCreated,
    CredentialDeleted,
    ServiceAllowed,
    ServiceDisallowed,
)
from callgate.model.client import Client, ClientKeys
from callgate.model.credential import CredentialReplaced, JwtCredential
from callgate.storage.pen import Pen
from callgate.storage.rows import columns, marks, row_of
from callgate.storage.save_accounts import insert_extension

_ALL: Final = (*Client._fields, *ClientKeys._fields)

_REGISTER: Final = f"INSERT INTO client ({columns(_ALL)}) VALUES ({marks(_ALL)})"
_CHANGE: Final = f"""
UPDATE client SET {", ".join(f"{field} = ?" for field in Client._fields[1:])} WHERE id = ? AND version = ?
"""
_KEYS: Final = f"UPDATE client SET {', '.join(f'{field} = ?' for field in ClientKeys._fields)} WHERE id = ?"

_ALLOW: Final = f"INSERT INTO allowance ({columns(Allowance._fields)}) VALUES ({marks(Allowance._fields)})"
_DISALLOW: Final = "DELETE FROM allowance WHERE id = ? AND account_id = ? AND version = ?"
_DISABLE: Final = "UPDATE extension SET status = ?, version = version + 1 WHERE id = ? AND account_id = ?"

_CREATE: Final = (
    f"INSERT INTO jwt_credential ({columns(JwtCredential._fields)}) VALUES ({marks(JwtCredential._fields)})"
)
_REPLACE: Final = """
UPDATE jwt_credential SET expires_ms = ?, replaced_ms = ? WHERE id = ? AND account_id = ? AND replaced_ms IS NULL
"""
_DELETE: Final = "DELETE FROM jwt_credential WHERE id = ? AND account_id = ?"


def register_app(pen: Pen, change: AppRegistered) -> None:
    """Insert an app with what proves it."""
    pen.write(_REGISTER, (*row_of(change.client), *change.keys))


def change_app(pen: Pen, change: AppChanged) -> None:
    """Change an app's registration, and what proves it where new keys are given."""
    before, after = change.before, change.after
    assert after.id == before.id
    assert after.version == before.version + 1
    pen.swap(_CHANGE, (*row_of(after[1:]), before.id, before.version))
    if change.keys is not None:
        pen.write(_KEYS, (*change.keys, before.id))


def allow_service(pen: Pen, change: ServiceAllowed) -> None:
    """Insert the service extension and the allowance that names it."""
    insert_extension(pen, change.extension, password_hash=None)
    pen.write(_ALLOW, row_of(change.allowance))


def disallow_service(pen: Pen, change: ServiceDisallowed) -> None:
    """Delete the allowance and disable its service extension, which past records still name."""
    allowance = change.allowance
    pen.swap(_DISALLOW, (allowance.id, allowance.account_id, allowance.version))
    pen.swap(_DISABLE, (ExtensionStatus.DISABLED.value, allowance.extension_id, allowance.account_id))


def create_credential(pen: Pen, change: CredentialCreated) -> None:
    """Insert a JWT credential."""
    pen.write(_CREATE, row_of(change.credential))


def replace_credential(pen: Pen, change: CredentialReplaced) -> None:
    """Insert the successor, and say until when the one before counts."""
    before, after = change.before, change.after
    pen.swap(_REPLACE, (after.expires_ms, after.replaced_ms, before.id, before.account_id))
    pen.write(_CREATE, row_of(change.successor))


def delete_credential(pen: Pen, change: CredentialDeleted) -> None:
    """Delete a JWT credential; its sessions end by comparison."""
    pen.swap(_DELETE, (change.credential.id, change.credential.account_id))
