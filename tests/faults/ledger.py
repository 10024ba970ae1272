"""What the outside knows: every session a client was told of, every act on it, and whether a reply came.

A client that got no reply, or "temporarily unavailable", knows nothing: its act is in doubt until it is repeated. All
else is a promise of the server's, and whatever breaks one is written down here as broken.
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """An act that writes."""

    GRANT = "grant"
    REFRESH = "refresh"
    REVOKE = "revoke"


_MANY = {Kind.GRANT: "grants", Kind.REFRESH: "refreshes", Kind.REVOKE: "revocations"}


@dataclass(slots=True)
class Act:
    """An act on a session, in the order its lane did them.

    Attributes:
        kind: what.
        sent_after: the id of the lane's request before, whose reply had come when this was sent.
        access: the access token that came of it; of a revocation, the one it was told by.
        request_id: of the reply that acknowledged it; None while no reply did.
    """

    kind: Kind
    sent_after: str | None
    access: str | None = field(default=None, repr=False)
    request_id: str | None = None


@dataclass(slots=True)
class Held:
    """A session as its client holds it; `doubt` is an act on it whose outcome nobody knows."""

    acts: list[Act]
    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    parent: str | None = field(default=None, repr=False)
    """The refresh token before: repeated while `used` is false, it gives this pair again."""

    used: bool = False
    doubt: Kind | None = None
    revoked: bool = False


@dataclass(slots=True)
class Ledger:
    """All of it, and what was broken."""

    held: list[Held] = field(default_factory=list)
    attempts: list[Act] = field(default_factory=list)
    """Grants asked for, answered or not."""

    acknowledged: Counter[Kind] = field(default_factory=Counter)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    tokens: set[str] = field(default_factory=set, repr=False)
    """Every one ever received."""

    lost: list[str] = field(default_factory=list)
    """Replies that did not come, and what was seen instead."""

    may_expire: bool = False
    """Whether the clock is being put forward: then a living access token may be over, but no refresh token is."""

    may_be_away: bool = False
    """Whether the database is being taken away: then a read may be answered "temporarily unavailable" too."""

    broken: list[str] = field(default_factory=list)

    @property
    def lost_replies(self) -> int:
        """How many."""
        return len(self.lost)

    def living(self) -> list[Held]:
        """Sessions nobody revoked, or tried to."""
        return [held for held in self.held if not held.revoked and held.doubt is not Kind.REVOKE]

    def summary(self) -> str:
        """The figures, for a report."""
        counts = ", ".join(f"{self.acknowledged[kind]:,} {many}" for kind, many in _MANY.items())
        return f"acknowledged: {counts}; {self.lost_replies:,} replies lost on the way"
