"""A worker's station: its place among the workers, and the line to whoever started it.

A worker says two words: that all is made ready which can be without the database, whereupon it waits for its turn;
and that it answers. It hears one before it is told to end, if another takes its place: the server goes on.

The end of the line is the supervisor's end: nobody would start the worker anew, nor tell it to end, so that it ends as
if it were told to.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from callgate.admin.accepting import Share

WAITING: Final = b"w"
SERVING: Final = b"s"
ADMITTED: Final = b"a"
REPLACED: Final = b"r"


@dataclass(slots=True)
class Station:
    """A worker under a supervisor, in a place that it takes over from a former one; `succeeds`: there are such.

    `share`: its own of the newcomers, where others listen too.
    """

    place: int
    succeeds: bool
    line: socket.socket
    share: Share | None
    is_replaced: bool = False

    def wait_turn(self) -> None:
        """Return when the database may be opened; never, if the supervisor ends before that."""
        self.line.sendall(WAITING)
        if self.line.recv(1) != ADMITTED:
            sys.exit(1)

    def say_ready(self) -> None:
        """Tell that requests are answered from now on, and end when the supervisor does."""
        self.line.sendall(SERVING)
        asyncio.get_running_loop().add_reader(self.line, self._hear)

    def say_end(self, leave: Callable[[], None]) -> None:
        """It is told to end; `leave` tells whoever balances the load, if the server ends with it."""
        if not self.is_replaced:
            leave()

    def _hear(self) -> None:
        if self.line.recv(1) == REPLACED:
            self.is_replaced = True
            return
        asyncio.get_running_loop().remove_reader(self.line)
        os.kill(os.getpid(), signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Unsupervised:
    """A process that serves by itself."""

    announce: Callable[[], None]
    place: int = 1
    share: Share | None = None

    def say_ready(self) -> None:
        """Tell whoever started it."""
        self.announce()

    def say_end(self, leave: Callable[[], None]) -> None:
        """Tell whoever balances the load."""
        leave()
