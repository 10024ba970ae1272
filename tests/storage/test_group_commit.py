"""Units that share a commit: each is undone alone, and none is answered before the disk has it."""

import asyncio
from collections import Counter
from contextlib import closing

import apsw
import pytest

from callgate.model.account import LoginName
from callgate.model.changes import (
    Change,
    CredentialUsed,
    ExtensionChanged,
    RoleChanged,
    SessionEnded,
    SessionOpened,
    SessionRotated,
)
from callgate.model.decisions import Done
from callgate.model.facts import KeysFacts, LoginFacts, OpeningFacts, SessionFacts
from callgate.model.failure import Unavailable
from callgate.model.lookups import CredentialOpening, KeysLookup, LoginLookup, SessionLookup
from callgate.model.session import EndReason
from callgate.storage import sqlite_file
from callgate.storage.figures import Standing
from callgate.storage.group_commit import BATCH_MAX, QUEUE_MAX
from callgate.storage.port import Health, Unit
from callgate.storage.sqlite_writer import ATTEMPTS_MAX
from tests.storage.engines import Gate, Opened, OpenedFile, Plan, unit_of
from tests.storage.world import (
    ACCOUNT,
    ADMIN,
    APP,
    CREDENTIAL,
    CUSTOM_ROLE,
    NOW_MS,
    refreshed,
    session_of,
)


def opened_sessions(store: Opened) -> set[object]:
    """The numbers of the sessions in the file."""
    return {int(str(row[0])) - 1_000_000 for row in store.rows("SELECT id FROM session")}


def test_failing_unit_is_undone_alone(store: Opened) -> None:
    """Its neighbours in the batch are committed; whatever it wrote before it failed is not."""
    failing = (SessionOpened(session_of(50)), SessionEnded(session_of(99), EndReason.REVOKED, NOW_MS, ""))
    outcomes = store.save_at_once(
        (SessionOpened(session_of(0)),), failing, (SessionOpened(session_of(1)), SessionOpened(session_of(2)))
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), Unavailable, type(None)]
    assert opened_sessions(store) == {0, 1, 2}


def test_units_are_parted_only_where_one_failed_half_written(embedded: OpenedFile) -> None:
    """A savepoint copies pages, so nobody has one until a batch needs them: that is decided again, in its order."""
    said: list[str] = []

    def hear(_cursor: apsw.Cursor, sql: str, _values: object) -> bool:
        said.append(sql.split(maxsplit=1)[0])
        return True

    def both(number: int) -> tuple[Change, ...]:
        return SessionOpened(session_of(number)), CredentialUsed(CREDENTIAL.id, NOW_MS + number)

    def savepoints() -> int:
        count = said.count("SAVEPOINT")
        said.clear()
        return count

    embedded.writer.set_exec_trace(hear)
    missed = SessionEnded(session_of(99), EndReason.REVOKED, NOW_MS, "")
    embedded.save_at_once(both(0), both(1))
    assert savepoints() == 0
    outcomes = embedded.save_at_once(both(2), (missed, *both(50)), both(3))  # it fails before it has written
    assert [type(outcome) for outcome in outcomes] == [type(None), Unavailable, type(None)]
    assert savepoints() == 0
    outcomes = embedded.save_at_once(both(4), (*both(51), missed), both(5))
    assert [type(outcome) for outcome in outcomes] == [type(None), Unavailable, type(None)]
    assert said.count("BEGIN") == 2
    assert savepoints() == 2 + ATTEMPTS_MAX - 1
    embedded.save_at_once(both(6))
    assert savepoints() == 0
    assert opened_sessions(embedded) == set(range(7))
    assert embedded.rows("SELECT last_used_ms FROM jwt_credential WHERE id = ?", CREDENTIAL.id) == [(NOW_MS + 6,)]


