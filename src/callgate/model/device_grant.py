"""The device grant: what is asked of the store, what decisions see and say, what can be written. The row: device.py."""

from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

from callgate.model.client import Client
from callgate.model.consent import Consent
from callgate.model.device import DeviceCode
from callgate.model.facts import OpeningFacts
from callgate.model.ids import ClientId, RowId
from callgate.model.lookups import Lookup


class DeviceAskFacts(NamedTuple):
    """An app, and how many codes wait: of this app, and of this network. Neither is counted further than it may go."""

    now_ms: int
    client: Client | None
    of_app: int
    of_network: int


class UserCodeFacts(NamedTuple):
    """The code a person typed; None when nobody waits under it."""

    now_ms: int
    device: DeviceCode | None
    client: Client | None


class DeviceFacts(NamedTuple):
    """A device's code and, once approved, whom its session would be opened for.

    `credential_version` is today's of what was behind the approving sign-in, None when that is gone.
    """

    device: DeviceCode | None
    opening: OpeningFacts
    credential_version: int | None
    consent: Consent | None


@dataclass(frozen=True, slots=True)
class DeviceAskLookup(Lookup[DeviceAskFacts]):
    """May this app, from this network, have another code?"""

    client_id: ClientId
    network: str


@dataclass(frozen=True, slots=True)
class UserCodeLookup(Lookup[UserCodeFacts]):
    """What a person typed, in normal form."""

    user_code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeviceLookup(Lookup[DeviceFacts]):
    """A device's code by its row; `client_id` is who asks."""

    client_id: ClientId
    row_id: RowId


@dataclass(frozen=True, slots=True)
class DeviceHeldLookup(Lookup[bool]):
    """Whether a device's code is here, and not at another cell."""

    row_id: RowId


@dataclass(frozen=True, slots=True)
class DeviceCodeIssued:
    """An app waits for a person."""

    device: DeviceCode
    AUDITED: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class DeviceApproved:
    """A person said yes to it, at their browser."""

    before: DeviceCode
    after: DeviceCode
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class DeviceDenied:
    """A person said no to it; `by` is their extension's id."""

    before: DeviceCode
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class DeviceCodeUsed:
    """It became a session, which is audited as such."""

    before: DeviceCode
    AUDITED: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class DeviceMoved:
    """It waits at another cell from now on, or here again."""

    before: DeviceCode
    after: DeviceCode
    AUDITED: ClassVar[bool] = False


DeviceChange = DeviceCodeIssued | DeviceApproved | DeviceDenied | DeviceCodeUsed | DeviceMoved


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceWaits:
    """A code was made. The service seals it with `secret` after the commit."""

    device: DeviceCode
    client: Client
    secret: bytes = field(repr=False)
    changes: tuple[DeviceChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceHandedOver:
    """A device that is another cell's from now on."""

    device: DeviceCode
    changes: tuple[DeviceChange, ...]
