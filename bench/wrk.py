"""wrk: the load generator, on a core of its own, and what its scripts say at their end."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.machine import CLIENT_CORE, ROOT
from bench.work import Work

SCRIPTS = Path(__file__).parent / "lua"


@dataclass(frozen=True, slots=True)
class Found:
    """What a run of wrk saw; latencies are of requests."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


def load(work: Work, number: int, *, port: int, seconds: int, connections: int) -> Found:
    """Send a kind of work as fast as it is answered; `number` is the round's. Every request must succeed."""
    arguments = [argument.replace("{round}", str(number)) for argument in work.arguments]
    command = ["wrk", "-t1", f"-c{work.connections or connections}", f"-d{seconds}s", "--timeout", "30s"]
    command += ["-s", str(SCRIPTS / f"{work.script}.lua"), f"http://127.0.0.1:{port}", "--", *arguments]
    return _found(command, f"{work.kind.value} at port {port}")


def pace(work: Work, rate: float, *, port: int, seconds: int, connections: int) -> Found:
    """Send a kind of work that is a file of forms at a constant rate (paced.py). Every request must succeed."""
    command = [sys.executable, "-m", "bench.paced", str(port), f"{rate:.1f}", str(seconds), str(connections)]
    return _found([*command, *work.arguments], f"{work.kind.value} at {rate:.0f} a second")


def _found(command: list[str], what: str) -> Found:
    done = subprocess.run(
        ["taskset", "-c", CLIENT_CORE, *command], stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    requests, duration_us, p50_us, p99_us, failed = (int(word) for word in line.split()[1:])
    assert failed == 0, f"{what}: {failed} of {requests} requests failed"
    return Found(requests, duration_us / 1e6, p50_us / 1000, p99_us / 1000)
