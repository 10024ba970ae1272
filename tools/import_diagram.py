"""Draw docs/images/floors.svg: the packages on their floors, and which imports which.

An arrow leads one floor down; what a package imports from farther below is listed in its box. Both are what the code
imports (grimp, import-linter's own graph), the words are the packages' docstrings. Where boxes stand is decided here;
nothing else is.
"""

import ast
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

import grimp

SOURCE = Path(__file__).resolve().parent.parent / "src/callgate"

FLOORS = (
    ("app",),
    ("web", "admin"),
    ("service",),
    ("protocol", "storage", "crypto", "config"),
    ("model",),
)
"""From the roof down, left to right."""

WIDTH = 940
LEFT = 30
BOX_HEIGHT = 76
GAP_X = 14
GAP_Y = 44

STYLE = """
  .band { fill: #edf2f0 } .floor { fill: #5b6b67; font-size: 10.5px }
  .box { fill: #ffffff; stroke: #0b6b5d; stroke-width: 1.2 }
  .name { fill: #0d1f1b; font-weight: 600; font-size: 14px } .about { fill: #44524e; font-size: 10.5px }
  .far { fill: #5b6b67; font-size: 10.5px } .arrow { fill: none; stroke: #0b6b5d; stroke-width: 1.4 }
  .head { fill: #0b6b5d }
  text { font-family: system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
"""


class Box(NamedTuple):
    """A package where it stands."""

    name: str
    about: str
    floor: int
    x: float
    y: float
    width: float

    @property
    def middle(self) -> float:
        """Where most arrows would like to begin."""
        return self.x + self.width / 2


def draw_imports() -> str:
    """The picture, as SVG text."""
    boxes = {box.name: box for box in _boxes()}
    pairs = sorted(imports())
    near = [(source, target) for source, target in pairs if boxes[target].floor == boxes[source].floor + 1]
    bands = "\n".join(_band(floor) for floor in range(len(FLOORS)))
    arrows = "\n".join(_arrow(boxes, near, source=source, target=target) for source, target in near)
    far = {box.name: [t for s, t in pairs if s == box.name and (s, t) not in near] for box in boxes.values()}
    shapes = "\n".join(_shape(box, far[box.name]) for box in boxes.values())
    height = len(FLOORS) * (BOX_HEIGHT + GAP_Y) - GAP_Y + 2 * 16
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="{_in_words(pairs)}">\n<style>{STYLE}</style>\n'
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path class="head" d="M0 0 8 4 0 8z"/></marker></defs>\n'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>\n{bands}\n{arrows}\n{shapes}\n</svg>\n'
    )


def imports() -> frozenset[tuple[str, str]]:
    """Each pair of packages of which one imports the other, imports for type checkers included."""
    graph = grimp.build_graph("callgate", cache_dir=None)
    pairs = ((module, found) for module in graph.modules for found in graph.find_modules_directly_imported_by(module))
    crossing = {(_package(module), _package(found)) for module, found in pairs}
    return frozenset((source, target) for source, target in crossing if source != target and source and target)


def _package(module: str) -> str:
    return module.partition(".")[2].partition(".")[0]


def _boxes() -> list[Box]:
    boxes = []
    for floor, names in enumerate(FLOORS):
        width = (WIDTH - 2 * LEFT - 60 - (len(names) - 1) * GAP_X) / max(len(names), 2)
        row = len(names) * width + (len(names) - 1) * GAP_X
        start = LEFT + 60 + (WIDTH - 2 * LEFT - 60 - row) / 2
        y = 16 + floor * (BOX_HEIGHT + GAP_Y)
        boxes += [Box(name, _about(name), floor, start + i * (width + GAP_X), y, width) for i, name in enumerate(names)]
    return boxes


def _about(name: str) -> str:
    """The first sentence of a package's docstring, up to its colon or full stop."""
    file = SOURCE / name / "__init__.py"
    text = ast.get_docstring(ast.parse((file if file.exists() else SOURCE / f"{name}.py").read_text())) or ""
    return text.splitlines()[0].partition(":")[0].rstrip(".")


def _band(floor: int) -> str:
    y = 16 + floor * (BOX_HEIGHT + GAP_Y) - 8
    number = len(FLOORS) - 1 - floor
    return (
        f'<rect class="band" x="8" y="{y}" width="{WIDTH - 16}" height="{BOX_HEIGHT + 16}" rx="10"/>'
        f'<text class="floor" x="20" y="{y + BOX_HEIGHT / 2 + 12:g}">floor {number}</text>'
    )


def _shape(box: Box, far: list[str]) -> str:
    lines = [
        f'<rect class="box" x="{box.x:g}" y="{box.y}" width="{box.width:g}" height="{BOX_HEIGHT}" rx="8"/>',
        f'<text class="name" x="{box.middle:g}" y="{box.y + 26}" text-anchor="middle">{box.name}</text>',
        f'<text class="about" x="{box.middle:g}" y="{box.y + 44}" text-anchor="middle">{escape(box.about)}</text>',
    ]
    if far:
        listed = f"imports also {', '.join(far)}"
        lines.append(f'<text class="far" x="{box.middle:g}" y="{box.y + 62}" text-anchor="middle">{listed}</text>')
    return "".join(lines)


def _arrow(boxes: dict[str, Box], arrows: list[tuple[str, str]], *, source: str, target: str) -> str:
    """From a place of its own on the source's lower edge to one on the target's upper edge."""
    start, end = boxes[source], boxes[target]
    leaving = sorted((pair[1] for pair in arrows if pair[0] == source), key=lambda name: boxes[name].middle)
    coming = sorted((pair[0] for pair in arrows if pair[1] == target), key=lambda name: boxes[name].middle)
    x1 = start.x + start.width * (leaving.index(target) + 1) / (len(leaving) + 1)
    x2 = end.x + end.width * (coming.index(source) + 1) / (len(coming) + 1)
    y1, y2 = start.y + BOX_HEIGHT, end.y
    bend = (y2 - y1) / 2
    curve = f"M{x1:g} {y1}C{x1:g} {y1 + bend:g} {x2:g} {y2 - bend:g} {x2:g} {y2}"
    return f'<path class="arrow" d="{curve}" marker-end="url(#head)"/>'


def _in_words(arrows: list[tuple[str, str]]) -> str:
    """The same for who cannot see it."""
    sources = list(dict.fromkeys(source for source, _ in arrows))
    said = (f"{source} imports {', '.join(t for s, t in arrows if s == source)}" for source in sources)
    return escape("; ".join(said) + ".")
