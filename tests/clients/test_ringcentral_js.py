"""npm @ringcentral/sdk 5.0.11, the vendor's SDK for JavaScript, unmodified."""

import pytest

from tests.clients.conftest import Report, people_of
from tests.clients.conversation import Observed, observe
from tests.clients.expected import ANSWERED, CALLS, ENDED, HOUR_S, SUPERSEDED, WEEK_S, granted
from tests.server import Server


@pytest.fixture(scope="module")
def seen(report: Report) -> Observed:
    """What the script saw, flow by flow."""
    return report("js/ringcentral_sdk.mjs")


REDIRECT = {"state": "a state", "expires_in": "60", "iss": True}


@pytest.mark.parametrize(
    ("flow", "app", "redirect"),
    [
        ("jwt", "script", {}),
        ("password", "script", {}),
        ("code", "web", {"redirect": REDIRECT}),
        ("code_pkce", "web", {"redirect": REDIRECT}),
        ("code_pkce_public", "spa", {"redirect": REDIRECT}),
    ],
)
def test_session_lives_and_ends_whatever_the_login(
    seen: Observed, server: Server, flow: str, app: str, redirect: dict[str, object]
) -> None:
    """Login, the company's call log, refresh, a call with the new token, logout (protocol.md L.1)."""
    terms = granted(server.world.people["helper"].id, server.world.apps[app].scopes)
    assert seen[flow] == redirect | {
        "granted": terms,
        "calls": CALLS,
        "refreshed": terms,
        "renewed": True,
        "same_session": True,
        "old_access_token": SUPERSEDED,
        "own_extension": True,
        "logout": {"status": 200, "body": ""},
        "after_logout": ENDED,
        "logged_in": False,
    }


def test_lifetimes_are_as_asked_when_they_are_in_range(seen: Observed) -> None:
    """The SDK's options reach the wire, and their answer the SDK (protocol.md D.1)."""
    assert seen["ttl"] == {"expires_in": 600, "refresh_token_expires_in": 1000, "endpoint_id": "ep1"}


def test_message_is_the_vendors_when_the_password_is_wrong(seen: Observed) -> None:
    """The SDK builds its exception from the envelope (protocol.md D.4)."""
    assert seen["wrong_password"] == {"status": 400, "message": "Invalid resource owner credentials"}


def test_cancelling_reaches_the_app(seen: Observed) -> None:
    """The SDK tells its app what the person pressed (protocol.md C.4)."""
    assert seen["cancelled"] == {
        "error": "access_denied",
        "message": "The user denied access to your application",
    }


def test_everything_leads_here_when_discovery_is_enabled(seen: Observed, server: Server) -> None:
    """Every address in the entry points and in the redirect is this server's (protocol.md F, N.10)."""
    assert seen["discovery"] == {
        "redirect": {"token_uri": True, "discovery_uri": True},
        "external": {"tokenUri": True, "baseUri": True, "coreApi": True, "rcv": True, "expiresIn": 86_400},
        "calls": CALLS,
        "refreshed": granted(server.world.people["helper"].id, server.world.apps["web"].scopes),
        "logout": 200,
    }


def test_lost_refresh_is_repeated_after_31_minutes_and_nothing_shrinks(fresh_server: Server) -> None:
    """The same pair as was lost, with an hour to live; ten refreshes later it is still an hour (protocol.md E.2, L).

    The SDK asks for the lifetime it was last told: a server that answers what remains, and obeys what it is asked,
    lets a session wither.
    """
    seen = observe(
        "js/ringcentral_sdk_lost_reply.mjs",
        people_of(fresh_server),
        base_url=fresh_server.base_url,
        world_file=fresh_server.world_file,
    )
    terms = granted(fresh_server.world.people["helper"].id, fresh_server.world.apps["script"].scopes)
    assert seen["lost_reply"] == {
        "granted": terms,
        "failure": True,
        "repeated": terms,
        "same_pair": True,
        "new_pair": True,
        "calls": CALLS,
        "remaining_minutes": [HOUR_S // 60 - 10, WEEK_S // 60 - 10],
        "lifetimes": [f"{HOUR_S} {WEEK_S}"],
        "refreshes": 10,
        "near_the_end": ANSWERED,
        "after_the_end": {"status": 401, "code": "OAU-128"},
        "mended": {"status": 200, "renewed": True},
    }
