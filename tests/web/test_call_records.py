"""A telephone system tells a real server of its calls: stored before the answer, once each."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from tests.admin.conftest import forker
from tests.admin.shell import Shell, open_shell_beside
from tests.server import Server, restarted, running_server

__all__ = ["forker"]

LOG = "/restapi/v1.0/account/~/call-log"
TOKEN = "/restapi/oauth/token"
Json = dict[str, Any]


class Stage(NamedTuple):
    """A server, an administrator's shell, and a telephone system's app."""

    server: Server
    shell: Shell
    app: Json

    def enter(self, app: str | None = None) -> httpx.Client:
        """The telephone system with a token, or an app of the world's without a user."""
        client = (self.app["client_id"], self.app["client_secret"])
        if app is not None:
            client = (self.server.world.apps[app].client_id, self.server.world.apps[app].client_secret)
        form = {"grant_type": "client_credentials"}
        reply = httpx.post(f"{self.server.base_url}{TOKEN}", data=form, auth=client).raise_for_status()
        bearer = {"Authorization": f"Bearer {reply.json()['access_token']}"}
        return httpx.Client(base_url=self.server.base_url, headers=bearer, timeout=60)


@pytest.fixture(scope="module")
def stage(forker: "subprocess.Popen[str]", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Set up as docs/calls.md says."""
    with running_server() as server:
        shell = open_shell_beside(forker, server, tmp_path_factory.mktemp("shell"))
        account = server.world.accounts["main"].id
        role = ("--name", "Telephone system", "--permission", "WriteCompanyCallLog")
        shell.give("roles", "create", "--account", account, *role)
        words = ("--name", "pbx", "--kind", "ServerOther", "--grant", "client_credentials", "--scope", "WriteCallLog")
        app = shell.give("apps", "register", "--account", account, *words)
        shell.give("apps", "allow-service", "pbx", "--account", account, "--role", "Telephone system")
        yield Stage(server, shell, app)


@pytest.fixture(scope="module")
def pbx(stage: Stage) -> Iterator[httpx.Client]:
    """The telephone system."""
    with stage.enter() as client:
        yield client


@pytest.fixture(scope="module")
def reader(stage: Stage) -> Iterator[httpx.Client]:
    """Somebody who reads the company's log."""
    with stage.enter("service") as client:
        yield client


def told(name: str, **more: object) -> Json:
    """A call as a PBX tells it."""
    return {
        "id": name,
        "sessionId": name,
        "startTime": "2025-10-09T10:00:00.000Z",
        "duration": 12,
        "type": "Voice",
        "direction": "Inbound",
        "action": "Phone Call",
        "from": {"phoneNumber": "+14155550100"},
        "extension": {"extensionNumber": "102"},
        **more,
    }


def refusal(reply: httpx.Response) -> tuple[int, str, str | None]:
    """Status, code, and the member that is meant."""
    detail = reply.json()["errors"][0]
    return reply.status_code, detail["errorCode"], detail.get("parameterName")


def test_calls_are_in_the_log_when_the_answer_comes(stage: Stage, pbx: httpx.Client, reader: httpx.Client) -> None:
    """One as the whole body, many under `records`; each with its address."""
    one = pbx.post(LOG, json=told("1700000000.42"))
    assert one.status_code == 200, one.text
    (noted,) = one.json()["records"]
    assert (noted["id"], noted["status"]) == ("1700000000.42", "Created")
    found = reader.get(noted["uri"]).json()
    assert (found["id"], found["duration"], found["result"]) == ("1700000000.42", 12, "Unknown")
    assert found["extension"]["id"] == int(stage.server.world.people["agent"].id)
    many = pbx.post(LOG, json={"records": [told(f"many-{number}") for number in range(250)]})
    assert {record["status"] for record in many.json()["records"]} == {"Created"}
    assert [record["id"] for record in many.json()["records"]] == [f"many-{number}" for number in range(250)]
    assert reader.get(f"{LOG}/many-249").status_code == 200


def test_call_told_again_is_one_call(pbx: httpx.Client, reader: httpx.Client) -> None:
    """The id says so: a lost answer is asked for again, and a call that went on replaces itself."""
    statuses = [
        pbx.post(LOG, json=told("again", **more)).json()["records"][0]["status"]
        for more in ({}, {}, {"result": "Accepted"}, {"result": "Accepted"})
    ]
    assert statuses == ["Created", "Unchanged", "Updated", "Unchanged"]
    twice = pbx.post(LOG, json={"records": [told("twice"), told("twice", result="Missed")]}).json()["records"]
    assert [record["status"] for record in twice] == ["Created", "Updated"]
    assert reader.get(f"{LOG}/twice").json()["result"] == "Missed"


def test_call_that_cannot_be_meant_keeps_no_other_out(pbx: httpx.Client, reader: httpx.Client) -> None:
    """Each is told of in its place; the only one of a body is the refusal of the whole."""
    records = [told("fine-1"), told("bad", type="SMS"), {}, told("strange", extension={"id": 5}), told("fine-2")]
    reply = pbx.post(LOG, json={"records": records})
    assert reply.status_code == 200
    assert [(each["status"], each.get("errorCode"), each.get("parameterName")) for each in reply.json()["records"]] == [
        ("Created", None, None),
        ("Rejected", "CMN-101", "type"),
        ("Rejected", "CGT-170", "id"),
        ("Rejected", "CGT-178", "extension"),
        ("Created", None, None),
    ]
    assert reader.get(f"{LOG}/fine-2").status_code == 200
    assert reader.get(f"{LOG}/bad").status_code == 404
    assert refusal(pbx.post(LOG, json=told("bad", type="SMS"))) == (400, "CMN-101", "type")
    assert refusal(pbx.post(LOG, json={"records": [told("bad", direction="Sideways")]})) == (
        400,
        "CMN-101",
        "direction",
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"records": []}', (400, "CMN-101", "records")),
        (b'{"records": {}}', (400, "CMN-101", "records")),
        (b'{"records": [5]}', (400, "CMN-101", "records")),
        (b"{}", (400, "CGT-170", "id")),
        (b"[]", (400, "CMN-103", None)),
        (b'{"id": "a", "id": "b"}', (400, "CMN-103", None)),
        (b'{"records": ' + b"[" * 15_000 + b"]" * 15_000 + b"}", (400, "CMN-103", None)),
        (json.dumps({"records": [told(f"x{number}") for number in range(251)]}).encode(), (400, "CMN-101", "records")),
        (json.dumps(told("long", junk="x" * 524_288)).encode(), (413, "CGT-172", None)),
    ],
    ids=["none", "no list", "no objects", "empty", "no object", "twice", "deep", "too many", "too long"],
)
def test_body_that_cannot_be_meant_is_refused(
    pbx: httpx.Client, body: bytes, expected: tuple[int, str, str | None]
) -> None:
    """Bounded in bytes, in records, in depth; and nothing of it is stored."""
    assert refusal(pbx.post(LOG, content=body, headers={"Content-Type": "application/json"})) == expected


