"""What is known of credentials in use, from what is recorded anyway: who owns them, what was granted, and when."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from callgate.model.account import Account, Extension
from callgate.model.client import Client
from callgate.model.client_secret import SecretDates
from callgate.model.credential import JwtCredential
from callgate.model.ids import AccountId, ClientId, ExtensionId
from callgate.model.listings import CredentialsFacts
from callgate.model.lookups import Lookup
from callgate.model.session import CredentialKind


class Standing(Enum):
    """Why a JWT credential, or an app's former secret, asks for attention."""

    EXPIRED = "expired"
    REPLACED = "replaced"
    UNUSED = "unused"
    NEVER_USED = "never used"
    FORMER = "former secret"


class Advice(NamedTuple):
    """What is said of a JWT credential or a former secret. `may_go`: nothing uses it any more."""

    standing: Standing
    text: str
    may_go: bool


class RecordedGrant(NamedTuple):
    """A session as the audit log tells of its opening. `attended`: it began at a browser."""

    at_ms: int
    extension_id: ExtensionId
    client_id: ClientId
    kind: CredentialKind
    credential_id: int
    scope: frozenset[str]
    attended: bool


class Survey(NamedTuple):
    """What a look at an account, or at all of them, goes by. `apps` are all there are, `secret_dates` theirs."""

    now_ms: int
    accounts: dict[AccountId, Account]
    people: dict[ExtensionId, Extension]
    apps: dict[ClientId, Client]
    secret_dates: dict[ClientId, SecretDates]
    credentials: tuple[JwtCredential, ...]
    grants: tuple[RecordedGrant, ...]


class Finding(NamedTuple):
    """Something to look at: what it is, whose, and what to do."""

    what: str
    subject: str
    detail: str
    mend: str


class Job(NamedTuple):
    """Unattended work of one app for one person: how it gets its tokens, how often it did, and when last."""

    client_id: ClientId
    app: str
    extension_id: ExtensionId
    person: str
    way: str
    grants: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class ExpiringLookup(Lookup[CredentialsFacts]):
    """JWT credentials without a successor that expire in this span, its end included, soonest first."""

    after_ms: int
    until_ms: int
