"""The part that says what the server is put through: a table for each kind of trouble, from tests/reliability.toml."""

import tomllib
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from markdown import coded, table

ROWS = Path(__file__).resolve().parent.parent / "tests/reliability.toml"


def trials() -> Iterator[str]:
    """Rows by the first word of their names; what was seen stands under what must hold."""
    rows = tomllib.loads(ROWS.read_text("utf-8"))
    for kind, names in groupby(sorted(rows), key=lambda name: name.partition(".")[0]):
        yield f"## {kind.capitalize()}"
        lines = [
            (" ".join(row.get("marks", ())), row["what"], row["must"], _seen(row), coded(row["where"]))
            for row in map(rows.__getitem__, names)
        ]
        yield table(("mark", "what happens", "what must hold", "seen", "where"), lines)


def _seen(row: dict[str, str]) -> str:
    return f"{row['figure']} ({row['date']}, {row['machine']}, `{row['commit']}`)" if "figure" in row else ""
