"""The store on PostgreSQL: lanes that write, two connections that read, and a pulse that proves it can be written.

Sessions are read on a connection of their own: who validates a token waits for nobody's long list.

Many processes may use one database; each writes audit chains of its own (docs/adr/0074-postgresql-in-rounds.md).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Final, TypeVar, cast

from callgate.model.changes import Change
from callgate.model.database import PostgresPlace
from callgate.model.decisions import Done
from callgate.model.failure import Unavailable
from callgate.model.lookups import Lookup, NothingLookup, SessionLookup
from callgate.storage.figures import StoreFigures
from callgate.storage.group_commit import BATCH_MAX, QUEUE_MAX, Job, Upkeep
from callgate.storage.load_upkeep import count_sessions
from callgate.storage.load_writers import TAKE, find_backend, find_settings
from callgate.storage.pen import Pen
from callgate.storage.port import Decided, Health, Unit
from callgate.storage.postgres_asking import PostgresView
from callgate.storage.postgres_batch import Done as Told
from callgate.storage.postgres_batch import Task
from callgate.storage.postgres_errors import Lost, Refused, as_failure
from callgate.storage.postgres_lane import Lane, Pulse, carry_out, tell
from callgate.storage.postgres_link import Link
from callgate.storage.postgres_reader import Reader
from callgate.storage.postgres_servers import Servers
from callgate.storage.postgres_space import Space
from callgate.storage.rows import Row
from callgate.storage.save_upkeep import move_clock
from callgate.storage.schema import ServerUnfit, pooled_apart

F = TypeVar("F")
D = TypeVar("D", bound=Decided)
T = TypeVar("T")

PULSE_S: Final = 1.0
"""How often an idle process commits something, so as to know that it still can."""

WATCH_S: Final = 0.25
"""How often is looked."""

WAIT_S_MAX: Final = 2.0
"""How long a unit waits for a lane; past it the answer is 503, kinder than a reply after the caller gave up."""

ANSWER_S_MAX: Final = 5.0
"""How long whoever asked for a unit or a lookup waits in all. Past it they are told 503, and nobody tells them what
becomes of it: it may yet be done, as where a reply is lost."""

READ_S: Final = 2.0
"""How long a session's row may take to come: past it the connection counts as dead, and another is asked."""

PULSE_S_MAX: Final = 3.0
"""How long after its newest commit a process goes on accepting what it reads.

Longer ago, and the server it reads from may not be the one that is written any more: what was revoked there is alive
here. See architecture.md.
"""

UPKEEP: Final = 0x43474154_00000002
"""The advisory lock of whoever sweeps."""

