"""A process that has imported the command line once, and forks a child for each command that it is asked to run.

What runs is the console script's own function in a process of its own; only the second of importing is saved, of
which a scenario of forty commands would otherwise spend most of its time. Speaks JSON lines.
"""

import json
import os
import signal
import sys
import tempfile
import traceback
from pathlib import Path

import callgate.storage.schema_postgres  # noqa: F401 - the first of what commands on PostgreSQL import later
from callgate.app import main

RUN_S_MAX = 60
"""How long a command may take; a server that should have refused would serve until the test is given up, and after."""


def serve() -> None:
    """Run one command per line of standard input, until it ends."""
    for line in sys.stdin:
        asked = json.loads(line)
        with tempfile.TemporaryDirectory(prefix="callgate-") as folder:
            code = run(asked, Path(folder))
            out, err = ((Path(folder) / name).read_text("utf-8") for name in ("out", "err"))
        sys.stdout.write(json.dumps({"code": code, "out": out, "err": err}) + "\n")
        sys.stdout.flush()


def run(asked: dict[str, object], folder: Path) -> int:
    """Fork, become the command, and give its exit code."""
    (folder / "in").write_text(str(asked["stdin"]), "utf-8")
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 70
    try:
        code = become(asked, folder)
    finally:
        os._exit(code)


def become(asked: dict[str, object], folder: Path) -> int:
    """In the child: stand where the command shall stand, and run it to its end."""
    signal.alarm(RUN_S_MAX)
    for number, (name, flags) in enumerate((("in", os.O_RDONLY), ("out", os.O_CREAT | os.O_WRONLY))):
        os.dup2(os.open(folder / name, flags, 0o600), number)
    os.dup2(os.open(folder / "err", os.O_CREAT | os.O_WRONLY, 0o600), 2)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - the process's own
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - likewise
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - likewise
    os.chdir(str(asked["cwd"]))
    arguments = asked["args"]
    assert isinstance(arguments, list)
    sys.argv = [str(Path(sys.executable).with_name("callgate")), *arguments]
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:  # noqa: BLE001 - a process of its own would end so
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    serve()
