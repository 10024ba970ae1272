"""The world of the races: few apps, and people enough that what happens at one seat was done there.

Made by the acts of the command line, once; each arena serves a copy. What it looks like on disk is the development
world's own shape, so that `callgate dev` serves it.
"""

import asyncio
from dataclasses import replace
from pathlib import Path

from callgate.admin.dev import development_settings
from callgate.admin.world import World, WorldAccount, WorldApp, WorldCredential, WorldPerson, write_world
from callgate.app import CommandLine
from callgate.config import Settings, load_settings
from callgate.model.account import Account
from callgate.model.client import AppKind, GrantType, Switch
from callgate.protocol.administer.roles import STANDARD
from callgate.service.administer.apps import NewApp, register_app
from callgate.service.administer.credentials import NewCredential, create_credential
from callgate.service.administer.desk import Desk
from callgate.service.administer.people import NewAccount, NewPerson, create_extension, open_account
from callgate.service.keeper import Keeper
from tests.outcomes import done

PEOPLE = tuple(f"runner{number}" for number in range(12))
"""Each has a JWT credential for every app; the first two have a password as well."""

WITH_PASSWORD = PEOPLE[:2]
PASSWORD = "correct horse battery staple"
REDIRECT_URI = "http://localhost:5000/oauth2callback"
SCOPES = ("ReadAccounts", "ReadCallLog")

_SCRIPTED = frozenset({GrantType.JWT_BEARER, GrantType.PASSWORD, GrantType.REFRESH_TOKEN})
_BROWSED = frozenset({GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN})

_APPS: dict[str, tuple[AppKind, frozenset[GrantType], frozenset[Switch]]] = {
    "script": (AppKind.SERVER_OTHER, _SCRIPTED, frozenset()),
    "strict": (AppKind.SERVER_OTHER, _SCRIPTED, frozenset({Switch.LATE_REPEAT_ENDS})),
    "blockable": (AppKind.SERVER_OTHER, _SCRIPTED, frozenset()),
    "web": (AppKind.SERVER_WEB, _BROWSED, frozenset()),
    "spa": (AppKind.BROWSER_BASED, _BROWSED, frozenset()),
}


def settings_of(data: Path, port: int) -> Settings:
    """The settings of `callgate dev` in this folder."""
    return development_settings(load_settings(), port=port, data=data)


def found(data: Path) -> None:
    """A new world in an empty folder."""
    settings = settings_of(data, port=1)
    CommandLine().migrate(settings)
    write_world(data, asyncio.run(_found(settings)))


async def _found(settings: Settings) -> World:
    async with CommandLine().desk(settings, by="founding") as opened:
        keeper = await opened.keeper()

        async def keep() -> Keeper:
            return keeper

        desk = replace(opened, keeper=keep)  # unwrapped once, not for each credential
        administrator = NewPerson(first_name="Ada", email="ada@races.example")
        wanted = NewAccount(name="Races", main_number="+12025550100", administrator=administrator)
        account = done(await open_account(desk, wanted))
        people = {name: await _hire(desk, account, name) for name in PEOPLE}
        return World(
            base_url=settings.server.issuer,
            accounts={"main": WorldAccount(id=str(account.id), main_number=account.main_number, name=account.name)},
            people={name: person for name, (person, _) in people.items()},
            apps={name: await _register(desk, account, name) for name in _APPS},
            jwt_credentials={name: credential for name, (_, credential) in people.items()},
        )


async def _hire(desk: Desk, account: Account, name: str) -> tuple[WorldPerson, WorldCredential]:
    number = str(200 + PEOPLE.index(name))
    password = PASSWORD if name in WITH_PASSWORD else None
    wanted = NewPerson(first_name=name, number=number, email=f"{name}@races.example", password=password)
    extension = done(await create_extension(desk, account.id, wanted))
    issued = done(await create_credential(desk, extension, NewCredential(label=name)))
    person = WorldPerson(
        id=str(extension.id),
        account="main",
        extension_number=number,
        email=f"{name}@races.example",
        phone_number=None,
        password=password or "",
        role=STANDARD.name,
        status=extension.status.value,
    )
    return person, WorldCredential(person=name, apps=None, jwt=issued.jwt)


async def _register(desk: Desk, account: Account, name: str) -> WorldApp:
    kind, grants, switches = _APPS[name]
    redirect_uris = (REDIRECT_URI,) if GrantType.AUTHORIZATION_CODE in grants else ()
    wanted = NewApp(
        name=name,
        account_id=account.id,
        kind=kind,
        grants=grants,
        scopes=SCOPES,
        redirect_uris=redirect_uris,
        switches=switches,
    )
    registration = done(await register_app(desk, wanted))
    client = registration.client
    return WorldApp(
        client_id=client.id,
        client_secret=registration.secret,
        kind=kind.value,
        account="main",
        private=True,
        grant_types=tuple(sorted(grant.value for grant in grants)),
        redirect_uris=redirect_uris,
        scopes=SCOPES,
        issues_refresh_tokens=client.issues_refresh_tokens,
    )
