"""How the workers of one socket share out its newcomers: whoever has fewer connections takes the next.

An event loop's own way takes all that wait at one go, and clients keep their connections: of 64 that came together, one
of two workers got 60 and more in every other trial, and did nearly all the work from then on. Here a worker takes one
at a time, and where it has more than a sibling it leaves a newcomer to that one for a moment. Nobody is refused, and
nobody passed on: who waits in the socket's queue is anybody's.
"""

import asyncio
import errno
import mmap
import socket
from collections.abc import Callable, Sized
from dataclasses import dataclass
from typing import Final

_LEFT_FOR_S: Final = 0.002
_PATIENCE_S: Final = 0.05
"""How long a newcomer is left to a sibling. One that does not come is stopped, or dead: nobody waits for it for"""

_IMPATIENT_S: Final = 0.2
"""this long."""

_REST_S: Final = 0.1
"""When there are no files left for connections; whoever waits, waits in the queue."""

_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

_ABSENT: Final = 0xFFFFFFFF
_WIDTH: Final = 4


class Shares:
    """How many connections each worker has: memory that they have in common, made before they are forked."""

    def __init__(self, workers: int) -> None:
        self._counts = memoryview(mmap.mmap(-1, workers * _WIDTH)).cast("I")
        for place in range(workers):
            self._counts[place] = _ABSENT

    def note(self, place: int, count: int | None) -> None:
        """Tell the others of a worker, by its place from 1; None: it takes nobody."""
        self._counts[place - 1] = _ABSENT if count is None else count

    def is_more(self, count: int) -> bool:
        """Whether it is clearly more than some other has; one more, or an eighth, is not."""
        least = min(self._counts)
        return count > least + 1 + least // 8


@dataclass(frozen=True, slots=True)
class Share:
    """One worker's."""

    shares: Shares
    place: int


class Accepting:
    """Takes newcomers from a socket that siblings take from too, until it is closed. The socket stays open."""

    def __init__(
        self, listener: socket.socket, protocol: Callable[[], asyncio.Protocol], *, connections: Sized, share: Share
    ) -> None:
        listener.settimeout(0)
        self._listener = listener
        self._protocol = protocol
        self._connections = connections
        self._shares, self._place = share.shares, share.place
        self._loop = asyncio.get_running_loop()
        self._beginning: set[asyncio.Task[object]] = set()
        self._is_leaving = False
        self._pause: asyncio.TimerHandle | None = None
        self._left_since_s = self._left_at_s = self._impatient_until_s = 0.0
        self._note(len(connections))
        self._begin()

    @property
    def is_letting_in(self) -> bool:
        """Whether somebody was taken who is no connection yet."""
        return bool(self._beginning)

    def leave(self) -> None:
        """Let nobody be left to this worker any more, which is to end; it takes whoever comes until it is closed."""
        self._is_leaving = True
        self._note(0)

    def close(self) -> None:
        """Take nobody more."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._listener)

    def _begin(self) -> None:
        self._pause = None
        self._loop.add_reader(self._listener, self._take)

    def _pause_for(self, seconds: float) -> None:
        self._loop.remove_reader(self._listener)
        self._pause = self._loop.call_later(seconds, self._begin)

    def _note(self, count: int) -> None:
        self._shares.note(self._place, None if self._is_leaving else count)

    def _take(self) -> None:
        mine = len(self._connections) + len(self._beginning)
        self._note(mine)
        if self._shares.is_more(mine) and self._leaves():
            self._pause_for(_LEFT_FOR_S)
            return
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # a sibling was there first, or the newcomer has gone
        except OSError as error:
            if error.errno not in _EXHAUSTED:
                raise
            self._pause_for(_REST_S)
            return
        self._note(mine + 1)
        beginning = self._loop.create_task(self._loop.connect_accepted_socket(self._protocol, connection))
        self._beginning.add(beginning)
        beginning.add_done_callback(self._beginning.discard)

    def _leaves(self) -> bool:
        """Whether to leave whoever waits to a sibling a little longer."""
        now_s = self._loop.time()
        if now_s < self._impatient_until_s:
            return False
        if now_s > self._left_at_s + _PATIENCE_S:  # not sooner: a busy loop takes longer to look again than it means to
            self._left_since_s = now_s  # somebody else waits now
        self._left_at_s = now_s
        if now_s < self._left_since_s + _PATIENCE_S:
            return True
        self._impatient_until_s = now_s + _IMPATIENT_S
        return False
