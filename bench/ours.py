"""Callgate as it is measured: on each of its stores, with a world of many apps and people in it."""

import json
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bench.machine import CLIENT_CORE, Running, free_port, pin, serve
from bench.theirs import CHAINS
from bench.work import Kind, Work, encode_basic, encode_form, write_lines
from bench.world import World, build
from tests.postgres_server import PROGRAMS as PROGRAMS_OF_POSTGRES
from tests.postgres_server import running_postgres

PROGRAMS = Path(sys.executable).parent
TOKEN = "/restapi/oauth/token"
REVOKE = "/restapi/oauth/revoke"
READ = "/.well-known/entry-points/external"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
GRANT_LINES_MAX = 20_000
PASSWORD_CONNECTIONS = 4
"""Proofs of one network wait for each other; more callers would measure their patience."""


class Store(NamedTuple):
    """Where a server keeps everything: the setting, and the process of a PostgreSQL that only it uses."""

    url: str
    postmaster: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """One way to run Callgate."""

    name: str
    durable: str
    store: Callable[[Path], AbstractContextManager[Store]]


@contextmanager
def _sqlite(folder: Path) -> Iterator[Store]:
    yield Store(f"sqlite:///{folder}/callgate.db")


@contextmanager
def _postgresql(_folder: Path) -> Iterator[Store]:
    with running_postgres("shared_buffers=128MB", "autovacuum=on") as server:
        postmaster = int((server.folder / "data/postmaster.pid").read_text().split()[0])
        pin(postmaster, CLIENT_CORE)
        yield Store(server.url(server.create()), postmaster)


WAYS = (
    Ours(name="Callgate, SQLite", durable="SQLite, each commit synced", store=_sqlite),
    Ours(name="Callgate, PostgreSQL", durable="PostgreSQL, each commit synced; on the core of wrk", store=_postgresql),
)


def available() -> list[Ours]:
    """Those that can be started here."""
    return [way for way in WAYS if way.store is _sqlite or PROGRAMS_OF_POSTGRES is not None]


@contextmanager
def start(ours: Ours, folder: Path, *, rounds: int) -> Iterator[tuple[Running, list[Work]]]:
    """A server in a folder of its own, and what to measure of it."""
    folder.mkdir()
    with ours.store(folder) as store:
        yield from _serve(store, folder, rounds=rounds)


def _serve(store: Store, folder: Path, *, rounds: int) -> Iterator[tuple[Running, list[Work]]]:
    port, url = free_port(), store.url
    world = build(folder, port, url=url)
    (folder / "callgate.toml").write_text(
        f'[server]\nport = {port}\n[database]\nurl = "{url}"\n[keys]\nkey_encryption_key_file = "{folder}/kek"\n'
        f'[log]\nlevel = "warning"\n[limits]\nrates = false\n'
    )
    command = [str(PROGRAMS / "callgate"), "serve", "--config", str(folder / "callgate.toml")]
    with serve(command, port, postmaster=store.postmaster) as running:
        yield running, _works(folder, world, port=port, rounds=rounds)


def _works(folder: Path, world: World, *, port: int, rounds: int) -> list[Work]:
    body = encode_form(grant_type="client_credentials")
    service = write_lines(folder / "service", [(encode_basic(*app), body) for app in world.apps])
    pairs = [
        (encode_basic(*app), encode_form(grant_type=JWT_BEARER, assertion=jwt))
        for jwt in world.credentials
        for app in world.apps[2 * rounds :]  # the others are the refresh chains', which new sessions would push out
    ]
    jwts = write_lines(folder / "jwt", pairs[:GRANT_LINES_MAX])
    for number in range(rounds):
        # An app a round: each chain is a session of its own, and no person has more than one with an app.
        for name, app in (("refresh", world.apps[2 * number]), ("use", world.apps[2 * number + 1])):
            chains = [_chain(port, app, jwt) for jwt in world.credentials[:CHAINS]]
            write_lines(folder / f"{name}.{number}", chains)
    refreshes, chains = str(folder / "refresh.{round}"), str(folder / "use.{round}")
    _, reader = _chain(port, world.apps[0], world.credentials[-1], token="access_token")
    login = encode_form(grant_type="password", username=world.login.name, password=world.login.password)
    logins = write_lines(folder / "login", [(encode_basic(*world.login.app), login)])
    return [
        Work(kind=Kind.CLIENT_CREDENTIALS, script="grants", arguments=(service, TOKEN)),
        Work(kind=Kind.JWT_BEARER, script="grants", arguments=(jwts, TOKEN)),
        Work(kind=Kind.REFRESH, script="refresh", arguments=(refreshes, TOKEN)),
        Work(kind=Kind.REFRESH_AND_USE, script="refresh", arguments=(chains, TOKEN, READ), requests=2),
        Work(kind=Kind.VALIDATION, script="bearer", arguments=(READ, reader)),
        Work(kind=Kind.REVOKE, script="revoke", arguments=(service, TOKEN, REVOKE), requests=2),
        Work(kind=Kind.PASSWORD, script="grants", arguments=(logins, TOKEN), connections=PASSWORD_CONNECTIONS),
    ]


def _chain(port: int, app: tuple[str, str], jwt: str, *, token: str = "refresh_token") -> tuple[str, str]:
    authorization = encode_basic(*app)
    form = encode_form(grant_type=JWT_BEARER, assertion=jwt)
    request = urllib.request.Request(f"http://127.0.0.1:{port}{TOKEN}", form.encode(), {"Authorization": authorization})
    with urllib.request.urlopen(request) as reply:
        granted: Mapping[str, str] = json.loads(reply.read())
    return authorization, granted[token]
