"""When a session's row may go: until then it is an answer, afterwards it is only space."""

from callgate.model.session import ENDED_MEMORY_MS, Session, expires_ms

SWEEP_BUCKET_MS = 15 * 60 * 1000
"""The index the sweeper walks is this coarse, so that a refresh changes no indexed column."""

SWEEP_GRACE_MS = 15 * 60 * 1000
"""An expired row stays this long: whoever asks just after the expiry is told why, not that it is unknown."""


def spent_ms(session: Session, *, ended_ms: int | None = None) -> int:
    """When nothing of a row can be used or need be remembered any more; `ended_ms` of a living one that ends then."""
    ended_ms = ended_ms or session.ended_ms
    end_ms = expires_ms(session)
    return end_ms if ended_ms is None else min(end_ms, ended_ms + ENDED_MEMORY_MS)


def sweep_bucket(session: Session, *, ended_ms: int | None = None) -> int:
    """The first bucket by whose beginning the row is spent; `ended_ms` as there."""
    return -(-spent_ms(session, ended_ms=ended_ms) // SWEEP_BUCKET_MS)
