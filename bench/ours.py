"""Callgate as it is measured: on each of its stores, with a world of many apps and people in it."""

import json
import shutil
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import apsw

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
from bench.work import JWT_BEARER, PASSWORD_CONNECTIONS, Kind, Work, encode_basic, encode_form, write_lines
from bench.world import World, build
from callgate.storage.expiry import SWEEP_BUCKET_MS, SWEEP_GRACE_MS
from tests.postgres_server import PROGRAMS as PROGRAMS_OF_POSTGRES
from tests.postgres_server import PostgresServer, running_postgres

PROGRAMS = Path(sys.executable).parent
TOKEN = "/restapi/oauth/token"
REVOKE = "/restapi/oauth/revoke"
READ = "/.well-known/entry-points/external"
GRANT_LINES_MAX = 20_000
DISK = Path(tempfile.gettempdir())
"""Where a PostgreSQL lies: a sync must cost what it costs the others."""

TUNED = ("shared_buffers=256MB", "autovacuum=on", "max_wal_size=1GB")
"""As a server that is used is set up; the tests' is made small."""


class Store(Protocol):
    """Where a server keeps everything."""

    @property
    def url(self) -> str:
        """As the setting has it."""

    @property
    def database(self) -> Database | None:
        """The PostgreSQL that only it uses."""

    def copied(self, folder: Path) -> "Store":
        """A copy of what nobody serves."""

    def bytes(self) -> int:
        """What it takes of the disk."""


@dataclass(frozen=True, slots=True)
class File:
    """An SQLite file in a folder."""

    folder: Path

    @property
    def url(self) -> str:
        """As the setting has it."""
        return f"sqlite:///{self._path}"

    @property
    def database(self) -> None:
        """None."""

    @property
    def _path(self) -> Path:
        return self.folder / "callgate.db"

    def copied(self, folder: Path) -> "File":
        """The file in another folder."""
        copy = File(folder)
        shutil.copy(self._path, copy._path)
        return copy

    def bytes(self) -> int:
        """Without the log, which is as long as it once had to be."""
        return self._path.stat().st_size

    def log_bytes(self) -> int:
        """Of the write-ahead log."""
        return self._path.with_name(f"{self._path.name}-wal").stat().st_size

    def sessions(self) -> tuple[int, int]:
        """How many rows there are, and how many of them the sweep should have had by now."""
        bucket = (int(time.time() * 1000) - SWEEP_GRACE_MS) // SWEEP_BUCKET_MS
        with closing(apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
            sql = "SELECT count(*), coalesce(sum(sweep_bucket < ?), 0) FROM session"
            ((rows, overdue),) = connection.execute(sql, (bucket,))
        return int(str(rows)), int(str(overdue))


@dataclass(frozen=True, slots=True)
class Cluster:
    """A database in a PostgreSQL of one's own, on the disk."""

    server: PostgresServer
    name: str
    postmaster: int

    @property
    def url(self) -> str:
        """As the setting has it."""
        return self.server.url(self.name)

    @property
    def database(self) -> "Cluster":
        """It."""
        return self

    def copied(self, _folder: Path) -> "Cluster":
        """Another database of the cluster."""
        return replace(self, name=self.server.create(template=self.name))

    def bytes(self) -> int:
        """Without the log."""
        return self._ask("SELECT pg_database_size(current_database())")

    def logged_bytes(self) -> int:
        """Where its write-ahead log ends."""
        return self._ask("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint")

    def _ask(self, sql: str) -> int:
        ((found,),) = self.server.execute(sql, database=self.name)
        assert isinstance(found, int)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """One way to run Callgate."""

    engine: str
    durable: str
    store: Callable[[Path], AbstractContextManager[Store]]
    workers: int = 1

    @property
    def name(self) -> str:
        """As tables have it."""
        return f"Callgate, {self.engine}" + (", two workers" if self.workers > 1 else "")


@contextmanager
def _sqlite(folder: Path) -> Iterator[Store]:
    yield File(folder)


@contextmanager
def _postgresql(_folder: Path) -> Iterator[Store]:
    with running_postgres(*TUNED, beneath=DISK) as server:
        postmaster = int((server.folder / "data/postmaster.pid").read_text().split()[0])
        pin(postmaster, DATABASE_CORE)
        yield Cluster(server, server.create(), postmaster)


_SHARED = "; on the core of wrk" if DATABASE_CORE == CLIENT_CORE else ""
_TWO = "; all on two cores with wrk" if DATABASE_CORE == CLIENT_CORE else "; two cores"
SQLITE = Ours(engine="SQLite", durable="SQLite, each commit synced", store=_sqlite)
POSTGRESQL = Ours(engine="PostgreSQL", durable=f"PostgreSQL, each commit synced{_SHARED}", store=_postgresql)
TWO_WORKERS = Ours(
    engine="PostgreSQL",
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
            yield running, works_of(folder, world, port=running.port, rounds=options.rounds)


@contextmanager
def serving(
    folder: Path, store: Store, *, workers: int = 1, log: str = 'level = "warning"', under: Sequence[str] = ()
) -> Iterator[Running]:
    """A server on a database that is there, with the key file of its folder; `under` a command that runs it."""
    port, file = free_port(), folder / "callgate.toml"
    file.write_text(
        f'[server]\nport = {port}\nworkers = {workers}\n[database]\nurl = "{store.url}"\n'
        f'[keys]\nkey_encryption_key_file = "{folder}/kek"\n[limits]\nrates = false\n[log]\n{log}\n'
    )
    command = [*under, str(PROGRAMS / "callgate"), "serve", "--config", str(file)]
    cores = SERVER_CORE if workers == 1 else SERVER_CORES
    with serve(command, port, database=store.database, cores=cores) as running:
        yield running


def works_of(folder: Path, world: World, *, port: int, rounds: int) -> list[Work]:
    """What is asked of a world; makes the sessions that are refreshed."""
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
            write_lines(
                folder / f"{name}.{number}", [grant_chain(port, app, jwt) for jwt in world.credentials[:CHAINS]]
            )
    refreshes, chains = str(folder / "refresh.{round}"), str(folder / "use.{round}")
    _, reader = grant_chain(port, world.apps[0], world.credentials[-1], token="access_token")
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


def grant_chain(port: int, app: tuple[str, str], jwt: str, *, token: str = "refresh_token") -> tuple[str, str]:
    """A person's session with an app by a JWT credential: the app's authorization, and one of the tokens."""
    authorization = encode_basic(*app)
    form = encode_form(grant_type=JWT_BEARER, assertion=jwt)
    request = urllib.request.Request(f"http://127.0.0.1:{port}{TOKEN}", form.encode(), {"Authorization": authorization})
    with urllib.request.urlopen(request) as reply:
        granted: Mapping[str, str] = json.loads(reply.read())
    return authorization, granted[token]
