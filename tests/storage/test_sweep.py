"""The sweeper: expired rows go after their grace, living ones never, by a clock that cannot be stepped forward."""

import asyncio
from collections.abc import Callable

import pytest

from callgate.model.changes import (
    AssertionClaimed,
    SessionEnded,
    SessionOpened,
    SessionRotated,
    SignInStarted,
)
from callgate.model.device_grant import DeviceCodeIssued
from callgate.model.ids import RowId
from callgate.model.session import ENDED_MEMORY_MS, EndReason, expires_ms
from callgate.model.sso import AssertionConsumed
from callgate.storage.expiry import SWEEP_BUCKET_MS, SWEEP_GRACE_MS
from callgate.storage.sweep import ROWS_MAX, SteadyClock, Swept, sweep_due, sweep_step
from tests.storage.engines import Opened, Plan, TestClock, unit_of
from tests.storage.world import (
    APP,
    CONNECTION,
    DEVICE,
    NOW_MS,
    SIGN_IN,
    pending_of,
    refreshed,
    service_session_of,
    session_of,
)

DAY_MS = 86_400_000
LATEST_MS = SWEEP_GRACE_MS + SWEEP_BUCKET_MS
"""A row is gone at most this long after its expiry."""


def left(store: Opened) -> set[int]:
    """The numbers of the sessions in the file."""
    return {int(str(row[0])) - 1_000_000 for row in store.rows("SELECT id FROM session")}


def test_session_is_swept_after_its_grace_and_not_before(store: Opened) -> None:
    """A pending one after its code, a service's after its access token, a person's after its refresh token."""
    sessions = (pending_of(0), service_session_of(1), session_of(2))
    store.save(*(SessionOpened(session) for session in sessions))
    for gone, session in enumerate(sessions):
        end_ms = expires_ms(session)
        store.await_(sweep_due(store.store, end_ms + SWEEP_GRACE_MS))
        assert left(store) == set(range(gone, 3))
        store.await_(sweep_due(store.store, end_ms + LATEST_MS + 1))
        assert left(store) == set(range(gone + 1, 3))


def test_sweep_comes_to_its_end_when_a_step_is_full_of_rows_that_expire_this_millisecond(store: Opened) -> None:
    """They are due by their bucket and not yet expired: to be found again at every step, for ever."""
    sessions = [service_session_of(number) for number in range(ROWS_MAX)]
    store.save(*(SessionOpened(session) for session in sessions))
    this_ms = expires_ms(sessions[0]) + SWEEP_GRACE_MS
    assert this_ms % SWEEP_BUCKET_MS == 0
    swept = store.await_(asyncio.wait_for(sweep_due(store.store, this_ms), 30))
    assert swept.sessions == 0
    assert store.await_(sweep_due(store.store, this_ms + 1)).sessions == ROWS_MAX


