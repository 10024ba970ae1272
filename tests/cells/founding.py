"""Two cells: two databases, a server on each, one public URL. Each has an account of its own, and two apps are in both.

What stands on one public address in front of both is for a test to say: HAProxy, or nothing, as in most.
"""

import asyncio
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from callgate.app import CommandLine
from callgate.config import load_settings
from callgate.model.account import Account
from callgate.model.client import AppKind, GrantType
from callgate.model.connection import Connection, ConnectionKind, SsoPolicy
from callgate.protocol.administer.roles import STANDARD, SUPER_ADMIN
from callgate.service.administer.app_copies import export_app, import_app
from callgate.service.administer.apps import NewApp, Registration, allow_service, register_app
from callgate.service.administer.connections import NewConnection, create_connection, set_policy
from callgate.service.administer.credentials import NewCredential, create_credential
from callgate.service.administer.desk import Desk
from callgate.service.administer.people import NewAccount, NewPerson, create_extension, open_account
from callgate.service.keeper import Keeper
from tests.crypto.saml.signer import ISSUER, identity
from tests.nursery import servers, wait_until_ready
from tests.outcomes import done
from tests.ports import free_port

REDIRECT_URI = "http://localhost:5000/oauth2callback"
PASSWORD = "a horse that nobody rides 7"
SHARED_GRANTS = {
    "everyone": {
        GrantType.AUTHORIZATION_CODE,
        GrantType.CLIENT_CREDENTIALS,
        GrantType.JWT_BEARER,
        GrantType.REFRESH_TOKEN,
        GrantType.SAML2_BEARER,
    },
    "gadget": {GrantType.DEVICE_CODE, GrantType.REFRESH_TOKEN},
}
HEARD_S_MAX = 30
IN_DOUBT = "A part of this service does not answer now"
HTTP = httpx.Client(verify=False, limits=httpx.Limits(keepalive_expiry=0.5))  # noqa: S501 - no TLS: authorities take long to load
SECRET = "what only the two cells of this test know, 0123456789"


@dataclass(frozen=True, slots=True)
class App:
    """An app as its own code knows it."""

    client_id: str
    secret: str = field(repr=False)

    @property
    def proof(self) -> tuple[str, str]:
        """For HTTP Basic."""
        return self.client_id, self.secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell: where its door is for a test, and who and what is in it."""

    name: str
    folder: Path
    port: int
    metrics: int
    account_id: int
    extension_id: int
    email: str
    main_number: str
    connection_id: int
    jwt: str = field(repr=False)
    service: App
    script: App
    web: App
    everyone: App
    gadget: App

    @property
    def url(self) -> str:
        """Its own door."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def config(self) -> Path:
        """Its settings file."""
        return self.folder / "callgate.toml"

    def log(self) -> str:
        """What its server has written to standard error."""
        return (self.folder / "err").read_text()


@dataclass(frozen=True, slots=True)
class Pair:
    """Both cells, served."""

    one: Cell
    two: Cell
    public_url: str
    pids: dict[str, int]
    workers: int

    @property
    def both(self) -> tuple[Cell, Cell]:
        """The cells."""
        return self.one, self.two

    def kill(self, cell: Cell) -> None:
        """End a cell's server where it stands."""
        pid = self.pids.pop(cell.name, None)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            servers().end(pid)

    def start(self, cell: Cell) -> None:
        """Serve a cell, and wait until it answers."""
        pid = servers().start(
            ("serve", "--config", str(cell.config), "--workers", str(self.workers)), folder=cell.folder
        )
        self.pids[cell.name] = pid
        wait_until_ready(pid, cell.folder)

    def wait_until_heard(self) -> None:
        """Until each knows that the other is there."""
        until = time.monotonic() + HEARD_S_MAX
        while any("silent" in look_over(cell)["cells"].values() for cell in self.both):
            assert time.monotonic() < until, self.one.log() + self.two.log()
            time.sleep(0.05)

    def stop(self) -> None:
        """End both."""
        for cell in self.both:
            self.kill(cell)


@contextmanager
def serving_pair(
    folder: Path,
    *,
    databases: tuple[str, ...] = (),
    workers: int = 0,
    wait_ms: int = 60_000,
    connect_ms: int = 10_000,
) -> Iterator[Pair]:
    """Two cells in a folder, each served by so many workers; their databases are files there, if not said otherwise.

    They have all patience with each other, if not said otherwise: a busy machine is no trouble.
    """
    public_url = f"http://127.0.0.1:{free_port()}"
    ports = {name: (free_port(), free_port()) for name in ("CGT01P01", "CGT01P02")}
    for number, name in enumerate(ports):
        database = databases[number] if databases else f"sqlite:///{folder / name}/callgate.db"
        patience = f"wait_ms = {wait_ms}\nconnect_ms = {connect_ms}"
        _write_settings(folder / name, name, public_url=public_url, ports=ports, database=database, patience=patience)
    one, exported = asyncio.run(_found(folder / "CGT01P01", number=1, ports=ports["CGT01P01"]))
    two, _ = asyncio.run(_found(folder / "CGT01P02", number=2, ports=ports["CGT01P02"], taken=exported))
    pair = Pair(one, replace(two, everyone=one.everyone, gadget=one.gadget), public_url, {}, workers)
    try:
        pair.start(one)
        pair.start(pair.two)
        pair.wait_until_heard()
        yield pair
    finally:
        pair.stop()


