"""A bar for work that takes a while, on standard error, where a terminal is looking."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from callgate.admin import composition
from callgate.admin.drawing import open_console


@contextmanager
def progress_bar(about: str) -> Iterator[composition.Progress]:
    """Show a bar while inside; what is given is told how much is done and of how much, 0 if nobody knows."""
    console = open_console(sys.stderr)
    columns = (TextColumn(about), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(about, total=None)

        def told(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total or None)

        yield told
