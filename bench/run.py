"""`./dev bench`: requests per second beside the same HTTP server's bare reply and beside npm oidc-provider.

One interleaved run: each round measures everything once, in turn; medians of the rounds and their ratios are what is
reported. Servers are pinned to one core, the load generator to another. Callgate's writes are durable before each reply
(SQLite, synchronous=FULL); the peer keeps everything in memory.
"""

import argparse
import base64
import json
import os
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import report
from bench.world import World, build

HERE = Path(__file__).parent
PROGRAMS = Path(sys.executable).parent
TOKEN = "/restapi/oauth/token"
READ = "/.well-known/entry-points/external"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
GRANT_LINES_MAX = 20_000
CHAINS = 200
"""Refresh chains of one round: more than connections, so that one is always free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One thing measured: which server, which script with which arguments, and how many requests make one unit.

    `{round}` in an argument is the round's number: a refresh chain is used up by its round.
    """

    name: str
    server: str
    script: str
    arguments: tuple[str, ...]
    requests_per_unit: int = 1


def main() -> None:
    """Measure, print the table, write the chart."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds; medians are reported (3)")
    parser.add_argument("--seconds", type=int, default=5, help="length of one measurement (5)")
    parser.add_argument("--connections", type=int, default=32, help="keep-alive connections (32)")
    parser.add_argument("--write", action="store_true", help="put table and chart into bench/README.md")
    options = parser.parse_args()
    if shutil.which("wrk") is None or shutil.which("taskset") is None:
        sys.exit("wrk and taskset are needed: apt-get install wrk util-linux")
    with tempfile.TemporaryDirectory(prefix="callgate-bench-") as name:
        rows = _measure(Path(name), options)
    print(report.table(rows))
    if options.write:
        report.write(rows, HERE, _machine(options))


def _measure(folder: Path, options: argparse.Namespace) -> list[report.Row]:
    ports = free_ports(3)
    world = build(folder, ports[0])
    (folder / "callgate.toml").write_text(
        f'[server]\nport = {ports[0]}\n[database]\nurl = "sqlite:///{folder}/callgate.db"\n'
        f'[keys]\nkey_encryption_key_file = "{folder}/kek"\n[log]\nlevel = "warning"\n[limits]\nrates = false\n'
    )
    with (
        serving([str(PROGRAMS / "callgate"), "serve", "--config", str(folder / "callgate.toml")], ports[0]),
        serving([sys.executable, "-m", "bench.bare", str(ports[1])], ports[1]),
        _peer(ports[2], CHAINS * options.rounds) as peer,
    ):
        rounds = options.rounds
        ours = callgate_works(folder, world, port=ports[0], rounds=rounds)
        works = [*ours, _bare(), *_oidc_provider(folder, peer, rounds=rounds)]
        addresses = {"callgate": ports[0], "bare": ports[1], "oidc-provider": ports[2]}
        found: dict[str, list[report.Sample]] = {work.name: [] for work in works}
        for number in range(options.rounds):
            for work in works:
                sample = measure(work, number, port=addresses[work.server], options=options)
                found[work.name].append(sample)
                print(
                    f"round {number + 1}  {work.name:<42} {sample.rate:>9,.0f}/s  p99 {sample.p99_ms:.1f} ms",
                    flush=True,
                )
    return [_row(work, found[work.name]) for work in works]


def _row(work: Work, samples: Sequence[report.Sample]) -> report.Row:
    return report.Row(
        name=work.name,
        server=work.server,
        rate=statistics.median(sample.rate for sample in samples),
        p50_ms=statistics.median(sample.p50_ms for sample in samples),
        p99_ms=statistics.median(sample.p99_ms for sample in samples),
    )


def callgate_works(folder: Path, world: World, *, port: int, rounds: int) -> list[Work]:
    """What is measured of Callgate, with its lines written into a folder."""
    body = "grant_type=client_credentials"
    service = _lines(folder / "service", [(encode_basic(*app), body) for app in world.apps])
    pairs = [
        (encode_basic(*app), urllib.parse.urlencode({"grant_type": JWT_BEARER, "assertion": jwt}))
        for jwt in world.credentials
        for app in world.apps[2 * rounds :]  # the others are the refresh chains', which new sessions would push out
    ]
    jwts = _lines(folder / "jwt", pairs[:GRANT_LINES_MAX])
    for number in range(rounds):
        # An app a round: each chain is a session of its own, and no person has more than one with an app.
        for name, app in (("refresh", world.apps[2 * number]), ("use", world.apps[2 * number + 1])):
            _lines(folder / f"{name}.{number}", [_chain(port, app, jwt) for jwt in world.credentials[:CHAINS]])
    refreshes, chains = folder / "refresh.{round}", folder / "use.{round}"
    _, reader = _chain(port, world.apps[0], world.credentials[-1], token="access_token")
    return [
        Work(name="client_credentials", server="callgate", script="grants", arguments=(str(service), TOKEN)),
        Work(name="jwt-bearer", server="callgate", script="grants", arguments=(str(jwts), TOKEN)),
        Work(name="refresh", server="callgate", script="refresh", arguments=(str(refreshes), TOKEN)),
        Work(
            name="refresh with first use (pairs)",
            server="callgate",
            script="refresh",
            arguments=(str(chains), TOKEN, READ),
            requests_per_unit=2,
        ),
        Work(name="bearer validation", server="callgate", script="bearer", arguments=(READ, reader)),
    ]


def _bare() -> Work:
    return Work(
        name="bare reply",
        server="bare",
        script="bearer",
        arguments=(TOKEN, "Basic eDp5", "grant_type=client_credentials"),
    )


def _oidc_provider(folder: Path, peer: dict[str, list[list[str]]], *, rounds: int) -> list[Work]:
    body = "grant_type=client_credentials"
    service = _lines(folder / "peer-service", [(encode_basic(*client), body) for client in peer["clients"]])
    chains = [(encode_basic(row[0], row[1]), row[2]) for row in peer["refreshTokens"]]
    for number in range(rounds):
        _lines(folder / f"peer-refresh.{number}", chains[number * CHAINS : (number + 1) * CHAINS])
    refreshes = folder / "peer-refresh.{round}"
    client_id, secret, token = (str(part) for part in peer["introspect"])
    introspect = ("/token/introspection", encode_basic(client_id, secret), f"token={token}")
    name = "oidc-provider"
    return [
        Work(name=f"{name}: client_credentials", server=name, script="grants", arguments=(str(service), "/token")),
        Work(name=f"{name}: refresh", server=name, script="refresh", arguments=(str(refreshes), "/token")),
        Work(name=f"{name}: introspection", server=name, script="bearer", arguments=introspect),
    ]


def measure(work: Work, number: int, *, port: int, options: argparse.Namespace) -> report.Sample:
    """One measurement, by wrk on the second core."""
    arguments = [argument.replace("{round}", str(number)) for argument in work.arguments]
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds}s"]
    command += ["-s", str(HERE / "lua" / f"{work.script}.lua"), f"http://127.0.0.1:{port}", "--", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    requests, duration_us, p50_us, p99_us, failed = (int(word) for word in line.split()[1:])
    assert failed == 0, f"{work.name}: {failed} of {requests} requests failed"
    rate = requests / work.requests_per_unit / (duration_us / 1e6)
    return report.Sample(rate=rate, p50_ms=p50_us / 1000, p99_ms=p99_us / 1000)


def _chain(port: int, app: tuple[str, str], jwt: str, *, token: str = "refresh_token") -> tuple[str, str]:
    form = urllib.parse.urlencode({"grant_type": JWT_BEARER, "assertion": jwt})
    return encode_basic(*app), str(_grant(port, encode_basic(*app), form)[token])


def encode_basic(client_id: str, secret: str) -> str:
    """The Authorization header of an app."""
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def _grant(port: int, authorization: str, form: str) -> dict[str, str | int]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{TOKEN}", form.encode(), {"Authorization": authorization})
    with urllib.request.urlopen(request) as reply:  # noqa: S310 - likewise
        granted: dict[str, str | int] = json.loads(reply.read())
    return granted


def _lines(file: Path, rows: Sequence[tuple[str, str]]) -> Path:
    file.write_text("".join(f"{authorization}\t{rest}\n" for authorization, rest in rows))
    return file


@contextmanager
def serving(command: Sequence[str], port: int) -> Iterator[subprocess.Popen[str]]:
    """A server on the first core, ready."""
    # In a group of its own: what the environment calls node is a script that starts it.
    with subprocess.Popen(
        ["taskset", "-c", "0", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=HERE.parent,
        start_new_session=True,
    ) as process:
        try:
            _wait(port)
            yield process
        finally:
            os.killpg(process.pid, signal.SIGTERM)


@contextmanager
def _peer(port: int, chains: int) -> Iterator[dict[str, list[list[str]]]]:
    command = [str(PROGRAMS / "node"), str(HERE / "peers" / "oidc_provider.mjs"), str(port), str(chains)]
    with serving(command, port) as process:
        assert process.stdout is not None
        yield json.loads(next(line for line in process.stdout if line.startswith("{")))  # after its notices


def _wait(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"nothing answers on port {port}")


def free_ports(count: int) -> list[int]:
    """Ports nobody listens at, at most three."""
    with socket.socket() as first, socket.socket() as second, socket.socket() as third:
        sockets = [first, second, third][:count]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


def _machine(options: argparse.Namespace) -> str:
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    rounds = f"medians of {options.rounds} interleaved rounds of {options.seconds} s"
    return f"{machine}; server on one core, wrk on the other, {options.connections} connections, {rounds}"


if __name__ == "__main__":
    main()
