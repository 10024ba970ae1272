"""How a view is shown, to people or as JSON. Nothing else prints to standard output.

A list is a table where a terminal is wide enough, else a sheet for each row: what is broken in two cannot be copied.
For another program it is a line for each row, whole and without borders.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from callgate.admin.view import Document, Findings, Record, Rows, Value, View

_WIDE = 240
"""Columns where no terminal says how many there are."""

_GAP = 3
"""Columns between two of a table."""

_PROSE = 30
"""Columns that the last one of a table needs where it is folded, at its words."""


def show(view: View, *, as_json: bool) -> None:
    """Print a view: what it holds to standard output, what is said about it to standard error."""
    if as_json:
        sys.stdout.write(f"{json.dumps(_as_data(view), indent=2, ensure_ascii=False)}\n")
    elif isinstance(view, Rows):
        _print_rows(view)
    elif isinstance(view, Document):
        sys.stdout.write(f"{view.text.rstrip()}\n")
    elif isinstance(view, Findings):
        print_lines(_as_verdicts(view))
    else:
        print_lines(_as_sheet(view))
    for said in _remarks(view):
        say(said)


def say(text: str) -> None:
    """Print a line about the work, to standard error."""
    open_console(sys.stderr).print(Text(text), soft_wrap=True)


def print_lines(lines: Iterable[Text]) -> None:
    """Print lines that are never folded, to standard output: what is broken in two by us cannot be copied."""
    console = open_console(sys.stdout)
    for line in lines:
        console.print(line, soft_wrap=True)


def open_console(stream: TextIO, *, columns: int = _WIDE) -> Console:
    """A console on a stream, so wide where no terminal says. Nothing is read as markup: names come from outside."""
    width = None if stream.isatty() else columns
    return Console(file=stream, markup=False, highlight=False, emoji=False, width=width)


def _remarks(view: View) -> tuple[str, ...]:
    if isinstance(view, Rows):
        said = view.more if view.rows else view.empty
        return (said,) if said else ()
    if isinstance(view, Document):
        return ()
    if isinstance(view, Findings):
        return (view.note,) if view.note else ()
    once = "Keep this now: it is stored nowhere, and will not be shown again." if view.secrets else None
    return tuple(said for said in (view.note, once) if said)


def _as_data(view: View) -> object:
    if isinstance(view, Rows):
        return [dict(zip(view.columns, row, strict=True)) for row in view.rows]
    if isinstance(view, Findings):
        return [
            {"check": each.check, "passed": each.passed, "found": each.found, "mends": dict(each.mends)}
            for each in view.findings
        ]
    if isinstance(view, Document):
        return {view.name: view.text}
    return dict((*view.fields, *view.secrets))


def _print_rows(view: Rows) -> None:
    if not view.rows:
        return
    titles = tuple(Text(column.replace("_", " ")) for column in view.columns)
    lines = (titles, *(tuple(_as_text(value) for value in row) for row in view.rows))
    widths = [max(cell_len(cell.plain) for cell in column) for column in zip(*lines, strict=True)]
    if not sys.stdout.isatty():
        print_lines(_as_lines(lines, widths))
        return
    console = open_console(sys.stdout)
    *others, last = widths
    if sum(others) + _GAP * len(others) + min(last, _PROSE) <= console.width:
        console.print(_as_table(lines))
        return
    for row in view.rows:
        print_lines((*_as_sheet(Record(fields=tuple(zip(view.columns, row, strict=True)))), Text()))


def _as_lines(lines: Sequence[Sequence[Text]], widths: Sequence[int]) -> Iterator[Text]:
    for line in lines:
        padded = (
            f"{cell.plain}{' ' * (width - cell_len(cell.plain))}" for cell, width in zip(line, widths, strict=True)
        )
        yield Text("  ".join(padded).rstrip())


def _as_table(lines: Sequence[Sequence[Text]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    (*others, last), *rows = lines
    for title in others:
        table.add_column(title, no_wrap=True)
    table.add_column(last, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _as_verdicts(view: Findings) -> Iterator[Text]:
    width = max(len(finding.check) for finding in view.findings)
    for finding in view.findings:
        verdict = Text("passes", style="green") if finding.passed else Text("FAILS ", style="bold red")
        yield Text("  ").join((verdict, Text(finding.check.ljust(width)), Text(finding.found or "")))
        for who, what in finding.mends:
            yield Text(f"        {who}: ", style="bold").append(Text(what, style="not bold"))


def _as_sheet(view: Record) -> Iterator[Text]:
    shown = [(name, _as_text(value)) for name, value in view.fields]
    shown += [(name, Text(secret, style="bold green")) for name, secret in view.secrets]
    width = max(len(name) for name, _ in shown)
    for name, value in shown:
        yield Text("  ").join((Text(name.replace("_", " ").ljust(width), style="bold"), value))


def _as_text(value: Value) -> Text:
    match value:
        case None | () | "":
            return Text("–", style="dim")
        case bool():
            return Text("yes" if value else "no")
        case tuple():
            return Text(" ".join(value))
        case _:
            return Text(str(value))
