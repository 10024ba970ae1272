import pytest

from callgate.model.client import AuthMethod, GrantType
from callgate.model.facts import OffersFacts
from callgate.protocol.authorize import DISPLAYS, PROMPTS
from callgate.protocol.grants import ALL
from callgate.protocol.metadata import discovery

ISSUER = "https://gate.example"
PLAIN = discovery(ISSUER, OffersFacts(True, True, True, True), locales=["en", "de"])
STRICT = discovery(ISSUER, OffersFacts(False, False, False, False), locales=["en"])

REQUIRED = (
    "issuer authorization_endpoint token_endpoint revocation_endpoint userinfo_endpoint jwks_uri scopes_supported "
    "response_types_supported subject_types_supported token_endpoint_auth_methods_supported "
    "userinfo_signing_alg_values_supported id_token_signing_alg_values_supported code_challenge_methods_supported"
)


@pytest.mark.requirement("must-not-break N.10")
def test_every_address_is_this_servers() -> None:
    """must-not-break 10: discovery documents must point at the local base URL."""
    addresses = {
        name: value for name, value in STRICT.items() if name.endswith(("_endpoint", "_uri")) and isinstance(value, str)
    }
    assert addresses == {
        "authorization_endpoint": f"{ISSUER}/restapi/oauth/authorize",
        "token_endpoint": f"{ISSUER}/restapi/oauth/token",
        "revocation_endpoint": f"{ISSUER}/restapi/oauth/revoke",
        "userinfo_endpoint": f"{ISSUER}/restapi/oauth/userinfo",
        "jwks_uri": f"{ISSUER}/restapi/oauth/jwks",
        "end_session_endpoint": f"{ISSUER}/restapi/oauth/sign-out",
    }
    assert STRICT["issuer"] == ISSUER


@pytest.mark.requirement("RFC 8414 section 2")
def test_every_required_field_is_there() -> None:
    """protocol.md F lists them; RFC 8414 section 2."""
    assert STRICT.keys() >= set(REQUIRED.split())


def test_grants_are_those_of_the_registry() -> None:
    """The document tells the truth: each grant of the token endpoint, and some only where an app has them."""
    grants = {grant.value for grant, _ in ALL.values()}
    assert set(as_list("grant_types_supported")) == grants - {GrantType.SAML2_BEARER.value, GrantType.DEVICE_CODE.value}
    assert set(as_list("grant_types_supported", plain=True)) == {*grants, GrantType.IMPLICIT.value}


@pytest.mark.requirement("RFC 8628 section 4")
def test_devices_are_told_where_to_ask_when_some_app_may() -> None:
    """RFC 8628 section 4."""
    assert PLAIN["device_authorization_endpoint"] == f"{ISSUER}/restapi/oauth/device-authorization"
    assert "device_authorization_endpoint" not in STRICT


def test_prompts_and_displays_are_those_that_are_read() -> None:
    """protocol.md C.1: what a request may say, and nothing that would be refused."""
    assert set(as_list("prompt_values_supported")) == PROMPTS
    assert set(as_list("display_values_supported")) == DISPLAYS


def test_methods_are_those_an_app_may_have() -> None:
    """protocol.md A.3; a federated app's client assertion goes over the wire as any other does."""
    methods = {method.value for method in AuthMethod} - {"federated_jwt"}
    assert set(as_list("token_endpoint_auth_methods_supported")) == methods
    assert set(as_list("revocation_endpoint_auth_methods_supported")) == methods


@pytest.mark.requirement("ruling 12")
def test_weaker_ways_are_listed_when_some_app_may_use_them() -> None:
    """Ruling 12: discovery lists what some app may use."""
    assert (STRICT["code_challenge_methods_supported"], PLAIN["code_challenge_methods_supported"]) == (
        ["S256"],
        ["S256", "plain"],
    )
    assert (STRICT["response_types_supported"], PLAIN["response_types_supported"]) == (["code"], ["code", "token"])


def test_modes_are_those_every_app_may_use() -> None:
    """A code may go back in the fragment, too; nothing is posted."""
    assert STRICT["response_modes_supported"] == PLAIN["response_modes_supported"] == ["query", "fragment"]
    assert STRICT["claims_parameter_supported"] is STRICT["request_parameter_supported"] is False
    assert "acr_values_supported" not in STRICT


@pytest.mark.requirement("RFC 9207 section 3")
def test_issuer_parameter_is_announced() -> None:
    """RFC 9207 section 3: clients then refuse a response without it."""
    assert STRICT["authorization_response_iss_parameter_supported"] is True


def as_list(name: str, *, plain: bool = False) -> list[str]:
    """A field that is a list."""
    value = (PLAIN if plain else STRICT)[name]
    assert isinstance(value, list)
    return value
