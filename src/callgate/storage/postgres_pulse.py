"""The pulse: when which server last committed something for us, and the heart, which sees to it that one does.

What is read is believed while there is a pulse, and where it was felt: a server that was cut off from its successor
goes on telling what it had (docs/adr/0085-which-server-is-believed.md).

The heart beats on a connection and in a row of its own, so that it waits for nobody's locks: a frozen process that
holds some, or a table that is being changed, says nothing about the server.

    beat at the server it knows ──── no answer ································ this beat is over, and the connection
                                        another is written? ──── beat there
"""

import asyncio
from collections.abc import Callable
from typing import Final

from callgate.model.failure import Unavailable
from callgate.storage.awake import passed_s
from callgate.storage.load_writers import CLOCK, HAND_OVER, new_mark
from callgate.storage.postgres_asking import PostgresView, carry_out
from callgate.storage.postgres_errors import Lost, Refused
from callgate.storage.postgres_link import Answer, Link
from callgate.storage.postgres_servers import Servers
from callgate.storage.rows import Row
from callgate.storage.save_writers import BEAT

PULSE_S: Final = 1.0
"""How long ago the newest commit is when the heart beats."""

LISTEN_S: Final = 0.25
"""How often is looked."""

PULSE_S_MAX: Final = 3.0
"""How long after its newest commit a process goes on accepting what it reads.

Longer ago, and the server it reads from may not be the one that is written any more: what was revoked there is alive
here. See docs/adr/0085-which-server-is-believed.md.
"""

PATIENCE_S: Final = PULSE_S_MAX
"""How long after the first beat that is not answered another server may be asked: nobody believes the former then."""


class Pulse:
    """The newest commit that was answered, by whichever connection: when it was sent, and which server made it."""

    __slots__ = ("_sent_s", "_server")

    def __init__(self) -> None:
        self._sent_s = 0.0
        self._server: Row = ()

    def hear(self, sent_s: float, server: Row) -> None:
        """A commit was answered; `sent_s` by `awake.passed_s`."""
        if sent_s > self._sent_s:
            self._sent_s, self._server = sent_s, server

    @property
    def age_s(self) -> float:
        """How long ago it was sent, whether or not the machine slept meanwhile."""
        return passed_s() - self._sent_s

    def heard_since(self, moment_s: float) -> bool:
        """Whether it was sent then or later."""
        return self._sent_s >= moment_s

    def beats(self) -> bool:
        """Whether it is new enough for what is read to be believed."""
        return self.age_s < PULSE_S_MAX

    def vouches(self, link: Link) -> bool:
        """Whether what is read there is what is written: the newest commit was made by that server, just now."""
        return self.beats() and link.server == self._server

    def leads_away(self, link: Link) -> bool:
        """Whether another server has been written since that connection was made: it leads nowhere any more."""
        return link.server != self._server and link.opened_s < self._sent_s


class Heart:
    """Beats where nothing else was committed for a while."""

    def __init__(self, servers: Servers, pulse: Pulse, *, name: str, stamp_of: Callable[[Row], int]) -> None:
        self._servers = servers
        self._pulse = pulse
        self._name = name
        self._stamp_of = stamp_of
        self._link: Link | None = None
        self._stamped_ms = 0
        self._began_s = 0.0

    async def beat(self) -> None:
        """Commit something, wherever that can be done. Raises Lost, Refused, and Unavailable where no clock is right.

        A leader that was cut off does not say that another has taken its place: whoever only waits there finds the
        other seconds late.
        """
        link = await self._open()
        if self._pulse.heard_since(self._began_s):
            self._began_s = passed_s()
        beats = [asyncio.create_task(beat) for beat in (self._beat_elsewhere(link), self._beat_at(link))]
        try:
            await asyncio.wait(beats, return_when=asyncio.FIRST_COMPLETED)
            next(beat for beat in beats if beat.done()).result()
        finally:
            for beat in beats:
                beat.cancel()
            await asyncio.gather(*beats, return_exceptions=True)

    async def keep_beating(self) -> None:
        """Until cancelled; a defect is told to the loop each time."""
        while True:
            await asyncio.sleep(LISTEN_S)
            if self._pulse.age_s >= PULSE_S:
                await self._beat_if_it_can()

    async def _beat_if_it_can(self) -> None:
        try:
            await self.beat()
        except (Lost, Refused, Unavailable):
            pass  # it shows in the pulse
        except Exception as error:  # noqa: BLE001 - without a heart nothing would be believed until the next start
            self.close()
            context = {"message": "a beat failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)

    def close(self) -> None:
        """End the connection."""
        if self._link is not None:
            self._link.close()

    async def _beat_elsewhere(self, former: Link) -> None:
        """Beat at another server, if one is written before the former has answered: it is the one from then on."""
        await asyncio.sleep(self._began_s + PATIENCE_S - passed_s())
        while self._link is former:
            link = await self._servers.find_other(former)
            try:
                await self._enter(link)
                await self._beat_at(link)
                self._link = link
            except (Lost, Refused):
                await asyncio.sleep(LISTEN_S)
            finally:
                (former if self._link is link else link).close()
        self._servers.shun(former)

    async def _beat_at(self, link: Link) -> None:
        try:
            heard, _ = await link.ask([(CLOCK, ()), (HAND_OVER, ("callgate.now_ms", str(self._stamped_ms)))])
            self._stamped_ms = self._stamp_of(_row_of(heard))
            link.warnings.clear()
            sent_s = passed_s()
            await link.ask([(BEAT, ())])
            require_replicated(link)
        except (Lost, Refused):
            self._servers.shun(link)
            link.close()
            raise
        self._pulse.hear(sent_s, link.server)

    async def _open(self) -> Link:
        if self._link is not None and self._pulse.leads_away(self._link):
            self._link.close()
        if self._link is None or self._link.lost:
            self._link = await self._servers.connect()
            await self._enter(self._link)
        return self._link

    async def _enter(self, link: Link) -> None:
        """Give a connection a mark of its own, whose row it beats in."""
        link.round_s = PULSE_S_MAX  # what comes later proves nothing
        view = PostgresView(self._stamp_of)
        try:
            mark = await carry_out(link, lambda: new_mark(view, self._name))
            await link.ask([(HAND_OVER, ("callgate.mark", mark))])
        except BaseException:
            link.close()
            raise


def require_replicated(link: Link) -> None:
    """Raise Lost where a commit was answered with a warning: it is here, and perhaps not where it was to go."""
    if link.warnings:
        raise Lost(link.warnings[0])


def _row_of(answer: Answer) -> Row:
    assert isinstance(answer, list)
    return answer[0]
