"""The account and the extensions in it as the resource API shows them: what is asked and what is answered."""

from dataclasses import dataclass
from typing import NamedTuple

from callgate.model.account import Extension, ExtensionStatus, ExtensionType
from callgate.model.ids import AccountId, ExtensionId
from callgate.model.lookups import Lookup
from callgate.model.paging import Page


class ListedExtension(NamedTuple):
    """An extension with what the directory shows of it. `phone_number` is its own direct number, digits without '+'."""

    extension: Extension
    phone_number: str | None
    has_password: bool


class ExtensionFacts(NamedTuple):
    """One extension, or None: unknown or in another account."""

    listed: ListedExtension | None


class ExtensionListFacts(NamedTuple):
    """A page in the order of ids, and how many there are on all pages."""

    records: tuple[ListedExtension, ...]
    total: int


class ExtensionListQuery(NamedTuple):
    """Which extensions of an account are wanted. Empty sets and None filter nothing.

    `emails` are in normal form. The status Unassigned means those without an extension number.
    """

    account_id: AccountId
    extension_number: str | None
    emails: frozenset[str]
    statuses: frozenset[ExtensionStatus]
    types: frozenset[ExtensionType]
    page: Page


@dataclass(frozen=True, slots=True)
class ExtensionLookup(Lookup[ExtensionFacts]):
    """One extension of an account."""

    account_id: AccountId
    extension_id: ExtensionId


@dataclass(frozen=True, slots=True)
class ExtensionListLookup(Lookup[ExtensionListFacts]):
    """A page of an account's extensions."""

    query: ExtensionListQuery
