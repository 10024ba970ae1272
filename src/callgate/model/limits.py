"""Rate limits as values: the groups, what a window allows, what a meter has counted, and what one charge came to.

Source: protocol.md I.3; architecture.md, "Limits". How a charge is judged stands in protocol/limits.py.
"""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from callgate.model.ids import ClientId, ExtensionId

WINDOW_S = 60
"""The sliding window, and the penalty of whoever exceeds it (protocol.md I.3)."""

RATE_MAX = 6000
"""The most that one group may be given: a hundred calls a second by one person through one app."""

REPEATS_MAX = 300
"""Presentations of one refresh token in a window that answer with its one pair: more processes than anybody runs, and a
bound all the same (ruling 2)."""


GUESSES_MAX = 5
"""Wrong user codes in a window, of one network and of one signed-in person: people mistype, programs count up."""


class RateGroup(Enum):
    """What a call weighs. SERVICE is the issuing rate of an app that acts without a user, for each of its accounts."""

    LIGHT = "light"
    MEDIUM = "medium"
    HEAVY = "heavy"
    AUTH = "auth"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class AppRate:
    """An app's own number for a group, calls in a window; it lies in the database as `group=number`."""

    group: RateGroup
    limit: int

    def __str__(self) -> str:
        return f"{self.group.value}={self.limit}"


class Rates(NamedTuple):
    """What the groups allow in a window where an app has no number of its own.

    `unproven`: calls that came to nothing, for one network and client id.
    """

    light: int = 50
    medium: int = 40
    heavy: int = 10
    auth: int = 5
    service: int = 60
    unproven: int = 60


class Owner(NamedTuple):
    """Whose a session is, for ever."""

    extension_id: ExtensionId
    client_id: ClientId


class Rule(NamedTuple):
    """At most `limit` in `window_ms`; who exceeds it waits `penalty_ms`, from each try anew where `restarts`."""

    limit: int
    window_ms: int
    penalty_ms: int = 0
    restarts: bool = False


class Meter(NamedTuple):
    """When one party was charged, oldest first, with a mark for each that may come again free of charge."""

    times_ms: tuple[int, ...] = ()
    marks: tuple[str, ...] = ()
    penalty_until_ms: int = 0


class Charge(NamedTuple):
    """What one call came to. `retry_after_s` is 0 when it is allowed, and at least 1 when it is not."""

    limit: int
    remaining: int
    retry_after_s: int
    is_repeat: bool = False


class Charged(NamedTuple):
    """A charge as the caller is told of it: `X-Rate-Limit-…` and `Retry-After`."""

    group: RateGroup | None
    charge: Charge
    window_s: int

    @property
    def refused(self) -> bool:
        """Whether the call goes no further."""
        return self.charge.retry_after_s > 0
