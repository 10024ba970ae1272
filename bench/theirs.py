"""Servers measured beside Callgate: the bare reply of the same HTTP server, and peers that a user would look at.

Each peer is set up as its manual says; where one has several stores, each is a server of its own.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bench.machine import ROOT, SERVER_CORE, Running, free_port, serve
from bench.work import JWT_BEARER, PASSWORD_CONNECTIONS, Kind, Work, encode_basic, encode_form, write_lines

HERE = Path(__file__).parent
CHAINS = 200
"""Refresh chains of one round: more than connections, so that one is always free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A server: how durable its answers are, how it is started, where it answers what.

    `start` takes a folder, and how many refresh chains to make there; for none it serves what is there. `alone`: of its
    kind no second one serves beside it.
    """

    name: str
    durable: str
    start: Callable[[Path, int], Iterator[Running]]
    token: str
    introspect: str
    revoke: str
    rotates: bool = True
    alone: bool = False
    scope: str = ""


@contextmanager
def bare() -> Iterator[Running]:
    """The yardstick: uvicorn as it comes."""
    port = free_port()
    with serve([sys.executable, "-m", "bench.bare", str(port)], port) as running:
        yield running


def bare_works() -> list[Work]:
    """The same bytes as a grant's request."""
    arguments = ("/restapi/oauth/token", "Basic eDp5", "grant_type=client_credentials")
    return [Work(kind=Kind.BARE, script="bearer", arguments=arguments)]


@contextmanager
def start(peer: Peer, folder: Path, *, rounds: int) -> Iterator[tuple[Running, list[Work]]]:
    """A peer in a folder of its own, and what to measure of it."""
    folder.mkdir()
    with contextmanager(peer.start)(folder, CHAINS * rounds) as running:
        works = _works(peer, folder, json.loads(running.said), rounds=rounds)
        if peer.alone:
            yield running, works
            return
        with contextmanager(peer.start)(folder, 0) as another:  # beside it, which does nothing: how soon it answers
            ready_s = another.ready_s
        yield replace(running, ready_s=ready_s), works


def _works(peer: Peer, folder: Path, world: dict[str, list[list[str]]], *, rounds: int) -> list[Work]:
    body = encode_form(grant_type="client_credentials") + (f"&scope={peer.scope}" if peer.scope else "")
    service = write_lines(folder / "service", [(encode_basic(*client), body) for client in world["clients"]])
    chains = [(encode_basic(row[0], row[1]), row[2]) for row in world["refreshTokens"]]
    if peer.rotates:
        for number in range(rounds):
            write_lines(folder / f"refresh.{number}", chains[number * CHAINS : (number + 1) * CHAINS])
        refresh = Work(kind=Kind.REFRESH, script="refresh", arguments=(str(folder / "refresh.{round}"), peer.token))
    else:
        forms = [(basic, encode_form(grant_type="refresh_token", refresh_token=token)) for basic, token in chains]
        arguments = (write_lines(folder / "refresh", forms), peer.token)
        refresh = Work(kind=Kind.REFRESH, script="grants", arguments=arguments)
    client_id, secret, token = (str(part) for part in world["introspect"])
    introspect = (peer.introspect, encode_basic(client_id, secret), encode_form(token=token))
    return [
        Work(kind=Kind.CLIENT_CREDENTIALS, script="grants", arguments=(service, peer.token)),
        *_proofs(peer, folder, world),
        refresh,
        Work(kind=Kind.VALIDATION, script="bearer", arguments=introspect),
        Work(kind=Kind.REVOKE, script="revoke", arguments=(service, peer.token, peer.revoke), requests=2),
    ]


