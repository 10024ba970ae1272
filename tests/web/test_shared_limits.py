"""Two servers that count in one Redis: what one of them counted the other knows, and neither needs Redis to answer."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import pytest
from redis import Redis

from tests.redis_server import RedisServer, needs_redis, running_redis
from tests.server import Server, copied, running_server

pytestmark = needs_redis

TOKEN = "/restapi/oauth/token"
EXPLANATIONS = "/restapi/oauth/explanations"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
PASSWORD = "open-sesame"


@dataclass
class Node:
    """One server of the two."""

    server: Server
    http: httpx.Client

    def ask(self, **form: str) -> httpx.Response:
        """POST to the token endpoint."""
        app = self.server.world.apps["script"]
        proof = (app.client_id, app.client_secret or "")
        return self.http.post(TOKEN, data=form, auth=proof, headers={"X-Forwarded-For": "198.51.100.1"})

    def explained(self, request_id: str, *, app: str = "script") -> httpx.Response:
        """What an app is told of a request."""
        shown = self.server.world.apps[app]
        return self.http.get(f"{EXPLANATIONS}/{request_id}", auth=(shown.client_id, shown.client_secret or ""))

    def log_in(self) -> int:
        """Tokens by JWT credential: of the group Auth, five a minute."""
        return self.ask(grant_type=JWT_BEARER, assertion=self.server.world.jwt_credentials["admin_any"].jwt).status_code

    def guess(self, who: str, password: str = "wrong") -> str:
        """The password grant, by somebody's address."""
        reply = self.ask(grant_type="password", username=self.server.world.people[who].email or "", password=password)
        if reply.status_code == 200:
            return "in"
        code: str = reply.json()["errors"][0]["errorCode"]
        return code

    def said(self, outcome: str) -> int:
        """How often the log says of limits what became of them."""
        lines = self.server.log().splitlines()
        return sum("limits" in line and "outcome" in line and outcome in line for line in lines)

    def waits_for(self, outcome: str, times: int) -> None:
        """Until the log says so."""
        until = time.monotonic() + 20
        while self.said(outcome) < times:
            assert time.monotonic() < until, self.server.log()
            time.sleep(0.05)


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """With a password."""
    with running_redis("--requirepass", PASSWORD) as server:
        yield server


@pytest.fixture(scope="module")
def nodes(redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, Node]]:
    """Two servers of one world, each on its own copy of the database."""
    secret = tmp_path_factory.mktemp("secret") / "password"
    secret.touch(mode=0o600)
    secret.write_text(f"{PASSWORD}\n")
    settings = {
        "CALLGATE_SERVER__TRUSTED_PROXIES": "127.0.0.1",
        "CALLGATE_LIMITS__STORE": redis.url,
        "CALLGATE_LIMITS__STORE_PASSWORD_FILE": str(secret),
        "CALLGATE_LIMITS__STORE_WAIT_MS": "5000",  # a busy machine is no trouble
    }
    with running_server() as first, ExitStack() as stack:
        first.stop()
        both = []
        for name in ("one", "two"):
            folder = tmp_path_factory.mktemp(name)
            server = stack.enter_context(copied(first, folder, settings, options=["--limits"]))
            both.append(Node(server, stack.enter_context(httpx.Client(base_url=server.base_url, timeout=60))))
        one, two = both
        yield one, two


@pytest.fixture(autouse=True)
def _next_day(nodes: tuple[Node, Node]) -> None:
    """Nothing counted, no penalty, no lock: both clocks go on, as one."""
    for node in nodes:
        node.server.advance(7 * 86_400)


def test_rate_is_one_for_both(nodes: tuple[Node, Node]) -> None:
    """Five tokens a minute, of whichever server they are asked; and the penalty is one too."""
    one, two = nodes
    assert [node.log_in() for _ in range(3) for node in nodes] == [200] * 5 + [429]
    assert one.log_in() == 429
    for node in nodes:
        node.server.advance(30)
    assert two.log_in() == 429, "which begins it anew for both"
    for node in nodes:
        node.server.advance(40)
    assert one.log_in() == 429
    for node in nodes:
        node.server.advance(60)
    assert two.log_in() == 200


def test_wrong_passwords_are_one_count_for_both(nodes: tuple[Node, Node]) -> None:
    """Ten, wherever; then neither looks at the right one."""
    one, two = nodes
    assert [node.guess("agent") for _ in range(5) for node in nodes] == ["OAU-140"] * 10
    right = one.server.world.people["agent"].password
    assert (one.guess("agent", right), two.guess("agent", right)) == ("OAU-147", "OAU-147")
    for node in nodes:
        node.server.advance(900)
    assert (one.guess("agent", right), two.guess("agent", right)) == ("in", "in")


def test_refusal_is_explained_by_whichever_server_is_asked(redis: RedisServer, nodes: tuple[Node, Node]) -> None:
    """To its app alone; and what lies between the servers tells whoever may read it nothing."""
    one, two = nodes
    refused = one.ask(grant_type="refresh_token", refresh_token="none").headers["rcrequestid"]
    told = one.explained(refused)
    until = time.monotonic() + 20
    while (found := two.explained(refused)).status_code == 404:  # it is told after the answer
        assert time.monotonic() < until
    assert told.json()["detail"] == "not a refresh token of this server"
    assert found.json() == told.json()
    assert two.explained(refused, app="service").json()["errors"][0]["errorCode"] == "CGT-192"
    assert two.explained("x" * 64).status_code == 404
    with Redis.from_url(redis.url, password=PASSWORD) as looking:
        kept = [looking.get(key) for key in looking.scan_iter("*:refusal:*")]
    assert kept
    assert [word for word in ("refresh token", "not a", refused) if any(word in str(each) for each in kept)] == []


def test_server_answers_while_redis_is_killed_and_counts_with_the_other_when_it_is_back(
    redis: RedisServer, nodes: tuple[Node, Node]
) -> None:
    """By itself meanwhile; the log says when it was alone and since when it is not, and no password."""
    one, two = nodes
    alone, shared = one.said("alone"), one.said("shared")
    assert shared >= 1
    assert [node.guess("helper") for _ in range(3) for node in nodes] == ["OAU-140"] * 6
    redis.kill()
    assert [one.guess("helper") for _ in range(11)] == ["OAU-140"] * 10 + ["OAU-147"], "its own count begins"
    assert [two.log_in() for _ in range(6)] == [200] * 5 + [429]
    assert [one.log_in() for _ in range(6)] == [200] * 5 + [429]
    one.waits_for("alone", alone + 1)
    redis.start_again()
    for node in nodes:
        node.waits_for("shared", node.said("alone") + 1)
    for node in nodes:
        node.server.advance(7 * 86_400)
    assert [node.log_in() for _ in range(3) for node in nodes] == [200] * 5 + [429]
    assert [node.guess("helper") for _ in range(5) for node in nodes] == ["OAU-140"] * 10
    assert two.guess("helper", two.server.world.people["helper"].password) == "OAU-147"
    for node in nodes:
        assert PASSWORD not in node.server.log()
        assert node.server.log().count("Traceback") == 0
