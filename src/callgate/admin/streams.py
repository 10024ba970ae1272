"""Standard input, output and error as every command needs them, whoever started it and in whatever state they are."""

import io
import os
import sys
from typing import Final

_NUMBERS: Final = range(3)


def mend_streams() -> None:
    """Open what was closed, on nothing: else a socket or a database would get its number, and be written into.

    What the terminal's encoding lacks is written as its number, for a secret that is shown once must not end in an
    error instead.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) in _NUMBERS:
        os.set_inheritable(number, True)  # noqa: FBT003 - takes no keyword
    os.close(number)
    sys.stdin = sys.stdin or io.TextIOWrapper(io.FileIO(0, closefd=False), "utf-8")
    sys.stdout = sys.stdout or _nowhere(1)
    sys.stderr = sys.stderr or _nowhere(2)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _nowhere(number: int) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedWriter(io.FileIO(number, "w", closefd=False)), "utf-8")
