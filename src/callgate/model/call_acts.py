"""Records brought into the call log from elsewhere, or deleted: what a decision on them may see."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from callgate.model.call_log import CallLogQuery
from callgate.model.calls import StoredCall
from callgate.model.ids import AccountId, ExtensionId
from callgate.model.lookups import Lookup

LINE_CHARS_MAX = 256
"""A name, a place, a reason."""

SOUND_URL_CHARS_MAX = 140
"""What a refusal has room for."""

LEGS_MAX = 200
CATEGORIES_MAX = 20
DURATION_MAX_S = 31 * 24 * 3600
COST_MAX = 1e9

RECORDS_MAX = 250
"""Of one request: they are stored in one transaction."""


class Outcome(Enum):
    """What became of a record."""

    CREATED = "Created"
    UPDATED = "Updated"
    UNCHANGED = "Unchanged"


class NumbersFacts(NamedTuple):
    """The extensions of an account: its ids, and whose each extension number is."""

    ids: frozenset[ExtensionId]
    numbers: Mapping[str, ExtensionId]


class CallsActFacts(NamedTuple):
    """Those of the records named that the log has, by name, deleted ones among them."""

    now_ms: int
    known: Mapping[str, StoredCall]


class DeletionFacts(NamedTuple):
    """Some of the calls to be deleted, the newest first; `extension_known` is False for no such extension."""

    now_ms: int
    extension_known: bool
    calls: tuple[StoredCall, ...]


@dataclass(frozen=True, slots=True)
class DeletionLookup(Lookup[DeletionFacts]):
    """The first page of what a query names in an extension's log."""

    query: CallLogQuery


@dataclass(frozen=True, slots=True)
class NumbersLookup(Lookup[NumbersFacts]):
    """Who there is in an account, to find whose a call was."""

    account_id: AccountId


@dataclass(frozen=True, slots=True)
class CallsActLookup(Lookup[CallsActFacts]):
    """Records of an account by name."""

    account_id: AccountId
    names: tuple[str, ...]
