"""JWT credentials by the resource API of a real server: made, replaced, deleted, and what no token may make."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from tests.admin.shell import Shell, forking, open_shell_beside
from tests.server import Server, running_server

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPES = ("EditUserCredentials", "ReadAccounts")
API = "/restapi/v1.0/account/~/extension/~/jwt-credentials"

App = dict[str, str]


class Company(NamedTuple):
    """A server, its command line, an app that may make credentials, and one with more scopes."""

    server: Server
    shell: Shell
    app: App
    wider: App

    def tokens(self, jwt: str, app: App) -> httpx.Response:
        """What an app gets for a JWT credential."""
        form = {"grant_type": JWT_BEARER, "assertion": jwt}
        auth = (app["client_id"], app["client_secret"])
        return httpx.post(f"{self.server.base_url}/restapi/oauth/token", data=form, auth=auth)

    def of(self, who: str) -> httpx.Client:
        """Somebody in the app, by a JWT credential for it alone."""
        email = self.server.world.people[who].email
        words = ("--person", email, "--label", "first", "--app", self.app["client_id"])
        jwt: str = self.shell.give("credentials", "create", *words)["jwt"]
        bearer = self.tokens(jwt, self.app).json()["access_token"]
        headers = {"Authorization": f"Bearer {bearer}"}
        return httpx.Client(base_url=self.server.base_url, headers=headers, timeout=30)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A server of the module's own."""
    with ExitStack() as stack:
        server = stack.enter_context(running_server())
        forker: subprocess.Popen[str] = stack.enter_context(forking())
        folder: Path = tmp_path_factory.mktemp("beside")
        shell = open_shell_beside(forker, server, folder)

        def register(name: str, *scopes: str) -> App:
            given: App = shell.give(
                *("apps", "register", "--account", server.world.accounts["main"].id, "--name", name),
                *("--kind", "ServerOther", "--grant", JWT_BEARER),
                *(word for scope in scopes for word in ("--scope", scope)),
            )
            return given

        yield Company(server, shell, register("keys", *SCOPES), register("wider", *SCOPES, "ReadCallLog"))


@pytest.fixture(scope="module")
def agent(company: Company) -> Iterator[httpx.Client]:
    """Somebody of the standard role."""
    with company.of("agent") as client:
        yield client


@pytest.fixture(scope="module")
def admin(company: Company) -> Iterator[httpx.Client]:
    """The main administrator."""
    with company.of("admin") as client:
        yield client


def in_days(days: float) -> str:
    """An instant as the wire has it."""
    return (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="seconds").replace("+00:00", "Z")


def wish(company: Company, **changed: object) -> dict[str, object]:
    """A body that may be."""
    return {"label": "job", "clientIds": [company.app["client_id"]], "expirationTime": in_days(30)} | changed


def done(reply: httpx.Response, status: int = 200) -> Any:  # noqa: ANN401 - JSON as it came
    """The document of a call that worked."""
    assert reply.status_code == status, reply.text
    return reply.json()


def refused(reply: httpx.Response) -> tuple[int, str]:
    """Status and fine code of a refusal."""
    return reply.status_code, reply.json()["errors"][0]["errorCode"]


def test_credential_is_made_used_replaced_and_deleted(company: Company, agent: httpx.Client) -> None:
    """Each text is shown once; both count until the overlap is over, and none when deleted. All of it is audited."""
    made = done(agent.post(API, json=wish(company)), 201)
    assert company.tokens(made["jwt"], company.app).status_code == 200
    assert refused(company.tokens(made["jwt"], company.wider))[0] == 400
    shown = done(agent.get(made["uri"]))
    assert "jwt" not in shown
    assert (shown["label"], shown["allApps"], shown["clientIds"]) == ("job", False, [company.app["client_id"]])
    later = {"expirationTime": in_days(60), "overlap": 3600}
    successor = done(agent.post(f"{made['uri']}/replacement", json=later), 201)
    for each in (made, successor):
        assert company.tokens(each["jwt"], company.app).status_code == 200
    assert done(agent.get(made["uri"]))["replacementTime"]
    assert refused(agent.post(f"{made['uri']}/replacement", json=later)) == (400, "CGT-173")
    listed = agent.get(API, params={"perPage": 1000}).json()
    assert {made["id"], successor["id"]} <= {each["id"] for each in listed["records"]}
    assert made["jwt"] not in str(listed)
    assert listed["paging"]["totalElements"] == len(listed["records"])
    for each in (made, successor):
        assert agent.delete(each["uri"]).status_code == 204
        assert refused(agent.delete(each["uri"])) == (404, "CMN-102")
        assert refused(company.tokens(each["jwt"], company.app)) == (400, "CGT-113")
    by = company.server.world.people["agent"].id
    acts = [entry["what"] for entry in company.shell.give("audit", "list", "--limit", "1000") if entry["by"] == by]
    assert {"CredentialCreated", "CredentialReplaced", "CredentialDeleted"} <= set(acts)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"label": None}, (400, "CGT-170")),
        ({"label": "x" * 65}, (400, "CGT-173")),
        ({"label": 5}, (400, "CMN-101")),
        ({"clientIds": None}, (400, "CGT-170")),
        ({"clientIds": []}, (400, "CGT-173")),
        ({"clientIds": ["no such app"]}, (400, "CGT-173")),
        ({"clientIds": ["x"] * 51}, (400, "CMN-101")),
        ({"clientIds": ["x" * 129]}, (400, "CMN-101")),
        ({"expirationTime": None}, (400, "CGT-170")),
        ({"expirationTime": "soon"}, (400, "CMN-101")),
        ({"expirationTime": in_days(91)}, (400, "CGT-173")),
        ({"expirationTime": "2020-01-01"}, (400, "CGT-173")),
    ],
    ids=lambda value: str(sorted(value)) if isinstance(value, dict) else value[1],
)
def test_credential_is_not_made_when_a_member_cannot_be_meant(
    company: Company, agent: httpx.Client, changed: dict[str, object], code: tuple[int, str]
) -> None:
    """By a program it names its apps and its end."""
    assert refused(agent.post(API, json=wish(company, **changed))) == code


