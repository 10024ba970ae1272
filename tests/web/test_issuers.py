"""Workload identity on a real server: a job of an outside issuer gets tokens with no secret stored anywhere."""

import json
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.admin.conftest import forker
from tests.admin.shell import Shell, open_shell_beside
from tests.outside_issuer import OutsideIssuer, issuing
from tests.server import Server

__all__ = ["forker"]

TOKEN = "/restapi/oauth/token"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CALL_LOG = "/restapi/v1.0/account/~/call-log"


class World:
    """A server, the operator's shell, an outside issuer, and an app that keeps no secret."""

    def __init__(self, server: Server, shell: Shell, issuer: OutsideIssuer) -> None:
        self.server = server
        self.shell = shell
        self.issuer = issuer
        app = ("--kind", "ServerOther", "--scope", "ReadCallLog", "--scope", "ReadAccounts", "--grant", JWT_BEARER)
        self.account = server.world.accounts["main"].id
        registered = shell.give(
            *("apps", "register", "--account", self.account, "--name", "Deployer", *app),
            *("--grant", "client_credentials", "--auth-method", "federated_jwt"),
        )
        self.client_id = registered["client_id"]
        assert "client_secret" not in registered

    def trusts(
        self,
        name: str,
        *more: str,
        app: str | None = None,
        role: str | None = "Super Admin",
        issuer: OutsideIssuer | None = None,
    ) -> Any:  # noqa: ANN401 - JSON as it came
        """Trust the issuer as an administrator does."""
        worth = ("--role", role) if role else ()
        app_word = app or self.client_id
        common = ("--account", self.account, "--app", app_word, "--issuer", (issuer or self.issuer).url, *worth, *more)
        return self.shell.give("issuers", "trust", "--name", name, *common)

    def asks(self, assertion: str, *, app: str | None = None, **more: str) -> httpx.Response:
        """The grant, by an app that only names itself."""
        form = {"grant_type": JWT_BEARER, "assertion": assertion, "client_id": app or self.client_id}
        return httpx.post(f"{self.server.base_url}{TOKEN}", data=form | more, timeout=30)

    def proves(self, token: str, **more: str) -> httpx.Response:
        """The same app with the token as its client assertion."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": token,
        }
        return httpx.post(f"{self.server.base_url}{TOKEN}", data=form | more)

    def reads_calls(self, tokens: dict[str, str]) -> int:
        """The status of the company's call log."""
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        return httpx.get(f"{self.server.base_url}{CALL_LOG}", headers=bearer).status_code


@pytest.fixture(scope="module")
def issuer(server: Server) -> Iterator[OutsideIssuer]:
    """One for the module, which each test leaves up."""
    with issuing(server.base_url) as issuer:
        yield issuer


@pytest.fixture(scope="module")
def world(
    forker: "subprocess.Popen[str]",
    server: Server,
    issuer: OutsideIssuer,
    tmp_path_factory: pytest.TempPathFactory,
) -> World:
    """The stage: two trusts of the same issuer, one for a repository's main branch, one for a service account."""
    world = World(server, open_shell_beside(forker, server, tmp_path_factory.mktemp("shell")), issuer)
    world.trusts(
        "Deployments", "--condition", "repository=acme/app", "--condition", "sub=repo:acme/app:ref:refs/heads/main"
    )
    world.trusts("Pods", "--condition", "sub=system:serviceaccount:jobs:*", "--repeatable")
    return world


def code_of(reply: httpx.Response) -> str:
    """The vendor code of a refusal."""
    return str(reply.json()["errors"][0]["errorCode"])


@pytest.mark.requirement("RFC 7523 section 2.1")
def test_job_gets_tokens_and_reads_the_call_log_with_no_secret_anywhere(world: World) -> None:
    """The access-only tokens are the service extension's, whose subject stands in the audit log."""
    reply = world.asks(world.issuer.github())
    assert reply.status_code == 200, reply.text
    tokens = reply.json()
    assert "refresh_token" not in tokens
    trust = world.shell.give("issuers", "show", "Deployments")
    assert tokens["owner_id"] == str(trust["service_extension_id"])
    assert trust["last_used"] is not None
    assert world.reads_calls(tokens) == 200
    accepted = next(each for each in world.shell.give("audit", "list") if each["what"] == "OutsideTokenAccepted")
    assert f'issuer="{world.issuer.url}"' in accepted["about"]
    assert 'subject="repo:acme/app:ref:refs/heads/main"' in accepted["about"]


