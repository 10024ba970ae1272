"""What is asked of the call log and what it answers with (protocol.md I.5). The calls themselves: model/calls.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from callgate.model.calls import CallRecord, CallType, Direction, Recording, Transport
from callgate.model.ids import AccountId, ExtensionId
from callgate.model.lookups import Lookup
from callgate.model.paging import Page


class View(Enum):
    """DETAILED adds legs, billing and the time of the last change."""

    SIMPLE = "Simple"
    DETAILED = "Detailed"


class RecordingFilter(Enum):
    """Only calls with such a recording."""

    AUTOMATIC = "Automatic"
    ON_DEMAND = "OnDemand"
    ALL = "All"


class Span(NamedTuple):
    """Calls that began between two instants, both included: who fetches day by day loses nothing at the seam."""

    from_ms: int
    to_ms: int


class CallFilters(NamedTuple):
    """Which records are wanted. None and empty sets filter nothing.

    `span` is None only where `session_id` names the calls. `phone_number` is E.164 digits without '+'.
    """

    span: Span | None
    session_id: str | None = None
    telephony_session_id: str | None = None
    extension_number: str | None = None
    phone_number: str | None = None
    directions: frozenset[Direction] = frozenset()
    types: frozenset[CallType] = frozenset()
    transports: frozenset[Transport] = frozenset()
    metadata_categories: frozenset[str] = frozenset()
    recording: RecordingFilter | None = None
    show_blocked: bool = True
    show_deleted: bool = False


class CallLogQuery(NamedTuple):
    """A page of the company's log, or of one extension's where `extension_id` is given."""

    account_id: AccountId
    extension_id: ExtensionId | None
    view: View
    filters: CallFilters
    page: Page


class CallLogFacts(NamedTuple):
    """A page, newest call first; its records have their legs in the detailed view only.

    `more` says that another page follows; `extension_known` is False for no such extension. A store may read a record
    from what it stored only when it is looked at, so look once, where it keeps nobody waiting.
    """

    extension_known: bool
    records: Sequence[CallRecord]
    more: bool


class CallRecordFacts(NamedTuple):
    """One record, or None: unknown, deleted, or another account's or extension's."""

    record: CallRecord | None


class RecordingFacts(NamedTuple):
    """One recording, or None: unknown, of deleted records alone, or another account's or extension's."""

    recording: Recording | None


@dataclass(frozen=True, slots=True)
class CallLogLookup(Lookup[CallLogFacts]):
    """One page of a log."""

    query: CallLogQuery


@dataclass(frozen=True, slots=True)
class CallRecordLookup(Lookup[CallRecordFacts]):
    """One record of an account's log, or of an extension's."""

    account_id: AccountId
    extension_id: ExtensionId | None
    name: str


@dataclass(frozen=True, slots=True)
class RecordingLookup(Lookup[RecordingFacts]):
    """A recording of an account's calls, or of an extension's alone, by its id."""

    account_id: AccountId
    extension_id: ExtensionId | None
    name: str
