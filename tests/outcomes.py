"""What acts of administration came to, in worlds that must come about."""

from typing import TypeVar

from callgate.model.acts import Refused

T = TypeVar("T")


def done(outcome: T | Refused) -> T:
    """The outcome of an act that must succeed."""
    assert not isinstance(outcome, Refused), outcome
    return outcome
