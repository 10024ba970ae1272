"""JWT credentials: a person's long-lived key for unattended apps (protocol.md G, ruling 6)."""

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, NamedTuple

from callgate.model.ids import AccountId, ClientId, ExtensionId, RowId


class CredentialPolicy(Enum):
    """Who may make JWT credentials in an account: each for themselves, administrators alone, or nobody.

    Those that are there go on working. Administrators are whoever may change extensions.
    """

    EVERYBODY = "everybody"
    ADMINISTRATORS = "administrators"
    NOBODY = "nobody"


class JwtCredential(NamedTuple):
    """One credential, immutable. `client_ids` None means every app of the person's organisation.

    The JWT itself is stored nowhere; the row keeps its SHA-256. Times in milliseconds; `expires_ms` None means never.
    `replaced_ms`: when it was given a successor, from when on it only waits for whoever still uses it.
    """

    id: RowId
    account_id: AccountId
    extension_id: ExtensionId
    label: str
    sha256: bytes
    client_ids: frozenset[ClientId] | None
    created_ms: int
    expires_ms: int | None
    last_used_ms: int | None
    replaced_ms: int | None = None


@dataclass(frozen=True, slots=True)
class CredentialReplaced:
    """A successor was made; the one before counts on until `after.expires_ms`."""

    before: JwtCredential
    after: JwtCredential
    successor: JwtCredential
    by: str
    AUDITED: ClassVar[bool] = True
