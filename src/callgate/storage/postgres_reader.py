"""The reader: what is asked in one turn of the loop is answered in one round trip.

A lookup that asks again when it sees what it was answered begins anew in a transaction, so that it sees one state.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from time import monotonic
from typing import Final, TypeVar

from callgate.model.failure import Unavailable
from callgate.model.lookups import Lookup
from callgate.storage.figures import Standing
from callgate.storage.load import load
from callgate.storage.load_writers import CLOCK
from callgate.storage.postgres_asking import Asking, PostgresView
from callgate.storage.postgres_errors import Lost, Refused, as_failure, is_conflict
from callgate.storage.postgres_link import ROUND_S, Link, Statement, standing_of
from callgate.storage.postgres_pulse import Pulse
from callgate.storage.postgres_servers import Servers
from callgate.storage.rows import Row

T = TypeVar("T")

_BEGIN: Final[Statement] = ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", ())
_CLOCK: Final[Statement] = (CLOCK, ())
_COMMIT: Final[Statement] = ("COMMIT", ())


class _Reading(Asking):
    """One lookup on its way."""

    def __init__(self, work: Callable[[], object], reply: asyncio.Future[object]) -> None:
        super().__init__(work)
        self.reply = reply
        self.came_s = monotonic()

    def again(self) -> "_Reading":
        """The same from the beginning."""
        anew = _Reading(self._work, self.reply)
        anew.came_s = self.came_s
        return anew

    def tell(self) -> None:
        """Answer whoever asked."""
        if self.reply.done():
            return
        if self.failure is None:
            self.reply.set_result(self.value)
        else:
            self.reply.set_exception(as_failure(self.failure))


class Reader:
    """One connection that reads; `round_s` is how long it may take to answer a round."""

    def __init__(
        self,
        servers: Servers,
        *,
        stamp_of: Callable[[Row], int],
        pulse: Pulse,
        round_s: float = ROUND_S,
    ) -> None:
        self._servers = servers
        self._pulse = pulse
        self._round_s = round_s
        self._view = PostgresView(stamp_of)
        self._link: Link | None = None
        self._asked: list[_Reading] = []
        self._under_way: list[_Reading] = []
        self._busy: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def standing(self) -> Standing:
        """How its connection stands."""
        return standing_of(self._link, busy=self._busy is not None)

    async def open(self) -> Link:
        """Connect, unless it is. Raises Lost and Refused."""
        if self._link is None or self._link.lost:
            self._link = await self._servers.connect()
            self._view.forget()
        return self._link

    async def _open_where_it_is_written(self) -> Link:
        """A server cut off from its successor goes on answering: from there nobody is to hear what was revoked."""
        link = await self.open()
        if not self._pulse.vouches(link):
            link.close()
            raise Lost("another server is written, or none")
        return link

    async def close(self) -> None:
        """Answer what was asked, and end the connection."""
        self._closed = True
        try:
            if self._busy is not None:
                await self._busy
        finally:
            if self._link is not None:
                self._link.close()

    def read(self, lookup: Lookup[object]) -> asyncio.Future[object]:
        """Ask; the answer comes with those of everybody who asks in this turn of the loop."""
        if self._closed:
            raise Unavailable("the store is stopped")
        reply: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._asked.append(_Reading(partial(load, self._view, lookup), reply))
        if self._busy is None:
            self._busy = asyncio.create_task(self._answer_all())
        return reply

    async def _answer_all(self) -> None:
        try:
            while self._asked:
                readings, self._asked = self._asked, []
                self._under_way = readings
                await self._answer(readings)
        except asyncio.CancelledError:  # the store closes, and cannot wait any longer
            self.give_up(float("inf"))
            raise
        finally:
            self._busy = None
            self._under_way = []

    def give_up(self, before_s: float) -> None:
        """Tell whoever waits since before then that it takes too long."""
        for reading in (*self._under_way, *self._asked):
            if reading.came_s < before_s and not reading.reply.done():
                reading.reply.set_exception(Unavailable("PostgreSQL takes too long"))

    async def _answer(self, readings: list[_Reading]) -> None:
        for last in (False, True):
            try:
                link = await self._open_where_it_is_written()
                link.round_s = self._round_s
                late = await self._kept(readings, self._at_once(link, readings))
                if late:
                    await self._kept(late, self._in_turns(link, late))
            except Lost as error:
                readings = [reading.again() for reading in readings if not reading.reply.done()]
                if last:
                    self._fail(readings, error)
            except Refused as error:
                if last or not is_conflict(error):
                    await self._apart(readings, error)
                    return
                readings = self._once_more(readings)  # the server undid them, and not for what they asked
            except Exception as error:  # noqa: BLE001 - a defect too: what stays unanswered here waits for ever
                self._leave()
                self._fail(readings, error)
                return
            else:
                return

    async def _kept(self, readings: list[_Reading], answering: Coroutine[object, object, T]) -> T:
        """Answer readings, and let go of those that did not come to their end."""
        try:
            return await answering
        finally:
            for reading in readings:
                reading.leave()

    async def _at_once(self, link: Link, readings: list[_Reading]) -> list[_Reading]:
        """Answer with one statement each; returns those that ask again, from their beginning."""
        self._view.begin()
        waiting = _begin(readings)
        if not waiting:
            return []
        # No transaction: a statement sees one state by itself.
        answers = await link.ask([_CLOCK, *(s for reading in waiting for s in _of(reading))])
        self._view.hear_clock(answers[0])
        for place, reading in enumerate(waiting, 1):
            reading.answer([answers[place]])
        return [reading.again() for reading in waiting if not _ended(reading)]

    async def _in_turns(self, link: Link, readings: list[_Reading]) -> None:
        self._view.begin()
        before = [_BEGIN, _CLOCK]
        waiting = _begin(readings)
        while waiting:
            answers = await link.ask([*before, *(s for reading in waiting for s in _of(reading))])
            if before:
                self._view.hear_clock(answers[1])
                answers = answers[2:]
                before = []
            for reading, answer in zip(waiting, answers, strict=True):
                reading.answer([answer])
            waiting = [reading for reading in waiting if not _ended(reading)]
        if not before:
            await link.ask([_COMMIT])

    async def _apart(self, readings: list[_Reading], error: Refused) -> None:
        """Find out whose statement was refused: each is read by itself."""
        waiting = self._once_more(readings)
        if len(waiting) == 1:
            self._fail(waiting, error)
            return
        for reading in waiting:
            await self._answer([reading])

    def _once_more(self, readings: list[_Reading]) -> list[_Reading]:
        """Those without an answer, from their beginning, on another connection."""
        self._leave()
        return [reading.again() for reading in readings if not reading.reply.done()]

    def _leave(self) -> None:
        """End the connection, and with it a transaction that stands: its state would be read from then on."""
        self._view.forget()
        if self._link is not None:
            self._link.close()

    def _fail(self, readings: list[_Reading], error: Exception) -> None:
        for reading in readings:
            reading.failure = error
            reading.tell()


def _begin(readings: list[_Reading]) -> list[_Reading]:
    """Those of the readings, now under way, that ask for anything."""
    for reading in readings:
        reading.begin()
    return [reading for reading in readings if not _ended(reading)]


def _ended(reading: _Reading) -> bool:
    """Whether a reading came to its end, which whoever asked is told."""
    if reading.asked is None:
        reading.tell()
    return reading.asked is None


def _of(reading: _Reading) -> list[Statement]:
    assert reading.asked is not None
    assert len(reading.asked.statements) == 1, "a reader writes nothing"
    return list(reading.asked.statements)
