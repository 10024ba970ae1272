"""Accounts, the extensions in them and their roles (protocol.md B)."""

from enum import Enum
from typing import NamedTuple

from callgate.model.connection import SsoExemption, SsoPolicy
from callgate.model.credential import CredentialPolicy
from callgate.model.factor import MfaPolicy
from callgate.model.ids import AccountId, ClientId, ExtensionId, RoleId, RowId


class AccountStatus(Enum):
    """Only a CONFIRMED account's extensions may sign in."""

    INITIAL = "Initial"
    UNCONFIRMED = "Unconfirmed"
    CONFIRMED = "Confirmed"
    DISABLED = "Disabled"


class ExtensionType(Enum):
    """Types the platform names (protocol.md B). SERVICE is an app's seat in an account."""

    USER = "User"
    DEPARTMENT = "Department"
    ANNOUNCEMENT = "Announcement"
    VOICEMAIL = "Voicemail"
    DIGITAL_USER = "DigitalUser"
    VIRTUAL_USER = "VirtualUser"
    FAX_USER = "FaxUser"
    FLEXIBLE_USER = "FlexibleUser"
    LIMITED = "Limited"
    SERVICE = "ApplicationExtension"
    SITE = "Site"
    ROOM = "Room"
    BOT = "Bot"
    IVR_MENU = "IvrMenu"
    PAGING_ONLY = "PagingOnly"
    SHARED_LINES_GROUP = "SharedLinesGroup"
    DELEGATED_LINES_GROUP = "DelegatedLinesGroup"
    GROUP_CALL_PICKUP = "GroupCallPickup"
    PARK_LOCATION = "ParkLocation"
    PROXY_ADMIN = "ProxyAdmin"
    ROOM_CONNECTOR = "RoomConnector"
    TIE_LINE = "TieLine"
    UNKNOWN = "Unknown"


SIGN_IN_TYPES = frozenset(
    {
        ExtensionType.USER,
        ExtensionType.DIGITAL_USER,
        ExtensionType.VIRTUAL_USER,
        ExtensionType.FLEXIBLE_USER,
        ExtensionType.LIMITED,
        ExtensionType.FAX_USER,
    }
)
"""Types a person stands behind; every other answers OAU-105 (a queue OAU-163)."""


class ExtensionStatus(Enum):
    """Only an ENABLED extension may sign in or keep a session."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"
    FROZEN = "Frozen"
    NOT_ACTIVATED = "NotActivated"
    UNASSIGNED = "Unassigned"


class Account(NamedTuple):
    """One company. Time-outs of 0 mean none. What its people were issued before `sessions_from_ms` is over.

    `sso_policy` says whether its people come from an identity provider, and whether a password still does;
    `mfa_policy` whether a password alone is enough, `credential_policy` who may make JWT credentials.
    """

    id: AccountId
    name: str
    main_number: str
    status: AccountStatus
    brand_id: str
    absolute_timeout_s: int
    idle_timeout_s: int
    version: int
    sessions_from_ms: int = 0
    sso_policy: SsoPolicy = SsoPolicy.OFF
    mfa_policy: MfaPolicy = MfaPolicy.ALLOWED
    credential_policy: CredentialPolicy = CredentialPolicy.EVERYBODY


class Extension(NamedTuple):
    """One person, queue or service. `password_version` changes with the password; sessions compare it.

    `sso_exemption` is the person's own word on the account's `sso_policy`; `has_factor` says whether they set
    up a second factor.
    """

    id: ExtensionId
    account_id: AccountId
    number: str | None
    type: ExtensionType
    status: ExtensionStatus
    first_name: str
    last_name: str
    email: str | None
    role_id: RoleId
    password_version: int
    sessions_from_ms: int
    version: int
    sso_exemption: SsoExemption = SsoExemption.DEFAULT
    has_factor: bool = False

    @property
    def name(self) -> str:
        """The name people see."""
        return f"{self.first_name} {self.last_name}".strip()


class Role(NamedTuple):
    """A named set of permissions. The predefined ones have no `account_id`, nor a moment of change (0)."""

    id: RoleId
    account_id: AccountId | None
    name: str
    description: str
    permissions: frozenset[str]
    version: int
    changed_ms: int = 0


class Allowance(NamedTuple):
    """An account's yes to an app without a user: the service extension the app's tokens belong to."""

    id: RowId
    account_id: AccountId
    client_id: ClientId
    extension_id: ExtensionId
    version: int


class LoginName(NamedTuple):
    """A login name in normal form: an e-mail address, or E.164 digits without '+' and an extension number."""

    email: str | None
    phone: str | None
    extension_number: str | None


def normalize_email(email: str) -> str:
    """Give the one spelling by which an e-mail address is a login name, unique over all accounts."""
    return email.strip().casefold()
