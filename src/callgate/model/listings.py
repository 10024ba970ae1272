"""Listings: what an administrator may look through, a page at a time. Judging an act on one of them: model/acts.py.

Every listing is ordered by id and goes on after one; filters that are None filter nothing. A consent has no id of its
own: it goes by its person's and its app's.
"""

from dataclasses import dataclass
from typing import NamedTuple

from callgate.model.account import Account, Allowance, Extension, Role
from callgate.model.client import Client, ClientKeys
from callgate.model.consent import Consent
from callgate.model.credential import JwtCredential
from callgate.model.directory import ListedExtension
from callgate.model.ids import AccountId, ClientId, ExtensionId, RowId
from callgate.model.lookups import Lookup
from callgate.model.session import Session

ROWS_MAX = 1000
"""Rows of one page: what a screen or a script takes at a time."""


class AccountsFacts(NamedTuple):
    """A page of accounts."""

    accounts: tuple[Account, ...]


class ExtensionsFacts(NamedTuple):
    """A page of extensions."""

    extensions: tuple[ListedExtension, ...]


class RolesFacts(NamedTuple):
    """The predefined roles and those of one account."""

    roles: tuple[Role, ...]


class ListedAllowance(NamedTuple):
    """An account's yes to an app, with the service extension that stands for it and its role."""

    allowance: Allowance
    account: Account
    extension: Extension
    role: Role


class AppsFacts(NamedTuple):
    """A page of apps."""

    apps: tuple[Client, ...]


class SealedSecret(NamedTuple):
    """An app whose secret is stored wrapped, and what proves it."""

    client: Client
    keys: ClientKeys


class SealedSecretsFacts(NamedTuple):
    """A page of such apps."""

    secrets: tuple[SealedSecret, ...]


class AllowancesFacts(NamedTuple):
    """The accounts that allow an app without a user."""

    allowances: tuple[ListedAllowance, ...]


class CredentialsFacts(NamedTuple):
    """A page of JWT credentials, and the moment against which their expiry is read."""

    now_ms: int
    credentials: tuple[JwtCredential, ...]


class ListedConsent(NamedTuple):
    """A person's yes to an app, with both as they are today; None where one is gone."""

    consent: Consent
    client: Client | None
    extension: Extension | None


class ConsentsFacts(NamedTuple):
    """A page of consents."""

    consents: tuple[ListedConsent, ...]


class ListedSession(NamedTuple):
    """A session with what it is compared with; None where that is gone."""

    session: Session
    credential_version: int | None
    client: Client | None
    account: Account | None
    extension: Extension | None


class SessionsFacts(NamedTuple):
    """A page of sessions, pending, active and remembered."""

    now_ms: int
    sessions_from_ms: int
    sessions: tuple[ListedSession, ...]


class AuditPlace(NamedTuple):
    """Where a page of the audit log ended: the writer and number of its last link."""

    writer: str
    seq: int


class AuditBatch(NamedTuple):
    """One link of the audit chain; `entries` is the JSON it was hashed as."""

    writer: str
    seq: int
    at_ms: int
    entries: str


class AuditFacts(NamedTuple):
    """The newest batches first."""

    batches: tuple[AuditBatch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsListing(Lookup[AccountsFacts]):
    """Accounts; `called` is an id, a main number with its '+', or a name."""

    called: str | None = None
    after: int = 0
    rows: int = ROWS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionsListing(Lookup[ExtensionsFacts]):
    """Extensions, of one account or of all."""

    account_id: AccountId | None = None
    extension_id: ExtensionId | None = None
    number: str | None = None
    after: int = 0
    rows: int = ROWS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesListing(Lookup[RolesFacts]):
    """Roles of an account beside the predefined ones; without an account, those of all."""

    account_id: AccountId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppsListing(Lookup[AppsFacts]):
    """Apps; `called` is a client id or a name."""

    account_id: AccountId | None = None
    called: str | None = None
    after: str = ""
    rows: int = ROWS_MAX


@dataclass(frozen=True, slots=True)
class SealedSecretsListing(Lookup[SealedSecretsFacts]):
    """Apps with a wrapped secret: what a change of the key-encryption key must reach."""

    after: str
    rows: int


@dataclass(frozen=True, slots=True)
class AllowancesListing(Lookup[AllowancesFacts]):
    """Who allows an app."""

    client_id: ClientId


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialsListing(Lookup[CredentialsFacts]):
    """JWT credentials, of a person, of an account or of all."""

    account_id: AccountId | None = None
    extension_id: ExtensionId | None = None
    credential_id: RowId | None = None
    after: int = 0
    rows: int = ROWS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentsListing(Lookup[ConsentsFacts]):
    """Consents, narrowed by any of these; `after` is the person and the app of the last one seen."""

    account_id: AccountId | None = None
    extension_id: ExtensionId | None = None
    client_id: ClientId | None = None
    after: tuple[ExtensionId, ClientId] = (ExtensionId(0), ClientId(""))
    rows: int = ROWS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsListing(Lookup[SessionsFacts]):
    """Sessions, narrowed by any of these."""

    account_id: AccountId | None = None
    extension_id: ExtensionId | None = None
    client_id: ClientId | None = None
    row_id: RowId | None = None
    after: int = 0
    rows: int = ROWS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditListing(Lookup[AuditFacts]):
    """Batches written before a moment (milliseconds since 1970), the newest first, going on after one of them."""

    before_ms: int | None = None
    after: AuditPlace | None = None
    rows: int = ROWS_MAX
