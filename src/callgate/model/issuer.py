"""Outside issuers that an account trusts: whose tokens stand for one of its apps, and what decisions on them see.

A trust names who signs (the issuer and its keys), for whom (the audience), about whom (conditions on claims), and what
that is worth here: a service extension of the account, or the proof that the caller is the app.
"""

from dataclasses import dataclass
from typing import NamedTuple

from callgate.model.account import Account, Extension, Role
from callgate.model.client import Client
from callgate.model.ids import AccountId, ClientId, ExtensionId, RoleId, RowId
from callgate.model.listings import ROWS_MAX
from callgate.model.lookups import Lookup

LIFE_DEFAULT_S = 2 * 3600
"""Continuous integration gives out minutes, Kubernetes an hour and a little."""

LIFE_MAX_S = 24 * 3600
"""What is good for longer is a password, and its id would have to be remembered as long."""

SKEW_MS = 60_000
"""Clocks of issuers are off by up to a minute (assurance.md P19)."""


class Condition(NamedTuple):
    """A claim that must be there, and what it must be: exact, or with `*` (within a part) and `**` (across parts)."""

    claim: str
    pattern: str

    def __str__(self) -> str:
        return f"{self.claim}={self.pattern}"


class TrustedIssuer(NamedTuple):
    """One trust. `extension_id` None: tokens prove the app itself, and open nothing.

    Keys come from `jwks_url`, fetched and kept for minutes, or stand in `jwks`; exactly one is set. A token is good
    once, unless the trust is `repeatable`. Sessions compare `version`.
    """

    id: RowId
    account_id: AccountId
    client_id: ClientId
    extension_id: ExtensionId | None
    name: str
    issuer: str
    audience: str
    conditions: tuple[Condition, ...]
    jwks_url: str | None
    jwks: str | None
    life_max_s: int
    repeatable: bool
    created_ms: int
    last_used_ms: int | None
    version: int


class OutsideProven(NamedTuple):
    """A token that this trust accepts: whom it is about, and the name under which it is spent."""

    trust: TrustedIssuer
    subject: str
    token_id: str
    remember_until_ms: int


class TrustsFacts(NamedTuple):
    """Every trust of one issuer for one app."""

    trusts: tuple[TrustedIssuer, ...]


class TrustFacts(NamedTuple):
    """A trust as it is now, whom its tokens stand for, and whether this token was presented before."""

    now_ms: int
    client: Client | None
    trust: TrustedIssuer | None
    account: Account | None
    extension: Extension | None
    role: Role | None
    spent: bool


class TrustActFacts(NamedTuple):
    """What an act on a trust sees. `extension` is the service extension named; `shared`: others stand on it too."""

    now_ms: int
    account: Account | None
    client: Client | None
    role: Role | None
    extension: Extension | None
    trust: TrustedIssuer | None
    name_taken: bool
    beside: int
    shared: bool


class ListedTrust(NamedTuple):
    """A trust with the app and the role that bounds it."""

    trust: TrustedIssuer
    client: Client
    role: Role | None


class TrustListFacts(NamedTuple):
    """A page of trusts, in the order of their ids."""

    trusts: tuple[ListedTrust, ...]


@dataclass(frozen=True, slots=True)
class TrustsLookup(Lookup[TrustsFacts]):
    """Trusts of an issuer, spelled as in `iss`, for one app."""

    client_id: ClientId
    issuer: str


@dataclass(frozen=True, slots=True)
class TrustOpening(Lookup[TrustFacts]):
    """One trust with everything a session of it needs."""

    client_id: ClientId
    proven: OutsideProven


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustActLookup(Lookup[TrustActFacts]):
    """A trust by id, the app and account it is between, and what its tokens are to be worth."""

    trust_id: RowId
    account_id: AccountId
    client_id: ClientId
    issuer: str
    name: str
    role_id: RoleId | None = None
    extension_id: ExtensionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustsListing(Lookup[TrustListFacts]):
    """Trusts, narrowed by any of these; `called` is an id or a name."""

    account_id: AccountId | None = None
    client_id: ClientId | None = None
    called: str | None = None
    after: int = 0
    rows: int = ROWS_MAX
