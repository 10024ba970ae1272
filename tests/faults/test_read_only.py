"""A database that cannot be written (assurance.md R5): how a server starts on one, and what it answers.

    file system mounted read-only   starts; everything that needs no write is answered, the rest is 503
    file without write permission   the same
    folder without it               refuses in one line: SQLite's log and shared memory have no place

None of them mends itself: a restart looks again. That a running server's file system turns read-only is a disk error
(test_disk_errors.py), since nobody knows what became of the commit that met it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.faults.console import command
from tests.faults.founding import World, copy_world
from tests.faults.ledger import Ledger
from tests.faults.mounts import mounted_world, remount
from tests.faults.process import NotStartedError, Served, serve
from tests.faults.promises import rows_of
from tests.faults.traffic import UNAVAILABLE, Traffic
from tests.figures import Figure

pytestmark = pytest.mark.root

LANES = 16
UNPRIVILEGED = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
"""Root without the power to write what nobody may write."""


def run(traffic: Traffic, served: Served, *, seconds: float, ending: Callable[[], object] = lambda: None) -> None:
    """Traffic for a while, then the end, with the connections still open."""

    async def drive() -> None:
        async with traffic.connected(served.port, LANES):
            await traffic.run_for(seconds)
            ending()

    asyncio.run(drive())


def check(traffic: Traffic, served: Served) -> None:
    """Look at every promise."""

    async def look() -> None:
        async with traffic.connected(served.port, LANES):
            await traffic.check()

    asyncio.run(look())


@contextmanager
def counted(ledger: Ledger) -> Iterator[Counter[tuple[str, int]]]:
    """What is answered within."""
    before = ledger.statuses.copy()
    answered: Counter[tuple[str, int]] = Counter()
    yield answered
    answered.update(ledger.statuses - before)


def hold(answered: Counter[tuple[str, int]]) -> None:
    """Reads are answered, revoked tokens refused, writes unavailable."""
    assert answered["read", 200]
    assert answered["read", 401]
    for write in ("grant", "refresh", "revoke"):
        assert answered[write, UNAVAILABLE]
        assert not answered[write, 200]


@pytest.mark.parametrize("ending", ["killed", pytest.param("stopped", marks=pytest.mark.long)])
def test_server_answers_what_it_can_when_its_file_system_is_read_only(
    world: World, tmp_path: Path, ending: str, figure: Figure
) -> None:
    """With the log that a kill left, where the newest revocations are, and without one."""
    with mounted_world(world, tmp_path) as own:
        traffic = Traffic(own, Ledger(), seed=7)
        with serve(own) as served:
            run(traffic, served, seconds=1, ending=served.kill if ending == "killed" else served.stop)
        remount(own.database.parent, "ro")
        with serve(own, log=tmp_path / "log") as served, counted(traffic.ledger) as answered:
            run(traffic, served, seconds=0.5)
            ready = httpx.get(f"http://127.0.0.1:{served.port}/health/ready")
            assert served.stop() == 0
        remount(own.database.parent, "rw")
        with serve(own) as served:
            check(traffic, served)
            assert served.stop() == 0
    hold(answered)
    assert (ready.status_code, ready.json()) == (503, {"status": "read-only"})
    assert '"outcome":"read-only"' in (tmp_path / "log").read_text().splitlines()[0]
    writes = sum(answered[write, UNAVAILABLE] for write in ("grant", "refresh", "revoke"))
    told = f"{answered['read', 200]} tokens read, {answered['read', 401]} revoked ones refused, {writes} writes 503"
    figure("disk.read-only", f"server {ending}, started again on it: ready says read-only; {told}")
    assert traffic.ledger.broken == []


def test_server_answers_what_it_can_when_its_file_is_read_only(world: World, tmp_path: Path) -> None:
    """Whoever takes the permission away wants it read, not lost; given back, a restart finds everything."""
    own = copy_world(world, tmp_path)
    traffic = Traffic(own, Ledger(), seed=8)
    with serve(own) as served:
        run(traffic, served, seconds=0.5, ending=served.stop)
    own.database.chmod(0o400)
    with serve(own, wrap=UNPRIVILEGED) as served, counted(traffic.ledger) as answered:
        run(traffic, served, seconds=0.5)
        assert served.stop() == 0
    own.database.chmod(0o600)
    with serve(own, wrap=UNPRIVILEGED) as served:
        check(traffic, served)
        assert served.stop() == 0
    hold(answered)
    assert traffic.ledger.broken == []


def test_start_is_refused_in_one_line_when_the_folder_is_read_only(world: World, tmp_path: Path) -> None:
    """It names the trouble; exit 3, as for every failure of files."""
    own = copy_world(world, tmp_path)
    own.database.parent.chmod(0o500)
    with pytest.raises(NotStartedError) as failure, serve(own, wrap=UNPRIVILEGED):
        pass
    assert failure.value.status == 3
    assert failure.value.said.startswith("Failed: ")
    assert failure.value.said.count("\n") == 1


@pytest.mark.parametrize("ending", ["killed", "stopped"])
def test_backup_and_checks_work_when_the_file_system_is_read_only(world: World, tmp_path: Path, ending: str) -> None:
    """A disk that fails is often remounted read-only: that is when a backup is wanted most, log and all."""
    with mounted_world(world, tmp_path) as own:
        traffic = Traffic(own, Ledger(), seed=9)
        with serve(own) as served:
            run(traffic, served, seconds=0.3, ending=served.kill if ending == "killed" else served.stop)
        assert (own.database.with_name("callgate.db-wal").exists()) is (ending == "killed")
        remount(own.database.parent, "ro")
        backup = tmp_path / "backup.db"
        for words in (("db", "check"), ("db", "backup", str(backup))):
            asyncio.run(command(own, *words))
        remount(own.database.parent, "rw")
        assert rows_of(backup) == rows_of(own.database)
