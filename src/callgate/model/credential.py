"""JWT credentials: a person's long-lived key for unattended apps (protocol.md G, ruling 6)."""

from typing import NamedTuple

from callgate.model.ids import AccountId, ClientId, ExtensionId, RowId


class JwtCredential(NamedTuple):
    """One credential, immutable. `client_ids` None means every app of the person's organisation.

    The JWT itself is stored nowhere; the row keeps its SHA-256. Times in milliseconds; `expires_ms` None means never.
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
