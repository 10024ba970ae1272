"""Second factors of people: what there is beside a password, and whether an account wants it (RFC 6238)."""

from enum import Enum
from typing import NamedTuple

from callgate.model.ids import AccountId, ExtensionId, RowId

TOTP_STEP_MS = 30_000
"""RFC 6238 section 5.2: the default, and the only one that every authenticator app knows."""

RECOVERY_CODES = 10
"""As many as people know from elsewhere; each is good once."""

RECENT_MS = 10 * 60 * 1000
"""How old a sign-in may be whose person changes how they sign in."""

MISSES_FREE = 5
"""Wrong codes in a row before one has to wait; people mistype, and clocks differ."""

_WAIT_MS = 60 * 1000
_WAIT_MS_MAX = 60 * 60 * 1000
"""Three codes of a million are right at a time: one guess an hour finds one in some forty years."""


PASSKEY_CHALLENGES = "passkey challenge"
"""Under which author an answered challenge is remembered; a client id has no space."""

CHALLENGE_MS = 10 * 60 * 1000
"""How long a challenge may be answered: as long as the page that carries it."""

PASSKEYS_MAX = 10
"""Of one person: a phone, a computer or two, a key in a drawer."""


class MfaPolicy(Enum):
    """Whether an account's people prove themselves by more than a password; those of single sign-on are not asked."""

    OFF = "off"
    ALLOWED = "allowed"
    REQUIRED = "required"


class Factor(Enum):
    """What proved a person beside their password, or instead of it."""

    CODE = "code"
    PASSKEY = "passkey"
    PASSKEY_ALONE = "passkey-alone"


class Totp(NamedTuple):
    """A person's authenticator app. `spent_step` is the newest step (RFC 6238 section 4.2) whose code was accepted."""

    id: RowId
    account_id: AccountId
    extension_id: ExtensionId
    sealed_secret: bytes
    spent_step: int
    added_ms: int

    def __repr__(self) -> str:
        return f"Totp(id={self.id}, extension_id={self.extension_id}, …)"


class Passkey(NamedTuple):
    """A key on a person's device (Web Authentication Level 3). `attested` holds its id and public key (section 6.5.2).

    `sign_count` is the newest counter it showed; many always show 0. `doubted_ms`: when one came that did not move on.
    """

    id: RowId
    account_id: AccountId
    extension_id: ExtensionId
    credential_id: bytes
    attested: bytes
    sign_count: int
    added_ms: int
    used_ms: int
    doubted_ms: int = 0

    def __repr__(self) -> str:
        return f"Passkey(id={self.id}, extension_id={self.extension_id}, …)"


class Misses(NamedTuple):
    """Wrong codes in a row, all after a right password, and when the last one came."""

    in_a_row: int = 0
    last_ms: int = 0

    def waits_until_ms(self) -> int:
        """When the next code is looked at: each one past the free ones doubles the wait, up to an hour."""
        beyond = self.in_a_row - MISSES_FREE
        if beyond < 0:
            return 0
        return self.last_ms + min(_WAIT_MS << min(beyond, 16), _WAIT_MS_MAX)


class Factors(NamedTuple):
    """What a person has: an authenticator app, passkeys, and the SHA-256 of each recovery code that is left."""

    totp: Totp | None = None
    recovery: frozenset[bytes] = frozenset()
    misses: Misses = Misses()
    passkeys: tuple[Passkey, ...] = ()

    def __repr__(self) -> str:
        return f"Factors(totp={self.totp!r}, recovery={len(self.recovery)})"
