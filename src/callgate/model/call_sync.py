"""Keeping a copy of a call log in step (protocol.md I.5): what is asked, what the log answers, what a token says.

A client takes the newest records once (FSync) and from then on what was written since (ISync). What it is in step with
is a *frame*: which calls, how they are told, and how far back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from callgate.model.call_log import RecordingFilter, View
from callgate.model.calls import CallRecord
from callgate.model.ids import AccountId, ExtensionId
from callgate.model.lookups import Lookup

SYNC_MAX = 250
"""Records of one answer; what changed more than that is fetched anew (protocol.md I.5)."""

EXTRACT_MAX = 1000
EXTRACT_DEFAULT = 250

WRITES_MAX = 20_000
"""Writes of an account between two syncs of the company's log: what is wanted of more is not looked for."""

TOKEN_DAYS = 30
"""How long a token is good for, from the answer that brought it."""


class SyncType(Enum):
    """From the beginning, or what is new since a token."""

    FULL = "FSync"
    INCREMENTAL = "ISync"


class StatusGroup(Enum):
    """Calls that nobody took, or all."""

    MISSED = "Missed"
    ALL = "All"


class Place(NamedTuple):
    """Where in the log a record is: calls lie in the order in which they began."""

    started_ms: int
    id: int


FIRST_PLACE = Place(0, -(1 << 63))
"""Before every record."""


class SyncFrame(NamedTuple):
    """What is kept in step: which calls, how they are told, and from which place on."""

    view: View
    missed: bool = False
    recording: RecordingFilter | None = None
    categories: tuple[str, ...] = ()
    start: Place = FIRST_PLACE


class Mark(NamedTuple):
    """Where a client stands: in step with a frame up to a write, as of a moment.

    `reached`: the place up to which an extract has come, whose first pass over the frame goes on; None: it is done.
    `size`: how many records an extract takes at a time; 0 where each answer says.
    """

    frame: SyncFrame
    seq: int
    synced_ms: int
    reached: Place | None = None
    size: int = 0


class SyncQuery(NamedTuple):
    """A sync as asked for. `mark` None: a full one. `size`: how many records; of an incremental one, how many older."""

    account_id: AccountId
    extension_id: ExtensionId | None
    frame: SyncFrame
    size: int
    mark: Mark | None = None
    show_deleted: bool = False


class SyncFacts(NamedTuple):
    """What a log answers a sync with.

    `seq` is the account's newest write; what was told before `reset_ms` may have been undone by a restore.
    `fresh`: what was written since the mark, newest call first, one more than may be told where there are more.
    `older`: the newest records before the frame.
    """

    extension_known: bool
    now_ms: int
    reset_ms: int
    seq: int
    fresh: Sequence[CallRecord]
    older: Sequence[CallRecord]


class ExtractFacts(NamedTuple):
    """What a log answers an extract with: records in the order asked for, one more than wanted where there are more."""

    now_ms: int
    reset_ms: int
    seq: int
    records: Sequence[CallRecord]
    last_seq: int


def is_beyond(query: SyncQuery, seq: int) -> bool:
    """Whether so much was written since the mark that nobody looks through it; an extension's own is not so much."""
    return query.mark is not None and query.extension_id is None and seq - query.mark.seq > WRITES_MAX


@dataclass(frozen=True, slots=True)
class SyncLookup(Lookup[SyncFacts]):
    """A sync of a log."""

    query: SyncQuery


@dataclass(frozen=True, slots=True)
class ExtractLookup(Lookup[ExtractFacts]):
    """A part of the company's log: in the order of calls while the first pass lasts, then in that of writes."""

    query: SyncQuery