def test_batch_that_begins_anew_waits_for_who_came_between(embedded: OpenedFile) -> None:
    """The lock is free for a moment: another process may have it, and is waited for as ever."""
    began: list[str] = []

    async def submit(other: apsw.Connection) -> None:
        def come_between(_cursor: apsw.Cursor, sql: str, _values: object) -> bool:
            if sql.startswith("BEGIN"):
                began.append(sql)
                if len(began) == 2:
                    other.execute("BEGIN IMMEDIATE")
                    asyncio.get_running_loop().call_later(0.02, other.execute, "ROLLBACK")
            return True

        embedded.writer.set_exec_trace(come_between)
        failing = unit_of(SessionOpened(session_of(50)), SessionEnded(session_of(99), EndReason.REVOKED, NOW_MS, ""))
        run = embedded.store.run
        first, failed, second = await asyncio.gather(
            run(unit_of(SessionOpened(session_of(0)))),
            run(failing),
            run(unit_of(SessionOpened(session_of(1)))),
            return_exceptions=True,
        )
        assert isinstance(failed, Unavailable)
        assert isinstance(first, Done)
        assert isinstance(second, Done)

    with closing(apsw.Connection(str(embedded.path))) as other:
        embedded.await_(submit(other))
    assert len(began) > 2
    assert opened_sessions(embedded) == {0, 1}


def test_defect_in_a_decision_reaches_its_caller_alone(store: Opened) -> None:
    """The error is the caller's own, and the batch goes on."""

    def break_down(_: KeysFacts) -> Done:
        raise ZeroDivisionError

    async def submit() -> tuple[object, ...]:
        return await asyncio.gather(
            store.store.run(unit_of(SessionOpened(session_of(0)))),
            store.store.run(Unit(KeysLookup(), break_down)),
            store.store.run(unit_of(SessionOpened(session_of(1)))),
            return_exceptions=True,
        )

    assert [type(outcome) for outcome in store.await_(submit())] == [Done, ZeroDivisionError, Done]
    assert opened_sessions(store) == {0, 1}


def test_unit_sees_what_earlier_units_of_its_batch_wrote(store: Opened) -> None:
    """A hundred refreshes of one token at once: one rotates, every other finds the next generation."""
    first = session_of(0)
    store.save(SessionOpened(first))

    def refresh(facts: SessionFacts) -> Done:
        assert facts.session is not None
        if facts.session.generation > 1:
            return Done()
        return Done((SessionRotated(facts.session, refreshed(facts.session, NOW_MS + 1)),))

    async def refresh_at_once() -> Counter[int]:
        unit = Unit(SessionLookup(ACCOUNT.id, first.id), refresh)
        return Counter(len(done.changes) for done in await asyncio.gather(*(store.store.run(unit) for _ in range(100))))

    assert store.await_(refresh_at_once()) == {1: 1, 0: 99}
    assert store.rows("SELECT generation FROM session") == [(2,)]


def test_cap_holds_when_twenty_log_in_at_once(store: Opened) -> None:
    """The unique index over slots settles the race: five sit at the end, each eviction decided on fresh rows."""

    def log_in(number: int) -> Unit[OpeningFacts, Done]:
        def decide(facts: OpeningFacts) -> Done:
            if len(facts.seat) < 5:
                return Done((SessionOpened(session_of(number)._replace(slot=len(facts.seat))),))
            oldest = min((seated.session for seated in facts.seat), key=lambda session: session.id)
            end = SessionEnded(oldest, EndReason.EVICTED, NOW_MS, APP.id)
            return Done((end, SessionOpened(session_of(number)._replace(slot=oldest.slot))))

        return Unit(CredentialOpening(APP.id, CREDENTIAL.id), decide)

    async def log_in_at_once() -> None:
        await asyncio.gather(*(store.store.run(log_in(number)) for number in range(20)))

    store.await_(log_in_at_once())
    assert store.rows("SELECT count(*), count(DISTINCT slot) FROM session WHERE state = 2") == [(5, 5)]
    assert store.rows("SELECT count(*) FROM session WHERE state = 3") == [(15,)]