def test_pod_gets_tokens_by_its_service_account_as_often_as_its_token_lives(world: World) -> None:
    """Kubernetes projects one token for an hour; its trust says that it may be presented again."""
    token = world.issuer.kubernetes()
    replies = [world.asks(token) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200] * 3
    assert len({reply.json()["session_id"] for reply in replies}) == 3
    assert code_of(world.asks(world.issuer.kubernetes(namespace="other"))) == "CGT-223"


def test_vendors_name_of_the_grant_is_understood(world: World) -> None:
    """protocol.md D.2."""
    assert world.asks(world.issuer.github(), grant_type="partner_jwt").status_code == 200
    assert code_of(world.asks("no token", grant_type="partner_jwt")) == "OAU-331"


@pytest.mark.requirement("RFC 7523 section 3")
@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda issuer: issuer.github("evil/app"), "CGT-223"),
        (lambda issuer: issuer.github(sub="repo:acme/app:pull_request"), "CGT-223"),
        (lambda issuer: issuer.github(aud="https://elsewhere.example"), "CGT-221"),
        (lambda issuer: issuer.github(aud=[issuer.audience, "https://elsewhere.example"]), "CGT-221"),
        (lambda issuer: issuer.github(exp=1), "CGT-222"),
        (lambda issuer: issuer.github(nbf=2**39), "CGT-222"),
        (lambda issuer: issuer.github(exp=2**39), "CGT-222"),
        (lambda issuer: issuer.github(iss="https://elsewhere.example"), "OAU-345"),
        (lambda issuer: issuer.github()[:-4] + "AAAA", "CGT-220"),
    ],
)
def test_job_is_refused_when_its_token_is_not_the_one_trusted(
    world: World, make: Callable[[OutsideIssuer], str], code: str
) -> None:
    """Another repository, a pull request, another audience, another time, another key."""
    assert code_of(world.asks(make(world.issuer))) == code


@pytest.mark.requirement("RFC 7523 section 3")
def test_token_is_good_once_whoever_presents_it_and_however_many_at_a_time(world: World) -> None:
    """Assurance S19: exactly one of twenty at the same moment; never again, for this app or another."""
    token = world.issuer.github()
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: world.asks(token), range(20)))
    assert sorted(reply.status_code for reply in replies) == [200] + [400] * 19
    assert {code_of(reply) for reply in replies if reply.status_code == 400} == {"CGT-224"}
    assert code_of(world.asks(token)) == "CGT-224"
    other = world.server.world.apps["script"]
    world.trusts("Script", "--condition", "repository=acme/app", app="script")
    assert other.client_secret is not None
    form = {"grant_type": JWT_BEARER, "assertion": token}
    again = httpx.post(f"{world.server.base_url}{TOKEN}", data=form, auth=(other.client_id, other.client_secret))
    assert code_of(again) == "CGT-224"


def test_token_without_an_id_is_good_once_too(world: World) -> None:
    """By the bytes that were signed."""
    world.trusts("Undated", "--condition", "sub=system:serviceaccount:once:*")
    token = world.issuer.kubernetes("once", jti=None)
    assert world.asks(token).status_code == 200
    assert code_of(world.asks(token)) == "CGT-224"


def test_app_that_only_names_itself_gets_nothing_else(world: World) -> None:
    """Neither by a person's JWT credential, nor by any grant that is no outside token (RFC 7521 section 4.1)."""
    credential = world.server.world.jwt_credentials["admin_any"].jwt
    assert code_of(world.asks(credential)) == "OAU-123"
    assert code_of(world.asks("x", grant_type="client_credentials")) == "OAU-123"


