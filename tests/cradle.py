"""A process that has imported Callgate, and forks a server for each test that asks for one.

A child becomes the console script; only the seconds of importing are shared. One in which something shall be planted
(races/mutants.py) imports Callgate itself anew; hooks (faults/mutants.py) are for what is imported. Speaks JSON lines:
{"start": {...}} gives a pid, {"end": pid} its exit status.
"""

import gc
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

import callgate.admin.listening
import callgate.app
import callgate.web.deadline
import callgate.web.development
import callgate.web.routes
from tests.races.mutants import plant

STOP_S = 30
CALLGATE = Path(sys.executable).with_name("callgate")


class Start(TypedDict):
    """What a child shall be: its plants and hooks, arguments of `callgate`, more of an environment, and its files."""

    plants: list[str]
    hooks: list[str]
    args: list[str]
    env: dict[str, str]
    out: str
    err: str


def serve() -> None:
    """Obey orders until there are no more, then leave nothing running."""
    gc.freeze()
    children: set[int] = set()
    try:
        for line in sys.stdin:
            order = json.loads(line)
            if "start" in order:
                pid = _fork(order["start"])
                children.add(pid)
                _tell({"pid": pid})
            else:
                # A number that is no child's any more may be anybody's.
                _tell({"status": _end(order["end"]) if order["end"] in children else 0})
                children.discard(order["end"])
    finally:
        for pid in children:
            _end(pid)


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
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(start["out"], os.O_CREAT | os.O_WRONLY, 0o600), 1)
    os.dup2(os.open(start["err"], os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600), 2)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - the process's own
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - likewise
    sys.argv = ["callgate", *start["args"]]
    sys.orig_argv = [sys.executable, str(CALLGATE), *start["args"]]  # by which it begins anew when it is reloaded
    os.environ.update(start["env"])
    try:
        _main_with(start["plants"], start["hooks"])()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:  # noqa: BLE001 - said on standard error, as Python itself would
        sys.excepthook(*sys.exc_info())
        return 70
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _main_with(plants: list[str], hooks: list[str]) -> Callable[[], None]:
    """The console script's function, with what shall be wrong with it."""
    if hooks:
        from tests.faults.mutants import HOOKS  # noqa: PLC0415 - for whoever needs one

        for hook in hooks:
            HOOKS[hook]()
    if not plants:
        return callgate.app.main
    for name in [name for name in sys.modules if name.split(".")[0] == "callgate"]:
        del sys.modules[name]
    plant(plants)
    from callgate.app import main  # noqa: PLC0415 - after planting

    return main


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
