"""When a session's row may go: until then it is an answer, afterwards it is only space."""

from callgate.model.policy import CODE_TTL_S
from callgate.model.session import ENDED_MEMORY_MS, Session, SessionState

SWEEP_BUCKET_MS = 15 * 60 * 1000
"""The index the sweeper walks is this coarse, so that a refresh changes no indexed column."""

SWEEP_GRACE_MS = 15 * 60 * 1000
"""An expired row stays this long: whoever asks just after the expiry is told why, not that it is unknown."""


def expires_ms(session: Session) -> int:
    """When nothing of a row can be used or need be remembered any more."""
    if session.redeemed_ms is None and session.generation == 0:
        natural = session.opened_ms + CODE_TTL_S * 1000
    else:
        natural = session.issued_ms + max(session.access_ttl_s, session.refresh_ttl_s) * 1000
    if session.state is SessionState.ENDED and session.ended_ms is not None:
        return min(natural, session.ended_ms + ENDED_MEMORY_MS)
    return natural


def sweep_bucket(session: Session) -> int:
    """The first bucket by whose beginning the row has expired."""
    return -(-expires_ms(session) // SWEEP_BUCKET_MS)
