"""A store with an account, its people and their seeded calls, for tests of the call log and the directory."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from callgate.model.account import (
    Account,
    AccountStatus,
    Extension,
    ExtensionStatus,
    ExtensionType,
    Role,
)
from callgate.model.calls import CallsRecorded
from callgate.model.changes import AccountCreated, Change, ExtensionCreated, RoleCreated
from callgate.model.decisions import Done
from callgate.model.facts import KeysFacts
from callgate.model.ids import AccountId, ExtensionId, RoleId
from callgate.model.lookups import KeysLookup, Lookup
from callgate.storage.port import Unit
from callgate.storage.schema import migrate_file
from callgate.storage.sqlite import SqliteStore, StoreOptions
from tests.admin.casts import ACCOUNT, SEEDED_MS

F = TypeVar("F")

OTHER_ACCOUNT = AccountId(2001)
ROLE = Role(RoleId(7), None, "Standard", "", frozenset({"ReadCallLog"}), 1)


def make_extension(
    extension_id: int,
    number: str | None,
    *,
    kind: ExtensionType = ExtensionType.USER,
    status: ExtensionStatus = ExtensionStatus.ENABLED,
    account_id: AccountId = ACCOUNT,
) -> Extension:
    """An extension whose e-mail address carries its id."""
    email = f"Person{extension_id}@Northwind.example" if kind is ExtensionType.USER else None
    name = f"Person {extension_id}"
    return Extension(ExtensionId(extension_id), account_id, number, kind, status, name, "", email, ROLE.id, 1, 0, 1)


PEOPLE: tuple[tuple[Extension, str | None, str | None], ...] = (
    (make_extension(1001, "101"), None, "hash"),
    (make_extension(1002, "102"), "12025550102", "hash"),
    (make_extension(1003, "103", status=ExtensionStatus.DISABLED), None, "hash"),
    (make_extension(1005, "105", kind=ExtensionType.DEPARTMENT), "12025550105", None),
    (make_extension(1006, None, kind=ExtensionType.SERVICE), None, None),
    (make_extension(2001, "101", account_id=OTHER_ACCOUNT), None, "hash"),
)
"""Each extension with its direct number and its password's hash."""


def company(account_id: AccountId, main_number: str) -> AccountCreated:
    """A company."""
    return AccountCreated(
        Account(account_id, "Northwind", main_number, AccountStatus.CONFIRMED, "1210", 0, 0, 1), "cli"
    )


WORLD: tuple[Change, ...] = (
    company(ACCOUNT, "12025550100"),
    company(OTHER_ACCOUNT, "12025550190"),
    RoleCreated(ROLE, "cli"),
    *(ExtensionCreated(extension, phone_number, password, "cli") for extension, phone_number, password in PEOPLE),
)


@contextmanager
def open_store(path: Path, *, batches: Iterable[CallsRecorded]) -> Iterator[SqliteStore]:
    """The world written to a file, and a store that reads it."""
    migrate_file(path)
    asyncio.run(_write_world(path, batches))
    store = SqliteStore.open(path, clock=lambda: SEEDED_MS, options=StoreOptions(exclusive=False))
    try:
        yield store
    finally:
        asyncio.run(store.close())


async def _write_world(path: Path, batches: Iterable[CallsRecorded]) -> None:
    store = SqliteStore.open(path, clock=lambda: SEEDED_MS)
    await store.start()
    await store.run(Unit(KeysLookup(), partial(_say, WORLD)))
    for batch in batches:
        await store.run(Unit(KeysLookup(), partial(_say, (batch,))))
    await store.close()


def _say(changes: tuple[Change, ...], _: KeysFacts) -> Done:
    return Done(changes)


def ask(store: SqliteStore, lookup: Lookup[F]) -> F:
    """The answer to a lookup."""
    return asyncio.run(store.read(lookup))
