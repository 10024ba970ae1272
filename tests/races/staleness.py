"""How long servers beside each other still accept what was just forbidden somewhere else.

Each is asked without a pause while the act is carried out. What is sent once the act is answered must be refused,
everywhere: what a process keeps in memory of apps and people is never what a decision rests on (docs/adr/0080).
"""

import asyncio
from dataclasses import dataclass, field
from time import perf_counter

from callgate.model.account import ExtensionStatus
from callgate.protocol.administer.apps import blocked, unblocked
from callgate.service.administer.apps import change_app
from callgate.service.administer.desk import Desk
from callgate.service.administer.finding import find_app, find_person
from callgate.service.administer.people import change_extension
from tests.outcomes import done
from tests.races.arena import Arena, log_in
from tests.races.wire import Wire, logging_in, refreshing, using, wires

USER, COMER = "runner2", "runner3"
"""Whose session is used and refreshed, and who logs in again and again: that evicts sessions."""


@dataclass(slots=True)
class Asked:
    """What was sent after acts were answered, and what of it was accepted all the same: by how much later, in s."""

    refused: int = 0
    accepted_s: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Act:
    """An act under way, which waits until everybody asks. `answered_s` is when its answer came (perf_counter)."""

    begun: asyncio.Barrier
    answered_s: float | None = None


async def forbidding_holds_at_once(arena: Arena, *, trials: int) -> Asked:
    """An app is blocked or a person disabled, in turn, and let in again."""
    asked = Asked()
    async with arena.desk() as desk:
        for trial in range(trials):
            forbid, allow = (_block, _unblock) if trial % 2 else (_disable, _enable)
            client_id = arena.world.apps["blockable"].client_id
            act = Act(asyncio.Barrier(len(arena.ports) + 1))
            lanes = asyncio.gather(*(_ask(arena, port, act, asked) for port in arena.ports))
            await act.begun.wait()
            await forbid(desk, client_id)
            act.answered_s = perf_counter()
            await lanes
            await allow(desk, client_id)
    return asked


async def _ask(arena: Arena, port: int, act: Act, asked: Asked) -> None:
    user, comer = arena.seat("blockable", USER), arena.seat("blockable", COMER)
    async with wires(port, 1) as (wire,):
        pair = await log_in(wire, user)
        await log_in(wire, comer)
        await act.begun.wait()
        while act.answered_s is None:
            await _all(wire, [using(pair.access), logging_in(comer.app, comer.jwt)])
        for request in (using(pair.access), refreshing(user.app, pair.refresh), logging_in(comer.app, comer.jwt)) * 2:
            sent_s = perf_counter()
            if (await wire.ask(request)).status == 200:
                asked.accepted_s.append(sent_s - act.answered_s)
            else:
                asked.refused += 1


async def _all(wire: Wire, requests: list[bytes]) -> None:
    for request in requests:
        await wire.ask(request)


async def _block(desk: Desk, client_id: str) -> None:
    done(await change_app(desk, done(await find_app(desk, client_id)), blocked))


async def _unblock(desk: Desk, client_id: str) -> None:
    done(await change_app(desk, done(await find_app(desk, client_id)), unblocked))


async def _disable(desk: Desk, _: str) -> None:
    await _set(desk, ExtensionStatus.DISABLED)


async def _enable(desk: Desk, _: str) -> None:
    await _set(desk, ExtensionStatus.ENABLED)


async def _set(desk: Desk, status: ExtensionStatus) -> None:
    for name in (USER, COMER):
        person = done(await find_person(desk, f"{name}@races.example"))
        done(await change_extension(desk, person, lambda found: found._replace(status=status)))
