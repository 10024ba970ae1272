"""What a run found: a table, ratios to the bare reply, and a chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

BEGIN, END = "<!-- last run -->", "<!-- end of last run -->"
_WIDTH, _ROW, _LEFT = 760, 30, 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One measurement: units per second, and latencies of single requests."""

    rate: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Medians of one work's samples."""

    name: str
    server: str
    rate: float
    p50_ms: float
    p99_ms: float


def table(rows: Sequence[Row]) -> str:
    """Markdown, with the ratio to the bare reply, which carries over between machines as rates do not."""
    bare = next(row.rate for row in rows if row.server == "bare")
    lines = ["| work | per second | of bare | p50 ms | p99 ms |", "|---|---:|---:|---:|---:|"]
    lines += [
        f"| {row.name} | {row.rate:,.0f} | {row.rate / bare:.2f} | {row.p50_ms:.1f} | {row.p99_ms:.1f} |"
        for row in rows
    ]
    return "\n".join(lines)


def write(rows: Sequence[Row], folder: Path, machine: str) -> None:
    """Put the table into README.md between its marks, and draw the chart beside it."""
    readme = folder / "README.md"
    before, _, rest = readme.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n\n{machine}.\n\n{table(rows)}\n\n{END}{after}")
    (folder / "chart.svg").write_text(chart(rows))


def chart(rows: Sequence[Row]) -> str:
    """Bars of units per second; ours filled, the yardstick and the peer hollow."""
    most = max(row.rate for row in rows)
    height = _ROW * len(rows) + 20
    bars = []
    for index, row in enumerate(rows):
        top = 10 + index * _ROW
        width = max(1.0, (_WIDTH - _LEFT - 90) * row.rate / most)
        fill = "#2f6f62" if row.server == "callgate" else "none"
        bars.append(
            f'<text x="{_LEFT - 10}" y="{top + 18}" text-anchor="end">{escape(row.name)}</text>'
            f'<rect x="{_LEFT}" y="{top + 5}" width="{width:.1f}" height="18" fill="{fill}" stroke="#2f6f62"/>'
            f'<text x="{_LEFT + width + 8:.1f}" y="{top + 18}">{row.rate:,.0f}/s</text>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" '
        f'font-size="13" fill="#444"><title>Requests per second</title>{"".join(bars)}</svg>\n'
    )
