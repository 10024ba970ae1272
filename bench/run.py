"""`./dev bench`: what requests cost, on Callgate's stores, beside the same HTTP server's bare reply and its peers.

One interleaved run: each round measures everything once, in turn; medians of the rounds and their ratios are what is
reported. Servers are pinned to one core, the load generator to another. Rates of callers are not limited.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import ours, report, theirs
from bench.machine import CLIENT_CORE, ROOT, Running
from bench.work import Kind, Work

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A server, what is measured of it, and the samples so far."""

    name: str
    durable: str
    running: Running
    works: list[Work]
    idle_mb: float
    samples: dict[Kind, list[report.Sample]] = field(default_factory=dict)


def main() -> None:
    """Measure, print the tables, write them and the chart."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds; medians are reported (3)")
    parser.add_argument("--seconds", type=int, default=4, help="how long each work takes in a round (4)")
    parser.add_argument("--connections", type=int, default=32, help="keep-alive connections (32)")
    parser.add_argument("--only", action="append", default=[], help="servers whose name contains this; may repeat")
    parser.add_argument("--write", action="store_true", help="put tables and chart into bench/README.md")
    options = parser.parse_args()
    if shutil.which("wrk") is None or shutil.which("taskset") is None:
        sys.exit("wrk and taskset are needed: apt-get install wrk util-linux")
    with tempfile.TemporaryDirectory(prefix="callgate-bench-") as name, ExitStack() as stack:
        measured = [stack.enter_context(server) for server in _servers(Path(name), options)]
        for number in range(options.rounds):
            for server in measured:
                for work in server.works:
                    _measure(server, work, number, options=options)
        found = [_result(server) for server in measured]
    print(report.tables(found))
    if options.write:
        report.write(found, HERE, _machine(options))


def _servers(folder: Path, options: argparse.Namespace) -> Iterator[AbstractContextManager[Measured]]:
    rounds: int = options.rounds
    yield _measured("bare reply", "nothing is kept", _with_works(theirs.bare(), theirs.bare_works()))
    for number, way in enumerate(ours.available()):
        if _wanted(way.name, options):
            yield _measured(way.name, way.durable, ours.start(way, folder / f"callgate{number}", rounds=rounds))
    for number, peer in enumerate(theirs.available()):
        if _wanted(peer.name, options):
            yield _measured(peer.name, peer.durable, theirs.start(peer, folder / f"peer{number}", rounds=rounds))


@contextmanager
def _with_works(running: AbstractContextManager[Running], works: list[Work]) -> Iterator[tuple[Running, list[Work]]]:
    with running as server:
        yield server, works


@contextmanager
def _measured(
    name: str, durable: str, started: AbstractContextManager[tuple[Running, list[Work]]]
) -> Iterator[Measured]:
    print(f"starting {name}", flush=True)
    with started as (running, works):
        yield Measured(name=name, durable=durable, running=running, works=works, idle_mb=running.memory_mb())


def _wanted(name: str, options: argparse.Namespace) -> bool:
    return not options.only or any(part.lower() in name.lower() for part in options.only)


def _measure(server: Measured, work: Work, number: int, *, options: argparse.Namespace) -> None:
    running = server.running
    before_s, before_database_s, before_bytes = running.processor_s(), running.database_s(), running.written_bytes()
    found = _wrk(work, number, port=running.port, options=options)
    units = found.requests / work.requests
    sample = report.Sample(
        rate=units / found.seconds,
        p50_ms=found.p50_ms,
        p99_ms=found.p99_ms,
        processor_us=(running.processor_s() - before_s) / units * 1e6,
        database_us=(running.database_s() - before_database_s) / units * 1e6,
        written_bytes=(running.written_bytes() - before_bytes) / units,
    )
    server.samples.setdefault(work.kind, []).append(sample)
    what = f"{server.name}: {work.kind.value}"
    print(f"round {number + 1}  {what:<58} {sample.rate:>9,.0f}/s  p99 {sample.p99_ms:.1f} ms", flush=True)


@dataclass(frozen=True, slots=True)
class _Found:
    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float


def _wrk(work: Work, number: int, *, port: int, options: argparse.Namespace) -> _Found:
    arguments = [argument.replace("{round}", str(number)) for argument in work.arguments]
    connections = work.connections or options.connections
    command = [
        "taskset",
        "-c",
        CLIENT_CORE,
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{options.seconds}s",
        "--timeout",
        "30s",
    ]
    command += ["-s", str(HERE / "lua" / f"{work.script}.lua"), f"http://127.0.0.1:{port}", "--", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    requests, duration_us, p50_us, p99_us, failed = (int(word) for word in line.split()[1:])
    assert failed == 0, f"{work.kind.value} at port {port}: {failed} of {requests} requests failed"
    return _Found(requests, duration_us / 1e6, p50_us / 1000, p99_us / 1000)


def _result(server: Measured) -> report.Server:
    return report.Server(
        name=server.name,
        durable=server.durable,
        ready_s=server.running.ready_s,
        idle_mb=server.idle_mb,
        loaded_mb=server.running.memory_mb(),
        rows=tuple(report.median(kind, samples) for kind, samples in server.samples.items()),
    )


def _machine(options: argparse.Namespace) -> str:
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    rounds = f"medians of {options.rounds} interleaved rounds of {options.seconds} s"
    return f"{machine}; server on one core, wrk on the other, {options.connections} connections, {rounds}"


if __name__ == "__main__":
    main()
