"""Rate limits on the wire: headers, refusals in both envelopes, penalties, marks, plans (protocol.md I.3)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.admin.shell import beside
from tests.server import Server, running_server

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN = "/restapi/oauth/token"
ACCOUNT = "/restapi/v1.0/account/~"
CALLS = f"{ACCOUNT}/call-log"
PROXY = {"CALLGATE_SERVER__TRUSTED_PROXIES": "127.0.0.1", "CALLGATE_LIMITS__SERVICE": "4"}


class Limited:
    """A server that counts, whose clock the tests move on from one window to the next."""

    def __init__(self, server: Server, http: httpx.Client) -> None:
        self.server = server
        self.http = http

    def next_window(self) -> "Limited":
        """Two minutes later: nothing counted, no penalty."""
        self.server.advance(121)
        return self

    def ask(self, app: str = "script", /, network: str = "198.51.100.1", **form: str) -> httpx.Response:
        """POST to the token endpoint from a network of the test's choice."""
        shown = self.server.world.apps[app]
        proof = (shown.client_id, shown.client_secret or "")
        return self.http.post(TOKEN, data=form, auth=proof, headers={"X-Forwarded-For": network})

    def log_in(self, credential: str = "admin_any", app: str = "script") -> httpx.Response:
        """Tokens by JWT credential."""
        return self.ask(app, grant_type=JWT_BEARER, assertion=self.server.world.jwt_credentials[credential].jwt)

    def get(self, path: str, access_token: str) -> httpx.Response:
        """A call of the API."""
        return self.http.get(path, headers={"Authorization": f"Bearer {access_token}"})

    def run(self, *words: str) -> None:
        """A command beside the server."""
        assert beside(self.server).run(*words).code == 0


@pytest.fixture(scope="module")
def shared() -> Iterator[Limited]:
    """One for the module."""
    with (
        running_server(PROXY, options=["--limits"]) as server,
        httpx.Client(base_url=server.base_url, timeout=30) as http,
    ):
        yield Limited(server, http)


@pytest.fixture
def limited(shared: Limited) -> Limited:
    """With every window empty."""
    return shared.next_window()


def told(reply: httpx.Response) -> dict[str, str]:
    """What a reply says of rates."""
    names = ("x-rate-limit-group", "x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-window", "retry-after")
    return {name.removeprefix("x-rate-limit-"): reply.headers[name] for name in names if name in reply.headers}


@pytest.mark.requirement("RFC 6585 section 4")
def test_call_says_what_is_left_and_the_next_one_too_many_is_refused(limited: Limited) -> None:
    """Ten of the group Heavy in a minute; then 429, in the API's envelope, until a minute has passed in silence."""
    token = limited.log_in().json()["access_token"]
    replies = [limited.get(CALLS, token) for _ in range(11)]
    assert [reply.status_code for reply in replies] == [200] * 10 + [429]
    counted = {"group": "heavy", "limit": "10", "window": "60"}
    assert [told(reply) for reply in replies[:10]] == [counted | {"remaining": str(left)} for left in range(9, -1, -1)]
    assert told(replies[10]) == counted | {"remaining": "0", "retry-after": "60"}
    body = replies[10].json()
    detail = body["errors"][0]
    assert (body["errorCode"], body["message"], detail["errorCode"]) == ("CMN-301", "Request rate exceeded", "CMN-301")
    assert "Retry-After" in detail["remedy"]
    assert limited.get(ACCOUNT, token).headers["x-rate-limit-group"] == "light", "groups are counted apart"
    limited.server.advance(50)
    assert told(limited.get(CALLS, token))["retry-after"] == "60", "each call begins the penalty anew"
    limited.server.advance(50)
    assert limited.get(CALLS, token).status_code == 429
    limited.server.advance(60)
    assert told(limited.get(CALLS, token)) == counted | {"remaining": "9"}


