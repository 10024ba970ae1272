"""What being watched costs: the same work on servers that tell nothing, count for Prometheus, and log, in turn.

Processor time is compared, and not rates: it is the same however busy the machine is with other things.
"""

import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench import ours, wrk
from bench.figures import Watched, Watching
from bench.machine import Running, free_port
from bench.options import Options
from bench.ours import File
from bench.work import Kind, Work, encode_basic, encode_form, write_lines
from bench.world import World, build

QUIET = "nothing"
WAYS = {
    QUIET: 'level = "warning"',
    "nothing, again": 'level = "warning"',
    "metrics": 'level = "warning"\n[metrics]\nport = {port}',
    "log": 'level = "info"',
    "log, with log.requests": 'level = "info"\nrequests = true',
}
"""What is told -> the settings of it. The second of them says how much two servers alike differ."""


def measure(options: Options, about: str) -> Watching:
    """Grants and bearer checks; ratios are medians of each round's."""
    seen: dict[tuple[str, Kind], list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="callgate-watching-") as name, ExitStack() as stack:
        servers = {}
        for number, (way, log) in enumerate(WAYS.items()):
            folder = Path(name) / str(number)
            folder.mkdir()
            store = File(folder)
            world = build(folder, 1, url=store.url, extent=options.extent)
            running = stack.enter_context(ours.serving(folder, store, log=log.format(port=free_port())))
            servers[way] = (running, _works(folder, world, running.port))
        for number in range(options.rounds):
            for kind in (Kind.CLIENT_CREDENTIALS, Kind.VALIDATION):
                for way, (running, works) in servers.items():
                    used_us = _load(running, works[kind], number, options=options)
                    seen.setdefault((way, kind), []).append(used_us)
                    print(f"round {number + 1}  {kind:<34} {way:<26} {used_us:6.1f} µs", flush=True)
    return Watching(about=about, rows=tuple(_row(way, kind, found, seen) for (way, kind), found in seen.items()))


def _works(folder: Path, world: World, port: int) -> dict[Kind, Work]:
    form = encode_form(grant_type="client_credentials")
    service = write_lines(folder / "service", [(encode_basic(*app), form) for app in world.apps])
    _, reader = ours.grant_chain(port, world.apps[0], world.credentials[0], token="access_token")
    return {
        Kind.CLIENT_CREDENTIALS: Work(kind=Kind.CLIENT_CREDENTIALS, script="grants", arguments=(service, ours.TOKEN)),
        Kind.VALIDATION: Work(kind=Kind.VALIDATION, script="bearer", arguments=(ours.READ, reader)),
    }


def _load(running: Running, work: Work, number: int, *, options: Options) -> float:
    before_s = running.processor_s()
    found = wrk.load(work, number, port=running.port, seconds=options.seconds, connections=options.connections)
    return (running.processor_s() - before_s) / found.requests * 1e6


def _row(way: str, kind: Kind, found: list[float], seen: dict[tuple[str, Kind], list[float]]) -> Watched:
    ratios = [one / other for one, other in zip(found, seen[QUIET, kind], strict=True)]
    return Watched(way=way, kind=kind, processor_us=statistics.median(found), ratio=statistics.median(ratios))
