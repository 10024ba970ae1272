"""How one process of ours makes another: forked from it, run beside it, or put in its own place.

Those that are run have this one's command line, and words behind it; what a former one was given so is left out.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Final, NoReturn

ADOPT_OPTION: Final = "--adopt"
"""Stands before what a process was given by the one that it replaced."""


def fork(*, blocking: Iterable[signal.Signals]) -> int:
    """The child's id; 0 in the child, where signals stay blocked: they would find handlers that are its parent's.

    Raises OSError.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # whoever read it has gone, or the disk is full
            stream.flush()
    signals = tuple(blocking)
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    pid = -1
    try:
        pid = os.fork()
    finally:
        if pid != 0:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
    return pid


def run_beside(*words: str) -> subprocess.Popen[bytes]:
    """Run our own command with words behind it. Raises OSError."""
    return subprocess.Popen([*_own_command(), *words])  # noqa: S603 - its own arguments


def become(*words: str) -> NoReturn:
    """Put our own command, with words behind it, in this process's place. Raises OSError."""
    os.execv(sys.executable, [*_own_command(), *words])  # noqa: S606 - its own arguments


def _own_command() -> list[str]:
    words = sys.orig_argv[1:]
    if ADOPT_OPTION in words:
        place = words.index(ADOPT_OPTION)
        words = words[:place] + words[place + 2 :]
    return [sys.executable, *words]
