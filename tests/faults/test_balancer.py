"""Two servers on one PostgreSQL behind HAProxy, by the file that docs/operating.md gives: one may end under traffic."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from tests.balancer import balancing, needs_haproxy
from tests.faults.flood import Flood
from tests.faults.founding import World
from tests.faults.ledger import Ledger
from tests.faults.process import Served, serve
from tests.faults.test_workers import LANES, Joining, on_postgres
from tests.faults.traffic import Traffic
from tests.figures import Figure
from tests.ports import free_port
from tests.postgres_server import needs_postgres

NOTICED_S = 2
"""In which HAProxy sees that a server answers again."""

pytestmark = [needs_postgres, needs_haproxy]


@dataclass(slots=True)
class Place:
    """Where a server is, and another after it."""

    world: World
    port: int = field(default_factory=free_port)
    stack: ExitStack = field(default_factory=ExitStack)
    served: Served | None = None

    def begin(self) -> None:
        """Have one serve here."""
        self.served = self.stack.enter_context(serve(self.world, workers=1, port=self.port))

    def end(self) -> None:
        """Have it end, in order."""
        assert self.served
        self.served.process.send_signal(signal.SIGTERM)
        assert self.served.wait() == 0
        self.stack.close()


@contextmanager
def serving(world: World) -> Iterator[Place]:
    """A place with a server in it."""
    place = Place(world)
    place.begin()
    with place.stack:
        yield place


def test_no_request_is_lost_when_servers_end_in_turn(
    world: World, tmp_path: Path, counts: Callable[[int, int], int], figure: Figure
) -> None:
    """One ends under traffic; in the full run it comes again, then the other: HAProxy sends all to who is there."""
    turns = counts(1, 20)
    ledger, flood, ended = Ledger(), Flood(), 0
    with on_postgres(world, tmp_path) as own, serving(own) as one, serving(own) as two:

        async def drive(port: int) -> None:
            nonlocal ended
            flowing = flood.flowing(own, port) if turns > 1 else nullcontext()
            async with traffic.connected(port, LANES, join=Joining(0.02)), flowing:
                over = asyncio.Event()
                lanes = asyncio.create_task(traffic.run_until(over.is_set))
                for place in (two, one) * (turns // 2) or (two,):
                    await asyncio.to_thread(place.end)
                    ended += 1
                    if turns > 1:
                        await asyncio.to_thread(place.begin)
                        await asyncio.sleep(NOTICED_S)
                over.set()
                await lanes
                await traffic.check()

        traffic = Traffic(own, ledger, seed=2)
        with balancing(tmp_path, one.port, two.port) as port:
            asyncio.run(drive(port))
        log = (tmp_path / "haproxy.log").read_text()
    requests = ledger.statuses.total() + flood.requests
    figure("workers.balanced", f"{ended} times one ended: {requests:,} requests, {ledger.lost_replies} lost")
    assert ledger.lost == []
    assert ledger.broken == []
    assert flood.failures == []
    assert {"servers/one", "servers/two"} <= set(log.split())
    assert "access_token" not in log
