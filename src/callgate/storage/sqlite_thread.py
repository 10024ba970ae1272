"""The one thread beside the loop, in which a commit waits for the disk and a begin for another process."""

import asyncio
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread

Done = Callable[[Exception | None], None]
_Work = tuple[Callable[[], None], Done]


class WaitingThread:
    """Carries out one piece of work after another, and tells the loop how each ended."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._works: SimpleQueue[_Work | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="callgate-commit", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[], None], done: Done) -> None:
        """Do `work` in the thread, then call `done` on the loop with the error it raised, or None."""
        self._works.put((work, done))

    def stop(self) -> None:
        """Finish what was submitted and end the thread; blocks until then."""
        self._works.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (item := self._works.get()) is not None:
            work, done = item
            error: Exception | None = None
            try:
                work()
            except Exception as raised:  # noqa: BLE001 - whatever it is, the loop must hear of it
                error = raised
            self._loop.call_soon_threadsafe(done, error)
