"""A lane: one connection that writes, batch after batch, in a writer's name.

What an error means:
    of one unit                      the transaction is undone; that unit is tried apart, or told; the others go again
    before COMMIT, connection gone   nothing happened; once more on a new connection
    at COMMIT, connection gone       the batch is looked up by its mark: it is told what it came to, or goes again; if
                                     that cannot be found out, its units are Unavailable and are not tried again
    of server, network, disk         units that need no write are answered all the same; the others are Unavailable
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import Final, cast

from callgate.model.changes import Change
from callgate.model.failure import Unavailable
from callgate.storage.audit import FIRST, forge_link
from callgate.storage.audit_entries import describe
from callgate.storage.awake import passed_s
from callgate.storage.figures import Standing, StoreFigures
from callgate.storage.load_upkeep import Head, find_clock, find_head
from callgate.storage.load_writers import claim_writer, new_mark
from callgate.storage.pen import Conflict
from callgate.storage.port import Decided, Unit
from callgate.storage.postgres_asking import Asking, PostgresPen, PostgresView, carry_out
from callgate.storage.postgres_batch import Batch, Done, Mode, Spoiled, Task, Writer, out_of_attempts
from callgate.storage.postgres_errors import Lost, Refused, as_failure, is_conflict, is_world
from callgate.storage.postgres_link import Link, Statement, standing_of
from callgate.storage.postgres_pulse import Pulse, require_replicated
from callgate.storage.postgres_servers import Servers
from callgate.storage.rows import Row
from callgate.storage.save_upkeep import append_link
from callgate.storage.save_writers import MarkGone, enter_mark, settle_batch
from callgate.storage.sqlite_writer import ATTEMPTS_MAX

RERUNS_MAX: Final = 3
"""How often a batch goes again without the unit that spoiled it; then each of its units goes apart."""

SETTLE_S: Final = 2.0
"""How long to look for what a COMMIT came to."""

_REST_S: Final = 0.2

_COMMIT: Final[Statement] = ("COMMIT", ())
_ROLLBACK: Final[Statement] = ("ROLLBACK", ())


class _Unsettled(Exception):
    """The batch may have been committed."""


class Lane:
    """One connection that writes. Its commits are heard by the `pulse`, and by that it goes."""

    def __init__(
        self,
        servers: Servers,
        *,
        name: str,
        stamp_of: Callable[[Row], int],
        answer_unwritten: Callable[[Unit[object, Decided]], Awaitable[object]],
        pulse: Pulse,
        figures: StoreFigures,
    ) -> None:
        self._figures = figures
        self._pulse = pulse
        self._servers = servers
        self._name = name
        self._view = PostgresView(stamp_of)
        self._pen = PostgresPen(self._view)
        self._answer_unwritten = answer_unwritten
        self._link: Link | None = None
        self._writer = Writer(name, "", 0)
        self._head = FIRST
        self._serving: list[Task] = []

    @property
    def standing(self) -> Standing:
        """How its connection stands."""
        return standing_of(self._link, busy=bool(self._serving))

    async def open(self) -> Link:
        """Connect, unless it is, and take a writer's name nobody else has. Raises Lost and Refused.

        While nothing is committed nobody connects but the heart: each connection here would be one more that waits for
        a standby that is away, for as long as it is.
        """
        self.follow()
        if self._link is not None and not self._link.lost:
            return self._link
        if not self._pulse.beats():
            raise Lost("nothing has been committed for seconds")
        self._link = link = await self._servers.connect()
        try:
            self._writer, self._head = await self._enter(link)
        except BaseException:
            link.close()
            raise
        self._view.forget()
        return link

    def follow(self) -> None:
        """Leave a server that another has taken the place of: who waits there for a COMMIT asks the other about it."""
        if self._link is not None and self._pulse.leads_away(self._link):
            self._link.close()

    def close(self) -> None:
        """End the connection."""
        if self._link is not None:
            self._link.close()

    async def serve(self, tasks: list[Task]) -> list[Task]:
        """Carry out tasks and answer each; returns those whose turn did not come. Raises nothing of its own."""
        self._serving = tasks
        try:
            return await self._serve(tasks)
        except Exception as error:  # noqa: BLE001 - a defect too: what stays unanswered here waits for ever
            self.close()
            for task in tasks:
                tell(Done(task, None, as_failure(error)))
            return []
        except asyncio.CancelledError:  # the store closes, and cannot wait any longer
            for task in tasks:
                tell(Done(task, None, Unavailable("the store was closed; it may have been done all the same")))
            raise
        finally:
            self._serving = []

    def give_up(self, before_s: float) -> None:
        """Tell whoever waits since before then that it takes too long; upkeep has all the time it needs."""
        for task in self._serving:
            if task.came_s < before_s and isinstance(task.job, Unit):
                tell(Done(task, None, Unavailable("PostgreSQL takes too long; it may have been done all the same")))

    async def _serve(self, tasks: list[Task]) -> list[Task]:
        apart: list[tuple[Task, Mode]] = []
        left: list[Task] = []
        for _ in range(RERUNS_MAX):
            if not tasks:
                break
            left, tasks = await self._attempt(tasks, Mode.TOGETHER, apart=apart)
        apart += [(task, Mode.APART) for task in tasks]
        for task, mode in apart:
            await self._attempt_apart(task, mode)
        return left

    async def _attempt_apart(self, task: Task, mode: Mode) -> None:
        """Attempt one task until it is answered."""
        tasks = [task]
        while tasks:
            apart: list[tuple[Task, Mode]] = []
            left, tasks = await self._attempt(tasks, mode, apart=apart)
            tasks = [*tasks, *left, *(again for again, _ in apart)]
            mode = next((needed for _, needed in apart if needed is Mode.ALONE), mode)

    async def _attempt(
        self, tasks: list[Task], mode: Mode, *, apart: list[tuple[Task, Mode]]
    ) -> tuple[list[Task], list[Task]]:
        """One transaction, and a second when the connection turns out to be gone before anything was done.

        Returns the tasks whose turn did not come, and those that are to go again; `apart` gets those to be tried apart.
        """
        for last in (False, True):
            try:
                link = await self.open()
                return await self._transact(link, tasks, mode=mode, apart=apart)
            except (Lost, Refused, _Unsettled) as error:
                if last or not isinstance(error, Lost):
                    await self._lose(tasks, error)
                    break
        return [], []

    async def _transact(
        self, link: Link, tasks: list[Task], *, mode: Mode, apart: list[tuple[Task, Mode]]
    ) -> tuple[list[Task], list[Task]]:
        # A number of its own: what another batch with this one committed would be taken for what it did.
        self._writer = self._writer._replace(batch=self._writer.batch + 1)
        batch = Batch(link, self._writer, mode=mode, view=self._view)
        try:
            left = await batch.carry_out(tasks)
            if not await self._commit(link, batch):
                return [], tasks
        except Spoiled as spoiled:
            await self._roll_back(link)
            return [], await self._without(spoiled, tasks, apart=apart)
        except Exception:
            link.close()
            self._view.forget()
            raise
        apart += [(task, Mode.ALONE) for task in batch.acts]
        apart += [(task, Mode.APART) for task in batch.busy]
        for done in batch.done:
            tell(done)
        return left, []

    async def _without(self, spoiled: Spoiled, tasks: list[Task], *, apart: list[tuple[Task, Mode]]) -> list[Task]:
        """What goes again, when one task spoiled a transaction."""
        task, error = spoiled.task, spoiled.error
        others = [other for other in tasks if other is not task]
        if isinstance(error, Conflict) or (isinstance(error, Refused) and is_conflict(error)):
            task.attempts += 1
            if task.attempts < ATTEMPTS_MAX:
                apart.append((task, Mode.APART))
            else:
                tell(Done(task, None, out_of_attempts()))
        elif is_world(error):
            await self._lose([task], error)
        else:
            tell(Done(task, None, error))
        return others

    async def _commit(self, link: Link, batch: Batch) -> bool:
        """Make a batch durable; tells whether it happened. Raises Refused when it did not, _Unsettled."""
        if not batch.begun:
            return True
        if not batch.written:
            await link.ask([_COMMIT])
            if not self._pulse.vouches(link):
                batch.withhold(Unavailable("PostgreSQL has not answered a write for seconds"))
            return True
        entries = [describe(change) for done in batch.done for change in _changes_of(done) if change.AUDITED]
        statements = [_COMMIT]
        head = self._head
        if entries:
            forged = forge_link(self._writer.name, head, at_ms=batch.now_ms, entries=entries)
            head = Head(forged.seq, forged.hash)
            statements = [*first_of(lambda: append_link(self._pen, forged)), *statements]
        link.warnings.clear()
        sent_s = passed_s()
        try:
            await link.ask(statements)
            require_replicated(link)
        except Lost as lost:
            self._servers.shun(link)
            link.close()
            return await self._settle(batch.number, lost)
        self._figures.committed(len(batch.done), passed_s() - sent_s)
        self._head = head
        self._pulse.hear(sent_s, link.server)
        return True

    async def _settle(self, number: int, lost: Lost) -> bool:
        """Find out whether a batch was committed. Raises _Unsettled."""
        mark, until = self._writer.mark, monotonic() + SETTLE_S
        while monotonic() < until:
            with suppress(Lost, Refused):
                self._link = link = await self._servers.connect()  # left, as others are, where it leads nowhere
                try:
                    await link.ask([("BEGIN", ())])
                    settled = await carry_out(link, lambda: settle_batch(self._pen, mark, batch=number))
                    await link.ask([_COMMIT])
                    if not link.warnings:
                        return settled
                except MarkGone:
                    break
                finally:
                    link.close()
            await asyncio.sleep(_REST_S)
        raise _Unsettled(f"it is unknown whether it was committed: {lost}")

    async def _roll_back(self, link: Link) -> None:
        self._view.forget()
        with suppress(Lost, Refused):  # then the connection is gone, and the transaction with it
            await link.ask([_ROLLBACK])

    async def _lose(self, tasks: list[Task], error: Exception) -> None:
        """Answer what can be answered without writing."""
        self._figures.lost()

        async def answer(task: Task) -> None:
            failure: Exception = Unavailable(f"PostgreSQL: {error}")
            failure.__cause__ = error
            if isinstance(task.job, Unit) and not isinstance(error, _Unsettled):
                try:
                    tell(Done(task, await self._answer_unwritten(task.job), None))
                except Unavailable:
                    pass  # for the reason we know
                except Exception as defect:  # noqa: BLE001 - it is the caller's, whatever it is
                    failure = defect
            tell(Done(task, None, failure))

        await asyncio.gather(*map(answer, tasks))

    async def _enter(self, link: Link) -> tuple[Writer, Head]:
        try:
            entered = await carry_out(link, self._claim)
            require_replicated(link)
        except Lost:
            self._servers.shun(link)
            raise
        return entered

    def _claim(self) -> tuple[Writer, Head]:
        """Take the first name that is free; the chains of all processes are as many as wrote at once."""
        number = 1
        name = self._name
        while not claim_writer(self._view, name):
            number += 1
            name = f"{self._name}-{number}"
        mark = new_mark(self._view, name)
        enter_mark(self._pen, mark, former=self._writer.mark, at_ms=find_clock(self._view))
        return Writer(name, mark, 0), find_head(self._view, name) or FIRST


def first_of(work: Callable[[], object]) -> Sequence[Statement]:
    """What a saver asks first, without asking it: for one whose answer nobody needs."""
    asking = Asking(work)
    asking.begin()
    assert asking.asked is not None, asking.failure
    statements = asking.asked.statements
    asking.drop()
    return statements


def tell(done: Done) -> None:
    """Answer whoever waits for a task; of one nobody waits for, only a defect is heard."""
    reply, error = done.task.reply, done.error
    if reply is None:
        if error is not None and not isinstance(error, Unavailable):
            context = {"message": "a write that nobody waits for failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)
    elif reply.done():
        return
    elif error is None:
        reply.set_result(done.value)
    else:
        reply.set_exception(error)


def _changes_of(done: Done) -> tuple[Change, ...]:
    if done.error is not None or not isinstance(done.task.job, Unit):
        return ()
    return cast("Decided", done.value).changes
