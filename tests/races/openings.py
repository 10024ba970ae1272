"""Races for seats: logins, and codes asked for and redeemed."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from callgate.model.session import EndReason, SessionState
from tests.races.arena import Arena, Seat, log_in, row_id
from tests.races.browser import Browser, code_in, redeeming
from tests.races.founding import PASSWORD
from tests.races.wire import TOKEN, Pair, Wire, at_once, logging_in, post, refreshing, using, wires

CAP = 5
LOGINS = 20
REDEMPTIONS = 64
AUTHORIZATIONS = 7
BECAUSE_EVICTED = "session limit reached: signed in again elsewhere"


async def logins_keep_the_cap(arena: Arena, *, rounds: int) -> list[int]:
    """Logins at once: at most five sessions live whenever one looks, five at the end, the oldest gone and told why.

    Gives how many lived at once, in each round.
    """
    seat = arena.seat("script", "runner3")
    async with wires(arena.port, LOGINS) as crowd:
        return [await _burst(arena, seat, crowd, logging_in(seat.app, seat.jwt)) for _ in range(rounds)]


async def password_logins_keep_the_cap(arena: Arena) -> int:
    """The same with passwords, which are proven beside the loop and end in any order."""
    seat = arena.seat("script", "runner1")
    form = {"grant_type": "password", "username": "runner1@races.example", "password": PASSWORD}
    async with wires(arena.port, LOGINS) as crowd:
        return await _burst(arena, seat, crowd, post(TOKEN, seat.app, form))


async def _burst(arena: Arena, seat: Seat, crowd: Sequence[Wire], login: bytes) -> int:
    before = [await log_in(crowd[0], seat) for _ in range(CAP)]
    finished = asyncio.Event()
    watching = asyncio.create_task(_most_alive(arena, seat, finished))
    pairs = await asyncio.gather(*(_insist(wire, login) for wire in crowd))
    finished.set()
    most = await watching
    assert most <= CAP, f"{most} sessions lived at once"
    await _judge(arena, seat, crowd, [*before, *pairs])
    return most


async def _insist(wire: Wire, login: bytes) -> Pair:
    """Come again as long as too many proofs of this name are under way."""
    while (answer := await wire.ask(login)).status == 503:
        assert answer.headers["retry-after"]
        await asyncio.sleep(0.02)
    return answer.pair


async def _most_alive(arena: Arena, seat: Seat, finished: asyncio.Event) -> int:
    most = 0
    while not finished.is_set():
        most = max(most, len(alive(arena, seat)))
        await asyncio.sleep(0.001)
    return max(most, len(alive(arena, seat)))


def alive(arena: Arena, seat: Seat) -> list[int]:
    """The row ids of a seat's living sessions, the longest issued first."""
    sql = """SELECT id FROM session WHERE extension_id = ? AND client_id = ? AND state = ?
             ORDER BY first_issued_ms, id"""
    found = arena.rows(sql, seat.extension_id, seat.app.client_id, SessionState.ACTIVE.value)
    return [id_ for (id_,) in found if isinstance(id_, int)]


async def _judge(arena: Arena, seat: Seat, crowd: Sequence[Wire], pairs: list[Pair]) -> None:
    living = alive(arena, seat)
    assert len(living) == CAP, f"{len(living)} sessions live at the end"
    opened = "SELECT id FROM session WHERE extension_id = ? AND client_id = ? ORDER BY opened_ms DESC, id DESC LIMIT 5"
    newest = {id_ for (id_,) in arena.rows(opened, seat.extension_id, seat.app.client_id)}
    assert set(living) == newest, "it is not the oldest that went"
    for pair in pairs:
        used, refreshed = await at_once(crowd, [using(pair.access), refreshing(seat.app, pair.refresh)])
        if row_id(pair.session_id) in newest:
            # The refresh may have been first, and made this access token an old one.
            assert used.status == 200 or used.told.startswith("401 OAU-129"), used.told
            assert refreshed.status == 200, refreshed.told
        else:
            assert used.told == f"401 OAU-213 Token not found: {BECAUSE_EVICTED}", used.told
            assert refreshed.told == f"400 OAU-211 Token revoked: {BECAUSE_EVICTED}", refreshed.told


