"""Which clock tells how old the newest commit is, and where the time of a file goes on."""

import asyncio
import time
from pathlib import Path

import pytest

from callgate.model.failure import Unavailable
from callgate.model.lookups import KeysLookup
from callgate.service.clock import Clock
from callgate.storage import awake, postgres_pulse
from callgate.storage.awake import passed_ns, passed_s
from callgate.storage.engines import open_store
from callgate.storage.port import Health
from callgate.storage.postgres_pulse import PULSE_S_MAX
from callgate.storage.save_upkeep import touch
from callgate.storage.sqlite import StoreOptions
from tests.postgres_server import needs_postgres
from tests.storage.engines import Opened, open_postgres, open_sqlite, postgres_world


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="needs Linux' clock of suspended machines")
def test_time_is_told_by_the_clock_that_goes_on_while_the_machine_is_suspended() -> None:
    """Linux stops `time.monotonic` in a suspended machine (clock_gettime(2))."""
    assert awake.CLOCK == time.CLOCK_BOOTTIME
    assert passed_s() == pytest.approx(time.clock_gettime(time.CLOCK_BOOTTIME), abs=1)
    assert passed_ns() == pytest.approx(passed_s() * 1e9, abs=1e9)


def serves(opened: Opened) -> bool:
    """Whether it is believed what it reads."""
    return opened.store.health is Health.SERVING


@needs_postgres
def test_beat_from_before_a_sleep_is_not_believed_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though `time.monotonic` says that it was just now; the next beat is."""
    world = postgres_world()
    world.put_back()
    with open_postgres(world) as opened:
        assert opened.read(KeysLookup()).keys == ()
        monkeypatch.setattr(postgres_pulse, "passed_s", lambda: passed_s() + PULSE_S_MAX)
        assert not serves(opened)
        with pytest.raises(Unavailable, match="has not answered a write"):
            opened.read(KeysLookup())
        until_s = time.monotonic() + 30
        while not serves(opened):
            opened.await_(asyncio.sleep(0.05))
            assert time.monotonic() < until_s
        assert opened.read(KeysLookup()).keys == ()


def test_time_of_a_file_goes_on_from_what_was_stamped(database: Path) -> None:
    """The machine was set back while the server was away: until it has caught up, no token's time stands still."""
    with open_sqlite(database) as opened:
        opened.clock.now_ms = stamped_ms = time.time_ns() // 1_000_000 + 3_600_000
        opened.await_(opened.store.work(touch))
    clock = Clock()

    async def start() -> None:
        store = open_store(database, clock=clock, options=StoreOptions())
        await store.start()
        await store.close()

    asyncio.run(start())
    began_ms = clock.now_ms()
    assert began_ms >= stamped_ms
    time.sleep(0.02)
    assert clock.now_ms() > began_ms
