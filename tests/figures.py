"""What a test saw, in figures: printed at the end of a run, and with `--figures` kept in tests/reliability.toml.

That file says what Callgate is put through, a row for each trial; `./dev docs` makes docs/reliability.md of it. A new
trial is a row there, and a test that calls `figure` with the row's name. Only a test that passed leaves its figure.
"""

import datetime as dt
import json
import os
import subprocess
import tomllib
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Figure = Callable[[str, str], None]
"""Takes a row's name and what was seen of it. Parameters of one test may each say theirs: they stand in one line."""

Row = dict[str, str | list[str]]

ROOT = Path(__file__).parents[1]
FILE = ROOT / "tests" / "reliability.toml"
MARKS = "marks"
"""Which of the bars in docs/assurance.md section 4.2 a row is about, where it is about one."""

ASKED = ("what", "must", "where")
"""What every row says: what happens, what must hold, and the files that try it."""

SEEN = ("figure", "date", "machine", "commit")
"""What a row says once it was tried under `--figures`: all four, or none. The commit is the one of main below the
tree."""

HEAD = """\
# What Callgate is put through, row by row; `./dev docs` writes docs/reliability.md from it. Rows are sorted by name.
# `marks` (of docs/assurance.md), `what` happens, what `must` hold, and `where` it is tried are written by hand; the
# rest comes of `./dev test --figures`, with `--long` of the full counts, when its tests call figure("NAME", "seen").
"""

_SAID = "figure"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--figures`."""
    parser.addoption("--figures", action="store_true", help="keep the figures of this run in tests/reliability.toml")


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Figure:
    """Says what a test saw."""
    rows = read()

    def say(name: str, text: str) -> None:
        assert name in rows, f"tests/reliability.toml has no row {name!r}"
        # The way that xdist carries too.
        request.node.user_properties.append((_SAID, [name, text]))

    return say


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the figures, and keep them if that was asked for."""
    said: dict[str, list[str]] = defaultdict(list)
    for report in terminalreporter.getreports("passed"):
        for kind, value in report.user_properties if report.when == "call" else ():
            if kind == _SAID:
                said[value[0]].append(value[1])
    for name, texts in said.items():
        terminalreporter.write_line(f"{name}: {'; '.join(texts)}")
    if config.getoption("--figures"):
        keep({name: "; ".join(texts) for name, texts in said.items()})


def read() -> dict[str, Row]:
    """The rows."""
    return tomllib.loads(FILE.read_text("utf-8"))


def keep(figures: Mapping[str, str]) -> None:
    """Write them into their rows, with the day, the machine and the commit."""
    rows = read()
    under = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, load {os.getloadavg()[2]:.0f}",
        "commit": _commit(),
    }
    for name, text in figures.items():
        rows[name] |= {"figure": text} | under
    FILE.write_text(render(rows), "utf-8")


def render(rows: Mapping[str, Row]) -> str:
    """The file, as it always looks: so that two people's rows meet in no line."""
    return HEAD + "".join(_render(name, row) for name, row in sorted(rows.items()))


def _render(name: str, row: Row) -> str:
    fields = (field for field in (MARKS, *ASKED, *SEEN) if field in row)
    lines = [f"{field} = {json.dumps(row[field], ensure_ascii=False)}" for field in fields]
    return "\n".join(("", f'["{name}"]', *lines, ""))


def _commit() -> str:
    for command in (["merge-base", "HEAD", "main"], ["rev-parse", "HEAD"]):
        asked = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=False)
        if asked.returncode == 0:
            return asked.stdout[:8]
    return "unknown"
