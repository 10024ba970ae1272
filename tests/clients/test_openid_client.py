"""npm openid-client 6.8.9 and 5.7.1: two certified OpenID Connect clients, unmodified."""

import pytest

from tests.clients.conftest import Report
from tests.clients.conversation import Observed
from tests.clients.expected import ANSWERED, ENDED, granted
from tests.server import Server

IDENTITY = ["openid", "email", "profile", "ReadAccounts", "ReadCallLog"]


@pytest.fixture(scope="module", params=["js/openid_client.mjs", "js/openid_client_v5.mjs"], ids=["v6", "v5"])
def seen(request: pytest.FixtureRequest, report: Report) -> Observed:
    """What the script of either version saw, flow by flow."""
    return report(str(request.param))


@pytest.fixture(scope="module")
def seen_by_6(report: Report) -> Observed:
    """What only the newer one looks at."""
    return report("js/openid_client.mjs")


@pytest.mark.parametrize("flow", ["oidc", "oidc_public"])
def test_person_is_known_to_the_app(seen: Observed, server: Server, flow: str) -> None:
    """Discovery, code with PKCE, state, nonce and iss, a verified ID token, userinfo, refresh, revocation."""
    helper = server.world.people["helper"]
    terms = granted(helper.id, IDENTITY)
    assert seen[flow] == {
        "granted": terms,
        "claims": {"iss": True, "aud": True, "sub": helper.id},
        "person": {"email": helper.email, "named": True},
        "refreshed": terms,
        "revoked": ENDED,
    }


def test_service_gets_its_token(seen: Observed, server: Server) -> None:
    """One account allows the app, so it need not be named; no refresh token (RFC 6749 section 4.4.3)."""
    service = seen["client_credentials"]
    assert isinstance(service, dict)
    owner_id = service["granted"].pop("owner_id")
    terms = granted(owner_id, server.world.apps["service"].scopes, refresh_expires_in=None)
    assert service["granted"] | {"owner_id": owner_id} == terms
    assert owner_id not in {person.id for person in server.world.people.values()}
    assert service["api"] == ANSWERED


def test_token_is_narrow_when_a_scope_is_asked_for(seen_by_6: Observed, server: Server) -> None:
    """The same by RFC 8414's document, without OpenID Connect."""
    assert seen_by_6["oauth2"] == {
        "granted": granted(server.world.people["helper"].id, ["ReadCallLog"]),
        "api": ANSWERED,
    }


def test_person_is_signed_out_and_back_at_the_app(seen_by_6: Observed) -> None:
    """OpenID Connect RP-Initiated Logout, by the address that discovery names."""
    assert seen_by_6["sign_out"] == {"back": "http://localhost:5000/signed-out?state=bye"}


def test_metadata_says_what_careful_clients_look_for(seen_by_6: Observed) -> None:
    """RFC 9207's flag and S256 (assurance.md section 1)."""
    assert seen_by_6["metadata"] == {
        "issuer": True,
        "iss_in_response": True,
        "challenge_methods": ["S256"],
        "s256": True,
    }


def test_wrong_secret_is_invalid_client(seen_by_6: Observed) -> None:
    """400 by default, as observed on the wire (ruling 18); the client reads the error all the same."""
    assert seen_by_6["wrong_secret"] == {"error": "invalid_client", "status": 400}