def test_groups_weigh_as_the_platform_says(limited: Limited) -> None:
    """Light, Medium, Auth; and nothing where the platform says nothing, on an unproven call least of all."""
    token = limited.log_in().json()["access_token"]
    assert told(limited.get(ACCOUNT, token)) == {"group": "light", "limit": "50", "remaining": "49", "window": "60"}
    assert told(limited.get(f"{ACCOUNT}/extension", token))["group"] == "medium"
    assert told(limited.get(f"{ACCOUNT}/extension/nobody", token))["group"] == "light", "404 is counted too"
    userinfo = limited.get("/restapi/oauth/userinfo", token)
    assert told(userinfo) == {"group": "auth", "limit": "5", "remaining": "3", "window": "60"}
    for path in ("/restapi", "/restapi/oauth/jwks", "/.well-known/openid-configuration"):
        assert told(limited.get(path, token)) == {}
    refused = limited.get(ACCOUNT, "nonsense")
    assert (refused.status_code, told(refused)) == (401, {})


def test_sixth_token_in_a_minute_is_refused_in_oauths_envelope(limited: Limited) -> None:
    """Five of the group Auth; another person's and another app's are counted apart, and the penalty is this pair's."""
    replies = [limited.log_in() for _ in range(6)]
    assert [reply.status_code for reply in replies] == [200] * 5 + [429]
    assert [told(reply)["remaining"] for reply in replies] == ["4", "3", "2", "1", "0", "0"]
    assert told(replies[5])["retry-after"] == "60"
    body = replies[5].json()
    assert (body["error"], body["error_description"]) == ("temporarily_unavailable", "Request rate exceeded")
    assert body["errors"][0]["errorCode"] == "CMN-301"
    assert limited.log_in("helper_script_only").status_code == 200
    limited.server.advance(50)
    assert limited.log_in().status_code == 429, "which begins the penalty anew"
    limited.server.advance(50)
    assert limited.log_in().status_code == 429
    limited.server.advance(60)
    assert limited.log_in().status_code == 200


def test_one_refresh_presented_by_a_hundred_is_one_call(limited: Limited) -> None:
    """All get the one pair; the limiter counts refresh tokens, not presentations (architecture.md, "Limits")."""
    tokens = limited.log_in().json()

    def refresh(_: int) -> httpx.Response:
        return limited.ask(grant_type="refresh_token", refresh_token=tokens["refresh_token"])

    with ThreadPoolExecutor(10) as threads:
        replies = list(threads.map(refresh, range(100)))
    assert [reply.status_code for reply in replies] == [200] * 100
    assert len({reply.json()["access_token"] for reply in replies}) == 1
    assert told(refresh(0)) == {"group": "auth", "limit": "5", "remaining": "3", "window": "60"}
    token = replies[0].json()["refresh_token"]
    chain = []
    for _ in range(4):
        chain.append(limited.ask(grant_type="refresh_token", refresh_token=token))
        token = chain[-1].json().get("refresh_token", token)
    assert [reply.status_code for reply in chain] == [200, 200, 200, 429]
    limited.server.advance(61)
    assert limited.ask(grant_type="refresh_token", refresh_token=token).status_code == 200, "nothing was lost"


def test_replayed_token_ends_its_session_though_its_person_calls_too_often(limited: Limited) -> None:
    """A thief does not hide behind a busy person, nor keeps that person out (RFC 9700 section 4.14.2)."""
    old = limited.log_in().json()["refresh_token"]
    newer = limited.ask(grant_type="refresh_token", refresh_token=old).json()["refresh_token"]
    newest = limited.ask(grant_type="refresh_token", refresh_token=newer).json()
    limited.server.advance(50)
    while limited.log_in().status_code == 200:
        pass
    limited.server.advance(30)
    replayed = limited.ask(grant_type="refresh_token", refresh_token=old)
    assert (replayed.status_code, replayed.json()["errors"][0]["errorCode"]) == (400, "OAU-211")
    assert limited.get(ACCOUNT, newest["access_token"]).status_code == 401
    limited.server.advance(30)
    assert limited.log_in().status_code == 200, "the replay did not prolong the penalty"