_LASTING: Final = frozenset({"on", "remote_apply"})
_NOTHING: Final = NothingLookup()
_PREPARED_ALREADY: Final = "42P05"
"""Another connection's statement has the name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresOptions:
    """How a store is opened.

    `writer` begins the names of its audit chains. `lanes`: connections that write at once. `time_of` makes the time
    out of the server's, both in milliseconds since 1970: development moves it. `trusts_server`: do not refuse one that
    says it may lose what it committed.
    """

    writer: str = "server"
    lanes: int = 2
    time_of: Callable[[int], int] = int
    trusts_server: bool = False


class PostgresStore:
    """An Engine on a database whose schema is current."""

    def __init__(self, place: PostgresPlace, options: PostgresOptions | None = None) -> None:
        self._place = place
        self._options = options or PostgresOptions()
        self._now_ms = 0
        self._queue: deque[Task] = deque()
        self._wakened = asyncio.Event()
        self._servers = Servers(place)
        self._sessions = Reader(self._servers, stamp_of=self._stamp, vouches=self._vouches, round_s=READ_S)
        self._others = Reader(self._servers, stamp_of=self._stamp, vouches=self._vouches)
        self.figures = StoreFigures()
        self._lanes = [
            Lane(
                self._servers,
                name=self._options.writer,
                stamp_of=self._stamp,
                answer_unwritten=self._answer_unwritten,
                vouches=self._vouches,
                figures=self.figures,
            )
            for _ in range(self._options.lanes)
        ]
        self._space = Space(self._servers, self._stamp)
        self._tasks: list[asyncio.Task[None]] = []
        self._watch: asyncio.Task[None] | None = None
        self._closing = False

    @property
    def health(self) -> Health:
        """What can be asked of it now."""
        if not self._tasks or self._closing:
            return Health.STOPPED
        return Health.SERVING if self._beats() else Health.UNREACHABLE

    @property
    def waiting(self) -> int:
        """Units that no lane has taken yet; see port.Engine."""
        return len(self._queue)

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
            Unavailable: the server cannot be reached.
            ServerUnfit: it may lose what it committed, or a pooler gives its connections to whoever comes.
        """
        try:
            await self._check(await self._open_readers())
            for lane in self._lanes:
                await lane.open()
            self._tasks = [asyncio.create_task(self._run(lane)) for lane in self._lanes]
            await self.work(self._beat)
        except BaseException as error:
            await self.close()
            if isinstance(error, Lost | Refused):
                raise as_failure(error) from error
            raise
        self._watch = asyncio.create_task(self._keep_watch())

    async def close(self) -> None:
        """Finish what was asked, and let go of the database."""
        self._closing = True
        if self._watch is not None:
            self._watch.cancel()
        self._wakened.set()
        await asyncio.gather(*self._tasks)
        await self._sessions.close()
        await self._others.close()
        for lane in self._lanes:
            lane.close()

    async def read(self, lookup: Lookup[F]) -> F:
        """Answer from committed rows; see port.Store."""
        if not self._beats():
            raise Unavailable("PostgreSQL has not answered a write for seconds")
        reader = self._sessions if type(lookup) is SessionLookup else self._others
        facts = await reader.read(cast("Lookup[object]", lookup))
        if not self._beats():
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

    async def _open_readers(self) -> Link:
        """Connect to read; gives one. Raises ServerUnfit where one of the server's processes answers both."""
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
        return links[0]

    async def _check(self, link: Link) -> None:
        """Raise ServerUnfit for a server that says it may lose what it committed."""
        view = PostgresView(self._stamp)
        found = await carry_out(link, partial(find_settings, view))
        if found.in_recovery:
            raise ServerUnfit(f"{self._place} is a standby, which cannot be written")
        if self._options.trusts_server:
            return
        for setting, value, lasting in (
            ("fsync", found.fsync, frozenset({"on"})),
            ("full_page_writes", found.full_page_writes, frozenset({"on"})),
            ("synchronous_commit", found.synchronous_commit, _LASTING),
        ):
            if value not in lasting:
                raise ServerUnfit(
                    f"{self._place} has {setting} = {value}: it may lose what it says it has; set it to on"
                )

    def _stamp(self, clock: Row) -> int:
        """The time of an answer: the server's, never before one that was stamped, whoever stamped it."""
        server_ms, marked_ms = clock
        assert isinstance(server_ms, int)
        assert isinstance(marked_ms, int)
        self._now_ms = max(self._now_ms, marked_ms, self._options.time_of(server_ms))
        return self._now_ms

    async def _answer_unwritten(self, unit: Unit[object, Decided]) -> Decided:
        decision = unit.decide(await self.read(unit.lookup))
        if decision.changes:
            raise Unavailable("PostgreSQL cannot be written")
        return decision

    def _beats(self) -> bool:
        return self._idle_s() < PULSE_S_MAX

    def _vouches(self, link: Link) -> bool:
        """Whether what is read there is what is written: the newest commit was made by that server, just now."""
        return self._beats() and link.server == self._newest.server

    def _idle_s(self) -> float:
        """How long ago the newest commit was sent that was answered."""
        return monotonic() - self._newest.sent_s

    @property
    def _newest(self) -> Pulse:
        return max((lane.newest for lane in self._lanes), key=lambda pulse: pulse.sent_s)

    def _beating(self) -> asyncio.Future[object]:
        """A beat on its way; what becomes of it shows in when the newest commit was."""
        reply = asyncio.get_running_loop().create_future()
        reply.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._enqueue(Task(Upkeep(self._beat), reply, monotonic()))
        return reply

    def _beat(self, pen: Pen) -> None:
        move_clock(pen, pen.view.now_ms)

    async def _keep_watch(self) -> None:
        """Commit something where nothing was for a while, and let nobody wait for long."""
        beating: asyncio.Future[object] | None = None
        while True:
            await asyncio.sleep(WATCH_S)
            if (beating is None or beating.done()) and self._idle_s() >= PULSE_S:
                beating = self._beating()
            while self._queue and monotonic() - self._queue[0].came_s > WAIT_S_MAX:
                tell(Told(self._queue.popleft(), None, Unavailable("PostgreSQL takes too long")))
            late_s = monotonic() - ANSWER_S_MAX
            for lane in self._lanes:
                lane.give_up(late_s)
            self._sessions.give_up(late_s)
            self._others.give_up(late_s)


def _alone(work: Callable[[Pen], T], pen: Pen) -> T:
    pen.view.rows(TAKE, (UPKEEP,))
    return work(pen)
