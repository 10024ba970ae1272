"""A copy of the call log kept in step over the wire, and calls deleted: with a real server, real tokens, real files."""

import json
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import httpx
import pytest

from tests.admin.conftest import forker
from tests.admin.shell import Shell, open_shell_beside
from tests.server import Server, fresh_server, restarted, running_server

__all__ = ["forker", "fresh_server"]

COMPANY = "/restapi/v1.0/account/~"
OWN = f"{COMPANY}/extension/~"
TOKEN = "/restapi/oauth/token"
Json = dict[str, Any]


class Stage(NamedTuple):
    """A server, an administrator's shell beside it, and an app that may delete."""

    server: Server
    shell: Shell
    app: Json

    def enter(self, who: str) -> httpx.Client:
        """Somebody with a token of that app."""
        person = self.server.world.people[who]
        form = {"grant_type": "password", "username": person.email or "", "password": person.password}
        auth = (self.app["client_id"], self.app["client_secret"])
        reply = httpx.post(f"{self.server.base_url}{TOKEN}", data=form, auth=auth)
        assert reply.status_code == 200, reply.text
        bearer = {"Authorization": f"Bearer {reply.json()['access_token']}"}
        return httpx.Client(base_url=self.server.base_url, headers=bearer, timeout=60)

    def bring(self, *records: Json) -> None:
        """Records from elsewhere."""
        lines = "\n".join(json.dumps(record) for record in records)
        self.shell.give("calls", "import", "-", "--account", self.server.world.accounts["main"].id, stdin=lines)


