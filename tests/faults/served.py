"""What runs in the child process: the server as its console script starts it, on a socket it was given.

    python -m tests.faults.served DESCRIPTOR HOOKS COMMAND...

HOOKS names, joined by commas, what was planted (mutants.py): defects a test must notice, and faults of the machine
that need a hand inside the process. The product itself has no switch for either.
"""

import os
import socket
import sys

from callgate import app
from callgate.config import ServerSettings
from tests.faults.mutants import HOOKS


def main() -> None:
    """Plant, then serve."""
    descriptor, hooks, *command = sys.argv[1:]
    listener = socket.socket(fileno=int(descriptor))

    def take(_: ServerSettings) -> socket.socket:
        return listener

    vars(app)["bind"] = take
    for name in filter(None, hooks.split(",")):
        HOOKS[name]()
    sys.argv = ["callgate", *command]
    os.set_inheritable(listener.fileno(), False)
    app.main()


if __name__ == "__main__":
    main()
