"""Callgate as it is measured: on each of its stores, with a world of many apps and people in it."""

import json
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bench.machine import (
    CLIENT_CORE,
    DATABASE_CORE,
    SERVER_CORE,
    SERVER_CORES,
    Database,
    Running,
    free_port,
    pin,
    serve,
)
from bench.options import Options
from bench.theirs import CHAINS
from bench.work import Kind, Work, encode_basic, encode_form, write_lines
from bench.world import World, build
from tests.postgres_server import PROGRAMS as PROGRAMS_OF_POSTGRES
from tests.postgres_server import PostgresServer, running_postgres

PROGRAMS = Path(sys.executable).parent
TOKEN = "/restapi/oauth/token"
REVOKE = "/restapi/oauth/revoke"
READ = "/.well-known/entry-points/external"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
GRANT_LINES_MAX = 20_000
PASSWORD_CONNECTIONS = 4
"""Proofs of one network wait for each other; more callers would measure their patience."""


DISK = Path(tempfile.gettempdir())
"""Where a PostgreSQL lies: a sync must cost what it costs the others."""

TUNED = ("shared_buffers=256MB", "autovacuum=on", "max_wal_size=1GB")
"""As a server that is used is set up; the tests' is made small."""


class Store(NamedTuple):
    """Where a server keeps everything: the setting, and the PostgreSQL that only it uses."""

    url: str
    database: Database | None = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """A PostgreSQL of one's own on the disk, one database of it."""

    server: PostgresServer
    name: str
    postmaster: int

    def logged_bytes(self) -> int:
        """Where its write-ahead log ends."""
        ((bytes_,),) = self.server.execute("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint")
        assert isinstance(bytes_, int)
        return bytes_


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """One way to run Callgate."""

    name: str
    durable: str
    store: Callable[[Path], AbstractContextManager[Store]]
    workers: int = 1


@contextmanager
def _sqlite(folder: Path) -> Iterator[Store]:
    yield Store(f"sqlite:///{folder}/callgate.db")


@contextmanager
def _postgresql(_folder: Path) -> Iterator[Store]:
    with running_postgres(*TUNED, beneath=DISK) as server:
        postmaster = int((server.folder / "data/postmaster.pid").read_text().split()[0])
        pin(postmaster, DATABASE_CORE)
        name = server.create()
        yield Store(server.url(name), Cluster(server, name, postmaster))


_SHARED = "; on the core of wrk" if DATABASE_CORE == CLIENT_CORE else ""
_TWO = "; all on two cores with wrk" if DATABASE_CORE == CLIENT_CORE else "; two cores"
SQLITE = Ours(name="Callgate, SQLite", durable="SQLite, each commit synced", store=_sqlite)
POSTGRESQL = Ours(name="Callgate, PostgreSQL", durable=f"PostgreSQL, each commit synced{_SHARED}", store=_postgresql)
TWO_WORKERS = Ours(
    name="Callgate, PostgreSQL, two workers",
    durable=f"PostgreSQL, each commit synced{_TWO}",
    store=_postgresql,
    workers=2,
)


def available() -> list[Ours]:
    """Those that can be started here."""
    return [SQLITE] if PROGRAMS_OF_POSTGRES is None else [SQLITE, POSTGRESQL, TWO_WORKERS]


@contextmanager
def start(ours: Ours, folder: Path, *, options: Options) -> Iterator[tuple[Running, list[Work]]]:
    """A server in a folder of its own, and what to measure of it."""
    folder.mkdir()
    with ours.store(folder) as store:
        world = build(folder, 1, url=store.url, extent=options.extent)
        with serving(folder, store, workers=ours.workers) as running:
            yield running, _works(folder, world, port=running.port, rounds=options.rounds)


@contextmanager
def serving(folder: Path, store: Store, *, workers: int = 1, more: str = "") -> Iterator[Running]:
    """A server on a database that is there, with the key file of its folder. `more`: settings beside the usual."""
    port, file = free_port(), folder / "callgate.toml"
    file.write_text(
        f'[server]\nport = {port}\nworkers = {workers}\n[database]\nurl = "{store.url}"\n'
        f'[keys]\nkey_encryption_key_file = "{folder}/kek"\n[limits]\nrates = false\n'
        + (more or '[log]\nlevel = "warning"\n')
    )
    command = [str(PROGRAMS / "callgate"), "serve", "--config", str(file)]
    cores = SERVER_CORE if workers == 1 else SERVER_CORES
    with serve(command, port, database=store.database, cores=cores) as running:
        yield running


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
            write_lines(folder / f"{name}.{number}", [_chain(port, app, jwt) for jwt in world.credentials[:CHAINS]])
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
