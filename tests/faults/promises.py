"""What the rows of a database must say, given what clients had been told by some moment.

The moment is a place in a trace: a client may have a reply from the instant the server handed it to the kernel, and
may have sent its next request no earlier than it had the reply before.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from callgate.app import CommandLine
from callgate.model.reference import TokenKind
from callgate.model.session import SessionState
from callgate.storage.sqlite_file import open_reader
from tests.faults.founding import World
from tests.faults.ledger import Act, Kind, Ledger

NEVER = 1 << 60


class Row(NamedTuple):
    """What a session's row says."""

    state: SessionState
    generation: int
    secret_sha256: bytes


class Due(NamedTuple):
    """An act by places in the trace: sent no earlier than `sent`, acknowledged at `told` (or NEVER)."""

    kind: Kind
    sent: int
    told: int


@dataclass(frozen=True)
class Promise:
    """One session: its row's id, the hash of its secret, and the acts on it in their order."""

    row_id: int
    secret_sha256: bytes
    dues: tuple[Due, ...]

    @cached_property
    def sent(self) -> dict[Kind, list[int]]:
        """Where acts of each kind were sent, in order."""
        return {kind: sorted(due.sent for due in self.dues if due.kind is kind) for kind in Kind}

    @cached_property
    def told(self) -> dict[Kind, list[int]]:
        """Where they were acknowledged, in order."""
        return {kind: sorted(due.told for due in self.dues if due.kind is kind) for kind in Kind}

    def broken(self, row: Row | None, at: int) -> str | None:
        """What a row breaks of what was promised by then; None if nothing."""
        may = {kind: bisect_left(places, at) for kind, places in self.sent.items()}
        must = {kind: bisect_left(places, at) for kind, places in self.told.items()}
        if row is None:
            return "an acknowledged grant is lost" if must[Kind.GRANT] and not may[Kind.REVOKE] else None
        ended = row.state is SessionState.ENDED
        if row.secret_sha256 != self.secret_sha256:
            return "a row of another secret stands in its place"
        if not 1 + must[Kind.REFRESH] <= row.generation <= 1 + may[Kind.REFRESH]:
            return f"generation {row.generation}, promised {1 + must[Kind.REFRESH]}"
        if must[Kind.REVOKE] and not ended:
            return "an acknowledged revocation is undone"
        return "it ended, and nobody ended it" if ended and not may[Kind.REVOKE] else None


def rows_of(path: Path) -> dict[int, Row]:
    """Every session in a database."""
    with closing(open_reader(path)) as connection:
        found = connection.execute("SELECT id, state, generation, secret_sha256 FROM session")
        return {row_id: Row(SessionState(state), generation, sha256) for row_id, state, generation, sha256 in found}


def broken_promises(promises: list[Promise], rows: Mapping[int, Row], at: int) -> Iterator[str]:
    """What the rows break of what was promised by then."""
    for promise in promises:
        why = promise.broken(rows.get(promise.row_id), at)
        if why:
            yield f"session {promise.row_id}: {why}"


async def promises_of(world: World, ledger: Ledger, told: Mapping[str, int]) -> list[Promise]:
    """Every session that clients were told of, by where in the trace each request id was told."""
    promises = []
    async with CommandLine().desk(world.settings, by="promises") as desk:
        keeper = await desk.keeper()
        for held in ledger.held:
            assert held.acts[0].access is not None
            reference = await keeper.open(held.acts[0].access, (TokenKind.ACCESS,))
            assert reference is not None
            dues = tuple(_due(act, told) for act in held.acts)
            promises.append(Promise(reference.row_id, hashlib.sha256(reference.secret).digest(), dues))
    return promises


def _due(act: Act, told: Mapping[str, int]) -> Due:
    sent = told[act.sent_after] if act.sent_after else -1
    return Due(act.kind, sent, told[act.request_id] if act.request_id else NEVER)
