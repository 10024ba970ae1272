"""Group commit: units that wait when a transaction begins share it, and its one sync.

    submit ──► queue ──► begin ──► unit, unit, unit … ──► commit ──► every reply
               (loop)    (loop)    (loop)                 (thread)   (loop)

Statements run on the event loop, which spares each unit a change of thread; only the commit, which waits for the disk,
runs beside it, while the loop reads for others and collects the next batch (docs/adr/0010-where-fsync-waits.md).

What an error means:
    in one unit                      that unit is undone; the others go on
    in one unit, half of it written  the batch begins anew, its units parted by savepoints: then as above
    ending the transaction, disk     nothing of the batch happened; units that need no write are answered all the
    full, no lock, nothing writable  same, from committed rows; the others are Unavailable; the next batch tries again
    a defect in sealing the batch    the same
    any other at COMMIT              nobody can know what happened: the store has failed, and its process ends
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final, NamedTuple

import apsw

from callgate.model.failure import Unavailable
from callgate.storage.figures import StoreFigures
from callgate.storage.pen import Pen
from callgate.storage.port import Decided, Unit
from callgate.storage.sqlite_thread import WaitingThread
from callgate.storage.sqlite_writer import Spoiled, TransactionLost, Writer

BATCH_MAX: Final = 128
"""Units of one commit: more would make the first of them wait longer than the sync they save."""

BATCH_S: Final = 0.005
"""How long the loop works on one batch before others have their turn."""

QUEUE_MAX: Final = 2048
"""Units waiting; past it the answer is 503 at once, which is kinder than a reply after the caller gave up."""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Work of the store's own (sweeping), that no decision stands behind."""

    work: Callable[[Pen], object]


Job = Unit[object, Decided] | Upkeep
Reply = asyncio.Future[object]


class _Answer(NamedTuple):
    job: Job
    reply: Reply | None
    value: object
    error: Exception | None


