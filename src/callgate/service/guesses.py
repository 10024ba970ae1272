"""Guesses at what only its owner knows: every way that takes a password has it looked at here.

Counted before it is looked at, settled afterwards, locked where there were too many (protocol/guesses.py). What comes
without a guess (a JWT, an assertion, a refresh token, a client's secret) has nothing to do with it.
"""

from collections.abc import Awaitable, Callable
from enum import Enum
from hashlib import sha256

from callgate.model.acts import CellLookup
from callgate.model.changes import Change
from callgate.model.decisions import Done
from callgate.model.failure import Unavailable
from callgate.model.guesses import (
    EVERYWHERE,
    Ending,
    GuessFacts,
    GuessLookup,
    Hearing,
    NetworkBecameFamiliar,
    SubjectLocked,
)
from callgate.protocol.guesses import is_newly_familiar, parties_of
from callgate.service.context import Context
from callgate.service.tallies import Entry
from callgate.storage.port import Unit


class Judged(Enum):
    """How a guess turned out. LOCKED: it was not looked at, and would be answered the same if it were right."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"


async def judge(context: Context, subject: str, network: str, *, proof: Callable[[], Awaitable[bool]]) -> Judged:
    """Have a guess looked at by `proof`, unless its network has guessed wrong too often.

    `subject` is what is guessed at, such as `login:ada@example.com` or `totp:77`; the same for what is there and what
    is not. Raises Unavailable when too many are under way, and what `proof` raises.
    """
    if not context.tallies.on:
        return Judged.RIGHT if await proof() else Judged.WRONG
    hashed = hash_subject(subject)
    facts = await context.store.read(GuessLookup(hashed, network))
    entries = await _begin(context, hashed, network, facts=facts)
    if entries is None:
        return Judged.LOCKED
    ending = Ending.WRONG  # who hangs up meanwhile has guessed all the same
    try:
        ending = Ending.RIGHT if await proof() else Ending.WRONG
    except Unavailable:
        ending = Ending.UNSEEN
        raise
    finally:
        await _settle(context, entries, ending)
    if ending is Ending.WRONG:
        return Judged.WRONG
    if is_newly_familiar(facts):
        context.later(_write(context, NetworkBecameFamiliar(hashed, network, facts.now_ms)))
    return Judged.RIGHT


def hash_subject(subject: str) -> bytes:
    """How a subject is kept: names that nobody has may be somebody's password in the wrong field."""
    return sha256(subject.encode()).digest()


async def _begin(context: Context, subject: bytes, network: str, *, facts: GuessFacts) -> tuple[Entry, ...] | None:
    """The guess in every tally it belongs in, or None where one of them is locked. Raises Unavailable."""
    entries: tuple[Entry, ...] = ()
    for party in parties_of(network, facts):
        row = facts.everywhere if party == EVERYWHERE else facts.lock
        begun = await context.tallies.begin(subject, party, row=row)
        if isinstance(begun, Hearing):
            await _settle(context, entries, Ending.UNSEEN)
            if begun is Hearing.LOCKED:
                return None
            raise Unavailable("too many guesses at once")
        entries = (*entries, begun)
    return entries


async def _settle(context: Context, entries: tuple[Entry, ...], ending: Ending) -> None:
    for entry in entries:
        lock = await context.tallies.settle(entry, ending)
        if lock is not None:
            try:
                await _write(context, SubjectLocked(lock))
            except Unavailable:
                continue  # the tally has it; what is lost is that it outlives this process


async def _write(context: Context, change: Change) -> None:
    await context.store.run(Unit(CellLookup(), lambda _: Done((change,))))