def test_entity_parsed_in_an_undone_unit_is_forgotten(embedded: OpenedFile) -> None:
    """The version it had is given again to other content: what was parsed must not be taken for that."""
    lost = ADMIN._replace(first_name="Lost", version=2)
    kept = ADMIN._replace(first_name="Kept", version=2)
    login = LoginLookup(LoginName("ada.admin@example.com", None, None))
    seen: list[str] = []

    def look(facts: LoginFacts) -> Done:
        seen.append(str(facts))
        return Done()

    async def submit() -> None:
        looks = Unit(login, look)
        fails = unit_of(
            ExtensionChanged(ADMIN, lost, "cli"),
            RoleChanged(CUSTOM_ROLE._replace(version=9), CUSTOM_ROLE._replace(version=10), "cli"),
        )
        works = unit_of(ExtensionChanged(ADMIN, kept, "cli"))
        run = embedded.store.run
        await asyncio.gather(run(looks), run(fails), run(works), run(looks), return_exceptions=True)

    embedded.await_(submit())
    assert "first_name='Kept'" in seen[-1]
    assert embedded.read(login).extension == kept


def test_units_of_one_turn_share_one_sync(faulty: Opened, plan: Plan) -> None:
    """That is what group commit is for."""
    faulty.save(SessionOpened(session_of(99)))  # the log's own header is synced with its first commit
    before = plan.syncs
    faulty.save_at_once(*((SessionOpened(session_of(number)),) for number in range(50)))
    assert plan.syncs == before + 1
    assert len(opened_sessions(faulty)) == 51


def test_unit_that_writes_nothing_waits_for_no_disk(faulty: Opened, plan: Plan) -> None:
    """A denial without changes costs no sync."""
    before = plan.syncs
    faulty.run(KeysLookup(), lambda _: Done())
    assert plan.syncs == before


def test_no_reply_comes_before_its_commit(faulty: Opened, plan: Plan) -> None:
    """Neither of who wrote nor of who saw what was written; meanwhile others read, and the loop is free."""
    gate = Gate()
    plan.on_sync = gate
    lookup = SessionLookup(ACCOUNT.id, session_of(0).id)
    seen: list[object] = []

    def see(facts: SessionFacts) -> Done:
        seen.append(facts.session)
        return Done()

    async def watch() -> None:
        store = faulty.store
        writing = asyncio.ensure_future(store.run(unit_of(SessionOpened(session_of(0)))))
        seeing = asyncio.ensure_future(store.run(Unit(lookup, see)))
        await asyncio.to_thread(gate.arrived.wait, 20)
        late = asyncio.ensure_future(store.run(unit_of(SessionOpened(session_of(1)))))
        for _ in range(20):
            await asyncio.sleep(0)
            assert (await store.read(lookup)).session is None
            assert not writing.done()
            assert not seeing.done()
            assert not late.done()
        gate.opened.set()
        await asyncio.gather(writing, seeing, late)
        assert (await store.read(lookup)).session == session_of(0)

    faulty.await_(watch())
    assert seen == [session_of(0)]


