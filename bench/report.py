"""What a run found: tables, ratios to the bare reply, and a chart."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from bench.work import Kind

BEGIN, END = "<!-- last run -->", "<!-- end of last run -->"
_WIDTH, _ROW, _HEAD, _LEFT = 760, 24, 34, 190
_OURS = "Callgate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One measurement: units per second, latencies of requests, what a unit costs; PostgreSQL's share apart."""

    rate: float
    p50_ms: float
    p99_ms: float
    processor_us: float
    database_us: float
    written_bytes: float


@dataclass(frozen=True, slots=True)
class Row:
    """The medians of one kind of work."""

    kind: Kind
    sample: Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server's results. `ready_s` is from its start to its first answer; None where it first made its world."""

    name: str
    durable: str
    ready_s: float | None
    idle_mb: float
    loaded_mb: float
    rows: tuple[Row, ...]


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
            written_bytes=statistics.median(sample.written_bytes for sample in samples),
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


def write(servers: Sequence[Server], folder: Path, machine: str) -> None:
    """Put the tables into README.md between its marks, and draw the chart beside it."""
    readme = folder / "README.md"
    before, _, rest = readme.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n\n{machine}.\n\n{tables(servers)}\n\n{END}{after}")
    (folder / "chart.svg").write_text(chart(servers))


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
    return (
        "–" if sample.database_us else f"{sample.written_bytes:,.0f}"
    )  # what another user's processes write is not told