def test_app_with_a_secret_must_prove_itself_first(world: World) -> None:
    """Only where nothing else proves it may the token do so."""
    world.trusts("Script too", "--condition", "repository=acme/app", app="script")
    script = world.server.world.apps["script"]
    assert code_of(world.asks(world.issuer.github(), app=script.client_id)) == "OAU-123"


@pytest.mark.requirement("RFC 7523 section 2.2")
def test_token_proves_the_app_itself_when_its_trust_says_so(world: World) -> None:
    """Federated client authentication: any grant of the app, here client_credentials; good once as well."""
    assert code_of(world.proves(world.issuer.github())) == "CGT-110"
    world.trusts("Client", "--condition", "repository=acme/app", "--proves-app", role=None)
    token = world.issuer.github()
    assert code_of(world.proves(token)) == "OAU-251"
    world.shell.give("apps", "allow-service", world.client_id, "--account", world.account, "--role", "Super Admin")
    assert code_of(world.proves(token)) == "CGT-110"
    tokens = world.proves(world.issuer.github())
    assert tokens.status_code == 200
    assert world.reads_calls(tokens.json()) == 200
    # A token of the same trust opens nothing as a grant, and one for a service extension proves no app.
    assert code_of(world.proves(world.issuer.kubernetes())) == "CGT-110"
    assert code_of(world.proves(world.issuer.github(), client_id="")) == "CGT-110"
    world.shell.give("issuers", "revoke", "Client", "--yes")
    assert code_of(world.proves(world.issuer.github())) == "CGT-110"


def test_issuer_is_asked_once_whoever_sends_how_many(world: World) -> None:
    """For its keys, and for a key nobody has; an outage after that changes nothing."""
    with issuing(world.server.base_url) as issuer:
        world.trusts("Crowd", "--condition", "repository=acme/crowd", issuer=issuer)
        issuer.asked = 0
        with ThreadPoolExecutor(20) as pool:
            replies = list(pool.map(lambda _: world.asks(issuer.github("acme/crowd")), range(20)))
        assert [reply.status_code for reply in replies] == [200] * 20
        assert issuer.asked == 1
        for _ in range(20):
            assert code_of(world.asks(issuer.sign({"iss": issuer.url}, kid="made up"))) == "CGT-220"
        assert issuer.asked == 1
        issuer.up = False
        assert world.asks(issuer.github("acme/crowd")).status_code == 200


def test_issuer_that_is_down_is_no_fault_of_the_job(world: World) -> None:
    """503 with Retry-After, which every client repeats; nothing of the token is spent."""
    with issuing(world.server.base_url) as issuer:
        world.trusts("Down", "--condition", "repository=acme/down", issuer=issuer)
        issuer.up = False
        reply = world.asks(issuer.github("acme/down"))
        assert (reply.status_code, reply.json()["error"]) == (503, "temporarily_unavailable")
        assert "retry-after" in reply.headers


def test_sessions_are_over_when_the_trust_changes_or_is_revoked(world: World) -> None:
    """And the service extension made with it is disabled."""
    world.trusts("Short", "--condition", "repository=acme/short")
    tokens = world.asks(world.issuer.github("acme/short")).json()
    assert world.reads_calls(tokens) == 200
    world.shell.give("issuers", "change", "Short", "--condition", "ref=refs/heads/main")
    assert world.reads_calls(tokens) == 401
    tokens = world.asks(world.issuer.github("acme/short")).json()
    assert world.reads_calls(tokens) == 200
    revoked = world.shell.give("issuers", "revoke", "Short", "--yes")
    assert world.reads_calls(tokens) == 401
    assert code_of(world.asks(world.issuer.github("acme/short"))) == "CGT-223"
    shown = world.shell.give("extensions", "show", str(revoked["service_extension_id"]))
    assert shown["status"] == "Disabled"