@pytest.fixture
def locking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections that lock themselves: apsw refuses the second of two threads."""
    for flags in ("_READS", "_WRITES"):
        monkeypatch.setattr(sqlite_file, flags, getattr(sqlite_file, flags) & ~apsw.SQLITE_OPEN_NOMUTEX)


@pytest.mark.usefixtures("locking")
def test_no_two_threads_meet_on_a_connection(faulty: OpenedFile, plan: Plan) -> None:
    """Whatever the store is asked while a commit waits for the disk: SQLite is told that nobody does, and looks not."""
    gate = Gate()
    plan.on_sync = gate

    def sessions(*numbers: int) -> tuple[Change, ...]:
        return tuple(SessionOpened(session_of(number)) for number in numbers)

    async def ask() -> None:
        store = faulty.store
        writing = asyncio.ensure_future(store.run(unit_of(*sessions(0))))
        await asyncio.to_thread(gate.arrived.wait, 20)
        with pytest.raises(apsw.ThreadingViolationError):
            faulty.writer.execute("SELECT 1")
        store.save_later(sessions(1))
        late = [asyncio.ensure_future(asked) for asked in (store.run(unit_of(*sessions(2))), store.shrink())]
        assert (await store.read(SessionLookup(ACCOUNT.id, session_of(0).id))).session is None
        assert await store.count_sessions() == 0
        assert (store.health, store.waiting) == (Health.SERVING, 3)
        assert store.connections == {"write": (Standing.BUSY,)}
        gate.opened.set()
        await asyncio.gather(writing, *late)

    faulty.await_(ask())
    assert opened_sessions(faulty) == {0, 1, 2}


def test_batch_is_bounded(faulty: Opened, plan: Plan) -> None:
    """More units than fit make more commits, in the order they came."""
    before = plan.syncs
    faulty.save_at_once(*((SessionOpened(session_of(number)),) for number in range(BATCH_MAX + 1)))
    assert plan.syncs >= before + 2
    assert len(opened_sessions(faulty)) == BATCH_MAX + 1


def test_queue_is_bounded(faulty: Opened, plan: Plan) -> None:
    """Past the bound the answer is Unavailable at once, and nothing of it is ever written."""
    gate = Gate()
    plan.on_sync = gate

    async def overflow() -> list[object]:
        first = asyncio.ensure_future(faulty.store.run(unit_of(SessionOpened(session_of(0)))))
        await asyncio.to_thread(gate.arrived.wait, 20)
        waiting = [asyncio.ensure_future(faulty.store.run(unit_of())) for _ in range(QUEUE_MAX)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await faulty.store.run(unit_of(SessionOpened(session_of(1))))
        gate.opened.set()
        return await asyncio.gather(first, *waiting)

    assert len(faulty.await_(overflow())) == QUEUE_MAX + 1
    assert opened_sessions(faulty) == {0}


def test_unit_whose_caller_gave_up_before_it_began_does_not_happen(store: Opened) -> None:
    """Nobody is left to be told of it."""

    async def give_up() -> None:
        abandoned = asyncio.ensure_future(store.store.run(unit_of(SessionOpened(session_of(0)))))
        kept = asyncio.ensure_future(store.store.run(unit_of(SessionOpened(session_of(1)))))
        await asyncio.sleep(0)
        abandoned.cancel()
        await asyncio.wait([abandoned, kept])

    store.await_(give_up())
    assert opened_sessions(store) == {1}


def test_unit_whose_caller_gave_up_during_its_commit_happens(faulty: Opened, plan: Plan) -> None:
    """And nothing breaks because nobody listens."""
    gate = Gate()
    plan.on_sync = gate

    async def give_up() -> None:
        abandoned = asyncio.ensure_future(faulty.store.run(unit_of(SessionOpened(session_of(0)))))
        await asyncio.to_thread(gate.arrived.wait, 20)
        abandoned.cancel()
        gate.opened.set()
        await faulty.store.run(unit_of(SessionOpened(session_of(1))))

    faulty.await_(give_up())
    assert opened_sessions(faulty) == {0, 1}


def test_closing_finishes_what_was_asked(store: Opened) -> None:
    """Units submitted before are committed and answered; later ones are refused."""

    async def close_soon() -> list[object]:
        asked = [
            asyncio.ensure_future(store.store.run(unit_of(SessionOpened(session_of(number))))) for number in range(200)
        ]
        await asyncio.sleep(0)
        await store.store.close()
        with pytest.raises(Unavailable):
            await store.store.run(unit_of(SessionOpened(session_of(999))))
        return await asyncio.gather(*asked)

    assert len(store.await_(close_soon())) == 200
    assert opened_sessions(store) == set(range(200))


def test_queue_goes_on_when_a_batch_cannot_be_sealed(embedded: OpenedFile) -> None:
    """A chain that cannot grow (here: somebody wrote its last possible number) refuses what is audited, and no more."""
    last = 2**63 - 1
    link = "INSERT INTO audit VALUES ('server', ?, ?, '', x'', x'')"
    embedded.await_(embedded.store.work(lambda pen: pen.write(link, (last, NOW_MS))))

    async def save(*changes: Change) -> None:
        await asyncio.wait_for(embedded.store.run(unit_of(*changes)), 30)

    first = session_of(0)
    with pytest.raises(Unavailable, match="OverflowError"):
        embedded.await_(save(SessionOpened(first)))
    embedded.await_(save(CredentialUsed(CREDENTIAL.id, NOW_MS)))
    assert embedded.rows("SELECT count(*) FROM session") == [(0,)]
    assert embedded.rows("SELECT last_used_ms FROM jwt_credential WHERE id = ?", CREDENTIAL.id) == [(NOW_MS,)]


# --- nobody waits ------------------------------------------------------------------------------------------------


def test_change_is_saved_when_nobody_waits_for_it(store: Opened) -> None:
    """It takes its place among the units of its turn."""

    async def save() -> None:
        store.store.save_later((SessionOpened(session_of(0)),))
        await store.store.run(unit_of())

    store.await_(save())
    assert opened_sessions(store) == {0}


def test_change_is_dropped_when_nobody_waits_and_the_queue_is_full(faulty: Opened, plan: Plan) -> None:
    """What is asked for has the room; nobody is told, for nobody asked."""
    gate = Gate()
    plan.on_sync = gate

    async def overflow() -> None:
        first = asyncio.ensure_future(faulty.store.run(unit_of(SessionOpened(session_of(0)))))
        await asyncio.to_thread(gate.arrived.wait, 20)
        waiting = [asyncio.ensure_future(faulty.store.run(unit_of())) for _ in range(QUEUE_MAX)]
        await asyncio.sleep(0)
        faulty.store.save_later((SessionOpened(session_of(1)),))
        gate.opened.set()
        await asyncio.gather(first, *waiting)

    faulty.await_(overflow())
    assert opened_sessions(faulty) == {0}


def test_defect_is_told_to_the_loop_when_nobody_waits_for_the_change(store: Opened) -> None:
    """A change that cannot be what it says is ours to mend, and the batch goes on."""
    told: list[object] = []
    store.runner.get_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))
    broken = session_of(0)._replace(scope="EditAccounts")

    async def save() -> None:
        store.store.save_later((SessionRotated(session_of(0), broken),))
        await store.store.run(unit_of(SessionOpened(session_of(1))))

    store.await_(save())
    assert [type(error) for error in told] == [AssertionError]
    assert opened_sessions(store) == {1}


# --- reading -----------------------------------------------------------------------------------------------------


def test_reads_of_one_turn_share_a_state_and_those_of_the_next_see_what_was_committed(embedded: OpenedFile) -> None:
    """Another process may commit between two reads; what it was told of is seen by whoever asks after that."""
    lookup = SessionLookup(ACCOUNT.id, session_of(0).id)

    async def look() -> list[bool]:
        seen = [(await embedded.store.read(lookup)).session is not None]
        with closing(apsw.Connection(str(embedded.path))) as other:
            other.execute("DELETE FROM session")
        seen.append((await embedded.store.read(lookup)).session is not None)
        await asyncio.sleep(0)
        seen.append((await embedded.store.read(lookup)).session is not None)
        return seen

    embedded.save(SessionOpened(session_of(0)))
    assert embedded.await_(look()) == [True, True, False]


def test_read_sees_what_was_committed_when_its_commit_was_told(store: Opened) -> None:
    """Whoever was answered, and whoever asks after that, is never shown the state before."""

    async def look() -> list[bool]:
        seen = []
        for number in range(50):
            lookup = SessionLookup(ACCOUNT.id, session_of(number).id)
            await store.store.read(lookup)  # of the turn in which the unit is submitted
            await store.store.run(unit_of(SessionOpened(session_of(number))))
            seen.append((await store.store.read(lookup)).session is not None)
        return seen

    assert all(store.await_(look()))
