"""A million sessions: the start does not look at them, and sweeping them holds nobody up (assurance.md R19, R20)."""

import asyncio
import time
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from callgate.model.changes import SessionOpened
from callgate.model.lookups import SessionLookup
from callgate.model.session import Session
from callgate.storage.sweep import sweep_due
from tests.figures import Figure
from tests.storage.engines import Opened, open_sqlite, unit_of
from tests.storage.world import ACCOUNT, NOW_MS, service_session_of

MILLION = 1_000_000
DAY_MS = 86_400_000
LIVING = 1_000
"""Every so manieth session was refreshed since, and lives on though its bucket is long over."""


@pytest.fixture
def crowded(database: Path) -> Path:
    """A database with a million sessions of services, expired a day later but for one in a thousand."""
    fields = ", ".join(Session._fields)
    varied = {
        "id": "2000000 + value",
        "issued_ms": f"CASE value % {LIVING} WHEN 0 THEN {NOW_MS + DAY_MS} ELSE {NOW_MS} END",
    }
    chosen = ", ".join(varied.get(field, f"session.{field}") for field in Session._fields)
    with open_sqlite(database) as store:
        store.save(SessionOpened(service_session_of(0)))
    with closing(apsw.Connection(str(database))) as connection:
        connection.execute(
            "WITH RECURSIVE series (value) AS"
            f" (SELECT 1 UNION ALL SELECT value + 1 FROM series WHERE value < {MILLION})"
            f" INSERT INTO session ({fields}, sweep_bucket) SELECT {chosen}, session.sweep_bucket FROM series, session"
        )
    return database


async def sweep_while_serving(store: Opened, now_ms: int) -> tuple[int, list[float]]:
    """Sweep it all while a caller opens and reads sessions; how many went, and each wait in seconds."""
    sweeping = asyncio.ensure_future(sweep_due(store.store, now_ms))
    waits = []
    number = 5_000_000
    while not sweeping.done():
        fresh = service_session_of(number)._replace(issued_ms=now_ms)
        for turn in (
            store.store.run(unit_of(SessionOpened(fresh))),
            store.store.read(SessionLookup(ACCOUNT.id, fresh.id)),
        ):
            began_s = time.monotonic()
            await turn
            waits.append(time.monotonic() - began_s)
        number += 1
        await asyncio.sleep(0.001)
    return (await sweeping).sessions, sorted(waits)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_million_sessions_delay_neither_the_start_nor_those_who_are_served(crowded: Path, figure: Figure) -> None:
    """Ready in two seconds; the longest waits beside the sweep stay below 50 ms; none that lives is swept."""
    began_s = time.monotonic()
    with open_sqlite(crowded) as store:
        assert store.read(SessionLookup(ACCOUNT.id, service_session_of(0).id)).session is not None
        ready_s = time.monotonic() - began_s
        began_s = time.monotonic()
        swept, waits = store.await_(sweep_while_serving(store, NOW_MS + DAY_MS))
        swept_s = time.monotonic() - began_s
        left = store.rows("SELECT count(*) FROM session WHERE id BETWEEN 2000001 AND 3000000")
    p999_ms = waits[int(len(waits) * 0.999)] * 1000
    told = f"ready in {ready_s:.3f} s; {swept} swept in {swept_s:.0f} s; {len(waits)} waits, p99.9 {p999_ms:.1f} ms"
    figure("growth.sweep", told)
    assert (swept, left) == (MILLION - MILLION // LIVING + 1, [(MILLION // LIVING,)])
    assert ready_s < 2
    assert p999_ms < 50
