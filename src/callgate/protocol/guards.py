"""Guards every grant passes: proofs still stand, the person may sign in, the app may serve them."""

from callgate.model import faults, grant_faults, mfa_faults, sso_faults
from callgate.model.account import (
    SIGN_IN_TYPES,
    Account,
    AccountStatus,
    Extension,
    ExtensionStatus,
    ExtensionType,
    Role,
)
from callgate.model.client import Client, ClientStatus
from callgate.model.connection import Connection
from callgate.model.decisions import Denied
from callgate.model.evidence import ClientProven, PasswordLocked, PasswordRefused, Reliance
from callgate.model.ways import factor_needed, password_open, sso_open


def client_stands(proven: ClientProven, client: Client | None) -> bool:
    """Whether the app is still what the proof relied on; otherwise it is proven again."""
    return client is not None and proven.relied_on == client_reliance(client)


def client_reliance(client: Client) -> tuple[Reliance, ...]:
    """What a proof of this client stands on."""
    return (Reliance("client", client.id, client.version),)


def password_reliance(extension: Extension) -> tuple[Reliance, ...]:
    """What a proof of this person's password stands on."""
    return (Reliance("password", extension.id, extension.password_version),)


def connection_reliance(connection: Connection) -> tuple[Reliance, ...]:
    """What a proof by this identity provider stands on."""
    return (Reliance("connection", connection.id, connection.version),)


def app_works(client: Client) -> Denied | None:
    """A blocked app gets nothing."""
    if client.status is ClientStatus.BLOCKED:
        return Denied(fault=faults.CLIENT_BLOCKED, why="the app is blocked")
    return None


def may_sign_in(account: Account, extension: Extension) -> Denied | None:
    """State codes of a person, to be shown only after a correct password (ruling 10)."""
    if extension.type is ExtensionType.DEPARTMENT:
        return Denied(fault=grant_faults.SIGN_IN_QUEUE, why=f"extension {extension.id} is a call queue")
    if extension.type not in SIGN_IN_TYPES:
        values = (("extension_type", extension.type.value),)
        return Denied(fault=grant_faults.SIGN_IN_TYPE, values=values, why=f"extension {extension.id} is no person")
    if extension.status is not ExtensionStatus.ENABLED:
        return Denied(fault=grant_faults.SIGN_IN_STATE, why=f"extension {extension.id} is {extension.status.value}")
    if account.status is not AccountStatus.CONFIRMED:
        return Denied(fault=grant_faults.SIGN_IN_ACCOUNT_STATE, why=f"account {account.id} is {account.status.value}")
    return None


def refuse_password(evidence: PasswordRefused | PasswordLocked) -> Denied:
    """A password that was wrong, or not looked at; the same for a name that nobody has (ruling 10)."""
    if isinstance(evidence, PasswordRefused):
        return Denied(fault=grant_faults.CREDENTIALS_INVALID, why="unknown login name or wrong password")
    fault = grant_faults.LOGIN_LOCKED_SSO if evidence.sso_offered else grant_faults.LOGIN_LOCKED
    return Denied(fault=fault, why="too many wrong passwords came from this network for this login name")


def may_use_password(account: Account, extension: Extension) -> Denied | None:
    """Single sign-on instead of a password: said only to whoever knows the password (ruling 10)."""
    if password_open(account, extension):
        return None
    return Denied(fault=sso_faults.SSO_REQUIRED, why=f"account {account.id} enforces single sign-on")


def is_password_enough(account: Account, extension: Extension) -> Denied | None:
    """A password alone, where nobody can be asked for more: said only to whoever knows the password (ruling 10)."""
    if not factor_needed(account, extension):
        return None
    return Denied(fault=mfa_faults.MFA_REQUIRED, why=f"extension {extension.id} signs in with a second factor")


def may_use_sso(account: Account) -> Denied | None:
    """The account's switch is asked again when its provider answers."""
    if sso_open(account):
        return None
    return Denied(fault=sso_faults.SSO_OFF, why=f"account {account.id} has single sign-on switched off")


def still_works(account: Account, extension: Extension) -> Denied | None:
    """Disabled means disabled: for codes, refreshes and services, where nobody proves who they are anew."""
    if account.status is not AccountStatus.CONFIRMED:
        return Denied(fault=grant_faults.ACCOUNT_GONE, why=f"account {account.id} is {account.status.value}")
    if extension.status is not ExtensionStatus.ENABLED:
        return Denied(
            fault=grant_faults.EXTENSION_DISABLED, why=f"extension {extension.id} is {extension.status.value}"
        )
    return None


def may_serve(client: Client, account: Account, *, role: Role | None) -> Denied | None:
    """Own people always; others' only for a public app, and only with their role's ThirdPartyAppAccess (ruling 8)."""
    if client.account_id == account.id:
        return None
    if client.private:
        return Denied(fault=grant_faults.APP_PRIVATE, why=f"the app is private to account {client.account_id}")
    if role is None or "ThirdPartyAppAccess" not in role.permissions:
        values = (("permissionName", "ThirdPartyAppAccess"),)
        return Denied(fault=grant_faults.THIRD_PARTY_ACCESS, values=values, why="the role lacks ThirdPartyAppAccess")
    return None
