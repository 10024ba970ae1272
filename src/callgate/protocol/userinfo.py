"""Claims about a person, for userinfo and ID tokens (OpenID Connect Core sections 2, 5.4; protocol.md F)."""

from typing import NamedTuple

from callgate.model.account import Extension
from callgate.model.session import CredentialKind

_METHODS = {
    CredentialKind.PASSWORD: ("pwd",),
    CredentialKind.PASSWORD_AND_CODE: ("pwd", "otp", "mfa"),
    CredentialKind.PASSWORD_AND_PASSKEY: ("pwd", "pop", "mfa"),
    CredentialKind.PASSKEY: ("pop", "mfa"),
}


class PersonClaims(NamedTuple):
    """What the scope lets an app know of a person; None where it does not."""

    sub: str
    account_id: str
    email: str | None
    given_name: str | None
    family_name: str | None


def person_claims(extension: Extension, scope: str) -> PersonClaims:
    """`sub` always; name and e-mail as the scopes allow, and where there are any (OpenID Connect Core section 5.3.2).

    E-mail is an administrator's entry, hence verified.
    """
    scopes = scope.split()
    profile = "profile" in scopes
    return PersonClaims(
        sub=str(extension.id),
        account_id=str(extension.account_id),
        email=extension.email if "email" in scopes else None,
        given_name=extension.first_name or None if profile else None,
        family_name=extension.last_name or None if profile else None,
    )


def authentication_methods(kind: CredentialKind) -> tuple[str, ...] | None:
    """`amr` in the words of RFC 8176; None where somebody else knows them, or nobody proved to be there."""
    return _METHODS.get(kind)
