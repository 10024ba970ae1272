"""Changes: everything the server and its command line can ever write, in the past tense.

Each class says whether it is audited (architecture.md, "Keys"). Updates carry the row a decision saw
(`before`), so that saving is a compare-and-swap. `by` says who did it: a client id, an extension id, "cli", "sweep".
"""

from dataclasses import dataclass
from typing import ClassVar

from callgate.model.account import Account, Allowance, Extension, Role
from callgate.model.audit import AuditPruned, PrunedLinksDeleted
from callgate.model.calls import CallChange
from callgate.model.client import Client, ClientKeys
from callgate.model.client_secret import SecretChange, SecretUsed
from callgate.model.consent import Consent, SignIn
from callgate.model.credential import CredentialReplaced, JwtCredential
from callgate.model.device_grant import DeviceChange
from callgate.model.guesses import GuessChange
from callgate.model.ids import AccountId, ClientId, ExtensionId, RowId
from callgate.model.issuer import OutsideProven, TrustedIssuer
from callgate.model.key import KeyUse, StoredKey
from callgate.model.mfa import MfaChange
from callgate.model.queues import QueueChange
from callgate.model.roles import RoleDirectoryChange
from callgate.model.session import EndReason, Session
from callgate.model.sso import SsoChange
from callgate.model.value import value

# --- sessions ----------------------------------------------------------------------------------------------------


@value
class SessionOpened:
    """A row was born: pending with a code, or active at once."""

    session: Session
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class SessionRedeemed:
    """A code became tokens: pending to active."""

    before: Session
    after: Session
    AUDITED: ClassVar[bool] = True


@value
class SessionRotated:
    """A refresh made the next generation."""

    before: Session
    after: Session
    AUDITED: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class SessionRenewed:
    """A repeat renewed the living generation's times, not its strings."""

    before: Session
    after: Session
    AUDITED: ClassVar[bool] = False


@value
class SessionFirstUsed:
    """The living generation's access token was accepted for the first time."""

    before: Session
    at_ms: int
    AUDITED: ClassVar[bool] = False


@value
class SessionEnded:
    """A session is over; the row remembers why until `before`'s expiry or a day, whichever is sooner."""

    before: Session
    why: EndReason
    at_ms: int
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class CredentialUsed:
    """A JWT credential opened a session; recorded to the hour."""

    credential_id: RowId
    at_ms: int
    AUDITED: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class AssertionClaimed:
    """An assertion was presented and is spent until it expires; `author` made it: a client id, or a trusted issuer."""

    author: str
    jti: str
    expires_ms: int
    AUDITED: ClassVar[bool] = False


# --- people at a browser -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SignInStarted:
    """A person proved themselves at a browser."""

    sign_in: SignIn
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class SignInEnded:
    """A browser signed out."""

    sign_in: SignIn
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class ConsentGiven:
    """A person agreed that an app acts for them; widens what was agreed before."""

    consent: Consent
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class ConsentWithdrawn:
    """A person or an administrator took a consent back."""

    account_id: AccountId
    extension_id: ExtensionId
    client_id: ClientId
    by: str
    AUDITED: ClassVar[bool] = True


# --- what administrators keep ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AccountCreated:
    """A company and its main number."""

    account: Account
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class AccountChanged:
    """A company's data changed; `after.version` is one more."""

    before: Account
    after: Account
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class ExtensionCreated:
    """A person, queue or service; `phone_number` is a direct number of its own, E.164 digits without '+'."""

    extension: Extension
    phone_number: str | None
    password_hash: str | None
    by: str
    AUDITED: ClassVar[bool] = True

    def __repr__(self) -> str:
        return f"ExtensionCreated(extension={self.extension!r}, …)"


@dataclass(frozen=True, slots=True)
class ExtensionChanged:
    """Anything but the password changed."""

    before: Extension
    after: Extension
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class PasswordChanged:
    """A new password: `after.password_version` is one more, so every session of the old one is over."""

    before: Extension
    after: Extension
    password_hash: str | None
    by: str
    AUDITED: ClassVar[bool] = True

    def __repr__(self) -> str:
        return f"PasswordChanged(after={self.after!r}, …)"


