"""The server as a process: started, waited for, killed, and never left behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from tests.faults.founding import World
from tests.nursery import runs, servers
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
START_S = 120
STOP_S = 30
may_fork = True
"""Whether servers may come out of the cradle: in the full run they do not, which tells how long a start takes."""


class NotStartedError(Exception):
    """The server ended before it was ready; `status` is its exit status."""

    def __init__(self, status: int, said: str) -> None:
        self.status = status
        self.said = said
        super().__init__(f"exit {status}: {said}")


class Forked:
    """A server that came out of the cradle; it is spoken to as `subprocess.Popen` is."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit status, if it has ended."""
        if self.returncode is None and not runs(self.pid):
            self.returncode = servers().end(self.pid)
        return self.returncode

    def wait(self, timeout: float = STOP_S) -> int:
        """Its exit status, once it has ended. Raises TimeoutExpired."""
        until_s = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > until_s:
                raise subprocess.TimeoutExpired("callgate serve", timeout)
            time.sleep(0.005)
        return status

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it where it stands."""
        self.send_signal(signal.SIGKILL)


Process: TypeAlias = "subprocess.Popen[bytes] | Forked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server that said it is ready. `pid` is its own, whatever was wrapped around it."""

    process: Process
    port: int
    pid: int
    log: Path
    spawned_at: float

    def kill(self) -> None:
        """End it as a power failure of the process would: at once, wherever it is."""
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait(STOP_S)

    def stop(self) -> int:
        """Ask it to end; returns its exit status."""
        os.kill(self.pid, signal.SIGTERM)
        return self.process.wait(STOP_S)

    def wait(self, timeout_s: float = STOP_S) -> int:
        """Wait until it ends by itself; returns its exit status."""
        return self.process.wait(timeout_s)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)


@contextmanager
def serve(
    world: World,
    *,
    plant: str = "",
    wrap: Sequence[str] = (),
    log: Path | None = None,
    workers: int = 0,
    port: int = 0,
) -> Iterator[Served]:
    """A server on the world's database, ready; gone at the end whatever happened.

    Args:
        world: its settings and files.
        plant: hooks of mutants.py, joined by commas.
        wrap: a command that runs the server, such as strace with its options.
        log: the file that standard error is appended to; server.log in the world's folder, if not another.
        workers: under a supervisor, whose process `process` is, if there are any.
        port: where another may have served before; one that nobody has, if not given.

    Raises:
        NotStartedError: it ended instead.
    """
    path = log or world.folder / "server.log"
    spawned_at = time.monotonic()
    begin = _fork if may_fork and not wrap and not (workers and plant) else partial(_spawn, wrap=wrap)
    process, port, out = begin(world, plant, workers=workers, log=path, port=port)
    try:
        if not _becomes_ready(process, out):
            _end(process)
            raise NotStartedError(process.wait(STOP_S), path.read_text("utf-8", "replace")[-2000:])
        yield Served(process=process, port=port, pid=_youngest(process.pid), log=path, spawned_at=spawned_at)
    finally:
        _end(process)


def _fork(world: World, plant: str, *, workers: int, log: Path, port: int) -> tuple[Process, int, Path]:
    port = port or free_port()
    out = world.folder / f"{port}.out"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CALLGATE_")}
    pid = servers().begin(
        ("serve", "--config", str(world.config), "--workers", str(workers)),
        out=out,
        err=log,
        hooks=[*filter(None, plant.split(","))],
        env=kept | {"CALLGATE_SERVER__PORT": str(port)},
    )
    return Forked(pid), port, out


def _spawn(
    world: World, plant: str, *, wrap: Sequence[str], workers: int, log: Path, port: int
) -> tuple[Process, int, Path]:
    with socket.create_server(("127.0.0.1", port), backlog=512) as listener:
        port = listener.getsockname()[1]
        out = world.folder / f"{port}.out"
        served = [sys.executable, "-m", "tests.faults.served", str(listener.fileno()), plant]
        with out.open("wb") as said, log.open("ab") as lines:
            process = subprocess.Popen(
                [*wrap, *served, "serve", "--config", str(world.config), "--workers", str(workers)],
                cwd=ROOT,
                stdout=said,
                stderr=lines,
                pass_fds=(listener.fileno(),),
            )
    return process, port, out


def _becomes_ready(process: Process, out: Path) -> bool:
    """Whether it says that it is; not if it ends before, or takes too long."""
    until_s = time.monotonic() + START_S
    while time.monotonic() < until_s:
        has_ended = process.poll() is not None
        if out.exists() and out.read_bytes().startswith(b"callgate is ready"):
            return True
        if has_ended:
            return False
        time.sleep(0.005)
    return False


def _youngest(pid: int) -> int:
    """The server under whatever wraps it: the only child of the only child."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return _youngest(int(children[0])) if children else pid


def _end(process: Process) -> None:
    for pid in (*_below(process.pid), process.pid):
        if process.poll() is None:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
    process.wait(STOP_S)


def _below(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [int(child) for child in children]
