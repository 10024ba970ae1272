"""npm passport-ringcentral 1.0.3 in an express app, unmodified."""

import pytest

from tests.clients.conftest import Report
from tests.clients.conversation import Observed
from tests.clients.expected import ANSWERED, granted
from tests.server import Server


@pytest.fixture(scope="module")
def seen(report: Report) -> Observed:
    """What the script saw, flow by flow."""
    return report("js/passport_ringcentral.mjs")


@pytest.mark.parametrize("flow", ["readme", "state_and_pkce"])
def test_person_is_logged_in_to_the_app(seen: Observed, server: Server, flow: str) -> None:
    """With id and secret in the header and again in the body (protocol.md L.1)."""
    assert seen[flow] == {
        "status": 200,
        "granted": granted(server.world.people["helper"].id, server.world.apps["web"].scopes),
        "refresh_token": 96,
        "api": ANSWERED,
    }


def test_person_is_not_logged_in_when_they_cancel(seen: Observed) -> None:
    """Passport takes access_denied for a failed login."""
    assert seen["cancelled"] == {"status": 401}
