"""Second factors: what is asked of the store, what a decision sees of them, and what can be written."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from callgate.model.account import Account, Extension
from callgate.model.factor import Factors, Misses, Passkey, Totp
from callgate.model.facts import AuthorizeFacts
from callgate.model.ids import AccountId, ExtensionId, RowId
from callgate.model.lookups import Lookup


class FactorsFacts(NamedTuple):
    """A person with their factors; None where there is no such person. `answered`: the challenge was before."""

    now_ms: int
    account: Account | None
    extension: Extension | None
    factors: Factors
    answered: bool = False


class SecurityFacts(NamedTuple):
    """Who is signed in at a browser, and their factors."""

    browser: AuthorizeFacts
    factors: Factors
    answered: bool = False


class TotpsFacts(NamedTuple):
    """A page of authenticator apps, in the order of their ids."""

    totps: tuple[Totp, ...]


@dataclass(frozen=True, slots=True)
class FactorsLookup(Lookup[FactorsFacts]):
    """A person of an account and their factors."""

    account_id: AccountId
    extension_id: ExtensionId
    challenge: str = ""


@dataclass(frozen=True, slots=True)
class PasskeyLookup(Lookup[FactorsFacts]):
    """The person that a passkey is of, and their factors."""

    credential_id: bytes
    challenge: str = ""


@dataclass(frozen=True, slots=True)
class SecurityLookup(Lookup[SecurityFacts]):
    """The person of a browser's sign-in, and their factors."""

    sign_in: tuple[AccountId, RowId]
    challenge: str = ""


@dataclass(frozen=True, slots=True)
class TotpsListing(Lookup[TotpsFacts]):
    """Every authenticator app: what a change of the key-encryption key must reach."""

    after: int
    rows: int


@dataclass(frozen=True, slots=True)
class TotpAdded:
    """A person set up an authenticator app; one they had before is replaced. `after.has_factor` is true."""

    before: Extension
    after: Extension
    totp: Totp
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class TotpRemoved:
    """A person took their authenticator app away; `after.has_factor` says whether anything is left."""

    before: Extension
    after: Extension
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class TotpUsed:
    """A code was accepted: its step, and every one before it, is spent."""

    before: Totp
    step: int
    AUDITED: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class TotpRewrapped:
    """The same secret, wrapped by today's key-encryption key."""

    before: Totp
    sealed_secret: bytes
    AUDITED: ClassVar[bool] = False

    def __repr__(self) -> str:
        return f"TotpRewrapped(before={self.before!r}, …)"


@dataclass(frozen=True, slots=True)
class RecoveryCodesMade:
    """A person has new recovery codes, shown once; those before are void."""

    account_id: AccountId
    extension_id: ExtensionId
    sha256s: frozenset[bytes]
    by: str
    AUDITED: ClassVar[bool] = True

    def __repr__(self) -> str:
        return f"RecoveryCodesMade(extension_id={self.extension_id}, …)"


@dataclass(frozen=True, slots=True)
class RecoveryCodeUsed:
    """A recovery code was accepted, and is gone."""

    account_id: AccountId
    extension_id: ExtensionId
    sha256: bytes
    AUDITED: ClassVar[bool] = True

    def __repr__(self) -> str:
        return f"RecoveryCodeUsed(extension_id={self.extension_id}, …)"


@dataclass(frozen=True, slots=True)
class CodeMissed:
    """Whoever knew the password gave a wrong code."""

    account_id: AccountId
    extension_id: ExtensionId
    before: Misses
    after: Misses
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class MissesForgotten:
    """A right code came: the wrong ones before it count no more."""

    account_id: AccountId
    extension_id: ExtensionId
    AUDITED: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class PasskeyAdded:
    """A person has another passkey. `after.has_factor` is true."""

    before: Extension
    after: Extension
    passkey: Passkey
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class PasskeyRemoved:
    """A person took a passkey away; `after.has_factor` says whether anything is left."""

    before: Extension
    after: Extension
    passkey: Passkey
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class PasskeyUsed:
    """A passkey was accepted; its counter moved on."""

    before: Passkey
    sign_count: int
    at_ms: int
    AUDITED: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class PasskeyDoubted:
    """A passkey showed a counter it had shown before: there may be a copy of it. It was refused."""

    passkey: Passkey
    sign_count: int
    at_ms: int
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class FactorsReset:
    """An administrator took all factors of a person away, with every session and sign-in until now."""

    before: Extension
    after: Extension
    by: str
    AUDITED: ClassVar[bool] = True


MfaChange = (
    TotpAdded
    | TotpRemoved
    | TotpUsed
    | TotpRewrapped
    | RecoveryCodesMade
    | RecoveryCodeUsed
    | CodeMissed
    | MissesForgotten
    | PasskeyAdded
    | PasskeyRemoved
    | PasskeyUsed
    | PasskeyDoubted
    | FactorsReset
)
