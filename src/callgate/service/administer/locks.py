"""Who is locked out for wrong passwords, and letting them in again."""

from callgate.model.account import Extension
from callgate.model.acts import Refused
from callgate.model.decisions import Done
from callgate.model.guesses import Lock, LocksLookup, OwnNamesLookup
from callgate.protocol.administer import locks
from callgate.service.administer.desk import Desk
from callgate.service.guesses import hash_subject


async def find_locks(desk: Desk, extension: Extension) -> tuple[tuple[str, Lock], ...]:
    """The locks of a person's login names, each with the name. Raises Unavailable."""
    subjects = await _subjects(desk, extension)
    facts = await desk.store.read(LocksLookup(tuple(subjects)))
    return tuple((subjects[lock.subject], lock) for lock in facts.locks)


async def lift_locks(desk: Desk, extension: Extension) -> Done | Refused:
    """Hear a person's login names again from everywhere, as if nothing had been counted. Raises Unavailable."""
    lookup = LocksLookup(tuple(await _subjects(desk, extension)))
    return await desk.carry_out(lookup, lambda facts: locks.lift(extension, facts=facts, by=desk.by))


async def _subjects(desk: Desk, extension: Extension) -> dict[bytes, str]:
    names = await desk.store.read(OwnNamesLookup(extension.account_id, extension.id))
    return {hash_subject(subject): subject for subject in locks.subjects_of(extension, names)}