async def oldest_generation_goes_first(arena: Arena) -> int:
    """A session just refreshed is younger than one opened after it: the one nobody refreshes is the one to go.

    Gives which, of those opened one after another.
    """
    seat = arena.seat("script", "runner4")
    async with wires(arena.port, 1) as (wire,):
        pairs = [await log_in(wire, seat) for _ in range(CAP)]
        pairs[0] = (await wire.ask(refreshing(seat.app, pairs[0].refresh))).pair
        await log_in(wire, seat)
        told = [(await wire.ask(using(pair.access))).status for pair in pairs]
        assert told == [200, 401, 200, 200, 200], f"others were evicted: {told}"
        return told.index(401)


async def twins_share_one_session(arena: Arena, *, rounds: int) -> int:
    """Logins of one endpoint at once: the last replaces all before it, and no other endpoint is disturbed.

    Gives how many were replaced.
    """
    seat, gone = arena.seat("script", "runner5"), 0
    async with wires(arena.port, LOGINS) as crowd:
        other = await log_in(crowd[0], seat)
        for number in range(rounds):
            twin = logging_in(seat.app, seat.jwt, f"twin-{number}")
            answers = await at_once(crowd, [twin] * LOGINS)
            assert {answer.told for answer in answers} == {"200"}, [answer.told for answer in answers]
            replies = await at_once(crowd, [using(answer.pair.access) for answer in answers])
            told = sorted(reply.told for reply in replies)
            replaced = "401 OAU-213 Token not found: replaced by a later sign-in of the same endpoint"
            assert told == ["200", *[replaced] * (LOGINS - 1)], told
            last = await log_in(crowd[0], seat, f"twin-{number}")
            assert len({answer.pair.session_id for answer in answers} | {last.session_id}) == LOGINS + 1
            other = await _still_there(crowd[0], seat, other)
            gone += told.count(replaced)
    return gone


async def _still_there(wire: Wire, seat: Seat, pair: Pair) -> Pair:
    """Refreshed, so that it is not the oldest of its seat either."""
    assert (await wire.ask(using(pair.access))).status == 200
    return (await wire.ask(refreshing(seat.app, pair.refresh))).pair


async def code_is_redeemed_once(arena: Arena, *, rounds: int) -> Counter[str]:
    """Many redemptions of one code at once: one succeeds, and what it got goes on working (a page's double submit).

    Gives how many did, by app.
    """
    redeemed = Counter[str]()
    for name in ("web", "spa"):
        app = arena.world.apps[name]
        async with wires(arena.port, REDEMPTIONS) as crowd:
            browser = Browser(crowd[0])
            for _ in range(rounds):
                code = await browser.fetch_code(app, username="runner0@races.example")
                answers = await at_once(crowd, [redeeming(app, code)] * REDEMPTIONS)
                told = sorted(answer.told for answer in answers)
                refused = "400 OAU-106 Invalid authorization code"
                assert told == ["200", *[refused] * (REDEMPTIONS - 1)], told
                (won,) = (answer.pair for answer in answers if answer.status == 200)
                assert (await crowd[0].ask(using(won.access))).status == 200
                assert (await crowd[0].ask(refreshing(app, won.refresh))).status == 200
                redeemed[name] += 1
    return redeemed


async def codes_keep_their_own_cap(arena: Arena) -> list[int]:
    """Seven codes asked for at once: the last five can be redeemed, and the first two cannot; gives the statuses."""
    app = arena.world.apps["web"]
    async with wires(arena.port, AUTHORIZATIONS) as crowd:
        browser = Browser(crowd[0])
        await browser.fetch_code(app, username="runner1@races.example")
        codes = [code_in(answer) for answer in await at_once(crowd, [browser.opening(app)] * AUTHORIZATIONS)]
        pending = "SELECT count(*) FROM session WHERE client_id = ? AND extension_id = ? AND state = ?"
        person = int(arena.world.people["runner1"].id)
        assert arena.rows(pending, app.client_id, person, SessionState.PENDING.value) == [(5,)]
        replaced = "SELECT count(*) FROM session WHERE client_id = ? AND extension_id = ? AND ended_why = ?"
        assert arena.rows(replaced, app.client_id, person, EndReason.REPLACED.value) == [(3,)]
        answers = await at_once(crowd, [redeeming(app, code) for code in codes])
        won = [answer.pair for answer in answers if answer.status == 200]
        replies = await at_once(crowd, [using(pair.access) for pair in won])
        assert {reply.status for reply in replies} == {200}
        return sorted(answer.status for answer in answers)
