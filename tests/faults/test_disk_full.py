"""A full disk (assurance.md R4): what needs no write goes on, what does is 503 and no more, and it passes by itself."""

import asyncio
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import apsw
import pytest

from callgate.storage.backup import back_up, restore
from callgate.storage.check import check_file
from callgate.storage.schema import migrate_file
from callgate.storage.sqlite_file import open_reader
from tests.faults.founding import World, copy_world
from tests.faults.ledger import Ledger
from tests.faults.mounts import fill, make_room, mounted, mounted_world, resize
from tests.faults.process import NotStartedError, Served, serve
from tests.faults.test_workers import on_postgres
from tests.faults.traffic import TOKEN, UNAVAILABLE, Traffic
from tests.faults.wire import Wire
from tests.figures import Figure
from tests.postgres_server import needs_postgres, running_postgres

LANES = 32
RECOVERY_S_MAX = 20
ROOM_KB = 220 << 10
"""For a cluster and its write-ahead log."""

WRITES = ("grant", "refresh", "revoke")


@dataclass(slots=True)
class Squeeze:
    """What was answered while the disk was full, and how long it took to get over it."""

    traffic: Traffic
    full: Counter[tuple[str, int]] = field(default_factory=Counter)
    recovered_after_s: float = float("inf")

    def answered(self, status: int, *whats: str) -> int:
        """How many of these requests were answered so while the disk was full."""
        return sum(self.full[what, status] for what in whats)

    @property
    def broken(self) -> list[str]:
        """Promises that were not kept."""
        return self.traffic.ledger.broken

    def summary(self) -> str:
        """The figures, for a report."""
        return (
            f"while full {self.answered(200, *WRITES)} writes done, {self.answered(UNAVAILABLE, *WRITES)} refused "
            f"with 503, {self.answered(200, 'read')} tokens read, {self.answered(401, 'read')} revoked ones refused; "
            f"first write {self.recovered_after_s * 1000:.0f} ms after there was room; "
            f"{self.traffic.ledger.summary()}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """How a test's disk is filled, and given room again."""

    fill: Callable[[], None]
    make_room: Callable[[], None]


async def squeeze(world: World, served: Served, disk: Disk, *, seconds: float, ledger: Ledger | None = None) -> Squeeze:
    """Traffic before, while the disk is full, and after; at the end every promise is looked at."""
    traffic = Traffic(world, ledger or Ledger(), seed=4)
    async with traffic.connected(served.port, LANES):
        await traffic.run_for(seconds / 2)
    disk.fill()
    return await outlast(traffic, served, disk, seconds=seconds)


async def outlast(traffic: Traffic, served: Served, disk: Disk, *, seconds: float) -> Squeeze:
    """The same, from when the disk is full."""
    found = Squeeze(traffic)
    before = traffic.ledger.statuses.copy()
    async with traffic.connected(served.port, LANES):
        await traffic.run_for(seconds)
    found.full = traffic.ledger.statuses - before
    disk.make_room()
    found.recovered_after_s = await first_write_s(traffic.world, served)
    async with traffic.connected(served.port, LANES):
        await traffic.run_for(seconds / 2)
        await traffic.check()
    return found


async def first_write_s(world: World, served: Served) -> float:
    """How long until a grant is acknowledged; infinity when that takes longer than it may."""
    wire = await Wire.connect(served.port)
    began_s = time.monotonic()
    try:
        while time.monotonic() < began_s + RECOVERY_S_MAX:
            answer = await wire.post(TOKEN, world.service, {"grant_type": "client_credentials"})
            if answer.status == 200:
                return time.monotonic() - began_s
            await asyncio.sleep(0.05)
        return float("inf")
    finally:
        wire.close()


def check_again(world: World, traffic: Traffic) -> None:
    """Look at every promise once more, in a new process: from what is on the disk."""
    with serve(world) as served:

        async def check() -> None:
            async with traffic.connected(served.port, LANES):
                await traffic.check_again()

        asyncio.run(check())


def disk_of(own: World) -> Disk:
    """The file system that a mounted world's database lies on."""
    folder = own.database.parent
    return Disk(fill=lambda: fill(folder), make_room=lambda: make_room(folder))


@pytest.mark.root
def test_server_answers_what_it_can_when_the_file_system_is_full(
    world: World, tmp_path: Path, counts: Callable[[int, int], int], figure: Figure
) -> None:
    """The log lies on the same file system: it must not be what breaks the answers."""
    with mounted_world(world, tmp_path) as own:
        with serve(own, log=own.database.parent / "server.log") as served:
            found = asyncio.run(squeeze(own, served, disk_of(own), seconds=counts(1, 10)))
            assert served.stop() == 0
        check_again(own, found.traffic)
    figure("disk.full", found.summary())
    assert found.broken == []
    # Some may be written all the same, where SQLite's log begins anew in the room it has; what was said is in `broken`.
    assert found.answered(UNAVAILABLE, *WRITES), "nothing was refused: it was not full"
    assert found.answered(200, "read")
    assert found.answered(401, "read")
    assert found.recovered_after_s < RECOVERY_S_MAX


def squeeze_postgres(world: World, folder: Path, *, seconds: float, plant: str = "") -> Squeeze:
    """The same of a server whose PostgreSQL, log and all, lies on a small file system."""
    with tempfile.TemporaryDirectory(prefix="callgate-full-") as parent, ExitStack() as stack:
        short = Path(parent) / "pg"
        short.parent.chmod(0o755)
        stack.enter_context(mounted(short, kilobytes=ROOM_KB))
        short.chmod(0o755)
        postgres = stack.enter_context(running_postgres(beneath=short))
        disk = Disk(fill=lambda: fill(short), make_room=lambda: make_room(short))
        with on_postgres(world, folder, server=postgres) as own:
            with serve(own, plant=plant) as served:
                # Whoever could not commit for three seconds accepts no token either.
                ledger = Ledger(may_be_away=True)
                found = asyncio.run(squeeze(own, served, disk, seconds=seconds, ledger=ledger))
                assert served.stop() == 0
            check_again(own, found.traffic)
        postgres.stop()
    return found


@needs_postgres
@pytest.mark.long
@pytest.mark.root
def test_server_answers_what_it_can_when_postgresql_has_no_room(
    world: World, tmp_path: Path, counts: Callable[[int, int], int], figure: Figure
) -> None:
    """Tables that cannot grow refuse a statement, not the server: it goes on, and so do we, without a restart."""
    found = squeeze_postgres(world, tmp_path, seconds=counts(1, 10))
    figure("disk.full-postgres", found.summary())
    assert found.broken == []
    assert found.answered(UNAVAILABLE, *WRITES), "nothing was refused: it was not full"
    assert found.answered(200, "read")
    assert found.recovered_after_s < RECOVERY_S_MAX


@needs_postgres
@pytest.mark.long
@pytest.mark.root
def test_the_harm_is_found_when_postgresql_without_room_is_mistaken(world: World, tmp_path: Path) -> None:
    """Planted: its refusal passes for a defect of ours."""
    found = squeeze_postgres(world, tmp_path, seconds=2, plant="no_room_is_a_defect")
    assert any("was answered 500" in why for why in found.broken)


def test_server_answers_what_it_can_when_the_database_may_not_grow(
    world: World, tmp_path: Path, counts: Callable[[int, int], int], figure: Figure
) -> None:
    """`max_page_count`: rows in pages that have room are still written, whatever needs a page more is refused."""
    own = copy_world(world, tmp_path)
    with serve(own, plant="full_on_signal") as served:
        disk = Disk(fill=lambda: served.signal(signal.SIGUSR1), make_room=lambda: served.signal(signal.SIGUSR2))
        found = asyncio.run(squeeze(own, served, disk, seconds=counts(1, 10)))
        assert served.stop() == 0
    check_again(own, found.traffic)
    figure("disk.full-database", found.summary())
    assert found.broken == []
    assert found.answered(UNAVAILABLE, *WRITES), "nothing was refused: it was not full"
    assert found.answered(200, "read")
    assert found.answered(401, "read")
    assert found.recovered_after_s < RECOVERY_S_MAX


@pytest.mark.root
def test_server_starts_when_it_was_killed_and_the_disk_filled_up_meanwhile(
    world: World, tmp_path: Path, figure: Figure
) -> None:
    """What a kill left, log and shared memory, is all that a start needs: it recovers, reads, refuses and waits."""
    with mounted_world(world, tmp_path) as own:
        traffic = Traffic(own, Ledger(), seed=5)
        with serve(own) as served:
            asyncio.run(until_killed(traffic, served))
        fill(own.database.parent)
        with serve(own) as served:
            found = asyncio.run(outlast(traffic, served, disk_of(own), seconds=0.5))
            assert served.stop() == 0
    figure("disk.full-start", found.summary())
    assert found.broken == []
    assert found.answered(UNAVAILABLE, *WRITES)
    assert found.answered(200, "read")
    assert found.recovered_after_s < RECOVERY_S_MAX


async def until_killed(traffic: Traffic, served: Served) -> None:
    """Some traffic, and a kill."""
    async with traffic.connected(served.port, LANES):
        await traffic.run_for(0.5)
        served.kill()


@pytest.mark.root
def test_readiness_tells_of_a_full_disk_and_of_its_end_though_nobody_writes(world: World, tmp_path: Path) -> None:
    """A load balancer has led all traffic away: whether there is room again is found out by its own questions."""
    with mounted_world(world, tmp_path) as own, serve(own) as served:

        async def watch() -> list[tuple[int, object]]:
            wire = await Wire.connect(served.port)
            seen = [await readiness(wire)]
            fill(own.database.parent)
            while (await wire.post(TOKEN, own.service, {"grant_type": "client_credentials"})).status == 200:
                pass
            seen.append(await readiness(wire))
            make_room(own.database.parent)
            found = seen[-1]
            for _ in range(10 * RECOVERY_S_MAX):
                found = await readiness(wire)
                if found != seen[-1]:
                    break
                await asyncio.sleep(0.1)
            wire.close()
            return [*seen, found]

        assert asyncio.run(watch()) == [(200, "ready"), (503, "unwritable"), (200, "ready")]


async def readiness(wire: Wire) -> tuple[int, object]:
    """What a load balancer is told."""
    answer = await wire.ask("GET", "/health/ready", headers={})
    return answer.status, answer.json()["status"]


@pytest.mark.long
@pytest.mark.root
def test_start_is_refused_in_one_line_when_there_is_no_room_for_shared_memory(world: World, tmp_path: Path) -> None:
    """After an orderly stop nothing of that is left; whoever supervises it starts it again until there is room."""
    with mounted_world(world, tmp_path) as own:
        fill(own.database.parent)
        with pytest.raises(NotStartedError) as failure, serve(own):
            pass
        make_room(own.database.parent)
        with serve(own) as served:
            assert served.stop() == 0
    assert failure.value.status == 3
    assert failure.value.said.startswith("Failed: ")
    assert failure.value.said.count("\n") == 1


@pytest.mark.requirement("ruling 5")
@pytest.mark.root
def test_restore_is_whole_or_has_not_happened_whatever_room_there_is(
    tmp_path: Path, counts: Callable[[int, int], int], figure: Figure
) -> None:
    """An older backup grows as it is migrated: there may be room for its log and none to fold it in."""
    older, backup, target = tmp_path / "older.db", tmp_path / "backup.db", tmp_path / "disk" / "callgate.db"
    migrate_file(older, "0001")
    back_up(older, backup)
    found: Counter[str] = Counter()
    kilobytes = backup.stat().st_size // 1024
    with mounted(target.parent, kilobytes=kilobytes):
        for more in range(0, 4 * kilobytes, counts(24, 4)):
            resize(target.parent, kilobytes=kilobytes + more)
            try:
                restore(backup, target, clock=lambda: 1_800_000_000_000, by="cli")
            except (apsw.Error, OSError):
                found["refused"] += 1
                assert not target.exists()
            else:
                found["whole"] += 1
                assert check_file(target) == ()
                assert sessions_from(target) > [0]
            for each in target.parent.iterdir():
                each.unlink()
    figure("disk.full-restore", f"{dict(found)}")
    assert found["refused"] > 1
    assert found["whole"] > 1


def sessions_from(path: Path) -> list[int]:
    """Before when everything issued is over."""
    with closing(open_reader(path)) as connection:
        return [int(str(row[0])) for row in connection.execute("SELECT sessions_from_ms FROM cell")]


@pytest.mark.root
@pytest.mark.parametrize(
    ("defect", "symptom"),
    [
        ("full_swallowed", "token was answered"),
        pytest.param("full_is_a_defect", "was answered 500", marks=pytest.mark.long),
        pytest.param("full_for_good", None, marks=pytest.mark.long),
    ],
)
def test_the_harm_is_found_when_a_full_disk_is_mistaken(
    world: World, tmp_path: Path, defect: str, symptom: str | None
) -> None:
    """Planted: a full disk that passes for success, for a defect of ours, and for the end."""
    with mounted_world(world, tmp_path) as own, serve(own, plant=defect) as served:
        found = asyncio.run(squeeze(own, served, disk_of(own), seconds=0.5))
    if symptom:
        assert any(symptom in why for why in found.broken)
    else:
        assert found.recovered_after_s > RECOVERY_S_MAX
