"""A process that has imported what Callgate is built on, and forks a server for each arena that asks for one.

Every child imports Callgate itself anew, with what shall be planted in it (mutants.py), and becomes the console script;
only the seconds of importing libraries are shared. Speaks JSON lines: {"start": {...}} gives a pid, {"end": pid} its
exit status.
"""

import gc
import json
import os
import signal
import sys
import time
from typing import TypedDict

STOP_S = 10


class Start(TypedDict):
    """What a child shall be: plants of mutants.py, arguments of `callgate`, and the files it writes to."""

    plants: list[str]
    args: list[str]
    out: str
    err: str


def serve() -> None:
    """Obey orders until there are no more, then leave nothing running."""
    _import_libraries()
    children: set[int] = set()
    try:
        for line in sys.stdin:
            order = json.loads(line)
            if "start" in order:
                pid = _fork(order["start"])
                children.add(pid)
                _tell({"pid": pid})
            else:
                children.discard(order["end"])
                _tell({"status": _end(order["end"])})
    finally:
        for pid in children:
            _end(pid)


def _import_libraries() -> None:
    import callgate.app  # noqa: F401, PLC0415 - for all that it imports; what is ours is forgotten again

    for name in [name for name in sys.modules if name.split(".")[0] == "callgate"]:
        del sys.modules[name]
    gc.freeze()


def _fork(start: Start) -> int:
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        status = _become(start)
    finally:
        os._exit(status)


def _become(start: Start) -> int:
    from tests.races.mutants import plant  # noqa: PLC0415 - in the child only

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(start["out"], os.O_CREAT | os.O_WRONLY, 0o600), 1)
    os.dup2(os.open(start["err"], os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600), 2)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - the process's own
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - likewise
    sys.argv = ["callgate", *start["args"]]
    plant(start["plants"])
    from callgate.app import main  # noqa: PLC0415 - after planting

    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:  # noqa: BLE001 - said on standard error, as Python itself would
        sys.excepthook(*sys.exc_info())
        return 70
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _end(pid: int) -> int:
    try:
        os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + STOP_S
        while time.monotonic() < until:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.01)
        os.kill(pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except ChildProcessError:
        return 0


def _tell(answer: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve()
