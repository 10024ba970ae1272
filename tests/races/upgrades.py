"""Tables that change under traffic, as the next version's migration would change them, and change back."""

import asyncio
from itertools import count

from callgate.model.database import PostgresPlace
from callgate.storage.schema_postgres import carry_out, open_link
from tests.races.arena import Arena, log_in
from tests.races.wire import refreshing, using, wires

UP = """
ALTER TABLE session ADD COLUMN note text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE extension ADD COLUMN note text COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX session_note ON session (account_id, note)
"""
DOWN = """
DROP INDEX session_note; ALTER TABLE extension DROP COLUMN note; ALTER TABLE session DROP COLUMN note
"""


async def requests_go_on(arena: Arena, place: PostgresPlace, *, times: int) -> int:
    """Every server is asked without a pause; gives how many requests were answered, each with 200."""
    migrating = asyncio.create_task(asyncio.to_thread(_change, place, times))
    people = (f"runner{number}" for number in count(4))
    lanes = [_ask(arena, port, next(people), migrating) for port in arena.ports]
    answered = sum(await asyncio.gather(*lanes))
    await migrating
    return answered


async def _ask(arena: Arena, port: int, person: str, migrating: "asyncio.Task[None]") -> int:
    seat, answered = arena.seat("script", person), 0
    async with wires(port, 1) as (wire,):
        pair = await log_in(wire, seat)
        while not migrating.done():
            pair = (await wire.ask(refreshing(seat.app, pair.refresh))).pair
            used = await wire.ask(using(pair.access))
            assert used.status == 200, used.told
            pair = await log_in(wire, seat)
            answered += 3
    return answered


def _change(place: PostgresPlace, times: int) -> None:
    with open_link(place) as link:
        for _ in range(times):
            carry_out(link, UP, place=place)
            carry_out(link, DOWN, place=place)
