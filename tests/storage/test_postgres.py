"""What PostgreSQL adds to the contract: several who write at once, connections that go, servers that die.

Two stores here are what two server processes are there: they share nothing but the database.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from time import monotonic

import pytest

from callgate.model.account import LoginName
from callgate.model.changes import (
    ExtensionChanged,
    SessionEnded,
    SessionOpened,
    SessionRedeemed,
    SessionRotated,
    SessionsFromMoved,
)
from callgate.model.database import PostgresPlace
from callgate.model.decisions import Done
from callgate.model.facts import KeysFacts, LoginFacts, OpeningFacts, SessionFacts
from callgate.model.failure import Unavailable
from callgate.model.ids import ClientId, RowId
from callgate.model.lookups import ClientLookup, CredentialOpening, KeysLookup, LoginLookup, SessionLookup
from callgate.model.session import EndReason, Session, SessionState
from callgate.storage import postgres_asking, postgres_batch
from callgate.storage.figures import Standing
from callgate.storage.group_commit import BATCH_MAX
from callgate.storage.load import load
from callgate.storage.pen import Pen
from callgate.storage.port import Health, Unit
from callgate.storage.postgres import PostgresOptions, PostgresStore
from callgate.storage.postgres_errors import Lost, Refused
from callgate.storage.postgres_lane import Lane
from callgate.storage.postgres_link import Link
from callgate.storage.save import save
from callgate.storage.save_writers import KEPT_MS
from callgate.storage.schema import ServerUnfit
from tests.figures import Figure
from tests.postgres_server import PostgresServer, needs_postgres, running_postgres, shared_postgres
from tests.storage.engines import PostgresWorld, TestClock, open_postgres, unit_of
from tests.storage.world import ACCOUNT, ADMIN, APP, CREDENTIAL, NOW_MS, refreshed, session_of

pytestmark = needs_postgres

REDEMPTIONS = 64


@asynccontextmanager
async def stores(
    place: PostgresPlace, count: int = 2, *, lanes: int = 2, at_ms: int = NOW_MS
) -> AsyncIterator[list[PostgresStore]]:
    """Started stores on one database."""
    clock = TestClock(at_ms)
    options = PostgresOptions(time_of=lambda *_: clock.now_ms, trusts_server=True, lanes=lanes)
    opened = [PostgresStore(place, options) for _ in range(count)]
    for store in opened:
        await store.start()
    try:
        yield opened
    finally:
        for store in opened:
            await store.close()


def refreshing(number: int) -> Unit[SessionFacts, Done]:
    """A refresh by the first generation's token; whoever comes later finds the second."""

    def decide(facts: SessionFacts) -> Done:
        assert facts.session is not None
        if facts.session.generation > 1:
            return Done()
        return Done((SessionRotated(facts.session, refreshed(facts.session, NOW_MS + 1)),))

    return Unit(SessionLookup(ACCOUNT.id, session_of(number).id), decide)


def logging_in(number: int) -> Unit[OpeningFacts, Done]:
    """A login under the cap of five."""

    def decide(facts: OpeningFacts) -> Done:
        if len(facts.seat) < 5:
            return Done((SessionOpened(session_of(number)._replace(slot=len(facts.seat))),))
        oldest = min((seated.session for seated in facts.seat), key=lambda session: session.id)
        end = SessionEnded(oldest, EndReason.EVICTED, NOW_MS, APP.id)
        return Done((end, SessionOpened(session_of(number)._replace(slot=oldest.slot))))

    return Unit(CredentialOpening(APP.id, CREDENTIAL.id), decide)


def seatless(number: int) -> Session:
    """A session outside the cap."""
    return session_of(number)._replace(slot=None)


def seats(world: PostgresWorld) -> list[tuple[object, ...]]:
    """How many sessions live, and on how many seats."""
    return world.look("SELECT count(*), count(DISTINCT slot) FROM session WHERE state = 2", ())


# --- several who write -------------------------------------------------------------------------------------------