def test_telling_and_reading_are_two_rights(stage: Stage, pbx: httpx.Client, reader: httpx.Client) -> None:
    """The scope of the app and the permission of its role, each alone; WriteCallLog reads nothing."""
    assert refusal(reader.post(LOG, json=told("no"))) == (403, "CMN-401", None)
    assert refusal(pbx.get(LOG)) == (403, "CMN-401", None)
    stage.shell.give("apps", "update", "pbx", "--scope", "WriteCallLog", "--scope", "ReadCallLog")
    with stage.enter() as both:
        assert refusal(both.get(LOG)) == (403, "CMN-408", None)
        assert both.post(LOG, json=told("both")).status_code == 200
    account, words = stage.server.world.accounts["main"].id, ("--kind", "ServerOther", "--grant", "client_credentials")
    app = stage.shell.give("apps", "register", "--account", account, "--name", "r", *words, "--scope", "WriteCallLog")
    stage.shell.give("apps", "allow-service", "r", "--account", account, "--role", "Call log reader")
    with stage._replace(app=app).enter() as unpermitted:
        assert refusal(unpermitted.post(LOG, json=told("no"))) == (403, "CMN-408", None)
    foreign = LOG.replace("~", stage.server.world.accounts["other"].id)
    assert refusal(pbx.post(foreign, json=told("no")))[:2] == (404, "CMN-102")
    assert (
        pbx.post(LOG, content=b"id=1", headers={"Content-Type": "application/x-www-form-urlencoded"}).status_code == 415
    )


def test_call_is_there_after_the_server_was_killed(stage: Stage, pbx: httpx.Client, reader: httpx.Client) -> None:
    """Durable before the answer: nothing is left to be written when it comes."""
    assert pbx.post(LOG, json=told("kept")).status_code == 200
    stage.server.kill()
    with restarted(stage.server):
        assert reader.get(f"{LOG}/kept").json()["id"] == "kept"