class GroupCommit:
    """The queue in front of a writer. Belongs to the loop it was made on; `close` ends it.

    `answer_unwritten` decides a unit from committed rows, and raises Unavailable when it would have to write.
    """

    def __init__(
        self,
        writer: Writer,
        *,
        answer_unwritten: Callable[[Unit[object, Decided]], object],
        on_fatal: Callable[[Exception], None],
    ) -> None:
        self._writer = writer
        self._answer_unwritten = answer_unwritten
        self._on_fatal = on_fatal
        self._loop = asyncio.get_running_loop()
        self._thread = WaitingThread(self._loop)
        self._queue: deque[tuple[Job, Reply | None]] = deque()
        self._batch: list[_Answer] = []
        self._busy = False
        self._ended: asyncio.Future[None] | None = None
        self._sealed_s = 0.0
        self.figures = StoreFigures()
        self.failed: Exception | None = None

    @property
    def waiting(self) -> int:
        """Jobs that no batch has taken yet."""
        return len(self._queue)

    def submit(self, job: Job) -> Reply:
        """Give the job its place; the reply comes when its commit is durable. Raises Unavailable."""
        if self.failed or self._ended:
            raise Unavailable("the store failed" if self.failed else "the store is closing")
        if len(self._queue) >= QUEUE_MAX:
            raise Unavailable(f"{QUEUE_MAX} units wait already")
        reply: Reply = self._loop.create_future()
        self._enqueue(job, reply)
        return reply

    def submit_unawaited(self, job: Job) -> None:
        """Give the job a place if there is one; nobody waits for it, and only a defect in it is heard of."""
        if not (self.failed or self._ended or len(self._queue) >= QUEUE_MAX):
            self._enqueue(job, None)

    def _enqueue(self, job: Job, reply: Reply | None) -> None:
        self._queue.append((job, reply))
        if not self._busy:
            self._busy = True
            # Soon, not now: every request that this turn of the loop has read shares the commit.
            self._loop.call_soon(self._begin)

    async def close(self) -> None:
        """Finish what was submitted, take no more, end the thread."""
        self._ended = self._loop.create_future()
        if not self._busy:
            self._ended.set_result(None)
        await self._ended
        self._thread.stop()

    def _begin(self) -> None:
        self.figures.busy_since_s = monotonic()
        try:
            self._writer.begin()
        except apsw.BusyError:
            # Another process writes: wait for it beside the loop.
            self._thread.submit(self._writer.begin_patiently, self._begun)
        except apsw.Error as error:
            self._begun(error)
        else:
            self._fill()

    def _begun(self, error: Exception | None) -> None:
        if error is None:
            self._fill()
        else:
            self._take_all()
            self._lose(error)
            self._release()

    def _fill(self) -> None:
        until = monotonic() + BATCH_S
        try:
            while self._queue and len(self._batch) < BATCH_MAX and monotonic() < until:
                job, reply = self._queue.popleft()
                if reply is None or not reply.done():  # else its caller gave up before anything was done for it
                    self._batch.append(self._answer(job, reply))
            if self._writer.seal():
                self._sealed_s = monotonic()
                self._thread.submit(self._writer.commit, self._committed)
                return
            self._writer.commit()  # of nothing: no disk is waited for
        except Spoiled:
            self._begin_anew()
        except Exception as error:  # noqa: BLE001 - a defect too: what stays unanswered here waits for ever
            self._undo(error)
        else:
            self._release()

    def _answer(self, job: Job, reply: Reply | None) -> _Answer:
        writer = self._writer
        try:
            value = writer.decide(job) if isinstance(job, Unit) else writer.work(job.work)
        except (TransactionLost, Spoiled):
            self._batch.append(_Answer(job, reply, None, None))
            raise
        except Exception as error:  # noqa: BLE001 - it is the caller's, whatever it is
            return _Answer(job, reply, None, error)
        return _Answer(job, reply, value, None)

    def _begin_anew(self) -> None:
        """Undo the batch and decide it again, before whoever came meanwhile: nobody was told of it."""
        self._queue.extendleft((answer.job, answer.reply) for answer in reversed(self._batch))
        self._batch = []
        try:
            self._writer.roll_back()
        except apsw.Error as worse:
            self._fail(worse)
        else:
            self._begin()

    def _committed(self, error: Exception | None) -> None:
        if error is None:
            self.figures.committed(len(self._batch), monotonic() - self._sealed_s)
            self._release()
        elif isinstance(error, apsw.FullError):
            self._undo(error)
        else:
            self._fail(error)

    def _undo(self, error: Exception) -> None:
        try:
            self._writer.roll_back()
        except apsw.Error as worse:
            self._fail(worse)
        else:
            self._lose(error)
            self._release()

    def _lose(self, error: Exception) -> None:
        self.figures.lost()
        self._batch = [self._answer_lost(answer, error) for answer in self._batch]

    def _answer_lost(self, answer: _Answer, error: Exception) -> _Answer:
        if not isinstance(answer.job, Unit):
            return answer._replace(value=None, error=_unavailable(error))
        try:
            return answer._replace(value=self._answer_unwritten(answer.job), error=None)
        except Unavailable:
            return answer._replace(value=None, error=_unavailable(error))
        except Exception as defect:  # noqa: BLE001 - it is the caller's, whatever it is
            return answer._replace(value=None, error=defect)

    def _fail(self, error: Exception) -> None:
        self.failed = error
        self._take_all()
        self._batch = [answer._replace(value=None, error=_unavailable(error)) for answer in self._batch]
        self._release()
        self._on_fatal(error)

    def _take_all(self) -> None:
        self._batch += [_Answer(job, reply, None, None) for job, reply in self._queue]
        self._queue.clear()

    def _release(self) -> None:
        batch, self._batch = self._batch, []
        self.figures.busy_since_s = None
        for _, reply, value, error in batch:
            if reply is None:
                self._tell_of_defect(error)
            elif reply.done():
                continue
            elif error is None:
                reply.set_result(value)
            else:
                reply.set_exception(error)
        if self._queue:
            self._loop.call_soon(self._begin)
            return
        self._busy = False
        if self._ended and not self._ended.done():
            self._ended.set_result(None)

    def _tell_of_defect(self, error: Exception | None) -> None:
        if error is not None and not isinstance(error, Unavailable):
            self._loop.call_exception_handler({"message": "a write that nobody waits for failed", "exception": error})


def _unavailable(error: Exception) -> Unavailable:
    failure = Unavailable(f"{type(error).__name__}: {error}")
    failure.__cause__ = error
    return failure
