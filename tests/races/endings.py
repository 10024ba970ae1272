"""Races of refreshes and logins with what ends sessions: revocation, new password, blocked app, deleted credential.

Fired so close to each other that either may come first; whichever does, nothing of the session works afterwards.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from random import Random
from time import perf_counter

from callgate.admin.world import WorldApp
from callgate.model.acts import Refused
from callgate.protocol.administer.apps import blocked, unblocked
from callgate.service.administer.apps import change_app
from callgate.service.administer.credentials import NewCredential, create_credential, delete_credential
from callgate.service.administer.finding import find_app, find_person
from callgate.service.administer.people import change_password
from tests.outcomes import done
from tests.races.arena import Arena, log_in
from tests.races.founding import PASSWORD
from tests.races.wire import TOKEN, Answer, Pair, Wire, at_once, logging_in, post, refreshing, revoking, using, wires

APART_S = 0.002
LANES = 4
CHAIN = 8
DEAD = ("400 OAU-211", "400 OAU-213", "401 OAU-213", "401 OAU-129", "400 OAU-127")
"""Revoked, not found, superseded, of a blocked app: what a dead token may be told, and nothing else."""


async def revocation_beats_refresh(arena: Arena, *, trials: int, seed: int = 1) -> int:
    """A refresh and a revocation within 2 ms of each other, in either order; gives how many refreshes came first."""
    lanes = [
        _revoke_lane(arena, number, trials=trials // LANES, random=Random(seed + number)) for number in range(LANES)
    ]
    return sum(await asyncio.gather(*lanes))


async def _revoke_lane(arena: Arena, number: int, *, trials: int, random: Random) -> int:
    seat, refreshed_first, trial = arena.seat("script", f"runner{4 + number}"), 0, 0
    async with wires(arena.port, 2) as two:
        while trial < trials:
            pair = await log_in(two[0], seat)
            if random.random() < 0.5:  # some sessions are older than their first generation
                pair = (await two[0].ask(refreshing(seat.app, pair.refresh))).pair
            revoked = random.choice((pair.access, pair.refresh))
            shots = [refreshing(seat.app, pair.refresh), revoking(seat.app, revoked)]
            gap_s, (refreshed, ended) = await _fire(two, shots, random)
            if gap_s > APART_S:
                continue  # another process had the core between the two shots: not the race that is meant
            trial += 1
            assert (ended.status, ended.body) == (200, b""), ended.told
            assert refreshed.status in {200, 400}, f"the refresh: {refreshed.told}"
            refreshed_first += refreshed.status == 200
            known = [pair, *([refreshed.pair] if refreshed.status == 200 else [])]
            await _all_dead(two, seat.app, known)
    return refreshed_first


async def _fire(two: Sequence[Wire], shots: Sequence[bytes], random: Random) -> tuple[float, list[Answer]]:
    """Both, in either order, up to APART_S apart; gives how far apart they were in truth."""
    first, second = random.sample((0, 1), 2)
    wait_s = random.choice((0.0, random.uniform(0, APART_S * 0.8)))
    two[first].send(shots[first])
    sent_at = perf_counter()
    while perf_counter() - sent_at < wait_s:
        pass  # sleeping would wait for a millisecond's tick of the loop
    gap_s = perf_counter() - sent_at
    two[second].send(shots[second])
    return gap_s, await asyncio.gather(*(wire.receive() for wire in two))


async def _all_dead(crowd: Sequence[Wire], app: WorldApp, known: Sequence[Pair]) -> int:
    """Every token known of a session that is over; the newest first, since the old ones would end a living session.

    Gives how many pairs that were.
    """
    for pair in reversed(known):
        for answer in await at_once(crowd, (using(pair.access), refreshing(app, pair.refresh))):
            assert answer.told.startswith(DEAD), f"a token of a session that is over: {answer.told}"
    return len(known)


async def password_change_ends_refreshes(arena: Arena, *, trials: int) -> int:
    """Refreshes without a pause, while the person's password is changed beside the server.

    Gives how many pairs died.
    """
    app, name, dead = arena.world.apps["script"], "runner1@races.example", 0
    async with arena.desk() as desk, wires(arena.port, CHAIN) as crowd:
        password = PASSWORD
        for trial in range(trials):
            person = done(await find_person(desk, name))
            fresh = f"{PASSWORD} {trial}"
            form = {"grant_type": "password", "username": name, "password": password}
            first = (await crowd[0].ask(post(TOKEN, app, form))).pair
            known = await _refresh_during(crowd, app, first, change_password(desk, person, fresh))
            dead += await _all_dead(crowd, app, known)
            refused = await crowd[0].ask(post(TOKEN, app, form))
            assert refused.told.startswith("400 OAU-140"), refused.told
            password = fresh
        done(await change_password(desk, done(await find_person(desk, name)), PASSWORD))
    return dead


async def block_ends_refreshes(arena: Arena, *, trials: int) -> int:
    """Refreshes without a pause, while the app is blocked beside the server; lifting the block revives none.

    Gives how many pairs died.
    """
    seat, dead = arena.seat("blockable", "runner2"), 0
    async with arena.desk() as desk, wires(arena.port, CHAIN) as crowd:
        for _ in range(trials):
            client = done(await find_app(desk, seat.app.client_id))
            first = await log_in(crowd[0], seat)
            known = await _refresh_during(crowd, seat.app, first, change_app(desk, client, blocked))
            await _all_dead(crowd, seat.app, known)
            done(await change_app(desk, done(await find_app(desk, seat.app.client_id)), unblocked))
            dead += await _all_dead(crowd, seat.app, known)
    return dead


async def _refresh_during(
    crowd: Sequence[Wire], app: WorldApp, first: Pair, act: Coroutine[object, object, object | Refused]
) -> list[Pair]:
    """Every pair of the session; in each burst all present the newest refresh token there is."""
    known, acting = [first], None
    while acting is None or not acting.done():
        for answer in await at_once(crowd, [refreshing(app, known[-1].refresh)] * len(crowd)):
            assert answer.status == 200 or answer.told.startswith(DEAD), answer.told
            if answer.status == 200 and answer.pair not in known:
                known.append(answer.pair)
        acting = acting or asyncio.create_task(act)
    done(await acting)
    return known


async def deletion_ends_logins(arena: Arena, *, trials: int) -> int:
    """Logins with a JWT credential, while it is deleted beside the server: what they opened is dead; gives how many."""
    app, dead = arena.world.apps["script"], 0
    async with arena.desk() as desk, wires(arena.port, CHAIN) as crowd:
        person = done(await find_person(desk, "runner3@races.example"))
        for _ in range(trials):
            issued = done(await create_credential(desk, person, NewCredential(label="to be deleted")))
            known: list[Pair] = []
            deleting = None
            while deleting is None or not deleting.done():
                for answer in await at_once(crowd, [logging_in(app, issued.jwt)] * len(crowd)):
                    assert answer.told.startswith(("200", "400 CGT-113")), answer.told
                    known += [answer.pair] if answer.status == 200 else []
                deleting = deleting or asyncio.create_task(delete_credential(desk, issued.credential))
            done(await deleting)
            dead += await _all_dead(crowd, app, known)
            refused = await crowd[0].ask(logging_in(app, issued.jwt))
            assert refused.told.startswith("400 CGT-113"), refused.told
    return dead
