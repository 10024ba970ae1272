"""PyPI ringcentral 0.9.2, the vendor's SDK for Python, unmodified."""

import pytest

from tests.clients.conftest import Report
from tests.clients.conversation import Observed
from tests.clients.expected import CALLS, ENDED, SUPERSEDED, granted
from tests.server import Server


@pytest.fixture(scope="module")
def seen(report: Report) -> Observed:
    """What the script saw, flow by flow."""
    return report("py/ringcentral_sdk.py")


@pytest.mark.parametrize(
    ("flow", "app"),
    [
        ("jwt", "script"),
        ("password", "script"),
        ("code", "web"),
        ("code_pkce", "web"),
        ("code_pkce_public", "spa"),
    ],
)
def test_session_lives_and_ends_whatever_the_login(seen: Observed, server: Server, flow: str, app: str) -> None:
    """Login, the company's call log, refresh, a call with the new token, logout (protocol.md L.1)."""
    terms = granted(server.world.people["helper"].id, server.world.apps[app].scopes)
    assert seen[flow] == {
        "granted": terms,
        "calls": CALLS,
        "refreshed": terms,
        "renewed": True,
        "old_access_token": SUPERSEDED,
        "own_extension": True,
        "logout": {"status": 200, "body": ""},
        "after_logout": ENDED,
    }


@pytest.mark.parametrize(
    ("flow", "code"), [("wrong_password", "OAU-140"), ("expired_jwt", "CGT-114"), ("deleted_jwt", "CGT-113")]
)
def test_login_fails_when_the_credential_is_bad(seen: Observed, flow: str, code: str) -> None:
    """The SDK raises with the vendor's code (protocol.md D.5, G)."""
    assert seen[flow] == {"status": 400, "code": code}


def test_copy_of_the_call_log_is_kept_in_step(seen: Observed) -> None:
    """Protocol.md I.5: FSync, ISync with its token, and the vendor's code for a token that is none."""
    assert seen["copy"] == {
        "full": ["FSync", 20, True],
        "fresh": ["ISync", []],
        "refused": ["CLG-101", "syncToken"],
    }
