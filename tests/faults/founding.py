"""The world of the fault tests: apps, people and their credentials, made by the acts of the command line.

Unlike the development world it is wide: each lane of traffic has a person of its own, so that whatever happens to a
session was done by its lane alone.
"""

import asyncio
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

from callgate.app import CommandLine
from callgate.config import Settings, load_settings
from callgate.model.account import Account
from callgate.model.client import AppKind, GrantType
from callgate.model.ids import AccountId
from callgate.protocol.administer.roles import STANDARD
from callgate.service.administer.apps import NewApp, Registration, allow_service, register_app
from callgate.service.administer.credentials import NewCredential, create_credential
from callgate.service.administer.desk import Desk
from callgate.service.administer.people import NewAccount, NewPerson, create_extension, open_account
from callgate.service.keeper import Keeper
from tests.outcomes import done

PEOPLE = 48
SESSION_CAP = 100
"""The most there may be: a kill leaves behind one session nobody heard of, and those must evict none that counts."""

REDIRECT_URI = "http://localhost:5000/oauth2callback"


@dataclass(frozen=True, slots=True)
class App:
    """An app as its own code knows it."""

    client_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a credential for scripts."""

    extension_id: int
    email: str
    jwt: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A database with its key and settings in one folder, and what the outside knows of it."""

    folder: Path
    service: App
    script: App
    web: App
    people: tuple[Person, ...]

    @property
    def database(self) -> Path:
        """The database file, in a folder of its own that a test may mount anew."""
        return self.folder / "data" / "callgate.db"

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.folder / "callgate.toml"

    @property
    def settings(self) -> Settings:
        """The settings, as the server reads them."""
        return load_settings(self.config)


def found(folder: Path) -> World:
    """A new world in an empty folder."""
    _write_settings(folder)
    settings = load_settings(folder / "callgate.toml")
    CommandLine().migrate(settings)
    return asyncio.run(_found(folder, settings))


def copy_world(world: World, folder: Path) -> World:
    """The same world in another folder, which may exist. Nothing may have it open."""
    shutil.copytree(world.folder, folder, dirs_exist_ok=True)
    _write_settings(folder)
    return replace(world, folder=folder)


def _write_settings(folder: Path) -> None:
    (folder / "data").mkdir(exist_ok=True)
    (folder / "callgate.toml").write_text(
        f"""
[server]
port = 1  # the tests give the server a bound socket

[database]
url = "sqlite:///{folder}/data/callgate.db"

[keys]
key_encryption_key_file = "{folder}/kek"

[limits]
rates = false

[log]
level = "debug"
"""
    )


async def _found(folder: Path, settings: Settings) -> World:
    async with CommandLine().desk(settings, by="founding") as opened:
        keeper = await opened.keeper()

        async def keep() -> Keeper:
            return keeper

        desk = replace(opened, keeper=keep)  # unwrapped once, not for each credential
        account = await _open_account(desk)
        people = [await _person(desk, account, number) for number in range(PEOPLE)]
        service = await _app(desk, account.id, name="Service", grants={GrantType.CLIENT_CREDENTIALS})
        script = await _app(
            desk, account.id, name="Script", grants={GrantType.JWT_BEARER, GrantType.REFRESH_TOKEN, GrantType.PASSWORD}
        )
        web = await _app(desk, account.id, name="Web", grants={GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN})
        done(await allow_service(desk, service.client, account, role=STANDARD))
    return World(folder=folder, service=_known(service), script=_known(script), web=_known(web), people=tuple(people))


async def _open_account(desk: Desk) -> Account:
    administrator = NewPerson(first_name="Ada", last_name="Admin", email="ada@example.com")
    wanted = NewAccount(name="Faulty Ltd", main_number="+12025550100", administrator=administrator)
    return done(await open_account(desk, wanted))


async def _person(desk: Desk, account: Account, number: int) -> Person:
    email = f"person{number}@example.com"
    wanted = NewPerson(first_name="Person", last_name=str(number), number=str(200 + number), email=email)
    extension = done(await create_extension(desk, account.id, wanted))
    issued = done(await create_credential(desk, extension, NewCredential(label="lane")))
    return Person(extension.id, email, issued.jwt)


async def _app(desk: Desk, account_id: AccountId, *, name: str, grants: set[GrantType]) -> Registration:
    redirecting = GrantType.AUTHORIZATION_CODE in grants
    wanted = NewApp(
        name=name,
        account_id=account_id,
        kind=AppKind.SERVER_WEB if redirecting else AppKind.SERVER_OTHER,
        grants=frozenset(grants),
        scopes=("ReadAccounts", "ReadCallLog"),
        redirect_uris=(REDIRECT_URI,) if redirecting else (),
        session_cap=SESSION_CAP,
    )
    return done(await register_app(desk, wanted))


def _known(registration: Registration) -> App:
    assert registration.secret is not None
    return App(registration.client.id, registration.secret)