def test_refreshed_session_lives_on(store: Opened) -> None:
    """Its bucket is as old as its birth; the sweeper finds it alive and moves it."""
    first = session_of(0)
    second = refreshed(first, NOW_MS + 6 * DAY_MS)
    store.save(SessionOpened(first), SessionRotated(first, second))
    swept = store.await_(sweep_due(store.store, expires_ms(first) + LATEST_MS + 1))
    assert (swept.sessions, left(store)) == (0, {0})
    [(bucket,)] = store.rows("SELECT sweep_bucket FROM session")
    assert bucket == -(-expires_ms(second) // SWEEP_BUCKET_MS)
    store.await_(sweep_due(store.store, expires_ms(second) + LATEST_MS + 1))
    assert left(store) == set()


def test_ended_session_is_remembered_for_a_day(store: Opened) -> None:
    """Or until it would have expired, if that is sooner."""
    long, short = session_of(0), service_session_of(1)
    store.save(SessionOpened(long), SessionOpened(short))
    store.save(
        SessionEnded(long, EndReason.REVOKED, NOW_MS, APP.id), SessionEnded(short, EndReason.REVOKED, NOW_MS, "")
    )
    store.await_(sweep_due(store.store, NOW_MS + 3_600_000 + LATEST_MS + 1))
    assert left(store) == {0}
    store.await_(sweep_due(store.store, NOW_MS + ENDED_MEMORY_MS + SWEEP_GRACE_MS))
    assert left(store) == {0}
    store.await_(sweep_due(store.store, NOW_MS + ENDED_MEMORY_MS + LATEST_MS + 1))
    assert left(store) == set()


def test_sign_ins_claims_and_device_codes_are_swept(store: Opened) -> None:
    """Expired ones only."""
    later = SIGN_IN._replace(id=RowId(9_002), expires_ms=SIGN_IN.expires_ms + DAY_MS)
    store.save(
        SignInStarted(SIGN_IN),
        SignInStarted(later),
        AssertionClaimed(APP.id, "old", NOW_MS),
        AssertionClaimed(APP.id, "new", NOW_MS + 2 * DAY_MS),
        AssertionConsumed(CONNECTION.id, "_old", NOW_MS),
        AssertionConsumed(CONNECTION.id, "_new", NOW_MS + 2 * DAY_MS),
        DeviceCodeIssued(DEVICE),
        DeviceCodeIssued(DEVICE._replace(id=RowId(9_102), user_code="ZZZZZZZZ", expires_ms=NOW_MS + 2 * DAY_MS)),
    )
    swept = store.await_(sweep_due(store.store, SIGN_IN.expires_ms + SWEEP_GRACE_MS + 1))
    assert swept == Swept(sessions=0, sign_ins=1, claims=1, guesses=0, devices=1, due=False)
    assert store.rows("SELECT id FROM sign_in") == [(9_002,)]
    assert store.rows("SELECT id FROM device_code") == [(9_102,)]
    assert store.rows("SELECT jti FROM assertion_claim") == [("new",)]
    assert store.rows("SELECT assertion_id FROM assertion_consumed") == [("_new",)]


def test_sweep_goes_step_by_step_and_lets_others_write(store: Opened) -> None:
    """No step is larger than its bound, and a unit that comes meanwhile need not wait for the whole."""
    store.save(*(SessionOpened(service_session_of(number)) for number in range(1000)))
    now_ms = NOW_MS + DAY_MS
    step = store.await_(sweep_step(store.store, now_ms, rows_max=30))
    assert step == Swept(sessions=30, sign_ins=0, claims=0, guesses=0, devices=0, due=True)

    async def sweep_while_writing() -> int:
        sweeping = asyncio.ensure_future(sweep_due(store.store, now_ms))
        number = 2000
        while not sweeping.done():
            fresh = service_session_of(number)._replace(issued_ms=now_ms)
            await store.store.run(unit_of(SessionOpened(fresh)))
            number += 1
        assert (await sweeping).sessions == 970
        return number - 2000

    assert store.await_(sweep_while_writing()) > 1
    assert all(number >= 2000 for number in left(store))


@pytest.mark.parametrize(
    ("wall", "passed_s", "expected"),
    [
        (lambda now: now, 0.0, 0),
        (lambda now: now + 5_000, 5.0, 5_000),
        (lambda now: now + DAY_MS, 5.0, 5_000),
        (lambda now: now - DAY_MS, 5.0, -DAY_MS),
    ],
)
def test_steady_clock_does_not_follow_a_step_forward(
    wall: Callable[[int], int], passed_s: float, expected: int
) -> None:
    """A row deleted because of a wrong clock would stay deleted (assurance.md R19)."""
    clock = TestClock()
    monotonic = [100.0]
    steady = SteadyClock(clock, lambda: monotonic[0])
    clock.now_ms = wall(NOW_MS)
    monotonic[0] += passed_s
    assert steady() == NOW_MS + expected


def test_sweep_of_nothing_waits_for_no_disk(faulty: Opened, plan: Plan) -> None:
    """It runs every minute, mostly in vain."""
    swept = faulty.await_(sweep_due(faulty.store, NOW_MS))
    assert swept == Swept(0, 0, 0, 0, 0, due=False)
    assert plan.syncs == 0
