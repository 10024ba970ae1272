"""Whether a server can do all that it is for: asked of a real store, on a disk that does what the test says."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from callgate.model.failure import Unavailable
from callgate.service import readiness
from callgate.service.readiness import Readiness, State
from callgate.storage.save_upkeep import touch
from callgate.storage.schema import migrate_file
from callgate.storage.sqlite import StoreOptions
from tests.storage.engines import FaultyDisk, Gate, Opened, Plan, open_sqlite


@pytest.fixture
def plan() -> Plan:
    """What the disk does."""
    return Plan()


@pytest.fixture
def opened(plan: Plan, tmp_path: Path) -> Iterator[Opened]:
    """A store on that disk."""
    path = tmp_path / "callgate.db"
    migrate_file(path)
    disk = FaultyDisk("readiness", plan)
    fatal: list[Exception] = []
    with open_sqlite(path, StoreOptions(vfs="readiness", on_fatal=fatal.append)) as store:
        yield store
    disk.unregister()


def full() -> None:
    """There is no room."""
    raise apsw.FullError("no space")


def broken() -> None:
    """There is no disk."""
    raise apsw.IOError("the disk is gone")


async def ask(opened: Opened) -> State:
    """The state for somebody who asks for the first time."""
    return (await Readiness(opened.store).look()).state


def write(opened: Opened) -> None:
    """Something, whatever becomes of it."""

    async def try_to() -> None:
        with pytest.raises(Unavailable):
            await opened.store.work(touch)

    opened.await_(try_to())


def test_nothing_is_written_when_nothing_was_in_doubt(opened: Opened, plan: Plan) -> None:
    """Anybody may ask, as often as they like."""
    before = plan.syncs
    assert [opened.await_(ask(opened)) for _ in range(5)] == [State.READY] * 5
    assert plan.syncs == before


def test_it_is_unwritable_while_the_disk_is_full_and_ready_once_there_is_room(opened: Opened, plan: Plan) -> None:
    """Though no traffic comes any more that would find out: whoever asks does."""
    plan.on_write = full
    assert opened.await_(ask(opened)) is State.READY, "nobody has tried yet"
    write(opened)
    assert opened.await_(ask(opened)) is State.UNWRITABLE
    plan.on_write = lambda: None
    assert opened.await_(ask(opened)) is State.READY


def test_a_store_in_doubt_is_tried_once_however_many_ask(
    opened: Opened, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk in trouble is spared a flood of questions: one trial is everybody's, and the next comes a second later."""
    plan.on_write = full
    write(opened)
    lost = opened.store.figures.lost_batches
    monkeypatch.setattr(readiness, "TRY_S", 3600.0)

    async def ask_often() -> set[State]:
        asked = Readiness(opened.store)
        asked._tried_s = -3600.0
        found = await asyncio.gather(*(asked.look() for _ in range(50)))
        return {each.state for each in (*found, await asked.look())}

    assert opened.await_(ask_often()) == {State.UNWRITABLE}
    assert opened.store.figures.lost_batches == lost + 1


def test_it_is_stalled_when_a_sync_does_not_return(opened: Opened, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk neither answers nor fails; the answer does not wait for it."""
    monkeypatch.setattr(readiness, "STALLED_S", 0.0)
    gate = Gate()
    plan.on_sync = gate

    async def ask_meanwhile() -> State:
        writing = asyncio.get_running_loop().create_task(opened.store.work(touch))
        await asyncio.to_thread(gate.arrived.wait, 20)
        state = await ask(opened)
        gate.opened.set()
        await writing
        return state

    assert opened.await_(ask_meanwhile()) is State.STALLED
    monkeypatch.undo()
    assert opened.await_(ask(opened)) is State.READY


def test_it_has_failed_when_it_is_unknown_what_a_commit_did(opened: Opened, plan: Plan) -> None:
    """The process is about to end; it is not asked to write again."""
    plan.on_sync = broken
    write(opened)
    plan.on_sync = lambda: None
    assert opened.await_(ask(opened)) is State.FAILED


def test_it_is_stopped_before_it_has_started(tmp_path: Path) -> None:
    """And after it was closed."""
    path = tmp_path / "callgate.db"
    migrate_file(path)
    with open_sqlite(path) as opened:
        opened.await_(opened.store.close())
        assert opened.await_(ask(opened)) is State.STOPPED
