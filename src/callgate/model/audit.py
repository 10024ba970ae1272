"""The audit log's retention: up to which link each writer's chain was pruned, and what pruning it takes.

What an entry says stands in storage/audit_entries.py, how a chain holds together in storage/audit.py.
"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from callgate.model.lookups import Lookup


class Anchor(NamedTuple):
    """The newest link of a writer's chain that is gone, or may go: what is kept continues its hash."""

    writer: str
    seq: int
    at_ms: int
    hash: bytes


class AuditPruneFacts(NamedTuple):
    """The anchors there are, and which cuts stand in the log as they were verified, with a link after them."""

    anchors: tuple[Anchor, ...]
    standing: frozenset[Anchor]


@dataclass(frozen=True, slots=True)
class AuditPruneLookup(Lookup[AuditPruneFacts]):
    """Where chains are to be cut."""

    cuts: tuple[Anchor, ...]


class PrunedLinksFacts(NamedTuple):
    """How many links up to an anchor are still there; no more than were asked for are counted."""

    links: int


@dataclass(frozen=True, slots=True)
class PrunedLinksLookup(Lookup[PrunedLinksFacts]):
    """Links that were pruned and not yet deleted."""

    links_max: int


@dataclass(frozen=True, slots=True)
class AuditPruned:
    """Links up to `anchors` count no more; all anchors there are, so that the newest entry attests each of them."""

    anchors: tuple[Anchor, ...]
    before_ms: int
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class PrunedLinksDeleted:
    """Pruned links go, at most so many."""

    links_max: int
    AUDITED: ClassVar[bool] = False
