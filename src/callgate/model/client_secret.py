"""An app's secrets: the one that counts and, for a while after a change, the former; when each was last used.

What proves an app lies in `ClientKeys`, which decisions do not see; here is what may be known of it.
"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from callgate.model.client import Client, ClientKeys
from callgate.model.ids import ClientId
from callgate.model.lookups import Lookup

OVERLAP_MAX_MS = 90 * 24 * 3600 * 1000
"""Two secrets are twice as much to keep: longer than a quarter is no change of a secret any more."""


class SecretDates(NamedTuple):
    """When an app's secret was made by a change, and each last used, to the hour; None where it is not known.

    `former_until_ms`: how long the one before it counts as well; None where there is none.
    """

    made_ms: int | None
    used_ms: int | None
    former_until_ms: int | None
    former_used_ms: int | None


class SecretActFacts(NamedTuple):
    """An app whose secret is to be changed, and what is known of those it has."""

    now_ms: int
    client: Client | None
    dates: SecretDates


@dataclass(frozen=True, slots=True)
class SecretActLookup(Lookup[SecretActFacts]):
    """An app and its secrets' dates."""

    client_id: ClientId


@dataclass(frozen=True, slots=True)
class SecretRotated:
    """An app has a new secret; the one it had counts until `former_until_ms`, None: no longer."""

    before: Client
    after: Client
    keys: ClientKeys
    former_until_ms: int | None
    at_ms: int
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class FormerSecretRetired:
    """The former secret counts no more, before its time."""

    before: Client
    after: Client
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class SecretUsed:
    """An app proved itself by one of its secrets; recorded to the hour, for the version it was proven in."""

    client: Client
    former: bool
    at_ms: int
    AUDITED: ClassVar[bool] = False


SecretChange = SecretRotated | FormerSecretRetired
