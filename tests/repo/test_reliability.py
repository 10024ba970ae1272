"""The rows of tests/reliability.toml lead to tests that say their figures, and the tests' figures to rows."""

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests import figures

ROWS = figures.read()


def names_in(source: str) -> Iterator[str]:
    """The rows that a file's tests say figures of; what is put into a name when it runs is `*`."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name("figure"), args=[ast.Constant(str(name)), _]):
                yield name
            case ast.Call(func=ast.Name("figure"), args=[ast.JoinedStr(parts), _]):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in parts)
            case _:
                pass


def said_below(folder: Path) -> set[tuple[str, str]]:
    """Each file and each name it says."""
    files = [file for file in folder.rglob("*.py") if "node_modules" not in file.parts]
    texts = ((file, file.read_text("utf-8")) for file in files)
    return {
        (str(file.relative_to(figures.ROOT)), name)
        for file, text in texts
        if "figure(" in text
        for name in names_in(text)
    }


SAID = said_below(figures.ROOT / "tests")


@pytest.mark.parametrize("name", ROWS)
def test_row_says_what_is_tried_and_where(name: str) -> None:
    """A row is whole, its files are there, and whatever was seen was said by one of them."""
    row = ROWS[name]
    seen = row.keys() - {figures.MARKS, *figures.ASKED}
    assert name.partition(".")[0].isalpha()
    assert row.keys() >= set(figures.ASKED)
    assert seen in (set(), set(figures.SEEN))
    assert row["where"]
    assert [file for file in row["where"] if not (figures.ROOT / file).exists()] == []
    assert not seen or any(file in row["where"] and fnmatchcase(name, said) for file, said in SAID)


@pytest.mark.parametrize(("file", "said"), sorted(SAID))
def test_figure_has_its_row(file: str, said: str) -> None:
    """Which names the file."""
    assert [name for name, row in ROWS.items() if fnmatchcase(name, said) and file in row["where"]]


def test_every_bar_has_a_row_with_a_figure() -> None:
    """Of docs/assurance.md section 4.2; and no row is about a bar that is not there."""
    bars = re.findall(r"^\| (R\d+) \|", (figures.ROOT / "docs/assurance.md").read_text("utf-8"), re.MULTILINE)
    shown = {mark for row in ROWS.values() if "figure" in row for mark in row.get(figures.MARKS, ())}
    assert len(bars) == 22
    assert set(bars) == shown
    assert {mark for row in ROWS.values() for mark in row.get(figures.MARKS, ())} <= set(bars)


def test_file_is_as_it_is_written() -> None:
    """Sorted, one field a line: a figure kept changes its row alone, and two people's rows meet in no line."""
    assert figures.FILE.read_text("utf-8") == figures.render(ROWS)


def test_names_are_read_from_the_source() -> None:
    """Planted ones are found, others are none."""
    source = (
        'figure("a.b", text)\nfigure(f"c.{engine}", "x")\nconfigure("d", 1)\nself.figure("e", 1)\nfigure(name, 1)\n'
    )
    assert list(names_in(source)) == ["a.b", "c.*"]
