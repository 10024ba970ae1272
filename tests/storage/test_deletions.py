"""On PostgreSQL several processes delete what is over: nobody waits for a row that somebody else is deleting.

Two who wait for each other's rows wait until the server finds out, which is a second, and then one begins anew.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from callgate.model.changes import SessionEnded, SessionOpened, SignInStarted
from callgate.model.session import ENDED_MAX, EndReason
from callgate.storage.expiry import SWEEP_GRACE_MS
from callgate.storage.save_sessions import FORGET_EVERY
from callgate.storage.sweep import sweep_step
from tests.postgres_server import needs_postgres
from tests.storage.engines import PostgresWorld, open_postgres, postgres_world
from tests.storage.world import APP, NOW_MS, SIGN_IN, session_of

pytestmark = needs_postgres

DAY_MS = 86_400_000
ALL = FORGET_EVERY * 4 + 1


@pytest.fixture
def world() -> PostgresWorld:
    """As it was founded."""
    world = postgres_world()
    world.put_back()
    return world


@contextmanager
def deleting(world: PostgresWorld, sql: bytes) -> Iterator[int]:
    """Another process deletes rows, and does not get so far as to commit; gives how many."""
    with psycopg.connect(world.place.url) as other:
        yield other.execute(sql).rowcount
        other.rollback()


def test_ends_that_another_process_forgets_are_passed_by(world: PostgresWorld) -> None:
    """Who ends a session is answered, and forgets the others."""
    with open_postgres(world) as store:
        sessions = [session_of(number) for number in range(ALL)]
        last = sessions.pop()
        assert last.id % FORGET_EVERY == 0
        for session in sessions:
            store.save(SessionOpened(session))
        ended = "UPDATE session SET state = 3, slot = NULL, ended_ms = id, ended_why = ?"
        world.look(ended, (EndReason.REVOKED.value,))
        store.save(SessionOpened(last))
        with deleting(world, b"DELETE FROM session WHERE id = (SELECT min(id) FROM session)") as deleted:
            assert deleted == 1
            store.save(SessionEnded(last, EndReason.REVOKED, NOW_MS, APP.id))
        assert store.rows("SELECT count(*) FROM session") == [(ENDED_MAX + 1,)]
        assert store.rows("SELECT min(id) FROM session") == [(sessions[0].id,)]


def test_rows_that_another_process_sweeps_are_passed_by(world: PostgresWorld) -> None:
    """Each sweeps what the other leaves."""
    with open_postgres(world) as store:
        store.save(SessionOpened(session_of(0)), SignInStarted(SIGN_IN))
        store.save(SessionOpened(session_of(1)))
        delete = f"WITH one AS (DELETE FROM session WHERE id = {session_of(0).id}) DELETE FROM sign_in"
        with deleting(world, delete.encode()):
            swept = store.await_(sweep_step(store.store, SIGN_IN.expires_ms + SWEEP_GRACE_MS + 365 * DAY_MS))
        assert (swept.sessions, swept.sign_ins) == (1, 0)
        assert store.rows("SELECT id FROM session") == [(session_of(0).id,)]
