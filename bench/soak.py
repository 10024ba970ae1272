"""What a worker occupies at rest and warm, and what requests leave behind, while there are many (assurance R18).

Resident memory, files, threads, the length of SQLite's log, rows whose time is over, and how long the slowest wait.

What is filled once (SQLite's pages, entities kept parsed, the allocator's own) is filled first: what comes after that
would go on for ever.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench import ours, wrk
from bench.figures import Held, Soak
from bench.machine import Running
from bench.options import Options
from bench.ours import File
from bench.work import Kind, Work
from bench.world import build

KINDS = (Kind.VALIDATION, Kind.REVOKE)
"""They leave no more rows than they find, so that what grows is no cache of a growing database."""

SHOWN = 10
"""Of how many moments the table tells."""


def measure(options: Options, about: str) -> Soak:
    """On SQLite: as many requests as were asked for, for what is filled once; then as many again."""
    with tempfile.TemporaryDirectory(prefix="callgate-soak-") as name:
        folder = Path(name)
        store = File(folder)
        world = build(folder, 1, url=store.url, extent=options.extent)
        with ours.serving(folder, store) as running:
            supervisor_mb, *workers_mb = running.resident_mb()
        with ours.serving(folder, store) as running:
            works = [work for work in ours.works_of(folder, world, port=running.port, rounds=1) if work.kind in KINDS]
            warming = list(_send(running, store, works, options=options))
            warm = warming[-1]
            soaking = list(_send(running, store, works, after=warm.requests, options=options))
            soaked = soaking[-1]
    return Soak(
        about=about,
        worker_mb=max(workers_mb),
        supervisor_mb=supervisor_mb,
        requests=soaked.requests - warm.requests,
        warm_mb=warm.mb,
        soaked_mb=soaked.mb,
        p99_ratio=_p99_ms(soaking[-_tenth(soaking) :]) / _p99_ms(soaking[: _tenth(soaking)]),
        seen=tuple(_spread([*warming, *soaking])),
    )


def _send(running: Running, store: File, works: list[Work], *, options: Options, after: int = 0) -> Iterator[Held]:
    """As many requests more as were asked for; what is held after each round of the works."""
    sent = after
    while sent < after + options.requests:
        p99_ms = 0.0
        for work in works:
            found = wrk.load(work, 0, port=running.port, seconds=options.seconds, connections=options.connections)
            sent += found.requests
            p99_ms = max(p99_ms, found.p99_ms)
        sessions, overdue = store.sessions()
        at = Held(
            requests=sent,
            mb=sum(running.resident_mb()[1:]),
            files=running.workers_files(),
            threads=running.workers_threads(),
            log_mb=store.log_bytes() / 1e6,
            sessions=sessions,
            overdue=overdue,
            p99_ms=p99_ms,
        )
        print(f"{at.requests:,} requests, {at.mb:.1f} MB, {at.files} files, {at.threads} threads", flush=True)
        yield at


def _tenth(seen: list[Held]) -> int:
    return -(-len(seen) // SHOWN)


def _p99_ms(seen: list[Held]) -> float:
    return median(at.p99_ms for at in seen)


def _spread(seen: list[Held]) -> Iterator[Held]:
    """Of what was seen, every so many requests."""
    for part in range(1, SHOWN + 1):
        yield next(at for at in seen if at.requests * SHOWN >= seen[-1].requests * part)
