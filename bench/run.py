"""`./dev bench`: what requests cost, on Callgate's stores, beside the same HTTP server's bare reply and its peers.

Servers are pinned to one core, the load generator to another. Rates of callers are not limited.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench import figures, goals, growth, report, soak, speed, waits, watching
from bench.machine import ROOT
from bench.options import Options

HERE = Path(__file__).parent
MODES: dict[str, Callable[[Options, str], figures.Run]] = {
    "speed": speed.measure,
    "growth": growth.measure,
    "waits": waits.measure,
    "soak": soak.measure,
    "watching": watching.measure,
}
"""What can be measured -> who does."""

SECONDS, GROWTH_S = 4, 2
"""Of growth most goes into making what is measured."""


def main() -> None:
    """Measure, print what was found; keep it, and write the tables and the chart."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=MODES, default="speed", help="what to measure (speed)")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds; medians are reported (3)")
    parser.add_argument("--seconds", type=int, help="how long each work takes in a round (4; growth 2)")
    parser.add_argument("--connections", type=int, default=32, help="keep-alive connections (32)")
    parser.add_argument("--only", action="append", default=[], help="servers whose name contains this; may repeat")
    parser.add_argument("--work", action="append", default=[], help="works whose name contains this; may repeat")
    parser.add_argument("--sessions", type=int, default=10_000_000, help="growth: sessions of the largest (10,000,000)")
    parser.add_argument("--people", type=int, default=1_000_000, help="growth: extensions of the largest (1,000,000)")
    parser.add_argument("--requests", type=int, default=1_000_000, help="soak: how many, twice (1,000,000)")
    parser.add_argument("--write", action="store_true", help="keep what was found, write README.md, chart and docs/")
    parsed = parser.parse_args()
    if shutil.which("wrk") is None or shutil.which("taskset") is None:
        sys.exit("wrk and taskset are needed: apt-get install wrk util-linux")
    parsed.seconds = parsed.seconds or (GROWTH_S if parsed.what == "growth" else SECONDS)
    options = Options.of(parsed)
    found = MODES[parsed.what](options, _about(options))
    print(report.shown(found))
    if parsed.write:
        kept = figures.keep(found)
        report.write(kept, HERE)
        print(goals.table(kept))
        subprocess.run([sys.executable, "tools/gendocs.py"], check=True, cwd=ROOT)


def _about(options: Options) -> str:
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    rounds = f"medians of {options.rounds} interleaved rounds of {options.seconds} s"
    return f"{machine}; server on one core, wrk on the other, {options.connections} connections, {rounds}"


if __name__ == "__main__":
    main()
