"""A provider's discovery document read into what a connection keeps (OpenID Connect Discovery 1.0 sections 3, 4)."""

from collections.abc import Mapping
from dataclasses import dataclass

from callgate.model.acts import Refused
from callgate.model.connection import ClientAuth

ALGORITHMS = frozenset({"RS256", "PS256", "ES256", "EdDSA"})
"""With which an ID token may be signed: asymmetric all, none of them ours to choose at sign-in (RFC 8725)."""

_AUTHS = (ClientAuth.BASIC, ClientAuth.POST)
"""In the order we like them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcProvider:
    """Who an OpenID Connect provider is, and where what is."""

    issuer: str
    sso_url: str
    token_url: str
    userinfo_url: str
    jwks_url: str
    client_auth: ClientAuth
    announces_iss: bool


def discovery_url(issuer: str) -> str:
    """Where a provider describes itself."""
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


def read_discovery(document: Mapping[str, object], *, issuer: str) -> OidcProvider | Refused:
    """The provider that a document describes, if it is the one meant and we can speak to it.

    What it does not mention is as the specification says: the code flow, RS256, client_secret_basic.
    """
    if document.get("issuer") != issuer:
        return Refused(f"the document is of the issuer {document.get('issuer')!r:.200}: spell it so, if it is the one")
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    places = [value for name in names if isinstance(value := document.get(name), str)]
    if len(places) != len(names):
        return Refused(f"the document lacks one of {', '.join(names)}")
    if "code" not in _listed(document, "response_types_supported", "code"):
        return Refused("the provider does not offer the authorization code flow (response_types_supported)")
    if ALGORITHMS.isdisjoint(_listed(document, "id_token_signing_alg_values_supported", "RS256")):
        return Refused(f"the provider signs with none of {', '.join(sorted(ALGORITHMS))}")
    if "S256" not in _listed(document, "code_challenge_methods_supported", "S256"):
        return Refused("the provider knows PKCE but not its method S256 (code_challenge_methods_supported)")
    offered = _listed(document, "token_endpoint_auth_methods_supported", ClientAuth.BASIC.value)
    auth = next((each for each in _AUTHS if each.value in offered), None)
    if auth is None:
        return Refused(f"the provider takes none of {', '.join(each.value for each in _AUTHS)} at its token endpoint")
    userinfo_url = document.get("userinfo_endpoint")
    return OidcProvider(
        issuer=issuer,
        sso_url=places[0],
        token_url=places[1],
        userinfo_url=userinfo_url if isinstance(userinfo_url, str) else "",
        jwks_url=places[2],
        client_auth=auth,
        announces_iss=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _listed(document: Mapping[str, object], name: str, *otherwise: str) -> list[object]:
    value = document.get(name, list(otherwise))
    return value if isinstance(value, list) else []
