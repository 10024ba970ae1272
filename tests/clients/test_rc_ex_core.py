"""npm @rc-ex/core 1.8.6, the vendor's extensible SDK, unmodified."""

import pytest

from tests.clients.conftest import Report
from tests.clients.conversation import Observed
from tests.clients.expected import CALLS, ENDED, SUPERSEDED, granted
from tests.server import Server

IDENTITY = ["openid", "email", "profile", "ReadAccounts", "ReadCallLog"]


@pytest.fixture(scope="module")
def seen(report: Report) -> Observed:
    """What the script saw, flow by flow."""
    return report("js/rc_ex_core.mjs")


@pytest.mark.parametrize(("flow", "app"), [("jwt", "script"), ("code", "web"), ("code_public", "spa")])
def test_session_lives_and_ends_whatever_the_login(seen: Observed, server: Server, flow: str, app: str) -> None:
    """Login with Basic and client_id together, the company's call log, refresh, revocation (protocol.md L)."""
    scopes = server.world.apps[app].scopes if flow == "jwt" else IDENTITY
    terms = granted(server.world.people["helper"].id, scopes)
    assert seen[flow] == {
        "granted": terms,
        "calls": CALLS,
        "refreshed": terms,
        "old_access_token": SUPERSEDED,
        "own_extension": True,
        "revoked": ENDED,
    }


def test_identity_endpoints_answer_when_a_bearer_comes_along(seen: Observed, server: Server) -> None:
    """This SDK sends its token to the metadata and the keys too (protocol.md L)."""
    assert seen["identity"] == {
        "sub": True,
        "email": server.world.people["helper"].email,
        "issuer": True,
        "keys": ["RSA RS256 sig", "EC ES256 sig"],
    }


def test_login_is_refused_when_the_credential_is_for_another_app(seen: Observed) -> None:
    """The credential names `script` alone (ruling 19); the refusal arrives with its code."""
    assert seen["refused"] == {"status": 400, "error": "invalid_grant", "code": "CGT-115"}
