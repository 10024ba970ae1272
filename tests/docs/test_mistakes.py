"""docs/mistakes.md tells the truth: every mistake in it is made against a real server, and refused as it says."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.docs.mistakes import MISTAKES, Mistake
from tests.docs.newcomer import Newcomer
from tests.server import running_server

PAGE = Path(__file__).parents[2] / "docs/mistakes.md"


class Row(NamedTuple):
    """One row of the document, its code spans without their marks."""

    number: int
    reply: str
    told_by: str


def read_rows() -> list[Row]:
    """Every row, in order."""
    found = re.findall(r"^\| (\d+) \| .+? \| (.+?) \| ([a-z, ]+) \| .+ \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    return [Row(int(number), reply.replace("`", ""), told_by) for number, reply, told_by in found]


ROWS = read_rows()


@pytest.fixture(scope="module")
def newcomer() -> Iterator[Newcomer]:
    """One newcomer makes all mistakes: the clock only moves ahead, and each begins with a login of its own."""
    with running_server() as server, httpx.Client(base_url=server.base_url, timeout=30) as http:
        yield Newcomer(server, http)


def test_page_has_a_row_for_each_mistake() -> None:
    """Numbered from 1, none forgotten on either side; goal U2 asks for forty."""
    assert [row.number for row in ROWS] == list(range(1, len(MISTAKES) + 1))
    assert len(MISTAKES) >= 40


@pytest.mark.parametrize(
    ("mistake", "row"),
    [
        pytest.param(mistake, row, id=mistake.act.__name__)
        for mistake, row in zip(MISTAKES, ROWS, strict=False)  # the test above counts them
    ],
)
def test_mistake_is_refused_as_the_page_says(newcomer: Newcomer, mistake: Mistake, row: Row) -> None:
    """Status, code and text to the letter; and the mend is told where the page says it is."""
    told = newcomer.told(mistake.act(newcomer), app=mistake.app)
    assert " ".join(f"{told.status} {told.code} {told.text}".split()) == row.reply
    assert told.where == row.told_by
    assert len(told.mend) > 20, "a mend is a sentence"
