"""What the runs found, as README.md and the chart show it: all of it from figures.json."""

import re
import statistics
from collections.abc import Callable, Iterator, Sequence
from html import escape
from pathlib import Path

from bench import goals
from bench.figures import Figures, Growth, Row, Sample, Server, Soak, Speed, Waits
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


def shown(found: Speed | Growth | Waits | Soak) -> str:
    """What a run found, for whoever started it."""
    return PARTS[type(found).__name__.lower()](Figures().having(found))


def speed(figures: Figures) -> str:
    """Servers side by side."""
    return f"{figures.speed.about}.\n\n{tables(figures.speed.servers)}" if figures.speed else UNMEASURED


PARTS: dict[str, Callable[[Figures], str]] = {"speed": speed, "goals": goals.table}
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
