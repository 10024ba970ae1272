"""Races of one refresh token with itself, with revocation, and with what an administrator does."""

from tests.races.arena import Arena, log_in
from tests.races.wire import at_once, refreshing, using, wires

CROWD = 100


async def crowd_gets_one_pair(arena: Arena, *, rounds: int) -> int:
    """Many refreshes of one token at once: all succeed with the very same pair, and one generation lives.

    Gives how many were served.
    """
    seat, served = arena.seat("script", "runner0"), 0
    async with wires(arena.port, CROWD) as crowd:
        for _ in range(rounds):
            first = await log_in(crowd[0], seat)
            answers = await at_once(crowd, [refreshing(seat.app, first.refresh)] * CROWD)
            told = {answer.told for answer in answers}
            assert told == {"200"}, f"not all were served: {told}"
            pairs = {answer.pair for answer in answers}
            assert len(pairs) == 1, f"{len(pairs)} pairs from one refresh token"
            (second,) = pairs
            row = arena.row(first.session_id)
            assert row
            assert row.generation == 2, f"generation {row.generation} lives"
            old, new = await at_once(crowd, [using(first.access), using(second.access)])
            assert old.told.startswith("401 OAU-129"), f"the old access token: {old.told}"
            assert new.status == 200, f"the new access token: {new.told}"
            served += len(answers)
    return served
