"""The store on PostgreSQL: lanes that write, two connections that read, and a heart that proves it can be written.

Sessions are read on a connection of their own: who validates a token waits for nobody's long list.

Many processes may use one database; each writes audit chains of its own (docs/adr/0074-postgresql-in-rounds.md).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Final, TypeVar, cast

from callgate.model.changes import Change
from callgate.model.database import PostgresPlace
from callgate.model.decisions import Done
from callgate.model.failure import Unavailable
from callgate.model.lookups import Lookup, NothingLookup, SessionLookup
from callgate.storage.figures import Standing, StoreFigures
from callgate.storage.group_commit import BATCH_MAX, QUEUE_MAX, Job, Upkeep
from callgate.storage.load_upkeep import count_sessions
from callgate.storage.load_writers import TAKE, find_backend
from callgate.storage.pen import Pen
from callgate.storage.port import Decided, Health, Unit
from callgate.storage.postgres_asking import PostgresView, carry_out
from callgate.storage.postgres_batch import Done as Told
from callgate.storage.postgres_batch import Task
from callgate.storage.postgres_errors import Lost, Refused, Unfit, as_failure
from callgate.storage.postgres_lane import Lane, tell
from callgate.storage.postgres_pulse import Heart, Pulse
from callgate.storage.postgres_reader import Reader
from callgate.storage.postgres_servers import Servers
from callgate.storage.postgres_space import Space
from callgate.storage.rows import Row
from callgate.storage.save_upkeep import move_clock
from callgate.storage.schema import ServerUnfit, pooled_apart

F = TypeVar("F")
D = TypeVar("D", bound=Decided)
T = TypeVar("T")

WATCH_S: Final = 0.25
"""How often is looked."""

WAIT_S_MAX: Final = 2.0
"""How long a unit waits for a lane; past it the answer is 503, kinder than a reply after the caller gave up."""

ANSWER_S_MAX: Final = 5.0
"""How long whoever asked for a unit or a lookup waits in all. Past it they are told 503. What was decided by then may
yet be done, as where a reply is lost; what was not is not any more: they may have come again and gone on."""

READ_S: Final = 2.0
"""How long a session's row may take to come: past it the connection counts as dead, and another is asked."""

CLOSE_S: Final = 6.0
"""How long what was asked may take once the store is to close: whoever asked has been told by then."""

UPKEEP: Final = 0x43474154_00000002
"""The advisory lock of whoever sweeps."""

