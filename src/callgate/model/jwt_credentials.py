"""JWT credentials as their people see them: at a browser, and through apps (protocol.md G)."""

from dataclasses import dataclass
from typing import NamedTuple

from callgate.model.acts import CredentialActFacts
from callgate.model.client import Client
from callgate.model.credential import JwtCredential
from callgate.model.facts import AuthorizeFacts
from callgate.model.ids import AccountId, ClientId, ExtensionId, RowId
from callgate.model.lookups import Lookup
from callgate.model.paging import Page

OWN_LISTED_MAX = 200
"""What the page shows of a person's credentials, the newest first: the command line may have made any number."""

APPS_OFFERED_MAX = 20
"""Apps that the page has a box for: its form has no room for many more, and a client id can be typed."""


class OwnCredentialsFacts(NamedTuple):
    """Who is signed in at a browser, their newest credentials, and the company's apps that take any."""

    browser: AuthorizeFacts
    credentials: tuple[JwtCredential, ...]
    apps: tuple[Client, ...]


class OwnCredentialFacts(NamedTuple):
    """Who is signed in at a browser, and a credential of theirs that is to be made, replaced or deleted.

    `act` is empty where nobody is.
    """

    browser: AuthorizeFacts
    act: CredentialActFacts


class CredentialListFacts(NamedTuple):
    """A page of somebody's credentials, and how many there are."""

    records: tuple[JwtCredential, ...]
    total: int


class CredentialOfFacts(NamedTuple):
    """One of somebody's credentials, or None."""

    now_ms: int
    credential: JwtCredential | None


@dataclass(frozen=True, slots=True)
class OwnCredentialsLookup(Lookup[OwnCredentialsFacts]):
    """The person of a browser's sign-in, and their credentials."""

    sign_in: tuple[AccountId, RowId]


@dataclass(frozen=True, slots=True)
class OwnCredentialLookup(Lookup[OwnCredentialFacts]):
    """The person of a browser's sign-in, a credential by its id, and the apps it is to be for."""

    sign_in: tuple[AccountId, RowId]
    credential_id: RowId
    client_ids: frozenset[ClientId] = frozenset()


@dataclass(frozen=True, slots=True)
class CredentialListLookup(Lookup[CredentialListFacts]):
    """A page of somebody's credentials, in the order in which they were made."""

    account_id: AccountId
    extension_id: ExtensionId
    page: Page


@dataclass(frozen=True, slots=True)
class CredentialOfLookup(Lookup[CredentialOfFacts]):
    """One of somebody's credentials, by its id."""

    account_id: AccountId
    extension_id: ExtensionId
    credential_id: RowId
