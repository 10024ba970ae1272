"""Callgate on SQLite and on PostgreSQL, in one interleaved run: `python -m bench.engines`.

What is compared is the processor time of the server's process for each request, which who else is on the machine
changes little, and that of PostgreSQL's processes beside it. Both engines sync before each reply leaves.
"""

import argparse
import os
import statistics
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from bench.run import PROGRAMS, Work, callgate_works, free_ports, measure, serving
from bench.world import World, build
from tests.postgres_server import running_postgres

ENGINES = ("sqlite", "postgresql")
_TICKS_S = os.sysconf("SC_CLK_TCK")


class Cost(NamedTuple):
    """Of one measurement: processor time a request in µs, of the server's process and of the database's, and rate."""

    server_us: float
    database_us: float
    rate: float


class Side(NamedTuple):
    """One running server, and the processes of its database."""

    works: Sequence[Work]
    port: int
    pid: int
    postmaster: int | None


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.engines", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds; medians are reported (3)")
    parser.add_argument("--seconds", type=int, default=4, help="length of one measurement (4)")
    parser.add_argument("--connections", type=int, default=32, help="keep-alive connections (32)")
    options = parser.parse_args()
    found: dict[str, dict[str, list[Cost]]] = {}
    with ExitStack() as stack:
        sides = {engine: _open(stack, engine, rounds=options.rounds) for engine in ENGINES}
        for number in range(options.rounds):
            for place in range(len(sides["sqlite"].works)):
                for engine, side in sides.items():
                    work = side.works[place]
                    cost = _cost(work, number, side=side, options=options)
                    found.setdefault(work.name, {}).setdefault(engine, []).append(cost)
    print(f"{'':<32}{'SQLite':>16}{'PostgreSQL':>16}{'its own':>12}{'ratio':>8}{'req/s ratio':>14}")
    for name, of in found.items():
        embedded, remote = (_median(of[engine]) for engine in ENGINES)
        print(
            f"{name:<32}{embedded.server_us:>13.0f} µs{remote.server_us:>13.0f} µs{remote.database_us:>9.0f} µs"
            f"{embedded.server_us / remote.server_us:>8.2f}{remote.rate / embedded.rate:>14.2f}"
        )


def _open(stack: ExitStack, engine: str, *, rounds: int) -> Side:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"callgate-bench-{engine}-")))
    (port,) = free_ports(1)
    url, postmaster = f"sqlite:///{folder}/callgate.db", None
    if engine == "postgresql":
        server = stack.enter_context(running_postgres("shared_buffers=128MB"))
        url = server.url(server.create())
        postmaster = int((server.folder / "data/postmaster.pid").read_text().split()[0])
    world: World = build(folder, port, url=url)
    (folder / "callgate.toml").write_text(
        f'[server]\nport = {port}\n[database]\nurl = "{url}"\n'
        f'[keys]\nkey_encryption_key_file = "{folder}/kek"\n[log]\nlevel = "warning"\n[limits]\nrates = false\n'
    )
    command = [str(PROGRAMS / "callgate"), "serve", "--config", str(folder / "callgate.toml")]
    process = stack.enter_context(serving(command, port))
    works = [replace(work, server=engine) for work in callgate_works(folder, world, port=port, rounds=rounds)]
    return Side(works, port, process.pid, postmaster)


def _cost(work: Work, number: int, *, side: Side, options: argparse.Namespace) -> Cost:
    before = _spent_s([side.pid]), _spent_s(_family(side.postmaster))
    sample = measure(work, number, port=side.port, options=options)
    after = _spent_s([side.pid]), _spent_s(_family(side.postmaster))
    requests = sample.rate * work.requests_per_unit * options.seconds
    server_s, database_s = (late - early for early, late in zip(before, after, strict=True))
    print(f"round {number + 1}  {work.server:<12}{work.name:<32}{sample.rate:>9,.0f}/s", flush=True)
    return Cost(server_s / requests * 1e6, database_s / requests * 1e6, sample.rate)


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(*(statistics.median(column) for column in zip(*costs, strict=True)))


def _family(postmaster: int | None) -> list[int]:
    if postmaster is None:
        return []
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return [postmaster, *map(int, children)]


def _spent_s(pids: Sequence[int]) -> float:
    """Processor time of processes, user's and system's."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS_S


if __name__ == "__main__":
    main()