@pytest.fixture(scope="module")
def stage(forker: "subprocess.Popen[str]", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server of this module's own: its log is written to, and its clock moved."""
    with running_server() as server:
        shell = open_shell_beside(forker, server, tmp_path_factory.mktemp("shell"))
        scopes = [word for scope in ("ReadCallLog", "EditCallLog") for word in ("--scope", scope)]
        words = ("--name", "copy", "--kind", "ServerOther", "--grant", "password", *scopes)
        app = shell.give("apps", "register", "--account", server.world.accounts["main"].id, *words)
        yield Stage(server, shell, app)


@pytest.fixture(scope="module")
def admin(stage: Stage) -> Iterator[httpx.Client]:
    """The main administrator."""
    with stage.enter("admin") as client:
        yield client


@pytest.fixture(scope="module")
def agent(stage: Stage) -> Iterator[httpx.Client]:
    """Somebody whose role is Standard."""
    with stage.enter("agent") as client:
        yield client


def told(name: str, **more: object) -> Json:
    """A call of the agent's as another system tells it."""
    return {
        "id": name,
        "sessionId": "77",
        "startTime": "2040-01-01T00:00:00.000Z",
        "type": "Voice",
        "direction": "Inbound",
        "action": "Phone Call",
        "result": "Accepted",
        "extension": {"extensionNumber": "102"},
        **more,
    }


def sync(client: httpx.Client, path: str, **params: str) -> Json:
    """An answer."""
    reply = client.get(path, params=params)
    assert reply.status_code == 200, reply.text
    found: Json = reply.json()
    return found


def go_on(client: httpx.Client, path: str, before: Json, **params: str) -> Json:
    """The answer after another."""
    return sync(client, path, syncType="ISync", syncToken=before["syncInfo"]["syncToken"], **params)


def code_of(client: httpx.Client, path: str, **params: str) -> tuple[int, str]:
    """Why a call is refused."""
    reply = client.get(path, params=params)
    return reply.status_code, reply.json()["errors"][0]["errorCode"]


def names(found: Json) -> list[str]:
    """The ids of its records."""
    return [record["id"] for record in found["records"]]


@pytest.mark.parametrize("home", [COMPANY, OWN])
def test_full_sync_tells_the_newest_records_and_a_token(agent: httpx.Client, admin: httpx.Client, home: str) -> None:
    """Protocol.md I.5: as the call log tells them, newest first, with syncInfo."""
    client = admin if home == COMPANY else agent
    found = sync(client, f"{home}/call-log-sync", recordCount="5", syncType="FSync", view="Detailed")
    page = client.get(f"{home}/call-log", params={"perPage": "5", "view": "Detailed", "dateFrom": "2000-01-01"})
    assert found["records"] == page.json()["records"]
    assert set(found["syncInfo"]) == {"syncType", "syncToken", "syncTime"}
    assert found["syncInfo"]["syncType"] == "FSync"
    assert "/call-log-sync?syncType=FSync&view=Detailed&recordCount=5&statusGroup=All" in found["uri"]
    assert all("legs" in record for record in found["records"])


def test_incremental_sync_tells_what_was_inserted_changed_or_deleted(
    stage: Stage, admin: httpx.Client, agent: httpx.Client
) -> None:
    """In both logs; a call deleted is told to whoever asks for such."""
    company, own = (
        sync(client, f"{home}/call-log-sync", recordCount="3") for client, home in ((admin, COMPANY), (agent, OWN))
    )
    assert names(go_on(admin, f"{COMPANY}/call-log-sync", company)) == []
    stage.bring(told("new-1"), told("new-2", result="Missed"))
    for client, home, before in ((admin, COMPANY, company), (agent, OWN, own)):
        path = f"{home}/call-log-sync"
        found = go_on(client, path, before)
        assert sorted(names(found)) == ["new-1", "new-2"]
        assert found["syncInfo"]["syncType"] == "ISync"
        assert names(go_on(client, path, found)) == []
    stage.bring(told("new-1", result="Voicemail"))
    changed = go_on(admin, f"{COMPANY}/call-log-sync", company)
    assert {record["id"]: record["result"] for record in changed["records"]} == {
        "new-1": "Voicemail",
        "new-2": "Missed",
    }
    gone = agent.delete(f"{OWN}/call-log", params={"dateFrom": "2039-12-31", "dateTo": "2040-01-02"})
    assert (gone.status_code, gone.content) == (204, b"")
    assert names(go_on(agent, f"{OWN}/call-log-sync", own)) == []
    shown = go_on(agent, f"{OWN}/call-log-sync", own, showDeleted="true")
    assert sorted(names(shown)) == ["new-1", "new-2"]
    assert all(record["deleted"] is True for record in shown["records"])
    assert agent.get(f"{OWN}/call-log/new-1").status_code == 404


def test_incremental_sync_brings_older_records_when_asked(admin: httpx.Client) -> None:
    """Protocol.md I.5: recordCount extends the frame into the past, and the next sync from there."""
    path = f"{COMPANY}/call-log-sync"
    found = sync(admin, path, recordCount="3")
    older = go_on(admin, path, found, recordCount="4")
    oldest = go_on(admin, path, older, recordCount="250")
    whole = sync(admin, path, recordCount="250")
    assert [*names(found), *names(older), *names(oldest)][:250] == names(whole)


def test_missed_calls_alone_are_kept_in_step(stage: Stage, admin: httpx.Client) -> None:
    """StatusGroup=Missed, in the token as in the first answer."""
    path = f"{COMPANY}/call-log-sync"
    found = sync(admin, path, recordCount="250", statusGroup="Missed")
    assert {record["result"] for record in found["records"]} == {"Missed"}
    assert len(found["records"]) > 10
    stage.bring(told("missed-1", result="Missed"), told("taken-1"))
    assert names(go_on(admin, path, found)) == ["missed-1"]


def test_token_is_good_for_its_log_operation_and_view_alone(
    stage: Stage, admin: httpx.Client, agent: httpx.Client
) -> None:
    """CLG-101, whatever is wrong with it; a client begins anew."""
    path = f"{COMPANY}/call-log-sync"
    found = sync(admin, path, recordCount="1")
    token = found["syncInfo"]["syncToken"]
    own = sync(agent, f"{OWN}/call-log-sync", recordCount="1")["syncInfo"]["syncToken"]
    extract = sync(admin, f"{COMPANY}/call-log-extract-sync")["syncInfo"]["syncToken"]
    mangled = f"{token[:-3]}{'A' if token[-3] != 'A' else 'B'}{token[-2:]}"
    for wrong in (mangled, own, extract, "A" * len(token), token[:-1]):
        assert code_of(admin, path, syncType="ISync", syncToken=wrong) == (400, "CLG-101")
    assert code_of(admin, path, syncType="ISync", syncToken=token, view="Detailed") == (400, "CLG-101")
    agents = f"{COMPANY}/extension/{stage.server.world.people['agent'].id}/call-log-sync"
    assert code_of(admin, agents, syncType="ISync", syncToken=token) == (400, "CLG-101")
    assert sync(admin, agents, syncType="ISync", syncToken=own)["records"] == []
    assert code_of(admin, path, syncType="ISync") == (400, "CGT-170")
    assert code_of(admin, path) == (400, "CGT-170")


def test_sync_must_begin_anew_when_more_than_250_records_changed(stage: Stage, admin: httpx.Client) -> None:
    """CLG-104; an extract tells them all the same, part by part."""
    path, extract = f"{COMPANY}/call-log-sync", f"{COMPANY}/call-log-extract-sync"
    found, part = sync(admin, path, recordCount="1"), sync(admin, extract, recordCount="100")
    many = [told(f"many-{number}", startTime=f"2041-01-01T00:00:{number % 60:02}.000Z") for number in range(251)]
    stage.bring(*many[:250])
    assert len(go_on(admin, path, found)["records"]) == 250
    stage.bring(many[250])
    token = found["syncInfo"]["syncToken"]
    assert code_of(admin, path, syncType="ISync", syncToken=token) == (400, "CLG-104")
    told_of: list[str] = []
    while part["syncInfo"]["newerRecordsExist"] or not told_of:
        part = go_on(admin, extract, part)
        assert len(part["records"]) <= 100
        told_of += names(part)
    assert sorted(told_of) == sorted(record["id"] for record in many)


def test_extract_tells_the_whole_log_oldest_first(admin: httpx.Client) -> None:
    """Every call of the company since a moment, once, and none is left."""
    path = f"{COMPANY}/call-log-extract-sync"
    part = sync(admin, path, dateFrom="2000-01-01", recordCount="1000", view="Detailed")
    records = part["records"]
    while part["syncInfo"]["newerRecordsExist"]:
        part = go_on(admin, path, part)
        records += part["records"]
    listed: list[str] = []
    for number in range(1, 10):
        query = {"dateFrom": "2000-01-01", "dateTo": "2050-01-01", "perPage": "1000", "page": str(number)}
        listed += names(admin.get(f"{COMPANY}/call-log", params=query).json())
    assert [record["id"] for record in records] == listed[::-1]
    assert all(one["startTime"] <= two["startTime"] for one, two in pairwise(records))
    assert all("legs" in record for record in records)


def test_calls_are_deleted_by_whoever_may_alone(stage: Stage, admin: httpx.Client, agent: httpx.Client) -> None:
    """One's own with EditCallLog, others' with FullCompanyCallLog; the app needs its scope; the audit log knows."""
    agents = f"{COMPANY}/extension/{stage.server.world.people['agent'].id}/call-log"
    admins = f"{COMPANY}/extension/{stage.server.world.people['admin'].id}/call-log"
    refused = agent.delete(admins)
    assert (refused.status_code, refused.json()["permissionName"]) == (403, "FullCompanyCallLog")
    span = {"dateFrom": "2041-06-01", "dateTo": "2041-06-03"}
    stage.bring(told("fax", type="Fax", startTime="2041-06-02"), told("voice", startTime="2041-06-02"))
    assert admin.delete(agents, params={**span, "type": "Fax"}).status_code == 204
    assert names(agent.get(f"{OWN}/call-log", params=span).json()) == ["voice"]
    both = agent.get(f"{OWN}/call-log", params={**span, "showDeleted": "true"}).json()
    assert sorted(names(both)) == ["fax", "voice"]
    newest = stage.shell.give("audit", "list", "--limit", "5")
    assert newest[0]["what"] == "CallLogCleared"
    assert '"type=Fax"' in newest[0]["about"]
    assert admin.delete(agents, params={"dateTo": "later"}).json()["errors"][0]["parameterName"] == "dateTo"
    assert admin.delete(f"{COMPANY}/extension/5/call-log").status_code == 404
    stage.bring(told("fax", type="Fax", startTime="2041-06-02"))
    assert names(agent.get(f"{OWN}/call-log", params=span).json()) == ["voice"], "an import undoes no deletion"


def test_token_expires_after_thirty_days(stage: Stage) -> None:
    """And is good until then."""
    path = f"{COMPANY}/call-log-sync"
    with stage.enter("admin") as client:
        token = sync(client, path, recordCount="1")["syncInfo"]["syncToken"]
    stage.server.advance(30 * 86_400 - 60)
    with stage.enter("admin") as client:
        assert sync(client, path, syncType="ISync", syncToken=token)["records"] == []
    stage.server.advance(61)
    with stage.enter("admin") as client:
        assert code_of(client, path, syncType="ISync", syncToken=token) == (400, "CLG-101")


def test_token_survives_the_server(fresh_server: Server) -> None:
    """The database has the key it was sealed with, and nothing of the token itself."""
    path = f"{COMPANY}/call-log-sync"
    app, jwt = fresh_server.world.apps["script"], fresh_server.world.jwt_credentials["admin_any"].jwt
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": jwt}
    url = fresh_server.base_url
    access = httpx.post(f"{url}{TOKEN}", data=form, auth=(app.client_id, app.client_secret or "")).json()[
        "access_token"
    ]
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {access}"}) as client:
        found = sync(client, path, recordCount="1")
        with restarted(fresh_server):
            assert go_on(client, path, found)["records"] == []
