"""Ways in: which of them an account's switches leave open to a person (protocol.md H).

A sign-in and a session stand as long as the way they came by is open: closing it ends them by comparison.
"""

from typing import assert_never

from callgate.model.account import Account, Extension
from callgate.model.connection import SsoExemption, SsoPolicy
from callgate.model.factor import MfaPolicy
from callgate.model.session import CredentialKind


def password_open(account: Account, extension: Extension) -> bool:
    """Whether the person may sign in with a password.

    Nothing is enforced where single sign-on is off: there would be no way in at all.
    """
    if account.sso_policy is SsoPolicy.OFF:
        return True
    if extension.sso_exemption is SsoExemption.DEFAULT:
        return account.sso_policy is SsoPolicy.ALLOWED
    return extension.sso_exemption is SsoExemption.EXEMPT


def factor_needed(account: Account, extension: Extension) -> bool:
    """Whether a password alone is too little: the account says so, or the person did by setting up a second factor."""
    if account.mfa_policy is MfaPolicy.OFF:
        return False
    return extension.has_factor or account.mfa_policy is MfaPolicy.REQUIRED


def sso_open(account: Account) -> bool:
    """Whether people of the account may come from its identity providers."""
    return account.sso_policy is not SsoPolicy.OFF


def way_open(kind: CredentialKind, *, account: Account, extension: Extension) -> bool:
    """Whether what opened a session still opens one. Unattended ways in are not the switches' concern (seed 002)."""
    match kind:
        case CredentialKind.JWT_CREDENTIAL | CredentialKind.ALLOWANCE | CredentialKind.TRUSTED_ISSUER:
            return True
        case CredentialKind.PASSWORD:
            return password_open(account, extension) and not factor_needed(account, extension)
        case CredentialKind.PASSWORD_AND_CODE | CredentialKind.PASSWORD_AND_PASSKEY | CredentialKind.PASSKEY:
            return password_open(account, extension)
        case CredentialKind.CONNECTION:
            return sso_open(account)
        case _:
            assert_never(kind)
