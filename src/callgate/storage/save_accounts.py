"""Accounts and extensions written."""

from typing import Final

from callgate.model.account import Account, Extension, normalize_email
from callgate.model.changes import (
    AccountChanged,
    AccountCreated,
    ExtensionChanged,
    ExtensionCreated,
    PasswordChanged,
    PasswordRehashed,
    SessionsFromMoved,
)
from callgate.storage.pen import Pen
from callgate.storage.rows import columns, marks, row_of

_ACCOUNT: Final = f"INSERT INTO account ({columns(Account._fields)}) VALUES ({marks(Account._fields)})"
_CHANGE_ACCOUNT: Final = """
UPDATE account SET name = ?, main_number = ?, status = ?, brand_id = ?, absolute_timeout_s = ?, idle_timeout_s = ?,
    version = ?, sessions_from_ms = ?, sso_policy = ?, mfa_policy = ?, credential_policy = ?
WHERE id = ? AND version = ?
"""

_PHONE: Final = "INSERT INTO phone (number, account_id, extension_id) VALUES (?, ?, ?)"
_MOVE_PHONE: Final = "UPDATE phone SET number = ? WHERE number = ? AND account_id = ? AND extension_id IS NULL"

_EXTENSION: Final = f"""
INSERT INTO extension ({columns(Extension._fields)}, email_normal, password_hash)
VALUES ({marks(Extension._fields)}, ?, ?)
"""
_CHANGE_EXTENSION: Final = """
UPDATE extension SET number = ?, type = ?, status = ?, first_name = ?, last_name = ?, email = ?, role_id = ?,
    password_version = ?, sessions_from_ms = ?, version = ?, sso_exemption = ?, has_factor = ?, email_normal = ?
WHERE id = ? AND account_id = ? AND version = ? AND password_version = ?
"""
_PASSWORD: Final = "UPDATE extension SET password_hash = ? WHERE id = ? AND account_id = ?"
_REHASH: Final = f"{_PASSWORD} AND password_hash = ?"

_SESSIONS_FROM: Final = "UPDATE cell SET sessions_from_ms = ? WHERE sessions_from_ms < ?"


def create_account(pen: Pen, change: AccountCreated) -> None:
    """Insert a company and its main number."""
    account = change.account
    pen.write(_ACCOUNT, row_of(account))
    pen.write(_PHONE, (_digits(account.main_number), account.id, None))


def change_account(pen: Pen, change: AccountChanged) -> None:
    """Change a company, and the number it signs in by if that is what changed."""
    before, after = change.before, change.after
    assert after.id == before.id
    assert after.version == before.version + 1
    pen.swap(_CHANGE_ACCOUNT, (*row_of(after[1:]), before.id, before.version))
    if after.main_number != before.main_number:
        pen.swap(_MOVE_PHONE, (_digits(after.main_number), _digits(before.main_number), before.id))


def create_extension(pen: Pen, change: ExtensionCreated) -> None:
    """Insert a person, queue or service, and its own direct number."""
    insert_extension(pen, change.extension, password_hash=change.password_hash)
    if change.phone_number is not None:
        pen.write(_PHONE, (change.phone_number, change.extension.account_id, change.extension.id))


def insert_extension(pen: Pen, extension: Extension, *, password_hash: str | None) -> None:
    """Insert the row of an extension."""
    pen.write(_EXTENSION, (*row_of(extension), _email_normal(extension), password_hash))


def change_extension(pen: Pen, change: ExtensionChanged) -> None:
    """Change anything but the password."""
    assert change.after.password_version == change.before.password_version
    swap_extension(pen, change.before, after=change.after)


def change_password(pen: Pen, change: PasswordChanged) -> None:
    """Change the password, and its version with it."""
    assert change.after.password_version == change.before.password_version + 1
    swap_extension(pen, change.before, after=change.after)
    pen.write(_PASSWORD, (change.password_hash, change.before.id, change.before.account_id))


def rehash_password(pen: Pen, change: PasswordRehashed) -> None:
    """Keep the stronger hash; a password changed meanwhile has one already."""
    pen.write(_REHASH, (change.password_hash, change.extension_id, change.account_id, change.before))


def move_sessions_from(pen: Pen, change: SessionsFromMoved) -> None:
    """End every session issued before; never earlier than it stands already."""
    pen.write(_SESSIONS_FROM, (change.sessions_from_ms, change.sessions_from_ms))


def swap_extension(pen: Pen, before: Extension, *, after: Extension) -> None:
    """Change the row that a decision saw."""
    assert after[:2] == before[:2]
    assert after.version == before.version + 1
    pen.swap(
        _CHANGE_EXTENSION,
        (
            *row_of(after[2:]),
            _email_normal(after),
            before.id,
            before.account_id,
            before.version,
            before.password_version,
        ),
    )


def _email_normal(extension: Extension) -> str | None:
    return normalize_email(extension.email) if extension.email else None


def _digits(number: str) -> str:
    return number.removeprefix("+")
