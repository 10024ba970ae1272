"""Discovery documents that tell the truth (OpenID Connect Discovery, RFC 8414; protocol.md F)."""

from collections.abc import Sequence

from callgate.model.client import AuthMethod, GrantType
from callgate.model.facts import OffersFacts
from callgate.model.scope import IDENTITY_SCOPES

CLAIMS = [
    "sub",
    "iss",
    "auth_time",
    "amr",
    "aud",
    "exp",
    "iat",
    "jti",
    "nonce",
    "account_id",
    "email",
    "email_verified",
    "given_name",
    "family_name",
]

_METHODS = [method.value for method in AuthMethod if method is not AuthMethod.FEDERATED_JWT]
"""On the wire a federated app sends a client assertion as any other does (RFC 7523 section 2.2)."""

Document = dict[str, str | bool | list[str]]


def discovery(issuer: str, offers: OffersFacts, *, locales: Sequence[str]) -> Document:
    """What some app of this server may use (ruling 12). `issuer` has no trailing slash."""
    oauth = f"{issuer}/restapi/oauth"
    some = {
        GrantType.IMPLICIT: offers.implicit,
        GrantType.SAML2_BEARER: offers.saml2_bearer,
        GrantType.DEVICE_CODE: offers.device_code,
    }
    grants = [grant.value for grant in GrantType if some.get(grant, True)]
    device: Document = {"device_authorization_endpoint": f"{oauth}/device-authorization"} if offers.device_code else {}
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{oauth}/authorize",
        "token_endpoint": f"{oauth}/token",
        **device,
        "revocation_endpoint": f"{oauth}/revoke",
        "userinfo_endpoint": f"{oauth}/userinfo",
        "jwks_uri": f"{oauth}/jwks",
        "end_session_endpoint": f"{oauth}/sign-out",
        "scopes_supported": sorted(IDENTITY_SCOPES),
        "response_types_supported": ["code", "token"] if offers.implicit else ["code"],
        "response_modes_supported": ["query", "fragment"],
        "grant_types_supported": grants,
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": _METHODS,
        "token_endpoint_auth_signing_alg_values_supported": [
            "HS256",
            "HS384",
            "HS512",
            "RS256",
            "PS256",
            "ES256",
            "EdDSA",
        ],
        "revocation_endpoint_auth_methods_supported": _METHODS,
        "userinfo_signing_alg_values_supported": ["none"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256"],
        "display_values_supported": ["page", "popup", "touch", "mobile"],
        "prompt_values_supported": ["none", "login", "sso", "consent"],
        "claims_supported": CLAIMS,
        "ui_locales_supported": list(locales),
        "code_challenge_methods_supported": ["S256", "plain"] if offers.plain_challenge else ["S256"],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
    }