def _write_settings(
    folder: Path, name: str, *, public_url: str, ports: dict[str, tuple[int, int]], database: str, patience: str
) -> None:
    folder.mkdir()
    others = ", ".join(f"{other}=http://127.0.0.1:{port}" for other, (port, _) in ports.items() if other != name)
    secret = folder / "cells.secret"
    secret.write_text(f"{SECRET}\n")
    secret.chmod(0o600)
    (folder / "callgate.toml").write_text(
        f"""
[server]
port = {ports[name][0]}
public_url = "{public_url}"
cell = "{name}"
trusted_proxies = "127.0.0.0/8"

[cells]
others = "{others}"
secret_file = "{secret}"
own_url = "http://127.0.0.1:{ports[name][0]}"
{patience}
remember_s = 1

[database]
url = "{database}"

[keys]
key_encryption_key_file = "{folder}/kek"

[limits]
rates = false
lockout = false

[metrics]
port = {ports[name][1]}

[log]
level = "debug"
"""
    )


async def _found(
    folder: Path, *, number: int, ports: tuple[int, int], taken: Mapping[str, str] | None = None
) -> tuple[Cell, Mapping[str, str]]:
    settings = load_settings(folder / "callgate.toml")
    await asyncio.to_thread(CommandLine().migrate, settings)
    async with CommandLine().desk(settings, by="founding") as opened:
        keeper = await opened.keeper()

        async def keep() -> Keeper:
            return keeper

        desk = replace(opened, keeper=keep)
        account = await _open_account(desk, number)
        email = f"person@company{number}.example"
        wanted = NewPerson(
            first_name="Person",
            last_name=str(number),
            number="102",
            email=email,
            role_id=SUPER_ADMIN.id,
            password=PASSWORD,
        )
        person = done(await create_extension(desk, account.id, wanted))
        connection = await _connect(desk, account, number)
        jwt = done(await create_credential(desk, person, NewCredential(label="test"))).jwt
        grants = {
            "service": {GrantType.CLIENT_CREDENTIALS},
            "script": {
                GrantType.JWT_BEARER,
                GrantType.REFRESH_TOKEN,
                GrantType.PASSWORD,
                GrantType.DEVICE_CODE,
                GrantType.SAML2_BEARER,
            },
            "web": {GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN},
        }
        made = {name: await _app(desk, account, name, grants=each) for name, each in grants.items()}
        shared, exported = await (_share(desk, account) if taken is None else _take_in(desk, account, taken))
        for client in (made["service"].client, shared["everyone"].client):
            done(await allow_service(desk, client, account, role=STANDARD))
    cell = Cell(
        name=settings.server.cell,
        folder=folder,
        port=ports[0],
        metrics=ports[1],
        account_id=account.id,
        extension_id=person.id,
        email=email,
        main_number=account.main_number,
        connection_id=connection.id,
        jwt=jwt,
        **{name: _known(each) for name, each in (made | shared).items()},
    )
    return cell, exported


async def _share(desk: Desk, account: Account) -> tuple[dict[str, Registration], dict[str, str]]:
    """The apps that both cells have, made in the first, and how the second is told of them."""
    made = {name: await _app(desk, account, name, grants=each, private=False) for name, each in SHARED_GRANTS.items()}
    return made, {name: done(await export_app(desk, each.client)) for name, each in made.items()}


async def _take_in(
    desk: Desk, account: Account, taken: Mapping[str, str]
) -> tuple[dict[str, Registration], Mapping[str, str]]:
    clients = {name: done(await import_app(desk, each.encode(), account)) for name, each in taken.items()}
    return {name: Registration(client=each, secret="known to the first cell") for name, each in clients.items()}, taken


async def _open_account(desk: Desk, number: int) -> Account:
    administrator = NewPerson(first_name="Ada", last_name="Admin", email=f"ada@company{number}.example")
    wanted = NewAccount(name=f"Company {number}", main_number=f"+1202555010{number}", administrator=administrator)
    return done(await open_account(desk, wanted))


async def _connect(desk: Desk, account: Account, number: int) -> Connection:
    wanted = NewConnection(
        account_id=account.id,
        kind=ConnectionKind.SAML,
        name="Company IdP",
        issuer=ISSUER,
        sso_url="https://idp.example/sso",
        certificates=(identity().der,),
        email_attribute="mail",
        email_domains=(f"company{number}.example",),
        allows_idp_initiated=True,
    )
    connection = done(await create_connection(desk, wanted))
    done(await set_policy(desk, account, SsoPolicy.ALLOWED))
    return connection


async def _app(
    desk: Desk, account: Account, name: str, *, grants: set[GrantType], private: bool = True
) -> Registration:
    redirecting = GrantType.AUTHORIZATION_CODE in grants
    wanted = NewApp(
        name=name,
        account_id=account.id,
        kind=AppKind.SERVER_WEB if redirecting else AppKind.SERVER_OTHER,
        grants=frozenset(grants),
        scopes=("ReadAccounts", "ReadCallLog"),
        private=private,
        redirect_uris=(REDIRECT_URI,) if redirecting else (),
    )
    return done(await register_app(desk, wanted))


def _known(registration: Registration) -> App:
    assert registration.secret is not None
    return App(registration.client.id, registration.secret)


def look_over(cell: Cell) -> dict[str, dict[str, str]]:
    """What a cell tells whoever watches it."""
    told: dict[str, dict[str, str]] = HTTP.get(f"http://127.0.0.1:{cell.metrics}/health/ready").json()
    return told


def ask_token(door: Cell, app: App, **form: str) -> httpx.Response:
    """POST to the token endpoint of a door."""
    return HTTP.post(f"{door.url}/restapi/oauth/token", data=form, auth=app.proof)


def read_extension(door: Cell, token: str) -> httpx.Response:
    """GET of the bearer's own extension."""
    return HTTP.get(f"{door.url}/restapi/v1.0/account/~/extension/~", headers={"Authorization": f"Bearer {token}"})
