"""The sweeper: rows that expired some time ago are deleted, a few at a time, between the units of those who wait.

Its clock cannot be stepped forward. The cell's clock may be wrong for a minute and be put right; a row deleted in that
minute would stay deleted.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from callgate.storage.expiry import SWEEP_BUCKET_MS, SWEEP_GRACE_MS
from callgate.storage.load_upkeep import find_due_sessions
from callgate.storage.pen import Pen
from callgate.storage.port import Engine
from callgate.storage.save_upkeep import (
    sweep_claims,
    sweep_devices,
    sweep_guesses,
    sweep_sessions,
    sweep_sign_ins,
)

ROWS_MAX: Final = 100
"""Rows of each kind in one step: a step holds the loop for about a millisecond."""


class SteadyClock:
    """The wall's time as long as it moves as fast as monotonic time does; behind it after a step forward."""

    def __init__(self, wall: Callable[[], int], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._wall_began_ms = wall()
        self._began_s = monotonic()

    def __call__(self) -> int:
        """Give the time in milliseconds since 1970, at most what has honestly passed since the start."""
        passed_ms = int((self._monotonic() - self._began_s) * 1000)
        return min(self._wall(), self._wall_began_ms + passed_ms)


@dataclass(frozen=True, slots=True)
class Swept:
    """What one step did. `due` tells that as many rows as fit into the step were found: there may be more."""

    sessions: int
    sign_ins: int
    claims: int
    guesses: int
    devices: int
    due: bool


async def sweep_step(store: Engine, now_ms: int, *, rows_max: int = ROWS_MAX) -> Swept:
    """Delete what expired 15 minutes before `now_ms`, at most `rows_max` rows of a kind. Raises Unavailable."""

    def work(pen: Pen) -> Swept:
        before_ms = now_ms - SWEEP_GRACE_MS
        # Whole buckets that ended before: each row found is deleted or moves on, so that the steps come to an end.
        due = find_due_sessions(pen.view, bucket=(before_ms - 1) // SWEEP_BUCKET_MS, rows_max=rows_max)
        sign_ins = sweep_sign_ins(pen, before_ms=before_ms, rows_max=rows_max)
        claims = sweep_claims(pen, before_ms=before_ms, rows_max=rows_max)
        guesses = sweep_guesses(pen, before_ms=before_ms, rows_max=rows_max)
        devices = sweep_devices(pen, before_ms=before_ms, rows_max=rows_max)
        swept = sweep_sessions(pen, due, before_ms=before_ms)
        more = rows_max in {len(due), sign_ins, claims, guesses, devices}
        return Swept(swept, sign_ins, claims, guesses, devices, due=more)

    return await store.work(work)


async def sweep_due(store: Engine, now_ms: int) -> Swept:
    """Sweep step by step until nothing is due, then give back the space, resting as long as each step took.

    Raises Unavailable.
    """
    total = Swept(0, 0, 0, 0, 0, due=True)
    while total.due:
        began_s = time.monotonic()
        step = await sweep_step(store, now_ms)
        total = Swept(
            total.sessions + step.sessions,
            total.sign_ins + step.sign_ins,
            total.claims + step.claims,
            total.guesses + step.guesses,
            total.devices + step.devices,
            due=step.due,
        )
        await asyncio.sleep(time.monotonic() - began_s)
    began_s = time.monotonic()
    while await store.shrink():
        await asyncio.sleep(time.monotonic() - began_s)
        began_s = time.monotonic()
    return total
