"""Ways in: which of them an account's switches leave open to a person (protocol.md H).

A sign-in and a session stand as long as the way they came by is open: closing it ends them by comparison.
"""

from callgate.model.account import Account, Extension
from callgate.model.connection import SsoExemption, SsoPolicy
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


def sso_open(account: Account) -> bool:
    """Whether people of the account may come from its identity providers."""
    return account.sso_policy is not SsoPolicy.OFF


def way_open(kind: CredentialKind, *, account: Account, extension: Extension) -> bool:
    """Whether what opened a session still opens one. Unattended ways in are not the switches' concern (seed 002)."""
    if kind is CredentialKind.PASSWORD:
        return password_open(account, extension)
    return kind is not CredentialKind.CONNECTION or sso_open(account)
