"""The parts that the benchmark's last runs say: speed beside a peer, and what a server must be given."""

import sys
from collections.abc import Iterator
from pathlib import Path

from markdown import table

sys.path.insert(0, str(Path(__file__).parent.parent))  # the benchmark is run from there, and installed nowhere
from bench.figures import Sample, load
from bench.goals import MEMORY, POSTGRESQL, SQLITE
from bench.work import Kind

_UNITS = 1000
_MB = 1_000_000
_WORKS = {
    "client_credentials": Kind.CLIENT_CREDENTIALS,
    "JWT credential": Kind.JWT_BEARER,
    "refresh": Kind.REFRESH,
    "refresh with first use of its token": Kind.REFRESH_AND_USE,
    "a token granted and revoked": Kind.REVOKE,
    "a token checked": Kind.VALIDATION,
}


def speed() -> Iterator[str]:
    """The last benchmark beside a peer of the same run: the one that keeps nothing."""
    run = load().speed
    works = {
        "client_credentials": Kind.CLIENT_CREDENTIALS,
        "refresh": Kind.REFRESH,
        "bearer validation": Kind.VALIDATION,
    }
    pairs = {name: (run.rate(SQLITE, kind), run.rate(MEMORY, kind)) for name, kind in works.items()} if run else {}
    ratios = [f"{name} {ours / theirs:.1f} ×" for name, (ours, theirs) in pairs.items() if ours and theirs]
    yield (
        "In the last measured run, with each change on disk before its reply, beside npm `oidc-provider` in memory:\n"
        f"{', '.join(ratios)} its rate ([bench/README.md](bench/README.md))."
        if ratios
        else "Not measured yet: `./dev bench`."
    )


def sizing() -> Iterator[str]:
    """Cores and bytes for 1,000 units of each work a second; memory; disk for each million sessions."""
    figures = load()
    run = figures.speed
    if run is None:
        yield "Not measured yet: `./dev bench`."
        return
    rows = []
    for name, kind in _WORKS.items():
        ours, theirs = run.sample(SQLITE, kind), run.sample(POSTGRESQL, kind)
        rows.append((name, _cores(ours), _bytes(ours), _cores(theirs), _bytes(theirs)))
    yield table(("1,000 a second of", "cores, SQLite", "to disk, MB/s", "cores, PostgreSQL", "its log, MB/s"), rows)
    login = run.sample(SQLITE, Kind.PASSWORD)
    if login is not None:
        ms = login.processor_us / 1000
        yield f"A password sign-in takes {ms:.0f} ms of a core, on threads of their own, and 19 MiB."
    if figures.soak is not None:
        yield (
            f"A worker at rest has {figures.soak.worker_mb:.0f} MB in memory and its supervisor "
            f"{figures.soak.supervisor_mb:.0f} MB, most of it shared; the caches of SQLite grow to 68 MB more."
        )


def growth() -> Iterator[str]:
    """What millions of sessions take, and what they cost those who come."""
    figures = load()
    if figures.growth is None:
        yield "Not measured yet: `./dev bench growth`."
        return
    rows = []
    for grown in figures.growth.engines:
        people = max(grown.sizes, key=lambda size: (size.people, -size.sessions))
        most = max(grown.sizes, key=lambda size: size.sessions)
        each = (most.bytes - people.bytes) / (most.sessions - people.sessions) if most.sessions > people.sessions else 0
        rows.append(
            (
                grown.engine,
                f"{most.people:,}, {most.sessions:,}",
                f"{each * 1e6 / _MB:,.0f} MB",
                f"{most.bytes / _MB:,.0f} MB",
                ", ".join(f"{pace.kind} {pace.rate_ratio:.2f}" for pace in most.paces),
                f"{most.ready_s:.1f} s",
            )
        )
    head = (
        "engine",
        "extensions, sessions",
        "a million sessions",
        "all",
        "rate, of that of a small database",
        "ready after",
    )
    yield table(head, rows)


def _cores(sample: Sample | None) -> str:
    if sample is None:
        return "–"
    own = f"{sample.processor_us * _UNITS / 1e6:.2f}"
    return f"{own} + {sample.database_us * _UNITS / 1e6:.2f}" if sample.database_us else own


def _bytes(sample: Sample | None) -> str:
    return "–" if sample is None or sample.written_bytes is None else f"{sample.written_bytes * _UNITS / _MB:.1f}"
