"""What may go wrong with PostgreSQL, told apart by what happened to the transaction."""

from typing import Final

from callgate.model.failure import Unavailable


class Refused(Exception):
    """The server's answer to a statement: it did nothing, and nothing of its transaction will be.

    `state` is the SQLSTATE; `place` the statement's in its round.
    """

    def __init__(self, state: str, text: str, place: int) -> None:
        super().__init__(f"{state}: {text}")
        self.state = state
        self.place = place


class Lost(Exception):
    """The connection is gone. What was asked last may have happened; without a COMMIT nothing has."""


class Unfit(Lost):
    """The server may lose what it says it has: it was left before it was asked for anything."""


_TAKEN: Final = "23505"
_OVERTAKEN: Final = frozenset({_TAKEN, "40001", "40P01"})
"""A key that is taken, a serialization failure, a deadlock: load and decide again."""

_WORLD: Final = frozenset(
    {
        "08",  # connection
        "25006",  # a server that only reads: a standby, or one that became it
        "53",  # disk, memory, connections
        "55P03",  # a lock that did not come
        "57",  # shut down, timed out
        "58",  # the system below it
        "F0",  # its configuration
    }
)


def is_conflict(error: Refused) -> bool:
    """Whether somebody else was there first, so that deciding again may do."""
    return error.state in _OVERTAKEN


def is_world(error: Exception) -> bool:
    """Whether server, network or disk is the cause; every other error is a defect of ours."""
    if isinstance(error, Lost | Unavailable | OSError):
        return True
    return isinstance(error, Refused) and (error.state in _WORLD or error.state[:2] in _WORLD)


def as_failure(error: Exception) -> Exception:
    """What a caller is told of an error: Unavailable when the world broke, the error itself when we did."""
    if isinstance(error, Unavailable) or not is_world(error):
        return error
    failure = Unavailable(f"PostgreSQL: {error}")
    failure.__cause__ = error
    return failure
