"""How long callers wait: at 70 % of the peak, on a disk that syncs slowly, beside a flood of passwords.

Rounds are interleaved; rates and latencies are medians of them.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from bench import ours, wrk
from bench.figures import Waits
from bench.machine import ROOT, SERVER_CORE, Running
from bench.options import Options
from bench.ours import File
from bench.work import Kind, Work
from bench.world import build

PART = 0.7
"""Of the peak."""

SLOW_US = 4_000
SLOW = (
    *("strace", "-f", "--seccomp-bpf", "-o", "/dev/null"),
    *("-e", "trace=fdatasync", "-e", f"inject=fdatasync:delay_exit={SLOW_US}"),
)
WRITERS = 16
QUIET_PART = 0.1
"""Of the peak: how many grants a second go on beside the flood."""

FLOOD = 4
"""Callers who come with passwords; more of one network would be refused."""

Samples = dict[str, list[float]]


def measure(options: Options, about: str) -> Waits:
    """All of it, on SQLite."""
    if shutil.which("strace") is None:
        sys.exit("strace is needed, to make the disk slow: apt-get install strace")
    seen: Samples = {}
    with tempfile.TemporaryDirectory(prefix="callgate-waits-") as name:
        folder = Path(name)
        store = File(folder)
        world = build(folder, 1, url=store.url, extent=options.extent)
        with ours.serving(folder, store) as running:
            works = {work.kind: work for work in ours.works_of(folder, world, port=running.port, rounds=1)}
            for _ in range(options.rounds):
                _paced(running, works[Kind.CLIENT_CREDENTIALS], seen, options=options)
                _sign_ins(running, works, seen, options=options)
        with ours.serving(folder, store, under=SLOW) as running:
            for _ in range(options.rounds):
                _slow(running, works, seen, options=options)
    medians = {name: statistics.median(values) for name, values in seen.items()}
    return Waits(about=about, **medians)


def _paced(running: Running, grants: Work, seen: Samples, *, options: Options) -> None:
    peak = _load(running, grants, options, connections=options.connections)
    paced = wrk.pace(
        grants, PART * peak.rate, port=running.port, seconds=options.seconds, connections=options.connections
    )
    _note(seen, peak=peak.rate, paced=paced.rate, paced_p50_ms=paced.p50_ms, paced_p99_ms=paced.p99_ms)


def _sign_ins(running: Running, works: dict[Kind, Work], seen: Samples, *, options: Options) -> None:
    """One caller after the other against the proof alone; then grants at a low rate, without and with a flood."""
    login, grants = works[Kind.PASSWORD], works[Kind.CLIENT_CREDENTIALS]
    one = _load(running, login, options, connections=1)
    _note(seen, sign_in_ms=1000 / one.rate, argon2_ms=_proof_ms(options.seconds))
    rate = QUIET_PART * statistics.median(seen["peak"])
    quiet = wrk.pace(grants, rate, port=running.port, seconds=options.seconds, connections=options.connections)
    with ThreadPoolExecutor(1) as beside:
        flood = beside.submit(_load, running, login, options, connections=FLOOD)
        flooded = wrk.pace(grants, rate, port=running.port, seconds=options.seconds, connections=options.connections)
        flood.result()
    _note(seen, quiet_p99_ms=quiet.p99_ms, flooded_p99_ms=flooded.p99_ms)


def _proof_ms(seconds: int) -> float:
    """What the proof of a password takes on the server's core, with nobody else there."""
    command = ["taskset", "-c", SERVER_CORE, sys.executable, "-m", "bench.proof", str(seconds)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout)


def _slow(running: Running, works: dict[Kind, Work], seen: Samples, *, options: Options) -> None:
    """Tokens checked alone, and beside those who write; each write waits for the slow sync."""
    checks = works[Kind.VALIDATION]
    alone = _load(running, checks, options, connections=options.connections)
    with ThreadPoolExecutor(1) as beside:
        writing = beside.submit(_load, running, works[Kind.CLIENT_CREDENTIALS], options, connections=WRITERS)
        checked = _load(running, checks, options, connections=options.connections)
        writing.result()
    _note(seen, checks_alone=alone.rate, checks_slow_disk=checked.rate, checks_slow_disk_p99_ms=checked.p99_ms)


def _load(running: Running, work: Work, options: Options, *, connections: int) -> wrk.Found:
    chosen = replace(work, connections=connections)
    return wrk.load(chosen, 0, port=running.port, seconds=options.seconds, connections=connections)


def _note(seen: Samples, **values: float) -> None:
    for name, value in values.items():
        seen.setdefault(name, []).append(value)
    print("  ".join(f"{name} {value:,.1f}" for name, value in values.items()), flush=True)
