"""The benchmark still runs, in a form of seconds, and its pages say what its figures say."""

import shutil
from dataclasses import replace

import pytest

from bench import figures, goals, growth, report, soak, speed, waits, watching
from bench.figures import Figures, Row, Sample, Server, Speed
from bench.options import Options
from bench.work import Kind
from bench.world import Extent
from tests.figures import Figure

TINY = Options(
    rounds=1,
    seconds=1,
    connections=8,
    only=("Callgate, SQLite",),
    works=("first use",),
    extent=Extent(apps=4, people=40),
)
needs_wrk = pytest.mark.skipif(
    shutil.which("wrk") is None or shutil.which("taskset") is None, reason="needs wrk and taskset: apt-get install wrk"
)


def server_of(name: str, kind: Kind, rate: float) -> Server:
    """A server of which one work was measured."""
    sample = Sample(rate=rate, p50_ms=1, p99_ms=2, processor_us=3, database_us=0, written_bytes=900)
    return Server(name=name, durable="", ready_s=1, idle_mb=1, loaded_mb=1, rows=(Row(kind, sample),))


def run_of(*servers: Server) -> Figures:
    """Figures of one run side by side."""
    return Figures(speed=Speed(about="here", cores=2, servers=servers))


@needs_wrk
def test_servers_are_measured_side_by_side() -> None:
    """A refresh with first use is slower than the bare reply, takes processor time, and reaches the disk."""
    found = speed.measure(TINY, "here")
    ours, bare = found.sample(goals.SQLITE, Kind.REFRESH_AND_USE), found.sample(*goals.BARE)
    assert ours is not None
    assert bare is not None
    assert 0 < ours.rate < bare.rate
    assert ours.processor_us > bare.processor_us
    assert ours.written_bytes


@needs_wrk
@pytest.mark.long
def test_growth_is_measured() -> None:
    """Sessions made set-wise are refreshed as any other, on a database of each size."""
    few = replace(TINY, works=("refresh",), people=100, sessions=100, credentials=3, shrink_s=0)
    (grown,) = growth.measure(few, "here").engines
    assert [(size.people, size.sessions) for size in (grown.small, *grown.sizes)] == [(100, 100)] * 3
    assert all(pace.rate > 0 for size in grown.sizes for pace in size.paces)
    assert {pace.rate_ratio for pace in grown.small.paces} == {1.0}


@needs_wrk
@pytest.mark.long
@pytest.mark.timeout(300)
def test_nothing_grows_with_the_requests(figure: Figure) -> None:
    """Assurance R18 in short: once it is warm, files, threads and log are what they were, and no row is overdue."""
    found = soak.measure(replace(TINY, requests=60_000, connections=32), "here")
    (first, *_, last), growth_mb = found.seen[len(found.seen) // 2 :], found.soaked_mb - found.warm_mb
    figure(
        "growth.requests",
        f"{found.requests:,} requests after {found.seen[-1].requests - found.requests:,}: {growth_mb:+.1f} MB, "
        f"{last.files - first.files:+} files, {last.threads - first.threads:+} threads, log {last.log_mb:.1f} MB, "
        f"{last.overdue} of {last.sessions:,} sessions overdue, last tenth's p99 {found.p99_ratio:.2f} × the first's",
    )
    assert found.worker_mb > 0
    assert abs(last.files - first.files) <= 2
    assert last.threads == first.threads
    assert last.log_mb <= 64
    assert last.overdue <= last.sessions / 10


@needs_wrk
@pytest.mark.long
@pytest.mark.root
@pytest.mark.timeout(300)
def test_waits_and_watching_are_measured() -> None:
    """Every figure is there."""
    found = waits.measure(TINY, "here")
    assert 0 < found.checks_slow_disk < found.checks_alone * 2
    assert found.sign_in_ms > found.argon2_ms / 2
    assert {row.way for row in watching.measure(TINY, "here").rows} == set(watching.WAYS)


@pytest.mark.parametrize(("rate", "verdict"), [(250, "| reached |"), (249, "**not reached**")])
def test_goal_is_judged_by_the_figures(rate: float, verdict: str) -> None:
    """At the bound it is reached, below it is not; what was not measured is neither."""
    kind = Kind.CLIENT_CREDENTIALS
    run = run_of(server_of("bare reply", Kind.BARE, 1000), server_of(goals.SQLITE, kind, rate))
    lines = goals.table(run).splitlines()
    assert verdict in next(line for line in lines if f"{kind}, SQLite" in line)
    assert "not measured" in next(line for line in lines if "jwt-bearer, SQLite" in line)


def test_pages_say_what_the_figures_say() -> None:
    """README.md and the chart are those of figures.json: `./dev bench --write` makes all three."""
    kept = figures.load()
    folder = figures.FILE.parent
    readme = (folder / "README.md").read_text("utf-8")
    assert report.fill(readme, kept) == readme
    assert kept.speed is not None
    assert (folder / "chart.svg").read_text("utf-8") == report.chart(kept.speed.servers)
