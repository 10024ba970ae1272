"""Long lists on the command line: how many rows, and where to go on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

import typer

from callgate.model.listings import ROWS_MAX

T = TypeVar("T")

Limit = Annotated[int, typer.Option(min=1, max=ROWS_MAX, help="Show at most so many.")]
After = Annotated[int, typer.Option(min=0, help="Go on after this id.", show_default=False)]


@dataclass(frozen=True, slots=True)
class PageTaken(Generic[T]):
    """The rows to show, and the hint that leads to the next ones."""

    kept: tuple[T, ...]
    more: str | None


def take_page(found: Sequence[T], limit: int, *, key: Callable[[T], object]) -> PageTaken[T]:
    """Of one row more than the limit, the rows within it; the one beyond says that others follow."""
    kept = tuple(found[:limit])
    more = f"There are more: --after {key(kept[-1])}" if len(found) > limit else None
    return PageTaken(kept, more)
