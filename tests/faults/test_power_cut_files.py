"""Power cut while files come into being and take each other's place: first start, backup, restore, a file made anew.

The same record and replay as in test_power_cut.py, of commands that rename and remove: at every moment there is the
old database or the new one, whole, and never one with the other's log.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from callgate.storage.schema import migrate_file
from callgate.storage.sqlite_file import open_reader
from tests.faults.console import command
from tests.faults.cuts import Cuts, Judge, Replay, content_of, lay_down, replay, whole
from tests.faults.disk import Disk
from tests.faults.founding import World, copy_world
from tests.faults.ledger import Ledger
from tests.faults.process import Served, serve
from tests.faults.promises import rows_of
from tests.faults.trace import Event, Told, read_trace, strace
from tests.faults.traffic import Traffic
from tests.figures import Figure

pytestmark = pytest.mark.root


def cut_command(world: World, words: tuple[str, ...], judge: Judge, *, every: int, plant: str = "") -> Replay:
    """Run a command under strace; cut at its syncs and at every so many of its other events, and at its end."""
    folder = world.database.parent
    disk = Disk(folder, content_of(folder))
    trace = world.folder / "trace"
    asyncio.run(command(world, *words, wrap=strace(trace), plant=plant))
    events = list(read_trace(trace, folder))
    numbers = itertools.count(1)

    def also(event: Event) -> bool:
        return not isinstance(event, Told) and (next(numbers) % every == 0 or event is events[-1])

    return replay(disk, events, lambda at_folder, at: judge(at_folder, at - len(events)), Cuts(also=also, tears=4))


def sessions_from_ms(path: Path) -> int:
    """The time sessions count from."""
    with closing(open_reader(path)) as connection:
        return int(str(connection.execute("SELECT sessions_from_ms FROM cell").fetchall()[0][0]))


def test_first_start_can_be_begun_again_when_the_power_went_in_the_middle(
    world: World, tmp_path: Path, counts: Callable[[int, int], int], figure: Figure
) -> None:
    """From no file to the newest schema: whatever is there, the next start goes on from it."""
    own = copy_world(world, tmp_path)
    lay_down({}, own.database.parent)

    def judge(folder: Path, _: int) -> Iterator[str]:
        migrate_file(folder / "callgate.db")
        yield from whole(folder / "callgate.db")

    found = cut_command(own, ("db", "migrate"), judge, every=counts(20, 1))
    figure("power.cut-files", f"first start: {found.syncs} syncs, {found.cuts} cuts")
    assert found.broken == []
    assert found.cuts > 10


@pytest.fixture(scope="module")
def served(world: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world that was served, backed up, served on, stopped, served again and killed.

    Its log holds some of what the backup lacks, its database file the rest.
    """
    own = copy_world(world, tmp_path_factory.mktemp("served"))
    traffic = Traffic(own, Ledger(), seed=17)

    async def drive(server: Served) -> None:
        async with traffic.connected(server.port, 16):
            await traffic.run_for(0.4)

    with serve(own) as server:
        asyncio.run(drive(server))
        asyncio.run(command(own, "db", "backup", str(own.folder / "backup.db")))
        asyncio.run(drive(server))
        assert server.stop() == 0
    with serve(own) as server:
        asyncio.run(drive(server))
        server.kill()
    assert (own.database.parent / "callgate.db-wal").stat().st_size
    return own


def test_backup_is_on_the_disk_when_the_command_says_so(
    served: World, tmp_path: Path, counts: Callable[[int, int], int], figure: Figure
) -> None:
    """At any moment there is no backup, or a whole one; at the end there is one, and the database is untouched."""
    own = copy_world(served, tmp_path)
    there = rows_of(own.database)

    def judge(folder: Path, to_go: int) -> Iterator[str]:
        made = folder / "made.db"
        if made.exists():
            yield from whole(made)
            if rows_of(made) != there:
                yield "the backup lacks sessions"
        elif to_go == 0:
            yield "the backup is gone"
        if rows_of(folder / "callgate.db") != there:
            yield "the database lacks sessions"

    found = cut_command(own, ("db", "backup", str(own.database.with_name("made.db"))), judge, every=counts(20, 1))
    figure("power.cut-files", f"backup: {found.syncs} syncs, {found.cuts} cuts")
    assert found.broken == []


def restore_and_cut(own: World, *, every: int, plant: str = "") -> Replay:
    """Restore the backup; at any moment there is the database of before, or the one restored."""
    before, restored = rows_of(own.database), rows_of(own.folder / "backup.db")
    assert before != restored

    def judge(folder: Path, to_go: int) -> Iterator[str]:
        path = folder / "callgate.db"
        yield from whole(path)
        is_new = sessions_from_ms(path) > 0
        if rows_of(path) != (restored if is_new else before):
            yield f"a mixture of both; sessions are those of {'neither' if is_new else 'another time'}"
        if to_go == 0 and not is_new:
            yield "the restore is undone"

    return cut_command(own, ("db", "restore", str(own.folder / "backup.db"), "--yes"), judge, every=every, plant=plant)


def test_database_is_the_old_or_the_restored_one_at_every_moment(
    served: World, tmp_path: Path, counts: Callable[[int, int], int], figure: Figure
) -> None:
    """The old one's log is never taken for the new one's."""
    found = restore_and_cut(copy_world(served, tmp_path), every=counts(20, 1))
    figure("power.cut-files", f"restore: {found.syncs} syncs, {found.cuts} cuts")
    assert found.broken == []


def test_the_harm_is_found_when_a_restore_does_not_sync_its_folder(served: World, tmp_path: Path) -> None:
    """Planted: it is done, says the command, and then it never was."""
    found = restore_and_cut(copy_world(served, tmp_path), every=1000, plant="folder_not_synced")
    assert any("the restore is undone" in why for why in found.broken)


def test_file_written_anew_has_every_session_at_every_moment(
    served: World, tmp_path: Path, counts: Callable[[int, int], int], figure: Figure
) -> None:
    """`callgate db compact`: what the log holds of the old one is in the new one before it takes its place."""
    own = copy_world(served, tmp_path)
    there = rows_of(own.database)

    def judge(folder: Path, _: int) -> Iterator[str]:
        yield from whole(folder / "callgate.db")
        if rows_of(folder / "callgate.db") != there:
            yield "the database lacks sessions"

    found = cut_command(own, ("db", "compact"), judge, every=counts(40, 1))
    figure("power.cut-files", f"written anew: {found.syncs} syncs, {found.cuts} cuts")
    assert found.broken == []
    assert found.syncs > 1
