"""The server as a process: started, waited for, killed, and never left behind."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.founding import World

ROOT = Path(__file__).parents[2]
START_S = 60
STOP_S = 30


class NotStartedError(Exception):
    """The server ended before it was ready; `status` is its exit status."""

    def __init__(self, status: int, said: str) -> None:
        self.status = status
        self.said = said
        super().__init__(f"exit {status}: {said}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server that said it is ready. `pid` is its own, whatever was wrapped around it."""

    process: subprocess.Popen[bytes]
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
    with socket.create_server(("127.0.0.1", port), backlog=512) as listener, path.open("ab") as lines:
        served = [sys.executable, "-m", "tests.faults.served", str(listener.fileno()), plant]
        spawned_at = time.monotonic()
        process = subprocess.Popen(
            [*wrap, *served, "serve", "--config", str(world.config), "--workers", str(workers)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=lines,
            pass_fds=(listener.fileno(),),
        )
        port = listener.getsockname()[1]
    try:
        pid = _wait_until_ready(process, path)
        yield Served(process=process, port=port, pid=pid, log=path, spawned_at=spawned_at)
    finally:
        _end(process)


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> int:
    assert process.stdout is not None
    line = _read_line(process.stdout.fileno(), time.monotonic() + START_S)
    if not line.startswith(b"callgate is ready"):
        _end(process)
        raise NotStartedError(process.wait(STOP_S), log.read_text("utf-8", "replace")[-2000:])
    return _youngest(process.pid)


def _read_line(descriptor: int, until: float) -> bytes:
    """What it says first; nothing when it ends or takes too long."""
    line = b""
    while not line.endswith(b"\n") and time.monotonic() < until:
        readable, _, _ = select.select([descriptor], [], [], max(until - time.monotonic(), 0))
        part = os.read(descriptor, 4096) if readable else b""
        if not part:
            break
        line += part
    return line


def _youngest(pid: int) -> int:
    """The server under whatever wraps it: the only child of the only child."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return _youngest(int(children[0])) if children else pid


def _end(process: subprocess.Popen[bytes]) -> None:
    for pid in (*_below(process.pid), process.pid):
        if process.poll() is None:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
    process.wait(STOP_S)
    if process.stdout is not None:
        process.stdout.close()


def _below(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [int(child) for child in children]
