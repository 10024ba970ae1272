"""Call queues: extensions of type Department, with settings and the people who take their calls (protocol.md I.6).

What a queue is called and whether it works is its extension's (model/account.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from callgate.model.account import Extension
from callgate.model.ids import AccountId, ExtensionId
from callgate.model.lookups import Lookup
from callgate.model.paging import Page

ALERT_TIMERS_S = (5, 10, 15, 20, 30, 45, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600)
"""How long a caller may wait before members are alerted: the wire names no other times."""

MEMBERS_MAX = 1000
"""People of one queue: one act may name them all."""

QUEUES_MAX = 250
"""Queues that somebody may choose at once."""


class QueueSettings(NamedTuple):
    """How a queue is measured and what its members may do. `version` 0: never set, and stored nowhere."""

    queue_id: ExtensionId
    account_id: AccountId
    sla_goal_percent: int = 80
    sla_threshold_s: int = 20
    counts_abandoned: bool = True
    abandoned_threshold_s: int = 5
    editable_member_status: bool = True
    alert_timer_s: int = 5
    version: int = 0


class Queue(NamedTuple):
    """A queue's extension with its settings."""

    extension: Extension
    settings: QueueSettings


# --- what the resource API asks ----------------------------------------------------------------------------------


class QueueListQuery(NamedTuple):
    """Which queues of an account are wanted: all, or those that `member_id` takes calls of."""

    account_id: AccountId
    member_id: ExtensionId | None
    page: Page


class QueueMembersQuery(NamedTuple):
    """Whose members are wanted."""

    account_id: AccountId
    queue_id: ExtensionId
    page: Page


class ExtensionsPage(NamedTuple):
    """A page of extensions (queues or members) in the order of ids, and how many there are on all pages."""

    records: tuple[Extension, ...]
    total: int


class QueueMembersFacts(NamedTuple):
    """A page of members; None: there is no such queue."""

    members: ExtensionsPage | None


class QueueFacts(NamedTuple):
    """One queue, or None: unknown, in another account, or no queue."""

    queue: Queue | None


@dataclass(frozen=True, slots=True)
class QueueListLookup(Lookup[ExtensionsPage]):
    """A page of an account's queues."""

    query: QueueListQuery


@dataclass(frozen=True, slots=True)
class QueueMembersLookup(Lookup[QueueMembersFacts]):
    """A page of a queue's members."""

    query: QueueMembersQuery


@dataclass(frozen=True, slots=True)
class QueueLookup(Lookup[QueueFacts]):
    """One queue of an account."""

    account_id: AccountId
    queue_id: ExtensionId


# --- what administrators do --------------------------------------------------------------------------------------


class QueueActFacts(NamedTuple):
    """A queue to be changed, its members' ids, and those extensions named in the act that there are."""

    queue: Queue | None
    members: frozenset[ExtensionId]
    named: tuple[Extension, ...]


@dataclass(frozen=True, slots=True)
class QueueActLookup(Lookup[QueueActFacts]):
    """A queue by its extension's id, and the extensions an act names."""

    account_id: AccountId
    queue_id: ExtensionId
    named: frozenset[ExtensionId] = frozenset()


class ChoiceFacts(NamedTuple):
    """Somebody who is to take calls of other queues: those named that there are, and those they take calls of now.

    `sizes` says how many members each of the named has.
    """

    member: Extension | None
    named: tuple[Extension, ...]
    sizes: Mapping[ExtensionId, int]
    now: frozenset[ExtensionId]


@dataclass(frozen=True, slots=True)
class ChoiceLookup(Lookup[ChoiceFacts]):
    """A person by the id of their extension, and the queues an act names."""

    account_id: AccountId
    member_id: ExtensionId
    named: frozenset[ExtensionId]


@dataclass(frozen=True, slots=True)
class QueueSettingsChanged:
    """A queue's settings; `before.version` 0: they are stored for the first time."""

    before: QueueSettings
    after: QueueSettings
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class QueueMembersChanged:
    """People began or ceased to take a queue's calls."""

    account_id: AccountId
    queue_id: ExtensionId
    added: frozenset[ExtensionId]
    removed: frozenset[ExtensionId]
    by: str
    AUDITED: ClassVar[bool] = True


QueueChange = QueueSettingsChanged | QueueMembersChanged
