"""What runs in the child process: the server as its console script starts it, on a socket it was given.

    python -m tests.faults.served DESCRIPTOR HOOKS COMMAND...

Any other command runs in the same way, with `-` for the socket.
HOOKS names, joined by commas, what was planted (mutants.py): defects a test must notice, and faults of the machine
that need a hand inside the process. The product itself has no switch for either.
"""

import os
import socket
import sys

from callgate import app
from callgate.admin import listening
from callgate.admin.processes import ADOPT_OPTION
from callgate.config import ServerSettings
from tests.faults.mutants import HOOKS


def main() -> None:
    """Plant, then serve."""
    descriptor, hooks, *command = sys.argv[1:]
    if descriptor != "-" and ADOPT_OPTION not in command:
        take_socket(int(descriptor))
    for name in filter(None, hooks.split(",")):
        HOOKS[name]()
    sys.argv = ["callgate", *command]
    app.main()


def take_socket(descriptor: int) -> None:
    """Have the server listen on what it was given."""
    listener = socket.socket(fileno=descriptor)
    os.set_inheritable(descriptor, False)

    def take(_: ServerSettings) -> socket.socket:
        return listener

    vars(listening)["bind"] = take


if __name__ == "__main__":
    main()
