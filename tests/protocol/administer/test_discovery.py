"""Discovery documents: what known providers publish is read, and what we could not speak to is refused at once."""

import pytest

from callgate.model.acts import Refused
from callgate.model.connection import ClientAuth
from callgate.protocol.administer.discovery import OidcProvider, discovery_url, read_discovery

ISSUER = "https://login.example/tenant/v2.0"
LEAST: dict[str, object] = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://login.example/authorize",
    "token_endpoint": "https://login.example/token",
    "jwks_uri": "https://login.example/keys",
}
ENTRA = {
    **LEAST,
    "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
    "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
    "id_token_signing_alg_values_supported": ["RS256"],
    "userinfo_endpoint": "https://graph.example/oidc/userinfo",
}
KEYCLOAK = {
    **LEAST,
    "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_post", "tls_client_auth"],
    "response_types_supported": ["code", "none"],
    "id_token_signing_alg_values_supported": ["PS384", "HS256", "RS256"],
    "code_challenge_methods_supported": ["plain", "S256"],
    "authorization_response_iss_parameter_supported": True,
}
ODD = {**LEAST, "userinfo_endpoint": 7, "authorization_response_iss_parameter_supported": 1}


@pytest.mark.parametrize(
    ("document", "userinfo_url", "auth", "iss"),
    [
        (LEAST, "", ClientAuth.BASIC, False),
        (ENTRA, "https://graph.example/oidc/userinfo", ClientAuth.BASIC, False),
        (KEYCLOAK, "", ClientAuth.POST, True),
        (ODD, "", ClientAuth.BASIC, False),
    ],
    ids=["least", "Entra ID's", "Keycloak's", "odd"],
)
def test_provider_is_read(document: dict[str, object], userinfo_url: str, auth: ClientAuth, *, iss: bool) -> None:
    """What is not said is as the specification has it."""
    read = read_discovery(document, issuer=ISSUER)
    assert read == OidcProvider(
        issuer=ISSUER,
        sso_url="https://login.example/authorize",
        token_url="https://login.example/token",
        userinfo_url=userinfo_url,
        jwks_url="https://login.example/keys",
        client_auth=auth,
        announces_iss=iss,
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"issuer": "https://login.example/{tenantid}/v2.0"}, "is of the issuer 'https://login.example/{tenantid}"),
        ({"issuer": None}, "is of the issuer None"),
        ({"jwks_uri": None}, "lacks one of"),
        ({"token_endpoint": ["https://x"]}, "lacks one of"),
        ({"response_types_supported": ["id_token"]}, "authorization code flow"),
        ({"id_token_signing_alg_values_supported": ["HS256", "none"]}, "signs with none of"),
        ({"id_token_signing_alg_values_supported": "RS256"}, "signs with none of"),
        ({"code_challenge_methods_supported": ["plain"]}, "S256"),
        ({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, "client_secret_basic, client_secret_post"),
    ],
    ids=lambda each: "-".join(each) if isinstance(each, dict) else "",
)
def test_provider_we_cannot_speak_to_is_refused(changes: dict[str, object], problem: str) -> None:
    """When it is connected, not when the first person is at the door."""
    refused = read_discovery(LEAST | changes, issuer=ISSUER)
    assert isinstance(refused, Refused)
    assert problem in refused.problem


def test_document_lies_below_the_issuer() -> None:
    """OpenID Connect Discovery section 4.1: any path of the issuer's goes first."""
    for issuer in (ISSUER, f"{ISSUER}/"):
        assert discovery_url(issuer) == f"{ISSUER}/.well-known/openid-configuration"
