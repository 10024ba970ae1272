"""What a person agreed to, and the browser session ("sign-in") in which people agree."""

from typing import NamedTuple

from callgate.model.factor import Factor
from callgate.model.ids import AccountId, ClientId, ConnectionId, ExtensionId, RowId


class Consent(NamedTuple):
    """One person's yes to one app: the scopes agreed, until withdrawn."""

    account_id: AccountId
    extension_id: ExtensionId
    client_id: ClientId
    scopes: frozenset[str]
    granted_ms: int


class SignIn(NamedTuple):
    """A browser's proof that a person signed in. Ends by time, by sign-out, or when what proved them changes.

    That is the password, or, where `connection_id` names one, the identity provider in this `trust_version`. `factor`
    is what they proved beside the password.
    """

    id: RowId
    account_id: AccountId
    extension_id: ExtensionId
    secret_sha256: bytes
    signed_in_ms: int
    expires_ms: int
    password_version: int
    connection_id: ConnectionId | None = None
    trust_version: int = 0
    factor: Factor | None = None
