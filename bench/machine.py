"""A server while it is measured: started on a core of its own, waited for, and what it takes of the machine.

A server is a process group, so that its workers count with it. A PostgreSQL that only it uses is told apart.
"""

import http.client
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

ROOT = Path(__file__).parent.parent
CORES = os.cpu_count() or 1
SERVER_CORE, CLIENT_CORE = "0", "1"
AMPLE = 4
"""From so many cores on, PostgreSQL and a second worker have one each, in nobody's way."""

DATABASE_CORE, SERVER_CORES = ("1", "0,1") if CORES < AMPLE else ("3", "0,2")
"""PostgreSQL's, and those of two workers."""

READY_S = 120
END_S = 30
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class Database(Protocol):
    """A PostgreSQL: its first process, and how many bytes its log has had written so far."""

    @property
    def postmaster(self) -> int:
        """The process that began all others of it."""
        ...

    def logged_bytes(self) -> int:
        """Where its write-ahead log ends."""
        ...


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers. `groups` are the process groups that count as it."""

    port: int
    groups: tuple[int, ...]
    ready_s: float | None
    """From its start to its first answer; None where it made its world meanwhile, and was started once only."""

    said: str
    """Its line of JSON, where it says one."""

    database: Database | None = None
    """The PostgreSQL that only it uses."""

    def processor_s(self) -> float:
        """Processor time so far, of all its processes that live."""
        return sum(_processor_s(pid) for pid in self._pids())

    def database_s(self) -> float:
        """The same of its PostgreSQL."""
        return sum(_processor_s(pid) for pid in self._database_pids())

    def written_bytes(self) -> int:
        """What it had the system write to disk so far; with PostgreSQL, the log's bytes."""
        if self.database is not None:
            return self.database.logged_bytes()
        return sum(_field(Path(f"/proc/{pid}/io"), "write_bytes") for pid in self._pids())

    def memory_mb(self) -> float:
        """Memory it occupies, shared pages by their share."""
        return sum(_field(Path(f"/proc/{pid}/smaps_rollup"), "Pss") for pid in self._pids()) / 1024

    def resident_mb(self) -> list[float]:
        """What each of its processes has in memory, shared pages in full; the oldest first."""
        pids = sorted(self._pids())
        return [_field(Path(f"/proc/{pid}/status"), "VmRSS") / 1024 for pid in pids]

    def workers_files(self) -> int:
        """How many files its workers have open: all but the oldest process."""
        return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in sorted(self._pids())[1:])

    def workers_threads(self) -> int:
        """How many threads they have."""
        return sum(_field(Path(f"/proc/{pid}/status"), "Threads") for pid in sorted(self._pids())[1:])

    def _pids(self) -> list[int]:
        return [pid for pid in _processes() if _group(pid) in self.groups]

    def _database_pids(self) -> list[int]:
        if self.database is None:
            return []
        return [self.database.postmaster, *children_of(self.database.postmaster)]  # each is a group of its own


@contextmanager
def serve(
    command: Sequence[str],
    port: int,
    *,
    says: bool = False,
    database: Database | None = None,
    cores: str = SERVER_CORE,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """Start a server, wait until it answers (`says`: and has printed its line of JSON), end it at the end."""
    began = time.monotonic()
    with (
        tempfile.TemporaryFile("w+") as stderr,
        subprocess.Popen(
            ["taskset", "-c", cores, *command],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            start_new_session=True,  # what the environment calls node is a script that starts it
        ) as process,
    ):
        try:
            said = _hear(process) if says else ""  # first: what a pipe cannot hold would keep the server waiting
            _wait(port, process, stderr)
            ready_s = None if says else time.monotonic() - began
            yield Running(port, (process.pid,), ready_s, said, database)
        finally:
            with suppress(ProcessLookupError):  # it ended by itself: why, is being told
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(END_S)


def pin(pid: int, core: str) -> None:
    """Put a process and those it began on one core; those it begins later stand where it stands."""
    for each in (pid, *children_of(pid)):
        with suppress(ProcessLookupError):
            os.sched_setaffinity(each, {int(core)})


def children_of(pid: int) -> list[int]:
    """Processes that another began."""
    return [child for child in _processes() if _parent(child) == pid]


def free_port() -> int:
    """A port nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _hear(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    patience = threading.Timer(READY_S, process.kill)
    patience.start()
    try:
        for line in process.stdout:
            if line.startswith("{"):
                return line
    finally:
        patience.cancel()
    raise ChildProcessError(f"{process.args!r} ended with {process.wait()} and said nothing")


def _wait(port: int, process: "subprocess.Popen[str]", stderr: TextIO) -> None:
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        if process.poll() is not None:
            stderr.seek(0)
            raise ChildProcessError(f"{process.args!r} ended with {process.returncode}: {stderr.read()[-2000:]}")
        if _answers(port):
            return
        time.sleep(0.01)
    raise TimeoutError(f"nothing answers on port {port}")


def _answers(port: int) -> bool:
    """Whether a request is answered, whatever the answer: a socket may be there before who serves it."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=READY_S)
    with closing(link), suppress(OSError, http.client.HTTPException):
        link.request("GET", "/health/live")
        return link.getresponse().status > 0
    return False


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _group(pid: int) -> int:
    stat = _stat(pid)
    return int(stat[2]) if stat else -1


def _parent(pid: int) -> int:
    stat = _stat(pid)
    return int(stat[1]) if stat else -1


def _processor_s(pid: int) -> float:
    stat = _stat(pid)
    return (int(stat[11]) + int(stat[12])) * _TICK_S if stat else 0.0


def _field(file: Path, name: str) -> int:
    try:
        line = next(line for line in file.read_text().splitlines() if line.startswith(f"{name}:"))
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return int(line.split()[1])