def test_operator_sees_which_check_fails(world: World, tmp_path: Path) -> None:
    """`issuers check` spends nothing; the app's owner is told by the reply's request id."""
    token = world.issuer.github("acme/other")
    file = tmp_path / "token"
    file.write_text(token + "\n")
    ended = world.shell.run("issuers", "check", "Deployments", str(file), "--json")
    assert ended.code == 1, "a script must not take it for good"
    tried = {each["check"]: each for each in json.loads(ended.out)}
    assert {name: each["passed"] for name, each in tried.items()} == {
        "iss": True,
        "kid": True,
        "signature": True,
        "aud": True,
        "exp, nbf, iat": True,
        "repository": False,
        "sub": False,
    }
    assert tried["repository"]["detail"] == "must be acme/app; is 'acme/other'"
    file.write_text(world.issuer.github())
    assert all(each["passed"] for each in world.shell.give("issuers", "check", "Deployments", str(file)))
    assert world.asks(file.read_text()).status_code == 200
    file.write_text("no token")
    ended = world.shell.run("issuers", "check", "Deployments", str(file), "--json")
    assert (ended.code, [each["passed"] for each in json.loads(ended.out)]) == (1, [False])


def test_keys_may_be_given_as_a_file(world: World, tmp_path: Path) -> None:
    """For a cluster that publishes none; nothing is fetched then, and an unsound set is refused at once."""
    keys = tmp_path / "keys.json"
    keys.write_text(world.issuer.key_set())
    asked = world.issuer.asked
    world.trusts("By file", "--condition", "repository=acme/file", "--jwks", str(keys))
    assert world.asks(world.issuer.github("acme/file")).status_code == 200
    assert world.issuer.asked <= asked + 1  # the other trusts of the issuer are by address
    keys.write_text('{"keys":[{"kty":"oct","k":"AAAA"}]}')
    line = world.shell.refuse("issuers", "change", "By file", "--jwks", str(keys))
    assert line == ("Refused: the JWK Set cannot be used: a key is symmetric: only public keys belong here")


@pytest.mark.parametrize(
    ("more", "line"),
    [
        (("--role", "Super Admin", "--proves-app"), "Refused: say what its tokens are worth"),
        ((), "Refused: say what its tokens are worth"),
        (("--role", "Nobody"), "Refused: there is no role 'Nobody'"),
        (("--service", "12"), "Refused: there is no service extension '12'"),
        (
            ("--role", "Super Admin", "--jwks-url", "https://169.254.169.254/keys"),
            "Refused: the key set at https://169",
        ),
        (
            ("--role", "Super Admin", "--jwks-url", "ftp://x/keys"),
            "Refused: the key set at ftp://x/keys was not fetched",
        ),
        (("--role", "Super Admin", "--condition", "x"), "Refused: 'x' is no condition"),
    ],
)
def test_trust_is_refused_in_one_line_that_names_the_mend(world: World, more: tuple[str, ...], line: str) -> None:
    """Before anything is written."""
    common = ("--account", world.account, "--app", world.client_id, "--issuer", world.issuer.url)
    refused = world.shell.refuse(
        "issuers", "trust", "--name", "No", *common, "--condition", "repository=acme/app", *more
    )
    assert refused.startswith(line)


def test_discovery_must_be_the_issuers_own(world: World) -> None:
    """Spelled to the letter: `iss` is compared so (OpenID Connect Discovery section 4.3)."""
    common = ("--account", world.account, "--app", world.client_id, "--role", "Super Admin", "--condition", "a=b")
    for issuer, said in (
        (world.issuer.url + "/", "is of the issuer"),
        ("https://127.0.0.1:1", "was not fetched"),
        (world.server.base_url, "this server is no outside issuer"),
    ):
        assert said in world.shell.refuse("issuers", "trust", "--name", "No", "--issuer", issuer, *common)


def test_trusts_are_listed_with_what_they_are_worth(world: World) -> None:
    """By account and app, in pages."""
    listed = world.shell.give("issuers", "list", "--account", world.account, "--app", world.client_id)
    first = listed[0]
    assert (first["name"], first["app"], first["role"]) == ("Deployments", "Deployer", "Super Admin")
    assert first["conditions"] == ["repository=acme/app", "sub=repo:acme/app:ref:refs/heads/main"]
    other = world.server.world.accounts["other"].id
    assert world.shell.give("issuers", "list", "--account", other) == []
