"""npm simple-oauth2 5.1.0 and oauth4webapi 3.8.8, PyPI Authlib: clients that know only the RFCs, unmodified."""

import pytest

from tests.clients.conftest import Report
from tests.clients.expected import ANSWERED, ENDED, granted
from tests.server import Server

SCOPES = ["ReadAccounts", "ReadCallLog"]


def test_simple_oauth2_completes_a_code_flow(report: Report, server: Server) -> None:
    """Code, refresh, a call, and a revocation of both tokens whose empty replies must be typed as JSON."""
    terms = granted(server.world.people["helper"].id, SCOPES)
    seen = report("js/simple_oauth2.mjs")
    assert seen["code"] == {"granted": terms, "refreshed": terms, "api": ANSWERED, "revoked": ENDED}


def test_simple_oauth2_gets_a_token_for_a_service(report: Report) -> None:
    """client_credentials, narrowed to one scope."""
    service = report("js/simple_oauth2.mjs")["client_credentials"]
    assert isinstance(service, dict)
    assert service["granted"]["scope"] == ["ReadCallLog"]
    assert service["api"] == ANSWERED


@pytest.mark.parametrize("flow", ["oidc_discovery", "oauth2_discovery", "public"])
def test_oauth4webapi_completes_a_code_flow(report: Report, server: Server, flow: str) -> None:
    """Either discovery, code with PKCE, iss, refresh, revocation, each reply parsed strictly."""
    terms = granted(server.world.people["helper"].id, SCOPES)
    assert report("js/oauth4webapi.mjs")[flow] == {"granted": terms, "refreshed": terms, "revoked": ENDED}


@pytest.mark.parametrize("flow", ["code_pkce", "code_pkce_public"])
def test_authlib_completes_a_code_flow(report: Report, server: Server, flow: str) -> None:
    """Code with PKCE, a call, refresh, revocation."""
    terms = granted(server.world.people["helper"].id, SCOPES)
    assert report("py/authlib_client.py")[flow] == {
        "granted": terms,
        "api": 200,
        "refreshed": terms,
        "revocation": 200,
        "revoked": ENDED,
    }


def test_authlib_gets_a_token_for_a_service(report: Report, server: Server) -> None:
    """client_credentials."""
    service = report("py/authlib_client.py")["client_credentials"]
    assert isinstance(service, dict)
    assert service["granted"]["scope"] == sorted(server.world.apps["service"].scopes)
    assert service["api"] == 200
