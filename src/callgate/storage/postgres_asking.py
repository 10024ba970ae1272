"""Loaders and savers, which are ordinary functions, over a connection that answers later.

    decide(load(view, lookup)) … save(pen, change)        in a greenlet: `view.rows` puts it aside
              │ statements                ▲ answers
              ▼                           │
    the lane gathers those of every greenlet of its batch, and sends them in one round trip

So a statement stands once for both engines, and a batch costs a few round trips, however many units are in it.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeVar, cast

from greenlet import getcurrent, greenlet

from callgate.storage.load_view import View
from callgate.storage.load_writers import CLOCK
from callgate.storage.pen import Conflict, Pen
from callgate.storage.postgres_link import Answer, Link, Statement
from callgate.storage.rows import Row, Value

T = TypeVar("T")


class Asked(NamedTuple):
    """What a greenlet waits for."""

    statements: Sequence[Statement]
    writes: bool


class Asking:
    """A piece of work that asks on its way. `asked` is what it waits for; None at its end: see value and failure."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._carrier: _Carrier | None = None
        self.asked: Asked | None = None
        self.value: object = None
        self.failure: Exception | None = None
        self.swaps: list[Statement] = []
        self.written = False
        self.dropped = False

    def begin(self) -> None:
        """Run until it asks or ends."""
        self._carrier = carrier = _free_carrier()
        carrier.asking = self
        self.asked = cast("Asked | None", carrier.switch())

    def answer(self, answers: list[Answer]) -> None:
        """Go on with what was asked for."""
        assert self._carrier is not None
        self.asked = cast("Asked | None", self._carrier.switch(answers))

    def drop(self) -> None:
        """Let it go where it stands."""
        self.dropped = True
        if self._carrier is not None:
            self._carrier.throw(_Dropped)
        self.asked = None

    def leave(self) -> None:
        """Let it go if it has not ended: one that stands would be kept for ever."""
        if self.asked is not None:
            self.drop()

    def carry_out(self) -> None:
        """Do the work; what it raises is kept for whoever gave it."""
        try:
            self.value = self._work()
        except _Dropped:
            pass
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever gave us the work is to hear of it
            self.failure = error
        self._carrier = None


class _Dropped(BaseException):
    """Raised where a piece of work stands that is not wanted any more."""


class _Carrier(greenlet):
    """Carries out one piece of work after another: a new one for each would map memory for its stack, and unmap it."""

    def __init__(self) -> None:
        super().__init__(self._run)
        self.asking: Asking | None = None

    def _run(self) -> None:
        parent = self.parent
        assert parent is not None
        while True:
            assert self.asking is not None
            self.asking.carry_out()
            self.asking = None
            _free.carriers.append(self)
            parent.switch(None)


class _Free(threading.local):
    """Carriers without work; each belongs to its thread."""

    def __init__(self) -> None:
        self.carriers: list[_Carrier] = []


_free: Final = _Free()


def _free_carrier() -> _Carrier:
    return _free.carriers.pop() if _free.carriers else _Carrier()


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
        return cast("list[Row]", _ask([(sql, values)], writes=False))


class PostgresPen(Pen):
    """What a saver writes with inside an `Asking`, which keeps whether it wrote."""

    __slots__ = ()

    def write(self, sql: str, values: tuple[Value, ...]) -> int:
        """Carry out one statement; see pen.Pen. A taken key ends the transaction, and the `Asking` with it."""
        touched = _ask([(sql, values)], writes=True)
        return touched if isinstance(touched, int) else len(touched)

    def write_all(self, sql: str, rows: Iterable[tuple[Value, ...]]) -> None:
        """Carry out one statement with each of these, all in one round trip; see pen.Pen."""
        statements = [(sql, values) for values in rows]
        if statements:
            _ask(statements, writes=True)

    def swap(self, sql: str, values: tuple[Value, ...]) -> None:
        """Carry out one compare-and-swap, together with whatever is asked next; see pen.Pen."""
        _current().swaps.append((sql, values))

    def settle(self) -> None:
        """Carry out what was put off. Raises Conflict."""
        if _current().swaps:
            _ask([], writes=True)


async def carry_out(link: Link, work: Callable[[], T]) -> T:
    """Carry out loaders and savers on a link, outside a batch. Raises Refused, Lost, and what they raise."""
    asking = Asking(work)
    asking.begin()
    try:
        while asking.asked is not None:
            asking.answer(await link.ask(asking.asked.statements))
    finally:
        asking.leave()
    if asking.failure is not None:
        raise asking.failure
    return cast("T", asking.value)


def _current() -> Asking:
    current = getcurrent()
    assert isinstance(current, _Carrier), "statements are carried out for an Asking only"
    assert current.asking is not None
    return current.asking


def _ask(statements: Sequence[Statement], *, writes: bool) -> Answer:
    """Put this greenlet aside until these are answered, the swaps before them first; gives the last one's answer.

    Raises Conflict.
    """
    asking = _current()
    swaps, asking.swaps = asking.swaps, []
    parent = getcurrent().parent
    assert parent is not None
    writes = writes or bool(swaps)
    answers = cast("list[Answer]", parent.switch(Asked([*swaps, *statements], writes)))
    if writes and any(answers):
        asking.written = True
    if any(touched != 1 for touched in answers[: len(swaps)]):
        raise Conflict
    return answers[-1]
