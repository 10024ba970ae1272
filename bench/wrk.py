"""wrk: the load generator, on a core of its own, and what its scripts say at their end."""

import subprocess
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


def load(work: Work, number: int, *, port: int, seconds: int, connections: int) -> Found:
    """Send a kind of work as fast as it is answered; `number` is the round's. Every request must succeed."""
    arguments = [argument.replace("{round}", str(number)) for argument in work.arguments]
    used = work.connections or connections
    command = ["taskset", "-c", CLIENT_CORE, "wrk", "-t1", f"-c{used}", f"-d{seconds}s", "--timeout", "30s"]
    command += ["-s", str(SCRIPTS / f"{work.script}.lua"), f"http://127.0.0.1:{port}", "--", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    requests, duration_us, p50_us, p99_us, failed = (int(word) for word in line.split()[1:])
    assert failed == 0, f"{work.kind.value} at port {port}: {failed} of {requests} requests failed"
    return Found(requests, duration_us / 1e6, p50_us / 1000, p99_us / 1000)
