import pytest

from callgate.model.session import CredentialKind
from callgate.protocol.userinfo import PersonClaims, authentication_methods, person_claims
from tests.factories import AGENT, SERVICE_EXTENSION


@pytest.mark.parametrize(
    ("scope", "claims"),
    [
        ("openid", PersonClaims("1002", "1001", None, None, None)),
        ("openid email", PersonClaims("1002", "1001", "ada@northwind.example", None, None)),
        ("openid profile", PersonClaims("1002", "1001", None, "Ada", "Byron")),
        ("profile email openid", PersonClaims("1002", "1001", "ada@northwind.example", "Ada", "Byron")),
        ("openid emails profiles", PersonClaims("1002", "1001", None, None, None)),
    ],
)
def test_claims_are_told_when_the_scope_has_them(scope: str, claims: PersonClaims) -> None:
    """OpenID Connect Core section 5.4; protocol.md F: `sub` is the extension id as a string."""
    assert person_claims(AGENT, scope) == claims


def test_claims_are_left_out_when_they_would_be_empty() -> None:
    """OpenID Connect Core section 5.3.2: no null, no empty string."""
    nameless = SERVICE_EXTENSION._replace(first_name="")
    assert person_claims(nameless, "openid email profile") == PersonClaims("1900", "1001", None, None, None)


def test_methods_are_those_of_rfc_8176() -> None:
    """RFC 8176 section 2; what an identity provider asked for is its own to say, and a job was not there."""
    told = {kind: authentication_methods(kind) for kind in CredentialKind}
    assert told == dict.fromkeys(CredentialKind) | {
        CredentialKind.PASSWORD: ("pwd",),
        CredentialKind.PASSWORD_AND_CODE: ("pwd", "otp", "mfa"),
        CredentialKind.PASSWORD_AND_PASSKEY: ("pwd", "pop", "mfa"),
        CredentialKind.PASSKEY: ("pop", "mfa"),
    }
