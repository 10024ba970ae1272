"""Acts of an administrator: what a decision on one may see, and the answer when it must not happen.

The looking-through itself is in model/listings.py. `taken` always means: by somebody else than the one acted on.
"""

from dataclasses import dataclass
from typing import NamedTuple

from callgate.model.account import Account, Allowance, Extension, LoginName, Role
from callgate.model.changes import Change
from callgate.model.client import Client
from callgate.model.consent import Consent
from callgate.model.credential import JwtCredential
from callgate.model.facts import Seated
from callgate.model.ids import AccountId, ClientId, ExtensionId, RoleId, RowId
from callgate.model.lookups import Lookup


@dataclass(frozen=True, slots=True)
class Refused:
    """The act does not happen; `problem` is one line that names the mend and no secret."""

    problem: str
    changes: tuple[Change, ...] = ()


class AccountActFacts(NamedTuple):
    """An account to be opened or changed, and whether its main number is taken."""

    now_ms: int
    account: Account | None
    number_taken: bool
    email_taken: bool


class ExtensionActFacts(NamedTuple):
    """An extension to be made or changed; `role` is the one it is to have, `giver` that of who does it by the API."""

    now_ms: int
    account: Account | None
    extension: Extension | None
    role: Role | None
    number_taken: bool
    email_taken: bool
    phone_taken: bool
    giver: Role | None = None


class RoleActFacts(NamedTuple):
    """A role to be made, changed or deleted; whether somebody has it; the role of whoever does it by the API."""

    now_ms: int
    account: Account | None
    role: Role | None
    name_taken: bool
    in_use: bool = False
    default_role_id: RoleId | None = None
    giver: Role | None = None


class AppActFacts(NamedTuple):
    """An app to be registered or changed, and the account that owns it."""

    now_ms: int
    owner: Account | None
    client: Client | None
    name_taken: bool


class AllowanceActFacts(NamedTuple):
    """An app and the account that is to allow it without a user, or no longer."""

    now_ms: int
    client: Client | None
    account: Account | None
    role: Role | None
    allowance: Allowance | None


class CredentialActFacts(NamedTuple):
    """A JWT credential to be made for a person, replaced or deleted; which of the apps named are none.

    `giver`: the role of who does it, where that is a person; `role`: of whose it is. `held`: how many they have.
    """

    now_ms: int
    account: Account | None
    extension: Extension | None
    credential: JwtCredential | None
    unknown_apps: tuple[ClientId, ...]
    giver: Role | None = None
    role: Role | None = None
    apps: tuple[Client, ...] = ()
    held: int = 0


class ConsentActFacts(NamedTuple):
    """A person's yes to an app, None where there is none, and the sessions that the app has of them."""

    now_ms: int
    consent: Consent | None
    seat: tuple[Seated, ...]


class CellFacts(NamedTuple):
    """What is true of the whole cell."""

    now_ms: int
    sessions_from_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountActLookup(Lookup[AccountActFacts]):
    """An account by id; who else has this number (digits) or e-mail address (normal form)."""

    account_id: AccountId
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionActLookup(Lookup[ExtensionActFacts]):
    """An extension by id; `login` holds what it is to be called, each part looked for elsewhere."""

    account_id: AccountId
    extension_id: ExtensionId
    login: LoginName
    role_id: RoleId | None = None
    giver_id: ExtensionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleActLookup(Lookup[RoleActFacts]):
    """A role by id, whether an account's other roles have this name, and who gives it."""

    account_id: AccountId | None
    role_id: RoleId
    name: str
    giver_id: ExtensionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppActLookup(Lookup[AppActFacts]):
    """An app by id, and whether another app of its owner has this name."""

    account_id: AccountId
    client_id: ClientId
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowanceActLookup(Lookup[AllowanceActFacts]):
    """An app, an account, and a role to bound the one in the other."""

    client_id: ClientId
    account_id: AccountId
    role_id: RoleId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialActLookup(Lookup[CredentialActFacts]):
    """A person, a credential of theirs if it is there, and the apps it is for."""

    extension_id: ExtensionId
    credential_id: RowId
    client_ids: frozenset[ClientId] = frozenset()
    giver_id: ExtensionId | None = None


@dataclass(frozen=True, slots=True)
class ConsentActLookup(Lookup[ConsentActFacts]):
    """What a person agreed with an app."""

    extension_id: ExtensionId
    client_id: ClientId


@dataclass(frozen=True, slots=True)
class CellLookup(Lookup[CellFacts]):
    """The cell."""
