"""What the runs found, as README.md and the chart show it: all of it from figures.json."""

import re
import statistics
from collections.abc import Callable, Iterator, Sequence
from html import escape
from pathlib import Path

from bench import goals
from bench.figures import Figures, Pace, Row, Run, Sample, Server, Shrinking, Soak
from bench.work import Kind

_PART = re.compile(r"(<!-- begin: ([a-z ]+) -->\n).*?(<!-- end: \2 -->)", re.DOTALL)
_WIDTH, _ROW, _HEAD, _LEFT = 760, 24, 34, 190
_OURS = "Callgate"
UNMEASURED = "Not measured yet."


def median(kind: Kind, samples: Sequence[Sample]) -> Row:
    """Each figure's median."""
    return Row(
        kind,
        Sample(
            rate=statistics.median(sample.rate for sample in samples),
            p50_ms=statistics.median(sample.p50_ms for sample in samples),
            p99_ms=statistics.median(sample.p99_ms for sample in samples),
            processor_us=statistics.median(sample.processor_us for sample in samples),
            database_us=statistics.median(sample.database_us for sample in samples),
            written_bytes=statistics.median(sample.written_bytes or 0 for sample in samples),
        ),
    )


def tables(servers: Sequence[Server]) -> str:
    """Markdown: the work, with its ratio to the bare reply, which carries over between machines; then the servers."""
    bare = next(row.sample.rate for server in servers for row in server.rows if row.kind is Kind.BARE)
    lines = [
        "| work | server | per second | of bare | p50 ms | p99 ms | processor µs | written bytes |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for kind, rows in _by_kind(servers):
        for server, found in rows:
            lines.append(
                f"| {kind.value} | {server.name} | {found.rate:,.0f} | {found.rate / bare:.3f} "
                f"| {found.p50_ms:.1f} | {found.p99_ms:.1f} | {_processor(found)} | {_written(found)} |"
            )
    lines += [
        "",
        "| server | what is kept | memory before, after | first answer |",
        "|---|---|---:|---:|",
        *(
            f"| {server.name} | {server.durable} | {server.idle_mb:,.0f}, {server.loaded_mb:,.0f} MB "
            f"| {'–' if server.ready_s is None else f'{server.ready_s:.1f} s'} |"
            for server in servers
        ),
    ]
    return "\n".join(lines)


def write(figures: Figures, folder: Path) -> None:
    """Put what figures.json says into README.md, each part between its marks, and draw the chart beside it."""
    readme = folder / "README.md"
    readme.write_text(fill(readme.read_text("utf-8"), figures), "utf-8")
    if figures.speed is not None:
        (folder / "chart.svg").write_text(chart(figures.speed.servers), "utf-8")


def fill(page: str, figures: Figures) -> str:
    """A page with its parts as the figures have it."""
    return _PART.sub(lambda found: f"{found[1]}\n{PARTS[found[2]](figures)}\n\n{found[3]}", page)


def shown(found: Run) -> str:
    """What a run found, for whoever started it."""
    return PARTS[type(found).__name__.lower()](Figures().having(found))


def speed(figures: Figures) -> str:
    """Servers side by side."""
    return f"{figures.speed.about}.\n\n{tables(figures.speed.servers)}" if figures.speed else UNMEASURED


def growth(figures: Figures) -> str:
    """Each engine at each size, beside the small one; start and space."""
    if figures.growth is None:
        return UNMEASURED
    sizes = [
        (f"{grown.engine} | {size.people:,} | {size.sessions:,}", size)
        for grown in figures.growth.engines
        for size in (grown.small, *grown.sizes)
    ]
    lines = [
        f"{figures.growth.about}.",
        "",
        "| engine | extensions | sessions | work | per second | of the small one | processor µs | of the small one |",
        "|---|---:|---:|---|---:|---:|---:|---:|",
        *(f"| {at} | {_pace(pace)} |" for at, size in sizes for pace in size.paces),
        "",
        "| engine | extensions | sessions | on disk | ready after |",
        "|---|---:|---:|---:|---:|",
        *(f"| {at} | {size.bytes / 1e6:,.0f} MB | {size.ready_s:.2f} s |" for at, size in sizes),
        "",
        "| engine | sessions that expire | before | with them | afterwards | of before | seconds |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *(_shrunk(grown.engine, grown.shrinking) for grown in figures.growth.engines if grown.shrinking),
    ]
    return "\n".join(lines)


def waits(figures: Figures) -> str:
    """How long callers wait, in three troubles."""
    if (found := figures.waits) is None:
        return UNMEASURED
    return f"""{found.about}.

| | |
|---|---:|
| client_credentials, as many as are answered | {found.peak:,.0f}/s |
| at 70 % of that | {found.paced:,.0f}/s, p50 {found.paced_p50_ms:.1f} ms, p99 {found.paced_p99_ms:.1f} ms |
| tokens checked, each sync of the disk 4 ms slower | {found.checks_alone:,.0f}/s |
| beside 16 writers | {found.checks_slow_disk:,.0f}/s, p99 {found.checks_slow_disk_p99_ms:.1f} ms |
| proof of a password, alone | {found.argon2_ms:.1f} ms |
| password sign-in | {found.sign_in_ms:.1f} ms |
| client_credentials at a tenth of the peak | p99 {found.quiet_p99_ms:.1f} ms |
| in a flood of sign-ins | p99 {found.flooded_p99_ms:.1f} ms |"""


def soak(figures: Figures) -> str:
    """Memory, and what else might grow."""
    if (found := figures.soak) is None:
        return UNMEASURED
    growth_mb = (found.soaked_mb - found.warm_mb) / found.requests * 1e6
    return f"""Resident, shared pages in full: a worker at rest {found.worker_mb:.0f} MB, its supervisor
{found.supervisor_mb:.0f} MB. From {found.warm_mb:.1f} to {found.soaked_mb:.1f} MB in {found.requests:,} requests, which
is {growth_mb:.1f} MB for a million.{_seen(found)}"""


def _seen(soak: Soak) -> str:
    rows = [
        f"| {at.requests:,} | {at.mb:.1f} | {at.files} | {at.threads} | {at.log_mb:.1f} MB "
        f"| {at.sessions:,} | {at.overdue} | {at.p99_ms:.1f} ms |"
        for at in soak.seen
    ]
    if not rows or soak.p99_ratio is None:
        return ""
    head = ("| requests so far | MB | files | threads | log | sessions | overdue | p99 |", f"|{'---:|' * 8}")
    told = f"The last tenth's 99th percentile was {soak.p99_ratio:.2f} times the first's."
    return "\n".join((f" {told}", "", *head, *rows))


def watching(figures: Figures) -> str:
    """What being watched costs."""
    if (found := figures.watching) is None:
        return UNMEASURED
    rows = (f"| {row.kind} | {row.way} | {row.processor_us:,.1f} | {row.ratio:.3f} |" for row in found.rows)
    head = ("| work | told | processor µs | of telling nothing |", "|---|---|---:|---:|")
    return "\n".join((f"{found.about}.", "", *head, *rows))


def _pace(pace: Pace) -> str:
    rate, processor = (
        f"{pace.rate:,.0f} | {pace.rate_ratio:.2f}",
        f"{pace.processor_us:,.0f} | {pace.processor_ratio:.2f}",
    )
    return f"{pace.kind} | {rate} | {processor}"


def _shrunk(engine: str, found: Shrinking) -> str:
    before, full, after = (
        f"{size / 1e6:,.1f} MB" for size in (found.before_bytes, found.full_bytes, found.after_bytes)
    )
    ratio = found.after_bytes / found.before_bytes
    return f"| {engine} | {found.sessions:,} | {before} | {full} | {after} | {ratio:.2f} | {found.swept_s:.0f} |"


PARTS: dict[str, Callable[[Figures], str]] = {
    "speed": speed,
    "goals": goals.table,
    "growth": growth,
    "waits": waits,
    "soak": soak,
    "watching": watching,
}
"""Name of a part, as README.md asks for it -> what writes it."""


def chart(servers: Sequence[Server]) -> str:
    """Bars of units per second, a group with a scale of its own for each kind; Callgate's are filled."""
    top, parts = 10, []
    for kind, rows in _by_kind(servers):
        most = max(found.rate for _, found in rows)
        parts.append(f'<text x="10" y="{top + 20}" font-weight="bold">{escape(kind.value)}</text>')
        top += _HEAD
        for server, found in rows:
            width = max(1.0, (_WIDTH - _LEFT - 90) * found.rate / most)
            fill = "#2f6f62" if server.name.startswith(_OURS) else "none"
            parts.append(
                f'<text x="{_LEFT - 10}" y="{top + 14}" text-anchor="end">{escape(server.name)}</text>'
                f'<rect x="{_LEFT}" y="{top + 2}" width="{width:.1f}" height="16" fill="{fill}" stroke="#2f6f62"/>'
                f'<text x="{_LEFT + width + 8:.1f}" y="{top + 14}">{found.rate:,.0f}/s</text>'
            )
            top += _ROW
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top + 10}" font-family="sans-serif" '
        f'font-size="13" fill="#444"><title>Requests per second</title>{"".join(parts)}</svg>\n'
    )


def _by_kind(servers: Sequence[Server]) -> Iterator[tuple[Kind, list[tuple[Server, Sample]]]]:
    for kind in Kind:
        rows = [(server, row.sample) for server in servers for row in server.rows if row.kind is kind]
        if rows:
            yield kind, rows


def _processor(sample: Sample) -> str:
    own = f"{sample.processor_us:,.0f}"
    return f"{own} + {sample.database_us:,.0f}" if sample.database_us else own


def _written(sample: Sample) -> str:
    return "–" if sample.written_bytes is None else f"{sample.written_bytes:,.0f}"
