"""The session: one authorization from the code to the last refresh, one row (architecture.md, "The session")."""

from enum import IntEnum
from typing import NamedTuple

from callgate.model.ids import AccountId, ClientId, ExtensionId, RowId
from callgate.model.policy import CODE_TTL_S


class SessionState(IntEnum):
    """A row's life. A missing row is a refusal too."""

    PENDING = 1
    ACTIVE = 2
    ENDED = 3


class EndReason(IntEnum):
    """Why a session is over. Some ends are remembered in the row, others are found by comparison with today's facts."""

    REVOKED = 1
    EVICTED = 2
    REPLACED = 3
    REPLAYED = 4
    CODE_REPLAYED = 5
    EXPIRED = 6
    ABSOLUTE_TIMEOUT = 7
    IDLE_TIMEOUT = 8
    CREDENTIAL_CHANGED = 9
    APP_BLOCKED = 10
    SIGNED_OUT_EVERYWHERE = 11
    RESTORED = 12
    ADMINISTRATOR = 13
    WAY_CLOSED = 14
    CONSENT_WITHDRAWN = 15


class CredentialKind(IntEnum):
    """What opened a session; the row names it with its version and compares at every use."""

    PASSWORD = 1
    JWT_CREDENTIAL = 2
    ALLOWANCE = 3
    CONNECTION = 4
    TRUSTED_ISSUER = 5
    PASSWORD_AND_CODE = 6
    PASSWORD_AND_PASSKEY = 7
    PASSKEY = 8


class Session(NamedTuple):
    """The row. Times are milliseconds since 1970 on the cell's clock; a TTL of 0 means no such token.

    `issued_ms` is when the living generation's times begin (a repeat may renew them); `first_issued_ms` is when the
    generation was made (the 60 minutes of a repeat count from it, ruling 2). `slot` numbers the seat of (client,
    extension): 0… live, PENDING_SLOT_FIRST… pending, None for services and for ended rows.
    """

    account_id: AccountId
    id: RowId
    client_id: ClientId
    extension_id: ExtensionId
    state: SessionState
    slot: int | None
    secret_sha256: bytes
    generation: int
    key_number: int
    opened_ms: int
    first_issued_ms: int
    issued_ms: int
    first_used_ms: int | None
    access_ttl_s: int
    refresh_ttl_s: int
    scope: str
    endpoint_id: str
    credential_kind: CredentialKind
    credential_id: int
    credential_version: int
    sign_in_id: RowId | None
    signed_in_ms: int | None
    nonce: str | None
    redirect_uri: str | None
    redirect_uri_sent: bool
    code_challenge: str | None
    challenge_plain: bool
    redeemed_ms: int | None
    ended_ms: int | None
    ended_why: EndReason | None


def expires_ms(session: Session) -> int:
    """When nothing of a row can be used any more: its code's end, or its last token's. Policies may end it sooner."""
    if session.generation == CODE_GENERATION:
        return session.opened_ms + CODE_TTL_S * 1000
    return session.issued_ms + max(session.access_ttl_s, session.refresh_ttl_s) * 1000


CODE_GENERATION = 0
"""A code's; the first tokens are the generation after it (ruling 1)."""

PENDING_SLOT_FIRST = 1000
"""Slots of pending codes begin here, above any session cap."""

PENDING_MAX = 5
"""Unredeemed codes of one (client, extension); the sixth replaces the oldest."""

ENDED_MAX = 20
"""Remembered ends of one (client, extension): enough to explain, too few to grow. A few more, until somebody looks."""

ENDED_MEMORY_MS = 24 * 3600 * 1000
"""How long an end is remembered at most."""
