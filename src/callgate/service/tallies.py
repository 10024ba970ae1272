"""Where guesses are counted: one tally for each network at each subject, and one for all strange networks together."""

from typing import NamedTuple

from callgate.model.guesses import Ending, Guessing, Hearing, Lock, Tally
from callgate.protocol.guesses import begin, lock_of, rule_of, settle
from callgate.storage.shelf import Shelf


class Entry(NamedTuple):
    """One guess in one party's tally."""

    subject: bytes
    network: str
    began_ms: int


class Tallies:
    """The tallies of one server, or none at all where nothing is locked."""

    def __init__(self, guessing: Guessing | None, tallies: Shelf[Tally]) -> None:
        self._guessing = guessing or Guessing()
        self._tallies = tallies
        self.on = guessing is not None

    async def begin(self, subject: bytes, network: str, *, row: Lock | None) -> Entry | Hearing:
        """Count a guess, or say why it is not heard."""
        rule = rule_of(self._guessing, network)

        def step(tally: Tally | None, now_ms: int) -> tuple[Tally, Entry | Hearing]:
            after, hearing = begin(tally, rule, row=row, now_ms=now_ms)
            return after, Entry(subject, network, now_ms) if hearing is Hearing.HEARD else hearing

        return await self._tallies.change(("guess", subject.hex(), network), step)

    async def settle(self, entry: Entry, ending: Ending) -> Lock | None:
        """Say what became of a guess; gives the lock that it brought."""
        rule = rule_of(self._guessing, entry.network)

        def step(tally: Tally | None, now_ms: int) -> tuple[Tally | None, Lock | None]:
            after = settle(tally, rule, began_ms=entry.began_ms, ending=ending, now_ms=now_ms)
            wrong = ending is Ending.WRONG
            return after, lock_of(after, subject=entry.subject, network=entry.network, now_ms=now_ms) if wrong else None

        return await self._tallies.change(("guess", entry.subject.hex(), entry.network), step)
