"""Loaders and savers, which are ordinary functions, over a connection that answers later.

    decide(load(view, lookup)) … save(pen, change)        in a greenlet: `view.rows` puts it aside
              │ statements                ▲ answers
              ▼                           │
    the lane gathers those of every greenlet of its batch, and sends them in one round trip

So a statement stands once for both engines, and a batch costs a few round trips, however many units are in it.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

from greenlet import GreenletExit, getcurrent, greenlet

from callgate.storage.load_view import View
from callgate.storage.load_writers import CLOCK
from callgate.storage.pen import Conflict, Pen
from callgate.storage.postgres_link import Answer, Statement
from callgate.storage.rows import Row, Value


class Asked(NamedTuple):
    """What a greenlet waits for."""

    statements: Sequence[Statement]
    writes: bool


class Asking(greenlet):
    """A piece of work that asks on its way. `asked` is what it waits for; None at its end: see value and failure."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__(self._carry_out)
        self._work = work
        self.asked: Asked | None = None
        self.value: object = None
        self.failure: Exception | None = None
        self.swaps: list[Statement] = []
        self.written = False
        self.dropped = False

    def begin(self) -> None:
        """Run until it asks or ends."""
        self.asked = cast("Asked | None", self.switch())

    def answer(self, answers: list[Answer]) -> None:
        """Go on with what was asked for."""
        self.asked = cast("Asked | None", self.switch(answers))

    def drop(self) -> None:
        """Let it go where it stands."""
        self.throw(GreenletExit)
        self.asked = None
        self.dropped = True

    def _carry_out(self) -> None:
        try:
            self.value = self._work()
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever gave us the work is to hear of it
            self.failure = error


class PostgresView(View):
    """What may be asked inside an `Asking`. `stamp_of` makes the time of an answer out of the server's clock."""

    __slots__ = ("_stamp_of", "_stamped_ms")

    def __init__(self, stamp_of: Callable[[Row], int]) -> None:
        super().__init__()
        self._stamp_of = stamp_of
        self._stamped_ms: int | None = None

    @property
    def now_ms(self) -> int:
        """The moment every answer is stamped with; asked for where the first statement needs it already."""
        if self._stamped_ms is None:
            self.hear_clock(self.rows(CLOCK))
        assert self._stamped_ms is not None
        return self._stamped_ms

    @now_ms.setter
    def now_ms(self, now_ms: int) -> None:
        self._stamped_ms = now_ms

    def begin(self) -> None:
        """Begin a transaction, whose time is not known yet."""
        self._stamped_ms = None

    def hear_clock(self, answer: Answer) -> None:
        """Take the answer to `CLOCK`."""
        assert isinstance(answer, list)
        self._stamped_ms = self._stamp_of(answer[0])

    def rows(self, sql: str, values: tuple[Value, ...] = ()) -> list[Row]:
        """Every row of a statement."""
        return cast("list[Row]", _ask((sql, values), writes=False))


class PostgresPen(Pen):
    """What a saver writes with inside an `Asking`, which keeps whether it wrote."""

    __slots__ = ()

    def write(self, sql: str, values: tuple[Value, ...]) -> int:
        """Carry out one statement; see pen.Pen. A taken key ends the transaction, and the `Asking` with it."""
        touched = _ask((sql, values), writes=True)
        return touched if isinstance(touched, int) else len(touched)

    def swap(self, sql: str, values: tuple[Value, ...]) -> None:
        """Carry out one compare-and-swap, together with whatever is asked next; see pen.Pen."""
        _current().swaps.append((sql, values))

    def settle(self) -> None:
        """Carry out what was put off. Raises Conflict."""
        if _current().swaps:
            _ask(None, writes=True)


def _current() -> Asking:
    current = getcurrent()
    assert isinstance(current, Asking), "statements are carried out for an Asking only"
    return current


def _ask(statement: Statement | None, *, writes: bool) -> Answer:
    """Put this greenlet aside until the statement is answered, the swaps before it first. Raises Conflict."""
    asking = _current()
    swaps, asking.swaps = asking.swaps, []
    statements = [*swaps, statement] if statement is not None else swaps
    parent = asking.parent
    assert parent is not None
    writes = writes or bool(swaps)
    answers = cast("list[Answer]", parent.switch(Asked(statements, writes)))
    if writes and any(answers):
        asking.written = True
    if any(touched != 1 for touched in answers[: len(swaps)]):
        raise Conflict
    return answers[-1]
