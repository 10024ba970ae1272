"""A disk that fails under PostgreSQL: it gives up all it does, begins anew from its log, and we see connections go.

It never tries a sync again that failed (`data_sync_retry`, off): what the disk has, only reading the log tells. COMMITs
were under way; whoever waits for one is told what it came to, or 503.
"""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from callgate.app import CommandLine
from tests.faults.founding import World
from tests.faults.ledger import Ledger
from tests.faults.process import Served, serve
from tests.faults.supervised import until
from tests.faults.test_kill_postgres import first_token_s
from tests.faults.test_workers import on_postgres
from tests.faults.traffic import UNAVAILABLE, Traffic
from tests.figures import Figure
from tests.postgres_server import PostgresServer, needs_postgres, running_postgres

pytestmark = [needs_postgres, pytest.mark.long, pytest.mark.root]

LANES = 32
TIMES = 8
WRITES = ("grant", "refresh", "revoke")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What the kernel answers with an error. strace counts calls in each process; one that begins later is spared."""

    inject: str
    whose: str
    says: str
    """What PostgreSQL writes when it gives up."""

    at_checkpoint: bool = False
    for_good: bool = False
    """Whoever begins later is not spared: PostgreSQL cannot come back, and ends."""


LOG_SYNC = Fault(inject="fdatasync:error=EIO:when=40", whose="postgres: callgate ", says="could not fdatasync file")
LOG_WRITE = Fault(
    inject="pwrite64:error=EIO:when=40+20", whose="postgres: callgate ", says="could not write to log file"
)
TABLE_SYNC = Fault(
    inject="fsync:error=EIO", whose="postgres: checkpointer", says="could not fsync file", at_checkpoint=True
)
EVERY_SYNC = Fault(inject="fdatasync,fsync:error=EIO", whose="", says="sync file", for_good=True)


@dataclass(slots=True)
class Outcome:
    """What was promised, how often PostgreSQL gave up, and how long until it could be written again."""

    ledger: Ledger = field(default_factory=lambda: Ledger(may_be_away=True))
    panics: int = 0
    back_s: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Trial:
    """A server on a cluster of its own."""

    served: Served
    postgres: PostgresServer
    traffic: Traffic
    found: Outcome

    async def endure(self, fault: Fault) -> None:
        """Traffic, and PostgreSQL giving up in the midst of it, again and again."""
        async with self.traffic.connected(self.served.port, LANES):
            over = asyncio.Event()
            lanes = asyncio.create_task(self.traffic.run_until(over.is_set))
            for _ in range(TIMES):
                await asyncio.sleep(0.3)
                self.found.panics += await self._meet(fault)
                self.found.back_s.append(await first_token_s(self.served, self.traffic.world, began_s=time.monotonic()))
            await asyncio.sleep(0.3)
            over.set()
            await lanes
            await self.traffic.check_again()

    async def _meet(self, fault: Fault) -> int:
        before = self._panics(fault)
        with failing(self.postgres, fault) as strace:
            if fault.at_checkpoint:
                with suppress(psycopg.OperationalError):  # it is gone in the midst of it
                    await asyncio.to_thread(self.postgres.execute, "CHECKPOINT")
            await until(lambda: self._panics(fault) > before, "PostgreSQL did not mind")
            if fault.for_good:
                await until(lambda: not self.postgres.lives, "it goes on")
            else:
                await until(lambda: strace.poll() is not None, "some are still there")
        if fault.for_good:
            await asyncio.to_thread(self.postgres.start)
        return self._panics(fault) - before

    def _panics(self, fault: Fault) -> int:
        lines = (self.postgres.folder / "log").read_text("utf-8", "replace").splitlines()
        return sum("PANIC:" in line and fault.says in line for line in lines)


@contextmanager
def failing(postgres: PostgresServer, fault: Fault) -> Iterator[subprocess.Popen[bytes]]:
    """From now on until the end, or until all who are meant have ended, and strace with them."""
    chosen = [pid for pid, says in postgres.processes.items() if says.startswith(fault.whose)]
    command = ["strace", *(["-f"] if fault.for_good else []), "-o", "/dev/null", "-e", f"inject={fault.inject}"]
    command += [word for pid in chosen for word in ("-p", str(pid))]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as strace:
        assert strace.stderr is not None
        for _ in chosen:
            line = strace.stderr.readline()
            assert b"attached" in line, line
        yield strace
        strace.terminate()  # lets go of all, and they go on
        strace.communicate()


def suffer(world: World, folder: Path, fault: Fault, *, plant: str = "") -> Outcome:
    """All of it; at the end another process looks at every promise."""
    found = Outcome()
    with running_postgres() as postgres, on_postgres(world, folder, server=postgres) as own:
        traffic = Traffic(own, found.ledger, seed=16)
        with serve(own, plant=plant) as served:
            asyncio.run(Trial(served, postgres, traffic, found).endure(fault))
            assert served.stop() == 0
        with serve(own) as served:

            async def look() -> None:
                async with traffic.connected(served.port, LANES):
                    await traffic.check_again()

            asyncio.run(look())
            assert served.stop() == 0
        assert not CommandLine().verify_audit(own.settings, progress=lambda *_: None).breaks
    return found


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(LOG_SYNC, id="syncs of the log"),
        pytest.param(LOG_WRITE, id="writes of the log"),
        pytest.param(TABLE_SYNC, id="syncs of tables"),
        pytest.param(EVERY_SYNC, id="every sync"),
    ],
)
def test_nothing_acknowledged_is_lost_when_the_disk_of_postgresql_fails(
    world: World, tmp_path: Path, fault: Fault, figure: Figure, request: pytest.FixtureRequest
) -> None:
    """It begins anew by itself, or, where every sync fails, once the disk is another; so do we, without a restart."""
    found = suffer(world, tmp_path, fault)
    refused = sum(found.ledger.statuses[what, UNAVAILABLE] for what in WRITES)
    back_s = sorted(found.back_s)
    figure(
        "disk.sync-fails-postgres",
        f"{request.node.callspec.id}: {found.panics} times; {refused:,} writes refused with 503; back after "
        f"{back_s[len(back_s) // 2]:.1f} s, longest {back_s[-1]:.1f}; "
        f"{found.ledger.summary()}",
    )
    assert found.ledger.broken == []
    assert found.panics >= TIMES
    assert refused, "PostgreSQL was never away"


def test_the_loss_is_found_when_a_commit_that_was_not_answered_passes_for_done(world: World, tmp_path: Path) -> None:
    """Planted: what PostgreSQL could not write is said to be there."""
    found = suffer(world, tmp_path, LOG_WRITE, plant="unknown_commit_is_success")
    assert any("living token was answered 401" in why or "answered 400" in why for why in found.ledger.broken)
