"""`callgate credentials` beside a running server, by the grants it really made: rotation, expiry, and the radar."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.admin.conftest import forker
from tests.admin.shell import Shell, open_shell_beside
from tests.server import Server, fresh_server, running_server
from tests.web.visitor import visiting

__all__ = ["forker", "fresh_server"]

TOKEN = "/restapi/oauth/token"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One for the tests that add to it."""
    with running_server() as running:
        yield running


@pytest.fixture(scope="module")
def shell(server: Server, forker: "subprocess.Popen[str]", tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """The operator."""
    return open_shell_beside(forker, server, tmp_path_factory.mktemp("operator"))


def asks(server: Server, form: dict[str, str], key: str = "script") -> httpx.Response:
    """An app asks for a token."""
    app = server.world.apps[key]
    proof = (app.client_id, app.client_secret or "")
    return httpx.post(f"{server.base_url}{TOKEN}", data=form, auth=proof, timeout=30)


def exchange(server: Server, jwt: str) -> str:
    """What comes of a JWT credential: `granted`, or the code of the refusal."""
    reply = asks(server, {"grant_type": JWT_BEARER, "assertion": jwt})
    return "granted" if reply.status_code == 200 else reply.json()["errors"][0]["errorCode"]


def advice_on(shell: Shell, credential_id: int) -> str | None:
    """What the list says beside a credential."""
    listed = shell.give("credentials", "list", "--limit", "1000")
    [advice] = [each["advice"] for each in listed if each["id"] == credential_id]
    return advice if advice is None else str(advice)


def test_both_credentials_open_sessions_until_the_overlap_is_over(
    fresh_server: Server, forker: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    """The old one is refused then by itself, and no sooner."""
    shell = open_shell_beside(forker, fresh_server, tmp_path)
    script = fresh_server.world.apps["script"].client_id
    old = shell.give("credentials", "create", "--person", "helper@main.example", "--label", "job", "--app", script)
    new = shell.give("credentials", "rotate", str(old["id"]), "--overlap", "2d")
    assert (new["replaces"], new["label"], new["apps"]) == (old["id"], "job", [script])
    assert [exchange(fresh_server, each["jwt"]) for each in (old, new)] == ["granted", "granted"]
    assert advice_on(shell, old["id"]) is not None
    assert "was replaced already" in shell.refuse("credentials", "rotate", str(old["id"]))
    fresh_server.advance(2 * 24 * 3600)
    assert [exchange(fresh_server, each["jwt"]) for each in (old, new)] == ["CGT-114", "granted"]


def test_account_says_who_makes_credentials(server: Server, shell: Shell) -> None:
    """Judged by who makes it; the audit log names them."""
    account = server.world.accounts["main"].id
    words = ("credentials", "create", "--person", "agent@main.example", "--label", "x")
    made = shell.give(*words, "--by", "agent@main.example")
    agent = server.world.people["agent"].id
    told = [each["by"] for each in shell.give("audit", "list") if each["what"] == "CredentialCreated"]
    assert told[0] == agent
    assert made["extension_id"] == int(agent)
    assert "may not make this credential" in shell.refuse(*words, "--by", "helper@main.example")
    changed = shell.give("accounts", "update", account, "--credentials", "administrators")
    assert changed["credential_policy"] == "administrators"
    assert "may not make this credential" in shell.refuse(*words, "--by", "agent@main.example")
    shell.give(*words, "--by", "admin@main.example")
    shell.give("accounts", "update", account, "--credentials", "nobody")
    assert "makes no JWT credentials" in shell.refuse(*words)
    assert "makes no JWT credentials" in shell.refuse("credentials", "rotate", str(made["id"]))
    shell.give("accounts", "update", account, "--credentials", "everybody")


def test_expiring_ends_with_one_for_monitoring(shell: Shell) -> None:
    """And with nothing to say, with zero."""
    assert shell.give("credentials", "expiring", "--within", "1d") == []
    soon = ("--expires", "2027-01-10")
    made = shell.give("credentials", "create", "--person", "helper@main.example", "--label", "soon", *soon)
    ended = shell.run("credentials", "expiring", "--within", "3650d", "--json")
    assert ended.code == 1
    assert str(made["id"]) in ended.out
    shell.give("credentials", "rotate", str(made["id"]))
    assert shell.give("credentials", "expiring", "--within", "3650d") == []
    assert "no span of time" in shell.refuse("credentials", "expiring", "--within", "soon")


def test_radar_tells_which_jobs_stop(server: Server, shell: Shell) -> None:
    """By the grants that were made, of every way; whoever sits at a browser is there to sign in again."""
    helper = server.world.people["helper"]
    credential = server.world.jwt_credentials["helper_script_only"]
    assert exchange(server, credential.jwt) == "granted"
    login = {"grant_type": "password", "username": helper.email or "", "password": helper.password}
    assert asks(server, login).status_code == 200
    with visiting(server) as visitor:
        visitor.goes_to("web")
        visitor.signs_in("helper")
        visitor.presses("authorize")
        assert visitor.redeems("web", visitor.brings["code"]).status_code == 200
    script = server.world.apps["script"].client_id
    leaving = shell.give("credentials", "radar", "--if-leaves", helper.email or "")
    assert {job["way"].partition(" ")[0] for job in leaving} == {"JWT", "password"}
    assert {job["client_id"] for job in leaving} == {script}
    stopped = shell.give("credentials", "radar", "--if-sso-enforced")
    seen = [(job["client_id"], job["way"], job["extension_id"]) for job in stopped]
    assert seen == [(script, "password", int(helper.id))]


def test_radar_finds_what_is_wrong(server: Server, shell: Shell) -> None:
    """An owner who is gone, and scopes that no grant had."""
    person = ("extensions", "create", "--account", server.world.accounts["main"].id, "--first-name", "Gone")
    made = shell.give(*person, "--number", "177")
    credential = shell.give("credentials", "create", "--person", str(made["id"]), "--label", "left behind")
    shell.give("extensions", "disable", str(made["id"]), "--yes")
    found = shell.give("credentials", "radar", "--account", server.world.accounts["main"].id)
    gone = [each for each in found if each["what"] == "owner gone"]
    assert [each["mend"] for each in gone] == [f"callgate credentials delete {credential['id']}"]
    kinds = {"owner gone", "expired", "expiring", "replaced", "never used", "unused scopes"}
    assert {each["what"] for each in found} <= kinds
    assert [each["subject"].endswith("(agent_expired)") for each in found if each["what"] == "expired"] == [True]
