"""Device codes (RFC 8628): an app without a browser waits, a person says yes or no elsewhere, the app gets a session.

A row lives from the app's request until its expiry, whatever comes of it, so that a code is good once. What is asked
and answered about it stands in device_grant.py.
"""

from enum import IntEnum
from typing import NamedTuple

from callgate.model.ids import AccountId, ClientId, ExtensionId, RowId
from callgate.model.session import CredentialKind

DEVICE_CODE_TTL_S = 900
"""A quarter of an hour: to find a phone, sign in there by way of an identity provider, and type eight letters."""

POLL_INTERVAL_S = 5
"""Seconds between two requests, at least, and what each that comes too soon adds (RFC 8628 section 3.5)."""

USER_CODE_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""Consonants: no word can come of them, and no letter looks like a digit or is a vowel (RFC 8628 section 6.1)."""

USER_CODE_CHARS = 8
"""20⁸ codes, 34 bits: with five guesses a minute, a thousand networks find one of 1,000 in some thousand years."""

PENDING_PER_APP_MAX = 1000
"""Codes of one app that wait for a person at a time."""

PENDING_PER_NETWORK_MAX = 50
"""…of one network: an office that signs its machines in together. Less than an app has, so that no one network can keep
everybody from an app whose client id is public."""


class DeviceState(IntEnum):
    """What has come of a code."""

    PENDING = 1
    APPROVED = 2
    DENIED = 3
    USED = 4
    MOVED = 5
    """It waits at another cell: that of whoever is to answer it (docs/adr/0076-devices-go-to-their-people.md)."""


class DeviceCode(NamedTuple):
    """The row. `account_id` and all after it are the approval's: who said yes, when, and by which sign-in.

    `credential_kind`, `_id` and `_version` name what was behind that sign-in, as a session's do: a difference from
    today's facts takes the approval back.
    """

    id: RowId
    client_id: ClientId
    secret_sha256: bytes
    user_code: str
    scope: str
    network: str
    opened_ms: int
    expires_ms: int
    state: DeviceState
    account_id: AccountId | None = None
    extension_id: ExtensionId | None = None
    sign_in_id: RowId | None = None
    signed_in_ms: int | None = None
    approved_ms: int | None = None
    credential_kind: CredentialKind | None = None
    credential_id: int | None = None
    credential_version: int | None = None

    def __repr__(self) -> str:
        return f"DeviceCode(id={self.id}, state={self.state.name}, …)"


def spell_user_code(user_code: str) -> str:
    """As people read it: in two halves."""
    half = USER_CODE_CHARS // 2
    return f"{user_code[:half]}-{user_code[half:]}"
