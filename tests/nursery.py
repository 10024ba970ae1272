"""Servers forked from one process that has imported Callgate (cradle.py), each in files of its own."""

import atexit
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
START_S = 60


class Nursery:
    """The process that servers are forked from."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._lock = threading.Lock()

    def start(
        self, args: Sequence[str], *, folder: Path, plants: Sequence[str] = (), env: Mapping[str, str] | None = None
    ) -> int:
        """Fork a server that writes to `out` and `err` in a folder; gives its process id."""
        return self.begin(args, out=folder / "out", err=folder / "err", plants=plants, env=env or {})

    def begin(
        self,
        args: Sequence[str],
        *,
        out: Path,
        err: Path,
        plants: Sequence[str] = (),
        hooks: Sequence[str] = (),
        env: Mapping[str, str],
    ) -> int:
        """Fork one that writes to these files, `err` behind what is in it; gives its process id."""
        out.unlink(missing_ok=True)  # of the one before it here
        what = {"plants": [*plants], "hooks": [*hooks], "args": [*args], "env": dict(env)}
        return self._order({"start": {**what, "out": str(out), "err": str(err)}})["pid"]

    def end(self, pid: int) -> int:
        """Stop a server, if it still runs; gives its exit status."""
        return self._order({"end": pid})["status"]

    def _order(self, order: dict[str, object]) -> dict[str, int]:
        assert self._process.stdin
        assert self._process.stdout
        with self._lock:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            answer: dict[str, int] = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def nursery() -> Iterator[Nursery]:
    """Start it; at the end it leaves nothing running."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CALLGATE_")}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.cradle"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment,
    ) as process:
        assert process.stdin
        yield Nursery(process)
        process.stdin.close()


@cache
def servers() -> Nursery:
    """The one of this process, for all its tests."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(nursery())


def wait_until_ready(pid: int, folder: Path) -> str:
    """Wait until the server of a folder says that it is; gives its address."""
    until = time.monotonic() + START_S
    while not (said := _READY.search(_text(folder / "out"))):
        assert time.monotonic() < until, f"the server is not ready: {_text(folder / 'err')}"
        assert runs(pid) or _READY.search(_text(folder / "out")), f"it did not start: {_text(folder / 'err')}"
        time.sleep(0.01)
    return said[1]


_READY = re.compile(r"^callgate is ready on (.+)\n", re.MULTILINE)


def runs(pid: int) -> bool:
    """Whether it has not ended."""
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state != "Z"


def _text(file: Path) -> str:
    return file.read_text() if file.exists() else ""