@dataclass(frozen=True, slots=True)
class PasswordRehashed:
    """The same password under today's settings of the hash: nothing it opened is over, and nobody changed it."""

    account_id: AccountId
    extension_id: ExtensionId
    before: str
    password_hash: str
    AUDITED: ClassVar[bool] = False

    def __repr__(self) -> str:
        return f"PasswordRehashed(extension_id={self.extension_id}, …)"


@dataclass(frozen=True, slots=True)
class RoleCreated:
    """A custom or predefined role."""

    role: Role
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class RoleChanged:
    """A role's name or permissions changed."""

    before: Role
    after: Role
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class AppRegistered:
    """A developer registered an app."""

    client: Client
    keys: ClientKeys
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class AppChanged:
    """An app's registration changed; `after.version` is one more. `keys` None leaves its secret as it is."""

    before: Client
    after: Client
    keys: ClientKeys | None
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class ServiceAllowed:
    """An account's administrator allowed an app without a user; its service extension is made with it."""

    allowance: Allowance
    extension: Extension
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class ServiceDisallowed:
    """The permission was taken back: the allowance goes and the service extension is disabled."""

    allowance: Allowance
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class IssuerTrusted:
    """An account trusts an outside issuer; a service extension may be made with it."""

    trust: TrustedIssuer
    extension: Extension | None
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class TrustChanged:
    """What is trusted changed; `after.version` is one more, so every session of it is over."""

    before: TrustedIssuer
    after: TrustedIssuer
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class TrustRevoked:
    """The trust is gone; `disables`: its service extension is disabled, for nothing else stands on it."""

    trust: TrustedIssuer
    disables: bool
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class OutsideTokenAccepted:
    """An outside issuer's token opened a session, or proved an app; the row's last use is recorded to the hour."""

    proven: OutsideProven
    at_ms: int
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class CredentialCreated:
    """A JWT credential was made for a person; the JWT was shown once."""

    credential: JwtCredential
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class CredentialDeleted:
    """A JWT credential was deleted; its sessions end by comparison."""

    credential: JwtCredential
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class SessionsFromMoved:
    """Every session issued before this is over: a restore, a compromise, log-out-all."""

    sessions_from_ms: int
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class KeyStored:
    """A key was made, or moved to its next state."""

    key: StoredKey
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class KeyForgotten:
    """A retired key was deleted: nothing made with it can live."""

    use: KeyUse
    number: int
    by: str
    AUDITED: ClassVar[bool] = True


SessionChange = (
    SessionOpened | SessionRedeemed | SessionRotated | SessionRenewed | SessionFirstUsed | SessionEnded | CredentialUsed
)
ProofChange = AssertionClaimed | OutsideTokenAccepted | PasswordRehashed | GuessChange | SecretUsed
BrowserChange = SignInStarted | SignInEnded | ConsentGiven | ConsentWithdrawn
AppChange = AppRegistered | AppChanged | SecretChange | ServiceAllowed | ServiceDisallowed
TrustAct = IssuerTrusted | TrustChanged | TrustRevoked
CredentialAct = CredentialCreated | CredentialDeleted | CredentialReplaced
AdminChange = (
    AccountCreated
    | AccountChanged
    | ExtensionCreated
    | ExtensionChanged
    | PasswordChanged
    | RoleCreated
    | RoleChanged
    | RoleDirectoryChange
    | QueueChange
    | AppChange
    | TrustAct
    | CredentialAct
    | SessionsFromMoved
    | KeyStored
    | KeyForgotten
    | AuditPruned
)
Change = (
    SessionChange
    | ProofChange
    | BrowserChange
    | SsoChange
    | DeviceChange
    | MfaChange
    | AdminChange
    | CallChange
    | PrunedLinksDeleted
)
