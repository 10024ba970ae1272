"""The world the benchmark measures in: many apps, many people, written through the product's own administration."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from callgate.app import CommandLine
from callgate.config import DatabaseSettings, KeySettings, LogLevel, LogSettings, ServerSettings, Settings
from callgate.model.account import Account, Role
from callgate.model.acts import Refused
from callgate.model.client import AppKind, GrantType
from callgate.service.administer.apps import NewApp, Registration, allow_service, register_app
from callgate.service.administer.credentials import NewCredential, create_credential
from callgate.service.administer.desk import Desk
from callgate.service.administer.finding import find_role
from callgate.service.administer.passwords import generate_password
from callgate.service.administer.people import NewAccount, NewPerson, create_extension, open_account

T = TypeVar("T")

MEASURED = (
    GrantType.AUTHORIZATION_CODE,
    GrantType.CLIENT_CREDENTIALS,
    GrantType.JWT_BEARER,
    GrantType.REFRESH_TOKEN,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How many there are."""

    apps: int = 100
    people: int = 400


EXTENT = Extent()


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who comes with a password, by a server-only app: the only kind that may bring one."""

    app: tuple[str, str]
    name: str
    password: str


@dataclass(frozen=True, slots=True)
class World:
    """Secrets of the benchmark's own apps and people."""

    apps: list[tuple[str, str]]
    credentials: list[str]
    login: Login


def settings_of(folder: Path, port: int, *, url: str | None = None) -> Settings:
    """What the measured server runs with: a log that is written but not read is not measured."""
    return Settings(
        server=ServerSettings(port=port),
        database=DatabaseSettings(url=url or f"sqlite:///{folder}/callgate.db"),
        keys=KeySettings(key_encryption_key_file=folder / "kek"),
        log=LogSettings(level=LogLevel.WARNING),
    )


def build(folder: Path, port: int, *, url: str | None = None, extent: Extent = EXTENT) -> World:
    """Make the database and everything in it."""
    command_line = CommandLine()
    settings = settings_of(folder, port, url=url)
    command_line.migrate(settings)

    async def fill() -> World:
        async with command_line.desk(settings, by="bench") as desk:
            return await _fill(desk, extent)

    return asyncio.run(fill())


async def _fill(desk: Desk, extent: Extent) -> World:
    administrator = NewPerson(first_name="Ann", last_name="Admin", number="101")
    account = _made(
        await open_account(desk, NewAccount(name="Bench", main_number="+12025550100", administrator=administrator)),
        Account,
    )
    role = _made(await find_role(desk, "Super Admin", account_id=account.id), Role)
    apps: list[tuple[str, str]] = []
    for index in range(extent.apps):
        registration = _made(await register_app(desk, _app(account, index)), Registration)
        _made(await allow_service(desk, registration.client, account, role=role), int)
        assert registration.secret is not None
        apps.append((registration.client.id, registration.secret))
    credentials: list[str] = []
    for index in range(extent.people):
        person = await create_extension(desk, account.id, NewPerson(first_name=f"P{index}", number=str(1000 + index)))
        assert not isinstance(person, Refused), person
        issued = await create_credential(desk, person, NewCredential(label="bench"))
        assert not isinstance(issued, Refused), issued
        credentials.append(issued.jwt)
    return World(apps, credentials, await _login(desk, account))


async def _login(desk: Desk, account: Account) -> Login:
    app = NewApp(
        name="logins",
        account_id=account.id,
        kind=AppKind.SERVER_OTHER,
        grants=frozenset({GrantType.PASSWORD}),
        scopes=("ReadAccounts",),
    )
    registration = _made(await register_app(desk, app), Registration)
    assert registration.secret is not None
    name, password = "paula@bench.example", generate_password(desk)
    person = NewPerson(first_name="Paula", email=name, password=password)
    assert not isinstance(await create_extension(desk, account.id, person), Refused)
    return Login((registration.client.id, registration.secret), name, password)


def _app(account: Account, index: int) -> NewApp:
    return NewApp(
        name=f"app {index}",
        account_id=account.id,
        kind=AppKind.SERVER_WEB,
        grants=frozenset(MEASURED),
        scopes=("ReadAccounts", "ReadCallLog"),
        redirect_uris=("http://localhost:5000/oauth2callback",),
        issues_refresh_tokens=True,
    )


def _made(made: "T | Refused", kind: type[T]) -> T:
    assert isinstance(made, kind), made
    return made