def test_token_makes_no_credential_that_opens_more_than_itself(company: Company, agent: httpx.Client) -> None:
    """For an app that may do more, nor by replacing one that is for all apps (ADR 70)."""
    assert refused(agent.post(API, json=wish(company, clientIds=[company.wider["client_id"]]))) == (403, "CGT-176")
    email = company.server.world.people["agent"].email
    everywhere = company.shell.give("credentials", "create", "--person", email, "--label", "all")
    path = f"{API}/{everywhere['id']}"
    assert done(agent.get(path))["allApps"] is True
    assert refused(agent.post(f"{path}/replacement", json={"expirationTime": in_days(1)})) == (403, "CGT-176")
    assert agent.delete(path).status_code == 204


def test_app_without_the_scope_makes_none(company: Company) -> None:
    """Whatever its person may."""
    world = company.server.world
    script = {"client_id": world.apps["script"].client_id, "client_secret": world.apps["script"].client_secret or ""}
    company.shell.give("apps", "update", script["client_id"], "--remove-scope", "EditUserCredentials")
    bearer = company.tokens(world.jwt_credentials["admin_any"].jwt, script).json()["access_token"]
    reply = httpx.get(f"{company.server.base_url}{API}", headers={"Authorization": f"Bearer {bearer}"})
    assert refused(reply) == (403, "CMN-401")


def test_nobody_makes_or_sees_anothers_without_the_permission(
    company: Company, agent: httpx.Client, admin: httpx.Client
) -> None:
    """EditExtensions, and a role that covers the other's: an administrator of people is not the main one (ADR 41)."""
    people = company.server.world.people
    of_admin = API.replace("extension/~", f"extension/{people['admin'].id}")
    of_agent = API.replace("extension/~", f"extension/{people['agent'].id}")
    assert refused(agent.get(of_admin)) == (403, "CMN-408")
    assert refused(agent.post(of_admin, json=wish(company))) == (403, "CMN-408")
    made = done(admin.post(of_agent, json=wish(company)), 201)
    assert company.tokens(made["jwt"], company.app).status_code == 200
    of_nobody = API.replace("extension/~", "extension/999")
    assert refused(admin.post(of_nobody, json=wish(company))) == (404, "CMN-102")
    assert refused(admin.get(f"{of_agent}/12345")) == (404, "CMN-102")
    assert refused(admin.get(f"{of_agent}/{'9' * 19}")) == (404, "CMN-102")

    account = company.server.world.accounts["main"].id
    permissions = ("--permission", "EditExtensions", "--permission", "ReadCallLog")
    keeper = company.shell.give("roles", "create", "--account", account, "--name", "People keeper", *permissions)
    company.shell.give("extensions", "update", str(people["helper"].id), "--role", str(keeper["id"]))
    with company.of("helper") as helper:
        assert refused(helper.post(of_admin, json=wish(company))) == (403, "CGT-174")
        assert refused(helper.delete(f"{of_admin}/{made['id']}")) == (404, "CMN-102")
        [first, *_] = done(admin.get(API))["records"]
        assert refused(helper.delete(f"{of_admin}/{first['id']}")) == (403, "CGT-174")
        body = {"expirationTime": in_days(1)}
        assert refused(helper.post(f"{of_admin}/{first['id']}/replacement", json=body)) == (403, "CGT-174")
        other = API.replace("extension/~", f"extension/{people['other_admin'].id}")
        assert refused(helper.post(other, json=wish(company))) == (404, "CMN-102")


def test_account_that_leaves_it_to_administrators_is_obeyed(
    company: Company, agent: httpx.Client, admin: httpx.Client
) -> None:
    """By programs too; everybody may still delete their own."""
    made = done(agent.post(API, json=wish(company)), 201)
    account = company.server.world.accounts["main"].id
    company.shell.give("accounts", "update", account, "--credentials", "administrators")
    try:
        assert refused(agent.post(API, json=wish(company))) == (400, "CGT-173")
        assert refused(agent.post(f"{made['uri']}/replacement", json={"expirationTime": in_days(1)})) == (
            400,
            "CGT-173",
        )
        assert done(admin.post(API, json=wish(company)), 201)["jwt"]
        assert agent.delete(made["uri"]).status_code == 204
    finally:
        company.shell.give("accounts", "update", account, "--credentials", "everybody")
