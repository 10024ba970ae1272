"""What the console script runs: the command that the arguments name.

A server lives for long, and has in its memory what was imported to start it: `serve` comes without the other commands
and all that they need (docs/adr/0092-memory.md).
"""

import sys
from typing import Final

from callgate.admin.command import MISUSED
from callgate.admin.composition import Composition
from callgate.admin.serve import build_serve
from callgate.admin.streams import mend_streams
from callgate.admin.words import settle_words

_SERVE: Final = "serve"


def run_cli(composition: Composition) -> None:
    """Run the command that the arguments name, and end the process."""
    mend_streams()
    try:
        settle_words()
    except UnicodeDecodeError:
        sys.stderr.write("An argument is not text in UTF-8: set the terminal, and LC_ALL, to UTF-8.\n")
        sys.exit(MISUSED)
    try:
        if sys.argv[1:2] == [_SERVE]:
            build_serve()(obj=composition)
        else:
            from callgate.admin.cli import build_cli  # noqa: PLC0415 - see above

            build_cli()(obj=composition)
    except KeyboardInterrupt:
        sys.exit(130)  # as shells count an interrupt