_NOTHING: Final = NothingLookup()
_PREPARED_ALREADY: Final = "42P05"
"""Another connection's statement has the name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresOptions:
    """How a store is opened.

    `writer` begins the names of its audit chains. `lanes`: connections that write at once. `time_of` makes the time
    out of the server's, and of the latest that anybody stamped, all in milliseconds since 1970; it raises Unavailable
    where it cannot be right. `trusts_server`: do not refuse one that says it may lose what it committed.
    """

    writer: str = "server"
    lanes: int = 2
    time_of: Callable[[int, int], int] = max
    trusts_server: bool = False


class PostgresStore:
    """An Engine on a database whose schema is current."""

    def __init__(self, place: PostgresPlace, options: PostgresOptions | None = None) -> None:
        self._place = place
        self._options = options or PostgresOptions()
        self._now_ms = 0
        self._queue: deque[Task] = deque()
        self._wakened = asyncio.Event()
        self._servers = Servers(place, trusted=self._options.trusts_server)
        self._pulse = Pulse()
        self._heart = Heart(self._servers, self._pulse, name=self._options.writer, stamp_of=self._stamp)
        self._sessions = Reader(self._servers, stamp_of=self._stamp, pulse=self._pulse, round_s=READ_S)
        self._others = Reader(self._servers, stamp_of=self._stamp, pulse=self._pulse)
        self.figures = StoreFigures()
        self._lanes = [
            Lane(
                self._servers,
                name=self._options.writer,
                stamp_of=self._stamp,
                answer_unwritten=self._answer_unwritten,
                pulse=self._pulse,
                figures=self.figures,
            )
            for _ in range(self._options.lanes)
        ]
        self._space = Space(self._servers, self._stamp)
        self._tasks: list[asyncio.Task[None]] = []
        self._watching: list[asyncio.Task[None]] = []
        self._closing = False

    @property
    def health(self) -> Health:
        """What can be asked of it now."""
        if not self._tasks or self._closing:
            return Health.STOPPED
        return Health.SERVING if self._pulse.beats() else Health.UNREACHABLE

    @property
    def waiting(self) -> int:
        """Units that no lane has taken yet; see port.Engine."""
        return len(self._queue)

    @property
    def connections(self) -> Mapping[str, Sequence[Standing]]:
        """How lanes and readers stand; see port.Engine."""
        readers = (self._sessions, self._others)
        return {"write": [lane.standing for lane in self._lanes], "read": [reader.standing for reader in readers]}

    async def count_sessions(self) -> int:
        """Count on a connection of its own; see port.Engine."""
        try:
            link = await self._servers.connect()
            try:
                return await carry_out(link, partial(count_sessions, PostgresView(self._stamp)))
            finally:
                link.close()
        except (Lost, Refused) as error:
            raise as_failure(error) from error

    async def start(self) -> None:
        """Begin to serve on the running loop.

        Raises:
            Unavailable: the server cannot be reached, or its clock is not right.
            ServerUnfit: it may lose what it committed, or a pooler gives its connections to whoever comes.
        """
        try:
            await self._open_readers()
            await self._heart.beat()
            for lane in self._lanes:
                await lane.open()
        except BaseException as error:
            await self.close()
            if isinstance(error, Unfit):
                raise ServerUnfit(str(error)) from error
            if isinstance(error, Lost | Refused):
                raise as_failure(error) from error
            raise
        self._tasks = [asyncio.create_task(self._run(lane)) for lane in self._lanes]
        self._watching = [asyncio.create_task(self._keep_watch()), asyncio.create_task(self._heart.keep_beating())]

    async def close(self) -> None:
        """Finish what was asked, as far as that can be done in some seconds, and let go of the database."""
        self._closing = True
        self._wakened.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await asyncio.gather(*self._tasks)
        with suppress(TimeoutError):
            async with asyncio.timeout(READ_S):
                await asyncio.gather(self._sessions.close(), self._others.close())
        for watching in self._watching:
            watching.cancel()
        for task in self._queue:
            tell(Told(task, None, Unavailable("the store was closed")))
        self._heart.close()
        for lane in self._lanes:
            lane.close()

    async def read(self, lookup: Lookup[F]) -> F:
        """Answer from committed rows; see port.Store."""
        if not self._pulse.beats():
            raise Unavailable("PostgreSQL has not answered a write for seconds")
        reader = self._sessions if type(lookup) is SessionLookup else self._others
        facts = await reader.read(cast("Lookup[object]", lookup))
        if not self._pulse.beats():
            raise Unavailable("PostgreSQL answered a question too late")
        return cast("F", facts)

    async def run(self, unit: Unit[F, D]) -> D:
        """Load, decide, save, commit; see port.Store."""
        return cast("D", await self._submit(cast("Job", unit)))

    def save_later(self, changes: tuple[Change, ...]) -> None:
        """Save what no reply waits for; see port.Store."""
        if self._tasks and not self._closing and len(self._queue) < QUEUE_MAX:
            self._enqueue(Task(cast("Job", Unit(_NOTHING, lambda _: Done(changes))), None, monotonic()))

    async def shrink(self) -> bool:
        """Make an index anew that holds little; autovacuum does the rest. See port.Engine."""
        loose = await self.work(lambda pen: self._space.find(pen.view))
        return loose is not None and await self._space.make_anew(loose)

    async def work(self, work: Callable[[Pen], T]) -> T:
        """Carry out upkeep in a transaction shared with units, one of all processes at a time; see port.Engine."""
        return cast("T", await self._submit(Upkeep(partial(_alone, work))))

    def _submit(self, job: Job) -> asyncio.Future[object]:
        if not self._tasks or self._closing:
            raise Unavailable("the store is stopped")
        if len(self._queue) >= QUEUE_MAX:
            raise Unavailable(f"{QUEUE_MAX} units wait already")
        reply: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._enqueue(Task(job, reply, monotonic()))
        return reply

    def _enqueue(self, task: Task) -> None:
        self._queue.append(task)
        self._wakened.set()

    async def _run(self, lane: Lane) -> None:
        while True:
            if not self._queue:
                if self._closing:
                    return
                self._wakened.clear()
                await self._wakened.wait()
                continue
            count = min(len(self._queue), BATCH_MAX)
            tasks = [task for task in (self._queue.popleft() for _ in range(count)) if not task.is_given_up]
            self._queue.extendleft(reversed(await lane.serve(tasks)))

    async def _open_readers(self) -> None:
        """Connect to read. Raises ServerUnfit for a standby, and where one of the server's processes answers both."""
        view = PostgresView(self._stamp)
        try:
            links = [await reader.open() for reader in (self._sessions, self._others)]
            answering = {await carry_out(link, partial(find_backend, view)) for link in links}
        except Refused as error:
            if error.state != _PREPARED_ALREADY:
                raise
            raise pooled_apart(self._place) from error
        if len(answering) < len(links):
            raise pooled_apart(self._place)
        if links[0].settings.in_recovery:
            raise ServerUnfit(f"{self._place} is a standby, which cannot be written")

    def _stamp(self, clock: Row) -> int:
        """The time of an answer: the server's, never before one that was stamped, whoever stamped it."""
        server_ms, marked_ms = clock
        assert isinstance(server_ms, int)
        assert isinstance(marked_ms, int)
        self._now_ms = max(self._now_ms, marked_ms, self._options.time_of(server_ms, marked_ms))
        return self._now_ms

    async def _answer_unwritten(self, unit: Unit[object, Decided]) -> Decided:
        decision = unit.decide(await self.read(unit.lookup))
        if decision.changes:
            raise Unavailable("PostgreSQL cannot be written")
        return decision

    async def _keep_watch(self) -> None:
        """Let nobody wait for long, nor at a server that is not the one any more."""
        while True:
            await asyncio.sleep(WATCH_S)
            while self._queue and monotonic() - self._queue[0].came_s > WAIT_S_MAX:
                tell(Told(self._queue.popleft(), None, Unavailable("PostgreSQL takes too long")))
            late_s = monotonic() - ANSWER_S_MAX
            for lane in self._lanes:
                lane.give_up(late_s)
                lane.follow()
            self._sessions.give_up(late_s)
            self._others.give_up(late_s)


def _alone(work: Callable[[Pen], T], pen: Pen) -> T:
    pen.view.rows(TAKE, (UPKEEP,))
    move_clock(pen, pen.view.now_ms)  # marks are PostgreSQL's alone: whoever takes the database to SQLite needs this
    return work(pen)
