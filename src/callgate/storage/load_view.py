"""A view: an engine's rows at one moment, with the entities parsed so far.

Everything a lookup reads goes through a view, and each engine has its own. Entities that carry a version are parsed
once and kept: the row says which version is true, the kept value is used only when it is that one.
"""

from abc import ABC, abstractmethod
from typing import Final, TypeVar

from callgate.model.account import Account, Extension, Role
from callgate.model.client import Client
from callgate.storage.rows import (
    Row,
    Value,
    account_from,
    client_from,
    columns,
    extension_from,
    role_from,
)

KEPT_MAX: Final = 4096
"""Entities of one kind kept parsed; past it all are dropped, which costs one parse each."""

_CLIENT: Final = f"SELECT {columns(Client._fields)} FROM client WHERE id = ?"
_ACCOUNT: Final = f"SELECT {columns(Account._fields)} FROM account WHERE id = ?"
_EXTENSION: Final = f"SELECT {columns(Extension._fields)} FROM extension WHERE id = ?"
_CLIENT_VERSION: Final = Client._fields.index("version")
_EXTENSION_VERSION: Final = Extension._fields.index("version")
_ROLE: Final = f"SELECT {columns(Role._fields)} FROM role WHERE id = ?"

Kept = TypeVar("Kept", Client, Account, Extension, Role)


class View(ABC):
    """What may be asked of an engine. `now_ms` is the moment every answer is stamped with."""

    __slots__ = ("_accounts", "_clients", "_extensions", "_roles", "now_ms")

    def __init__(self) -> None:
        self.now_ms = 0
        self._clients: dict[Value, Client] = {}
        self._accounts: dict[Value, Account] = {}
        self._extensions: dict[Value, Extension] = {}
        self._roles: dict[Value, Role] = {}

    def stamp(self, now_ms: int) -> None:
        """Begin an answer; a transaction holds all its statements to one state."""
        self.now_ms = now_ms

    def forget(self) -> None:
        """Drop what was parsed: a rollback may have undone the rows, and their versions will be given again."""
        for kept in (self._clients, self._accounts, self._extensions, self._roles):
            kept.clear()

    @abstractmethod
    def rows(self, sql: str, values: tuple[Value, ...] = ()) -> list[Row]:
        """Every row of a statement."""

    def row(self, sql: str, values: tuple[Value, ...] = ()) -> Row | None:
        """The only row of a statement, or None."""
        found = self.rows(sql, values)
        return found[0] if found else None

    def client(self, client_id: Value, version: Value) -> Client | None:
        """An app in this version; None without one."""
        if version is None:
            return None
        kept = self._clients.get(client_id)
        if kept is None or kept.version != version:
            kept = client_from(self.rows(_CLIENT, (client_id,))[0])
            _keep(self._clients, kept)
        return kept

    def client_of(self, row: Row) -> Client:
        """The app in a row of its columns, parsed only when its version was not seen before."""
        kept = self._clients.get(row[0])
        if kept is None or kept.version != row[_CLIENT_VERSION]:
            kept = client_from(row)
            _keep(self._clients, kept)
        return kept

    def account(self, account_id: Value, version: Value) -> Account | None:
        """An account in this version; None without one."""
        if version is None:
            return None
        kept = self._accounts.get(account_id)
        if kept is None or kept.version != version:
            kept = account_from(self.rows(_ACCOUNT, (account_id,))[0])
            _keep(self._accounts, kept)
        return kept

    def extension(self, extension_id: Value, version: Value) -> Extension | None:
        """An extension in this version; None without one."""
        if version is None:
            return None
        kept = self._extensions.get(extension_id)
        if kept is None or kept.version != version:
            kept = extension_from(self.rows(_EXTENSION, (extension_id,))[0])
            _keep(self._extensions, kept)
        return kept

    def extension_of(self, row: Row) -> Extension | None:
        """The extension in a row of its columns, all of them None without one; parsed only when its version is new.

        There are more people than can be kept: their columns come with the row that names them, not by a second look.
        """
        if row[0] is None:
            return None
        kept = self._extensions.get(row[0])
        if kept is None or kept.version != row[_EXTENSION_VERSION]:
            kept = extension_from(row)
            _keep(self._extensions, kept)
        return kept

    def role(self, role_id: Value, version: Value) -> Role | None:
        """A role in this version; None without one."""
        if version is None:
            return None
        kept = self._roles.get(role_id)
        if kept is None or kept.version != version:
            kept = role_from(self.rows(_ROLE, (role_id,))[0])
            _keep(self._roles, kept)
        return kept


def _keep(kept: dict[Value, Kept], entity: Kept) -> None:
    if len(kept) >= KEPT_MAX:
        kept.clear()
    kept[entity.id] = entity
