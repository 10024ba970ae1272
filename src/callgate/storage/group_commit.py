"""Group commit: units that wait when a transaction begins share it, and its one sync.

    submit ──► queue ──► begin ──► unit, unit, unit … ──► commit ──► every reply
               (loop)    (loop)    (loop)                 (thread)   (loop)

Statements run on the event loop, which spares each unit a change of thread; only the commit, which waits for the disk,
runs beside it, while the loop reads for others and collects the next batch (docs/adr/0010-where-fsync-waits.md).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Final, NamedTuple

import apsw

from callgate.storage.port import Unavailable
from callgate.storage.sqlite_thread import WaitingThread
from callgate.storage.sqlite_writer import TransactionLost, Writer, as_failure

Job = Callable[[Writer], object]
Reply = asyncio.Future[object]

BATCH_MAX: Final = 128
"""Units of one commit: more would make the first of them wait longer than the sync they save."""

BATCH_S: Final = 0.005
"""How long the loop works on one batch before others have their turn."""

QUEUE_MAX: Final = 2048
"""Units waiting; past it the answer is 503 at once, which is kinder than a reply after the caller gave up."""


class _Answer(NamedTuple):
    reply: Reply
    value: object
    error: Exception | None


class GroupCommit:
    """The queue in front of a writer. Belongs to the loop it was made on; `close` ends it."""

    def __init__(self, writer: Writer, on_fatal: Callable[[Exception], None]) -> None:
        self._writer = writer
        self._on_fatal = on_fatal
        self._loop = asyncio.get_running_loop()
        self._thread = WaitingThread(self._loop)
        self._queue: deque[tuple[Job, Reply]] = deque()
        self._batch: list[_Answer] = []
        self._busy = False
        self._ended: asyncio.Future[None] | None = None
        self.failed: Exception | None = None

    def submit(self, job: Job) -> Reply:
        """Give the job its place; the reply comes when its commit is durable. Raises Unavailable."""
        if self.failed or self._ended:
            raise Unavailable("the store failed" if self.failed else "the store is closing")
        if len(self._queue) >= QUEUE_MAX:
            raise Unavailable(f"{QUEUE_MAX} units wait already")
        reply: Reply = self._loop.create_future()
        self._queue.append((job, reply))
        if not self._busy:
            self._busy = True
            # Soon, not now: every request that this turn of the loop has read shares the commit.
            self._loop.call_soon(self._begin)
        return reply

    async def close(self) -> None:
        """Finish what was submitted, take no more, end the thread."""
        self._ended = self._loop.create_future()
        if not self._busy:
            self._ended.set_result(None)
        await self._ended
        self._thread.stop()

    def _begin(self) -> None:
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
            return
        while self._queue:
            self._batch.append(_Answer(self._queue.popleft()[1], None, as_failure(error)))
        self._release()

    def _fill(self) -> None:
        until = monotonic() + BATCH_S
        try:
            while self._queue and len(self._batch) < BATCH_MAX and monotonic() < until:
                job, reply = self._queue.popleft()
                if not reply.done():  # else its caller gave up before anything was done for it
                    self._batch.append(self._answer(job, reply))
            durable = self._writer.seal()
        except (TransactionLost, apsw.Error) as error:
            self._undo(error)
            return
        if durable:
            self._thread.submit(self._writer.commit, self._committed)
        else:
            self._commit_nothing()

    def _answer(self, job: Job, reply: Reply) -> _Answer:
        try:
            return _Answer(reply, job(self._writer), None)
        except TransactionLost as error:
            self._batch.append(_Answer(reply, None, error))
            raise
        except Exception as error:  # noqa: BLE001 - it is the caller's, whatever it is
            return _Answer(reply, None, error)

    def _commit_nothing(self) -> None:
        try:
            self._writer.commit()
        except apsw.Error as error:
            self._undo(error)
        else:
            self._release()

    def _committed(self, error: Exception | None) -> None:
        match error:
            case None:
                self._release()
            case apsw.FullError() | apsw.BusyError():
                self._undo(error)
            case _:
                # Whether it happened cannot be known: the log may or may not hold it, synced or not.
                self._fail(error)

    def _undo(self, error: Exception) -> None:
        try:
            self._writer.roll_back()
        except apsw.Error as worse:
            self._fail(worse)
        else:
            self._lose(error)
            self._release()

    def _fail(self, error: Exception) -> None:
        self.failed = error
        self._lose(error)
        while self._queue:
            self._batch.append(_Answer(self._queue.popleft()[1], None, as_failure(error)))
        self._release()
        self._on_fatal(error)

    def _lose(self, error: Exception) -> None:
        failure = Unavailable(f"nothing of the batch happened: {type(error).__name__}")
        failure.__cause__ = error
        self._batch = [_Answer(answer.reply, None, failure) for answer in self._batch]

    def _release(self) -> None:
        for reply, value, error in self._batch:
            if reply.done():
                continue
            if error is None:
                reply.set_result(value)
            else:
                reply.set_exception(error)
        self._batch.clear()
        if self._queue:
            self._loop.call_soon(self._begin)
            return
        self._busy = False
        if self._ended and not self._ended.done():
            self._ended.set_result(None)