def test_hundred_refreshes_by_three_processes_make_one_generation(world: PostgresWorld) -> None:
    """One rotates; every other is decided on what that one made."""

    async def refresh() -> Counter[int]:
        async with stores(world.place, 3) as opened:
            for number in range(3):
                await opened[0].run(unit_of(SessionOpened(session_of(number))))
            done = await asyncio.gather(*(opened[n % 3].run(refreshing(n // 3 % 3)) for n in range(300)))
        return Counter(len(decision.changes) for decision in done)

    assert asyncio.run(refresh()) == {1: 3, 0: 297}
    assert world.look("SELECT generation FROM session", ()) == [(2,)] * 3


async def log_in(place: PostgresPlace, logins: int = 20) -> list[Done | BaseException]:
    """Logins of one person at one app, at two processes at once."""
    async with stores(place) as opened:
        return await asyncio.gather(
            *(opened[number % 2].run(logging_in(number)) for number in range(logins)), return_exceptions=True
        )


def test_cap_holds_when_twenty_log_in_at_two_processes(world: PostgresWorld) -> None:
    """Everybody is served, and five sit at the end."""
    assert [done for done in asyncio.run(log_in(world.place)) if not isinstance(done, Done)] == []
    assert seats(world) == [(5, 5)]


def test_cap_is_kept_by_the_index_and_not_by_the_locks(world: PostgresWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without locks some give up in vain; without the index as well, more than five sit there."""
    monkeypatch.setattr(postgres_batch, "_key_of", lambda _: None)
    asyncio.run(log_in(world.place))
    assert seats(world) == [(5, 5)]
    world.put_back()
    (definition,) = world.look("SELECT indexdef FROM pg_indexes WHERE indexname = 'session_seat'", ())[0]
    world.look("DROP INDEX session_seat", ())
    try:
        asyncio.run(log_in(world.place))
        assert seats(world) != [(5, 5)]
    finally:
        world.put_back()
        world.look(str(definition).replace(" ON ONLY ", " ON "), ())  # on the partitions too


def test_endpoint_is_kept_to_one_session_by_its_index(world: PostgresWorld) -> None:
    """Whoever would open a second one, however it was decided, decides in vain. Codes are no sessions yet."""
    twin = session_of(1)._replace(endpoint_id=session_of(0).endpoint_id)
    pending = session_of(2)._replace(endpoint_id=twin.endpoint_id, state=SessionState.PENDING, slot=1000)

    async def open_all() -> None:
        async with stores(world.place, 1) as (store,):
            await store.run(unit_of(SessionOpened(session_of(0))))
            await store.run(unit_of(SessionOpened(pending)))
            with pytest.raises(Unavailable, match="attempt"):
                await store.run(unit_of(SessionOpened(twin)))

    asyncio.run(open_all())


def test_code_is_redeemed_once_at_two_processes(world: PostgresWorld) -> None:
    """Sixty-four at once; those who come too late see that it was."""
    pending = session_of(0)._replace(state=SessionState.PENDING, slot=1000, redeemed_ms=None)

    def redeem(facts: SessionFacts) -> Done:
        assert facts.session is not None
        if facts.session.state is not SessionState.PENDING:
            return Done()
        active = facts.session._replace(state=SessionState.ACTIVE, slot=0, redeemed_ms=NOW_MS)
        return Done((SessionRedeemed(facts.session, active),))

    async def redeem_at_once() -> Counter[int]:
        async with stores(world.place) as opened:
            await opened[0].run(unit_of(SessionOpened(pending)))
            unit = Unit(SessionLookup(ACCOUNT.id, pending.id), redeem)
            done = await asyncio.gather(*(opened[number % 2].run(unit) for number in range(REDEMPTIONS)))
        return Counter(len(decision.changes) for decision in done)

    assert asyncio.run(redeem_at_once()) == {1: 1, 0: REDEMPTIONS - 1}


def test_act_is_alone_and_later_than_whatever_was_decided_beside_it(world: PostgresWorld) -> None:
    """Whatever says that all until now is over leaves nothing out that another process stamped before."""
    stamps: list[tuple[int, Session]] = []
    ends: list[int] = []

    def opening(number: int) -> Unit[KeysFacts, Done]:
        def decide(facts: KeysFacts) -> Done:
            session = session_of(number)._replace(slot=None, opened_ms=facts.now_ms, issued_ms=facts.now_ms)
            stamps.append((facts.now_ms, session))
            return Done((SessionOpened(session),))

        return Unit(KeysLookup(), decide)

    def end_all(facts: KeysFacts) -> Done:
        ends.append(facts.now_ms)
        return Done((SessionsFromMoved(facts.now_ms + 1, "cli"),))

    async def mix() -> None:
        ticking = iter(range(NOW_MS, NOW_MS + 100_000))
        options = PostgresOptions(time_of=lambda *_: next(ticking), trusts_server=True)
        opened = [PostgresStore(world.place, options) for _ in range(2)]
        for store in opened:
            await store.start()
        for round_ in range(20):
            units = [opened[n % 2].run(opening(round_ * 10 + n)) for n in range(10)]
            await asyncio.gather(*units[:5], opened[0].run(Unit(KeysLookup(), end_all)), *units[5:])
        for store in opened:
            await store.close()

    asyncio.run(mix())
    rows = world.look("SELECT opened_ms, xmin::text::bigint FROM session", ())
    ((moved_by, from_ms),) = world.look("SELECT xmin::text::bigint, sessions_from_ms FROM cell", ())
    assert isinstance(moved_by, int)
    assert isinstance(from_ms, int)
    # The transaction numbers tell who was first; the last act's is known.
    late = [at for at, by in rows if isinstance(by, int) and by < moved_by and isinstance(at, int) and at >= from_ms]
    assert late == []
    assert len(rows) == 200


def test_each_connection_that_writes_has_a_chain_of_its_own(world: PostgresWorld) -> None:
    """The names are as few as wrote at once, and are taken up again."""

    async def write(base: int) -> None:
        async with stores(world.place) as opened:
            await asyncio.gather(
                *(
                    opened[n % 2].run(unit_of(SessionOpened(session_of(base + n)._replace(slot=None))))
                    for n in range(40)
                )
            )

    asyncio.run(write(0))
    asyncio.run(write(100))
    names = {"cli", "server", "server-2", "server-3", "server-4"}
    assert {name.partition(" ")[0] for name in marks(world)} == names
    chains = world.look("SELECT writer, count(*), max(seq) FROM audit GROUP BY writer", ())
    assert {name for name, _, _ in chains} <= names
    assert all(links == last for _, links, last in chains)


def marks(world: PostgresWorld) -> list[str]:
    """Of connections that write, or did of late."""
    return [str(name) for (name,) in world.look("SELECT name FROM writer", ())]


def test_marks_of_connections_that_are_gone_are_forgotten(world: PostgresWorld) -> None:
    """After a while, in which somebody may ask what became of a batch; those of connections that live stay.

    A store has two here: its lane's, and its heart's.
    """

    async def come_and_go() -> None:
        async with stores(world.place, 1, lanes=1):
            lasting = {mark for mark in marks(world) if mark.startswith("server")}
            async with stores(world.place, 1, lanes=1, at_ms=NOW_MS + KEPT_MS) as (store,):
                await store.run(unit_of(SessionOpened(seatless(0))))
                former = {*marks(world)} - lasting
                assert {mark.partition("-")[0].partition(" ")[0] for mark in former} == {"cli", "server"}
            async with stores(world.place, 1, lanes=1, at_ms=NOW_MS + KEPT_MS + 1) as (store,):
                await store.run(unit_of(SessionOpened(seatless(1))))
            async with stores(world.place, 1, lanes=1, at_ms=NOW_MS + KEPT_MS + 1):
                left = {*marks(world)}
        assert lasting < left
        assert former & left, "of the second store, whose lane wrote"
        assert not {mark for mark in left if mark.startswith("cli ")}, "the founder's are too much older than the rest"

    asyncio.run(come_and_go())


def test_time_never_goes_back_whoever_stamped_it(world: PostgresWorld) -> None:
    """Nor on another process, nor after a restart; the server's clock may."""

    async def stamp(now_ms: int) -> int:
        options = PostgresOptions(time_of=lambda *_: now_ms, trusts_server=True)
        store = PostgresStore(world.place, options)
        await store.start()
        facts = await store.read(KeysLookup())
        await store.run(unit_of(SessionOpened(seatless(now_ms % 1000))))
        await store.close()
        return facts.now_ms

    assert asyncio.run(stamp(NOW_MS + 700)) == NOW_MS + 700
    assert asyncio.run(stamp(NOW_MS + 100)) == NOW_MS + 700
    assert asyncio.run(stamp(NOW_MS + 900)) == NOW_MS + 900


# --- connections that go -----------------------------------------------------------------------------------------


def test_nobody_notices_a_connection_that_was_closed_while_idle(world: PostgresWorld, figure: Figure) -> None:
    """A proxy between may do that at any time."""

    async def lose() -> int:
        async with stores(world.place, 1) as (store,):
            closed = sum(len([*standings]) for standings in store.connections.values())
            world.end_connections()
            await store.run(unit_of(SessionOpened(session_of(0))))
            assert (await store.read(SessionLookup(ACCOUNT.id, session_of(0).id))).session == session_of(0)
        return closed

    figure("database.hangs", f"{asyncio.run(lose())} closed while idle: a write and a read were done as ever")


def test_connections_are_told_by_how_they_stand(world: PostgresWorld) -> None:
    """Whoever watches sees those at work, and those that are gone until somebody needs them."""

    async def look() -> list[dict[str, Counter[Standing]]]:
        async with stores(world.place, 1) as (store,):
            seen = [stand(store)]

            def decide(_: KeysFacts) -> Done:
                seen.append(stand(store))
                return Done()

            await store.run(Unit(KeysLookup(), decide))
            world.end_connections()
            gone = {"write": {Standing.GONE: 2}, "read": {Standing.GONE: 2}}
            async with asyncio.timeout(20):
                while stand(store) != gone:  # noqa: ASYNC110 - nobody is told
                    await asyncio.sleep(0.01)
            await store.read(KeysLookup())
            return [*seen, stand(store)]

    def stand(store: PostgresStore) -> dict[str, Counter[Standing]]:
        return {purpose: Counter(standings) for purpose, standings in store.connections.items()}

    before, during, after = asyncio.run(look())
    assert before == {"write": {Standing.IDLE: 2}, "read": {Standing.IDLE: 2}}
    assert during["write"] == {Standing.BUSY: 1, Standing.IDLE: 1}
    assert after["read"][Standing.GONE] == 1


@pytest.fixture
def committing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bool], None]]:
    """Has the next COMMIT of sessions lose its connection: when the server has it, or before it is sent."""
    plans: list[bool] = []
    ask = Link.ask

    async def lose(link: Link, statements: list[tuple[str, tuple[object, ...]]]) -> object:
        if not plans or statements[-1][0] != "COMMIT" or not any("audit" in sql for sql, _ in statements):
            return await ask(link, statements)  # type: ignore[arg-type]
        if plans.pop():
            await ask(link, statements)  # type: ignore[arg-type]
        link.close()
        return await ask(link, statements)  # type: ignore[arg-type]

    monkeypatch.setattr(Link, "ask", lose)
    yield plans.append
    assert not plans, "nothing was lost"


@pytest.mark.parametrize("arrives", [True, False], ids=["carried out", "never sent"])
def test_commit_without_an_answer_is_looked_up(
    world: PostgresWorld, committing: Callable[[bool], None], arrives: bool, figure: Figure
) -> None:
    """Its units happened once, whether or not the server had it: one of the two would otherwise be told wrongly."""
    decided: list[int] = []

    def opening(number: int) -> Unit[KeysFacts, Done]:
        def decide(_: KeysFacts) -> Done:
            decided.append(number)
            return Done((SessionOpened(session_of(number)._replace(slot=None)),))

        return Unit(KeysLookup(), decide)

    async def commit() -> None:
        async with stores(world.place, 1) as (store,):
            committing(arrives)
            await asyncio.gather(*(store.run(opening(number)) for number in range(10)))

    asyncio.run(commit())
    ((stored,),) = world.look("SELECT count(*) FROM session", ())
    what = "carried out" if arrives else "never sent"
    figure(
        "database.commit-unanswered", f"{what}: 10 units, decided {len(decided)} times, {stored} stored, all told so"
    )
    assert stored == 10
    assert len(decided) == (10 if arrives else 20)


def test_commit_that_was_lost_is_not_taken_for_the_one_before_which_wrote_nothing(
    world: PostgresWorld, committing: Callable[[bool], None]
) -> None:
    """Its unit met a newer row, and found nothing left to do: only the mark of its batch was committed."""
    attempts = [Done((SessionRotated(seatless(1), refreshed(seatless(1), NOW_MS)),)), Done()]
    too_late = Unit(KeysLookup(), lambda _: attempts.pop(0))

    async def commit() -> None:
        async with stores(world.place, 1, lanes=1) as (store,):
            assert await store.run(too_late) == Done()
            committing(False)
            await store.run(unit_of(SessionOpened(seatless(0))))

    asyncio.run(commit())
    assert world.look("SELECT id FROM session", ()) == [(seatless(0).id,)]


@pytest.mark.parametrize("arrives", [True, False], ids=["carried out", "never sent"])
def test_commit_without_an_answer_is_looked_up_when_another_has_the_name_meanwhile(
    world: PostgresWorld, committing: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch, arrives: bool
) -> None:
    """When the database fails over, every process loses its connections at once, and takes any name that is free."""
    settle = Lane._settle

    async def let_another_write_first(lane: Lane, number: int, lost: Lost) -> bool:
        # Until the name is free: the server has yet to see that the connection is gone.
        world.look("SELECT pg_advisory_xact_lock(hashtextextended('callgate writer server', 0))", ())
        async with stores(world.place, 1, lanes=1):  # a batch at its start, as the first one had
            return await settle(lane, number, lost)

    monkeypatch.setattr(Lane, "_settle", let_another_write_first)

    async def commit() -> Done:
        async with stores(world.place, 1, lanes=1) as (store,):
            committing(arrives)
            return await store.run(unit_of(SessionOpened(seatless(0))))

    assert asyncio.run(commit()).changes
    assert world.look("SELECT count(*) FROM session WHERE id = ?", (session_of(0).id,)) == [(1,)]


def test_unit_is_not_done_again_when_nobody_can_tell_what_its_commit_came_to(
    world: PostgresWorld, committing: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mark that is gone is no sign that nothing was committed."""
    settle = Lane._settle

    async def lose_marks_first(lane: Lane, number: int, lost: Lost) -> bool:
        assert world.look("DELETE FROM writer RETURNING name", ())
        return await settle(lane, number, lost)

    monkeypatch.setattr(Lane, "_settle", lose_marks_first)

    async def commit() -> None:
        async with stores(world.place, 1, lanes=1) as (store,):
            committing(True)
            with pytest.raises(Unavailable, match="unknown whether it was committed"):
                await store.run(unit_of(SessionOpened(seatless(0))))

    asyncio.run(commit())
    assert world.look("SELECT count(*) FROM session", ()) == [(1,)]


def test_connection_keeps_its_own_mark_whatever_the_time(world: PostgresWorld) -> None:
    """Another process stamped a later time than this one has heard of; its acts were none that the log tells of."""

    async def come() -> None:
        async with stores(world.place, 1, lanes=1):
            assert world.look("UPDATE writer SET at_ms = ? RETURNING 1", (NOW_MS + 3 * KEPT_MS,))
            async with stores(world.place, 1, lanes=1):
                assert len([mark for mark in marks(world) if mark.startswith("server-2 ")]) == 1

    asyncio.run(come())


@pytest.mark.parametrize("arrives", [True, False], ids=["carried out", "never sent"])
def test_guessing_what_a_commit_came_to_is_wrong_one_way_or_the_other(
    world: PostgresWorld, committing: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch, arrives: bool
) -> None:
    """The planted mutant: a lost COMMIT taken for what it was not."""

    async def guess(*_: object) -> bool:
        return not arrives

    monkeypatch.setattr(Lane, "_settle", guess)

    async def commit() -> Done | BaseException:
        async with stores(world.place, 1) as (store,):
            committing(arrives)
            unit = unit_of(SessionOpened(session_of(0)))
            return (await asyncio.gather(store.run(unit), return_exceptions=True))[0]

    told = asyncio.run(commit())
    assert isinstance(told, Done) is not (world.look("SELECT count(*) FROM session", ()) == [(1,)])


def test_read_is_asked_again_when_a_deadlock_undid_it(world: PostgresWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may meet a migration, which locks tables in another order."""
    ask, undone = Link.ask, list[Link]()

    async def undo(link: Link, statements: list[tuple[str, tuple[object, ...]]]) -> object:
        if not undone and any("LEFT JOIN session s" in sql for sql, _ in statements):
            undone.append(link)
            raise Refused("40P01", "deadlock detected", 1)
        return await ask(link, statements)  # type: ignore[arg-type]

    async def read() -> SessionFacts:
        async with stores(world.place, 1) as (store,):
            await store.run(unit_of(SessionOpened(session_of(0))))
            monkeypatch.setattr(Link, "ask", undo)
            return await store.read(SessionLookup(ACCOUNT.id, session_of(0).id))

    assert asyncio.run(read()).session == session_of(0)
    assert len(undone) == 1


def test_what_a_transaction_showed_that_came_to_nothing_is_not_read_again(world: PostgresWorld) -> None:
    """It stood in the middle; whoever asks next sees what was committed since."""
    wrong: list[bool] = []

    def time_of(*_: int) -> int:
        if wrong and wrong.pop(0):
            raise Unavailable("no clock is right")
        return NOW_MS

    async def read() -> SessionFacts:
        store = PostgresStore(world.place, PostgresOptions(time_of=time_of, trusts_server=True, lanes=1))
        await store.start()
        try:
            await store.run(unit_of(SessionOpened(seatless(0))))
            wrong.extend((False, True))  # when it is asked, and when it asks again
            with pytest.raises(Unavailable, match="no clock is right"):
                await store.read(SessionLookup(ACCOUNT.id, seatless(0).id))
            await store.run(unit_of(SessionOpened(seatless(1))))
            return await store.read(SessionLookup(ACCOUNT.id, seatless(1).id))
        finally:
            await store.close()

    assert asyncio.run(read()).session == seatless(1)


def test_statements_are_prepared_anew_when_there_are_too_many(
    world: PostgresWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those put together for one question would otherwise gather there for ever."""
    monkeypatch.setattr("callgate.storage.postgres_link.STATEMENTS_KEPT", 3)
    with open_postgres(world) as opened:
        for number in range(3):
            opened.save(SessionOpened(seatless(number)))
            assert opened.read(ClientLookup(APP.id)).client == APP
            assert opened.read(KeysLookup()).keys == ()


def test_statement_is_prepared_anew_when_its_table_has_changed(world: PostgresWorld) -> None:
    """As when a newer version migrates beside this one."""
    change = "ALTER TABLE stored_key ALTER COLUMN published_ms TYPE "
    with open_postgres(world) as opened:
        assert opened.read(KeysLookup()).keys == ()
        world.look(change + "int", ())
        try:
            assert opened.read(KeysLookup()).keys == ()
            assert opened.run(KeysLookup(), lambda _: Done()) == Done()
        finally:
            world.look(change + "bigint", ())
        assert opened.run(KeysLookup(), lambda _: Done()) == Done()


def test_text_with_a_zero_byte_is_looked_for_and_not_found(world: PostgresWorld) -> None:
    """Nothing there has one. Cut off at it, it would be found."""
    with open_postgres(world) as opened:
        whole = opened.read(ClientLookup(APP.id))
        assert whole.client is not None
        assert opened.read(ClientLookup(ClientId(APP.id + "\0"))).client is None
        assert opened.read(ClientLookup(ClientId(APP.id + "\0x"))).client is None


def test_unit_that_cannot_be_said_fails_alone(world: PostgresWorld) -> None:
    """A number of 65 bits, half a character: those who came with it are served."""
    broken = [seatless(1)._replace(scope="\ud800"), seatless(2)._replace(credential_id=2**64)]
    with open_postgres(world) as opened:
        sound = [seatless(3), seatless(4)]
        outcomes = opened.save_at_once(*((SessionOpened(session),) for session in (*broken, *sound)))
    assert [type(outcome) for outcome in outcomes] == [Refused, Refused, type(None), type(None)]
    assert world.look("SELECT count(*) FROM session", ()) == [(2,)]


def test_connection_that_hangs_is_left_and_nobody_waits_for_long(
    world: PostgresWorld, monkeypatch: pytest.MonkeyPatch, figure: Figure
) -> None:
    """Whoever was on it goes again on another one; whoever waited for it is told."""
    monkeypatch.setattr("callgate.storage.postgres_link.ROUND_S", 1.0)
    monkeypatch.setattr("callgate.storage.postgres.WAIT_S_MAX", 0.3)
    for name in ("postgres.ANSWER_S_MAX", "postgres_pulse.PULSE_S_MAX"):
        monkeypatch.setattr(f"callgate.storage.{name}", 20.0)  # a busy machine takes longer to connect again

    async def hang() -> Counter[type]:
        async with stores(world.place, 1) as (store,):
            with world.hanging():
                units = [store.run(unit_of(SessionOpened(seatless(number)))) for number in range(2 * BATCH_MAX + 50)]
                outcomes = await asyncio.gather(*units, return_exceptions=True)
        return Counter(map(type, outcomes))

    outcomes = asyncio.run(hang())
    figure("database.hangs", f"all hang: {outcomes[Done]} units done on others, {outcomes[Unavailable]} told 503")
    assert outcomes == {Done: 2 * BATCH_MAX, Unavailable: 50}
    assert world.look("SELECT count(*) FROM session", ()) == [(2 * BATCH_MAX,)]


def test_unit_is_not_decided_when_whoever_waited_was_told_to_come_again(
    world: PostgresWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They came, and went on: a refresh decided after the next one would pass for a stolen token's."""

    async def come_too_late() -> None:
        async with stores(world.place, 1, lanes=1) as (store,):
            with world.hanging(), monkeypatch.context() as hurried:
                hurried.setattr("callgate.storage.postgres.ANSWER_S_MAX", 0.1)
                with pytest.raises(Unavailable, match="it may have been done all the same"):
                    await store.run(unit_of(SessionOpened(seatless(0))))
            await store.run(unit_of(SessionOpened(seatless(1))))

    asyncio.run(come_too_late())
    assert world.look("SELECT id FROM session", ()) == [(seatless(1).id,)]


def test_nothing_is_left_standing_when_transactions_are_undone(
    world: PostgresWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stood in the middle of its work would never be freed."""
    made: list[postgres_asking._Carrier] = []

    class Counted(postgres_asking._Carrier):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

    monkeypatch.setattr(postgres_asking, "_Carrier", Counted)
    monkeypatch.setattr(postgres_asking, "_free", postgres_asking._Free())
    with open_postgres(world) as opened:
        for number in range(10):
            taken = session_of(number)._replace(slot=0)
            opened.save_at_once(*((SessionOpened(taken._replace(id=RowId(taken.id * 10 + n))),) for n in range(5)))
            world.end_connections()
            assert opened.read(ClientLookup(APP.id)).client == APP
    assert len(made) <= 8
    assert len(postgres_asking._free.carriers) == len(made)


# --- servers that die --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A cluster that syncs, to be killed."""
    with running_postgres("shared_buffers=32MB") as running:
        yield running


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(
    server: PostgresServer, counts: Callable[[int, int], int], figure: Figure
) -> None:
    """Everybody else is told that it is unavailable, and it works again without a restart of ours."""
    world = PostgresWorld(server)
    acknowledged: set[int] = set()
    told: Counter[str] = Counter()
    back_s: list[float] = []

    async def write(store: PostgresStore, numbers: Iterator[int], over: asyncio.Event) -> None:
        while not over.is_set():
            number = next(numbers)
            try:
                await store.run(unit_of(SessionOpened(seatless(number))))
            except Exception as error:  # noqa: BLE001 - told apart below
                told[type(error).__name__] += 1
                await asyncio.sleep(0.01)
            else:
                acknowledged.add(number)

    async def works_again(store: PostgresStore) -> None:
        async with asyncio.timeout(20):
            while True:
                with suppress(Unavailable):
                    await store.run(unit_of())
                    await store.read(KeysLookup())
                    return
                await asyncio.sleep(0.05)

    async def storm() -> None:
        async with stores(world.place, 1) as (store,):
            for _ in range(counts(1, 20)):
                over = asyncio.Event()
                numbers = iter(range(len(acknowledged) + sum(told.values()), 10**9))
                writers = [asyncio.create_task(write(store, numbers, over)) for _ in range(16)]
                enough = len(acknowledged) + 50
                while len(acknowledged) < enough:  # noqa: ASYNC110 - what is waited for tells nobody
                    await asyncio.sleep(0.01)
                await asyncio.to_thread(server.stop, "immediate")
                with pytest.raises(Unavailable):
                    await store.run(unit_of())
                with pytest.raises(Unavailable):
                    await store.read(KeysLookup())
                await asyncio.to_thread(server.start)
                began_s = monotonic()
                await works_again(store)
                back_s.append(monotonic() - began_s)
                over.set()
                await asyncio.gather(*writers)
                assert store.health is Health.SERVING

    asyncio.run(storm())
    stored = {int(str(row[0])) - 1_000_000 for row in world.look("SELECT id FROM session", ())}
    figure(
        "database.stopped",
        f"{len(back_s)} times: {len(acknowledged):,} acknowledged writes, {len(acknowledged - stored)} lost; "
        f"{told['Unavailable']:,} told 503; written again {max(back_s):.2f} s after it was there again, at most",
    )
    assert set(told) <= {"Unavailable"}
    assert acknowledged - stored == set()


def test_server_that_may_lose_what_it_committed_is_refused(world: PostgresWorld) -> None:
    """Unless whoever starts us says that they know."""
    setting = f"ALTER DATABASE {world.name} SET synchronous_commit = "

    async def start(*, trusts_server: bool) -> None:
        store = PostgresStore(world.place, PostgresOptions(trusts_server=trusts_server))
        await store.start()
        await store.close()

    shared_postgres().execute(setting + "off")
    try:
        with pytest.raises(ServerUnfit, match="synchronous_commit = off"):
            asyncio.run(start(trusts_server=False))
        asyncio.run(start(trusts_server=True))
    finally:
        shared_postgres().execute(setting + "on")


def test_what_needs_no_write_is_answered_while_nothing_can_be_written(world: PostgresWorld) -> None:
    """By whoever became a standby, or was told to only read."""
    read_only = f"ALTER DATABASE {world.name} SET default_transaction_read_only = "

    async def ask() -> None:
        async with stores(world.place, 1) as (store,):
            shared_postgres().execute(read_only + "on")
            world.end_connections()
            with pytest.raises(Unavailable, match="read-only"):
                await store.run(unit_of(SessionOpened(session_of(0))))
            assert await store.run(unit_of()) == Done()
            assert (await store.read(KeysLookup())).keys == ()

    try:
        asyncio.run(ask())
    finally:
        shared_postgres().execute(read_only + "off")


def test_process_that_cannot_write_stops_answering_what_it_reads(
    world: PostgresWorld, monkeypatch: pytest.MonkeyPatch, figure: Figure
) -> None:
    """What was revoked may be alive where it reads. It has a tenth of the patience, and its heart stands still."""
    monkeypatch.setattr("callgate.storage.postgres_pulse.PULSE_S_MAX", 0.3)
    monkeypatch.setattr("callgate.storage.postgres_pulse.PULSE_S", 60)
    reads = 0

    def read_on() -> None:
        nonlocal reads
        while True:
            opened.read(KeysLookup())
            reads += 1

    with open_postgres(world) as opened:
        refused = "has not answered a write|answered a question too late|another server is written, or none"
        with pytest.raises(Unavailable, match=refused):
            read_on()
        assert isinstance(opened.store, PostgresStore)
        age_s = opened.store._pulse.age_s
    figure("database.no-commits", f"{reads} reads; refused {age_s:.2f} s after the last commit, of 0.30 s allowed")
    assert age_s >= 0.3


def test_entity_parsed_in_an_undone_transaction_is_forgotten(world: PostgresWorld) -> None:
    """The version it had is given again, to other content."""
    lost = ADMIN._replace(first_name="Lost", version=2)
    kept = ADMIN._replace(first_name="Kept", version=2)
    login = LoginLookup(LoginName("ada.admin@example.com", None, None))
    seen: list[str] = []

    def look(facts: LoginFacts) -> Done:
        assert facts.extension is not None
        seen.append(facts.extension.first_name)
        return Done()

    def spoil(pen: Pen) -> None:
        save(pen, ExtensionChanged(ADMIN, lost, "cli"))
        look(load(pen.view, login))
        raise ZeroDivisionError

    with open_postgres(world) as opened:
        with pytest.raises(ZeroDivisionError):
            opened.await_(opened.store.work(spoil))
        opened.save(ExtensionChanged(ADMIN, kept, "cli"))
        opened.run(login, look)
    assert seen == ["Lost", "Kept"]