def test_service_is_bounded_by_its_issuing_rate_without_a_penalty(limited: Limited) -> None:
    """What is refused evicts nobody, and is let in as soon as the window has room."""
    account = limited.server.world.accounts["main"].id
    form = {"grant_type": "client_credentials", "account_id": account}
    replies = [limited.ask("service", **form) for _ in range(5)]
    assert [reply.status_code for reply in replies] == [200] * 4 + [429]
    assert told(replies[4]) == {"group": "service", "limit": "4", "remaining": "0", "window": "60", "retry-after": "60"}
    assert all(limited.get(CALLS, reply.json()["access_token"]).status_code == 200 for reply in replies[:4])
    limited.server.advance(30)
    assert told(limited.ask("service", **form))["retry-after"] in {"29", "30"}
    limited.server.advance(30)
    assert limited.ask("service", **form).status_code == 200


def test_calls_that_came_to_nothing_are_told_so_and_stop_no_right_one(limited: Limited) -> None:
    """Sixty for a network and client; what is right is answered from the very same network."""
    wrong = [limited.ask(grant_type=JWT_BEARER, assertion="no.such.thing") for _ in range(62)]
    assert [reply.status_code for reply in wrong] == [400] * 60 + [429] * 2
    assert wrong[60].json()["errors"][0]["errorCode"] == "CMN-301"
    assert set(told(wrong[60])) == {"retry-after"}
    assert limited.log_in().status_code == 200
    elsewhere = limited.ask(grant_type=JWT_BEARER, assertion="no.such.thing", network="198.51.100.2")
    assert elsewhere.status_code == 400, "another network is another party"
    wrong_secret = limited.http.post(TOKEN, auth=("nobody", "x"), data={"grant_type": "client_credentials"})
    assert wrong_secret.status_code == 400, "and another client id"


def test_denied_grant_costs_its_person_nothing(limited: Limited) -> None:
    """A credential shown by an app it does not allow proves no subject: nobody else's calls can be spent."""
    for _ in range(6):
        assert limited.log_in("helper_script_only", app="norefresh").json()["errors"][0]["errorCode"] == "CGT-115"
    assert told(limited.log_in(app="norefresh"))["remaining"] == "4"
    assert told(limited.log_in("helper_script_only"))["remaining"] == "4"


def test_app_has_numbers_of_its_own(limited: Limited) -> None:
    """Set and taken back beside the running server, at once."""
    client_id = limited.server.world.apps["script"].client_id
    limited.run("apps", "update", client_id, "--rate", "heavy=2", "--switch", "fixed_rate_penalty")
    token = limited.log_in().json()["access_token"]
    replies = [limited.get(CALLS, token) for _ in range(3)]
    assert [(reply.status_code, told(reply)["limit"]) for reply in replies] == [(200, "2"), (200, "2"), (429, "2")]
    limited.server.advance(30)
    assert told(limited.get(CALLS, token))["retry-after"] in {"29", "30"}, "the switch keeps the penalty where it is"
    limited.run("apps", "update", client_id, "--remove-rate", "heavy", "--remove-switch", "fixed_rate_penalty")
    limited.next_window()
    assert told(limited.get(CALLS, token))["limit"] == "10"


def test_browser_may_read_what_is_left(limited: Limited) -> None:
    """The vendor's rate-limit extension reads these headers in a page too."""
    reply = limited.http.get(ACCOUNT, headers={"Origin": "https://app.example"})
    exposed = {name.strip() for name in reply.headers["access-control-expose-headers"].split(",")}
    assert {"X-Rate-Limit-Group", "X-Rate-Limit-Remaining", "X-Rate-Limit-Window", "Retry-After"} <= exposed


def test_nothing_is_counted_in_development_unless_asked_for() -> None:
    """`callgate dev` without --limits."""
    with running_server() as server, httpx.Client(base_url=server.base_url, timeout=30) as http:
        limited = Limited(server, http)
        replies = [limited.log_in() for _ in range(7)]
        assert {(reply.status_code, tuple(told(reply))) for reply in replies} == {(200, ())}
