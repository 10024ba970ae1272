"""What a worker occupies at rest, and what requests leave behind: resident memory, before and after many of them."""

import tempfile
from pathlib import Path

from bench import ours, wrk
from bench.figures import Soak
from bench.machine import Running
from bench.options import Options
from bench.ours import File
from bench.work import Kind, Work
from bench.world import build

KINDS = (Kind.VALIDATION, Kind.REVOKE)
"""They leave no more rows than they find, so that what grows is no cache of a growing database."""


def measure(options: Options, about: str) -> Soak:
    """On SQLite: half of the requests first, for what is filled once, then as many as were asked for."""
    with tempfile.TemporaryDirectory(prefix="callgate-soak-") as name:
        folder = Path(name)
        store = File(folder)
        world = build(folder, 1, url=store.url, extent=options.extent)
        with ours.serving(folder, store) as running:
            supervisor_mb, *workers_mb = running.resident_mb()
        with ours.serving(folder, store) as running:
            works = [work for work in ours.works_of(folder, world, port=running.port, rounds=1) if work.kind in KINDS]
            _send(running, works, options.requests // 2, options=options)
            warm_mb = sum(running.resident_mb()[1:])
            sent = _send(running, works, options.requests, options=options)
            soaked_mb = sum(running.resident_mb()[1:])
    return Soak(
        about=about,
        worker_mb=max(workers_mb),
        supervisor_mb=supervisor_mb,
        requests=sent,
        warm_mb=warm_mb,
        soaked_mb=soaked_mb,
    )


def _send(running: Running, works: list[Work], requests: int, *, options: Options) -> int:
    sent = 0
    while sent < requests:
        for work in works:
            found = wrk.load(work, 0, port=running.port, seconds=options.seconds, connections=options.connections)
            sent += found.requests
        print(f"{sent:,} requests, {sum(running.resident_mb()[1:]):.1f} MB", flush=True)
    return sent