def _proofs(peer: Peer, folder: Path, world: dict[str, list[list[str]]]) -> Iterator[Work]:
    """Grants for what somebody brings, of those that have them."""
    if rows := world.get("assertions"):
        forms = [(encode_basic(*row[:2]), encode_form(grant_type=JWT_BEARER, assertion=row[2])) for row in rows]
        yield Work(kind=Kind.JWT_BEARER, script="grants", arguments=(write_lines(folder / "jwt", forms), peer.token))
    if rows := world.get("logins"):
        fields = {"scope": peer.scope} if peer.scope else {}
        forms = [
            (encode_basic(*row[:2]), encode_form(grant_type="password", username=row[2], password=row[3], **fields))
            for row in rows
        ]
        yield Work(
            kind=Kind.PASSWORD,
            script="grants",
            arguments=(write_lines(folder / "login", forms), peer.token),
            connections=PASSWORD_CONNECTIONS,
        )


def _node(store: str) -> Callable[[Path, int], Iterator[Running]]:
    def start_it(folder: Path, chains: int) -> Iterator[Running]:
        port = free_port()
        command = [str(Path(sys.executable).parent / "node"), str(HERE / "peers" / "oidc_provider.mjs")]
        with serve([*command, str(port), str(folder), str(chains), store], port, says=chains > 0) as running:
            yield running

    return start_it


def _node_on_redis(folder: Path, chains: int) -> Iterator[Running]:
    if not chains:
        yield from _node("redis")(folder, chains)
        return
    socket = folder / "redis.sock"
    command = ["taskset", "-c", SERVER_CORE, "redis-server", "--port", "0", "--unixsocket", str(socket)]
    command += ["--dir", str(folder), "--appendonly", "yes", "--save", ""]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True) as redis:
        try:
            while not socket.exists():
                time.sleep(0.01)
            for running in _node("redis")(folder, chains):
                yield Running(running.port, (*running.groups, redis.pid), running.ready_s, running.said)
        finally:
            redis.terminate()


def _python(program: str) -> Callable[[Path, int], Iterator[Running]]:
    def start_it(folder: Path, chains: int) -> Iterator[Running]:
        port = free_port()
        python = HERE / "peers" / "python" / ".venv" / "bin" / "python"
        command = [str(python), str(HERE / "peers" / "python" / (program if chains else "serving.py")), str(port)]
        command += [str(folder), str(chains)] if chains else [f"{Path(program).stem}:application"]
        with serve(command, port, says=chains > 0, environment={"BENCH_FOLDER": str(folder)}) as running:
            yield running

    return start_it


def _glewlwyd(folder: Path, chains: int) -> Iterator[Running]:
    port = free_port()
    command = [sys.executable, str(HERE / "peers" / "glewlwyd_server.py"), str(port), str(folder), str(chains)]
    with serve(command, port, says=True) as running:
        yield running


_SYNCED = "SQLite, each write synced"
_NODE = partial(Peer, token="/token", introspect="/token/introspection", revoke="/token/revocation")
_PYTHON = partial(Peer, token="/o/token/", introspect="/o/introspect/", revoke="/o/revoke_token/")
PEERS = (
    _NODE(name="oidc-provider, memory", durable="nothing is kept", start=_node("memory")),
    _NODE(name="oidc-provider, Redis", durable="Redis, log synced once a second", start=_node_on_redis),
    _NODE(name="oidc-provider, SQLite", durable=_SYNCED, start=_node("sqlite")),
    _PYTHON(name="django-oauth-toolkit", durable=_SYNCED, start=_python("django_server.py")),
    _PYTHON(name="Authlib on Flask", durable=_SYNCED, start=_python("authlib_server.py")),
    Peer(
        name="glewlwyd",
        durable="SQLite, each write synced; refresh without rotation",
        start=_glewlwyd,
        token="/api/oauth/token",
        introspect="/api/oauth/introspect",
        revoke="/api/oauth/revoke",
        rotates=False,
        alone=True,
        scope="read",
    ),
)


def available() -> list[Peer]:
    """Those that can be started here."""
    has_glewlwyd = shutil.which("glewlwyd") is not None
    has_python = (ROOT / "bench" / "peers" / "python" / ".venv").exists()
    lacking = {"glewlwyd": has_glewlwyd, "django-oauth-toolkit": has_python, "Authlib on Flask": has_python}
    return [peer for peer in PEERS if lacking.get(peer.name, True)]
