"""Speed, side by side: each round measures everything once, in turn; medians of the rounds are what is reported."""

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import ours, report, theirs, wrk
from bench.figures import Sample, Server, Speed
from bench.machine import CORES, Running
from bench.options import Options
from bench.work import Kind, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A server, what is measured of it, and the samples so far."""

    name: str
    durable: str
    running: Running
    works: list[Work]
    idle_mb: float
    samples: dict[Kind, list[Sample]] = field(default_factory=dict)


def measure(options: Options, about: str) -> Speed:
    """Everything that can be started here."""
    with tempfile.TemporaryDirectory(prefix="callgate-bench-") as name, ExitStack() as stack:
        measured = [stack.enter_context(server) for server in _servers(Path(name), options)]
        for number in range(options.rounds):
            for server in measured:
                for work in options.chosen(server.works):
                    _measure(server, work, number, options=options)
        return Speed(about=about, cores=CORES, servers=tuple(_result(server) for server in measured))


def _servers(folder: Path, options: Options) -> Iterator[AbstractContextManager[Measured]]:
    rounds = options.rounds
    yield _measured("bare reply", "nothing is kept", _with_works(theirs.bare(), theirs.bare_works()))
    for number, way in enumerate(ours.available()):
        if options.wants(way.name):
            yield _measured(way.name, way.durable, ours.start(way, folder / f"callgate{number}", options=options))
    for number, peer in enumerate(theirs.available()):
        if options.wants(peer.name):
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


def _measure(server: Measured, work: Work, number: int, *, options: Options) -> None:
    running = server.running
    before_s, before_database_s, before_bytes = running.processor_s(), running.database_s(), running.written_bytes()
    found = wrk.load(work, number, port=running.port, seconds=options.seconds, connections=options.connections)
    units = found.requests / work.requests
    sample = Sample(
        rate=units / found.seconds,
        p50_ms=found.p50_ms,
        p99_ms=found.p99_ms,
        processor_us=(running.processor_s() - before_s) / units * 1e6,
        database_us=(running.database_s() - before_database_s) / units * 1e6,
        written_bytes=(running.written_bytes() - before_bytes) / units,
    )
    server.samples.setdefault(work.kind, []).append(sample)
    what = f"{server.name}: {work.kind.value}"
    print(f"round {number + 1}  {what:<62} {sample.rate:>9,.0f}/s  p99 {sample.p99_ms:.1f} ms", flush=True)


def _result(server: Measured) -> Server:
    return Server(
        name=server.name,
        durable=server.durable,
        ready_s=server.running.ready_s,
        idle_mb=server.idle_mb,
        loaded_mb=server.running.memory_mb(),
        rows=tuple(report.median(kind, samples) for kind, samples in server.samples.items()),
    )
