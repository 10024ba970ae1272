"""`callgate calls import`: records brought into the log of a server that runs."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from callgate.admin.call_reading import LONG_FILE_BYTES
from tests.admin.shell import Shell, open_shell_beside
from tests.server import Server, server

__all__ = ["server"]

STARTED = "2025-10-09T10:00:{:02}.000Z"


@pytest.fixture
def beside(server: Server, forker: "subprocess.Popen[str]", tmp_path: Path) -> Shell:
    """An administrator's shell."""
    return open_shell_beside(forker, server, tmp_path)


@pytest.fixture(scope="module")
def api(server: Server) -> Iterator[httpx.Client]:
    """A reader of the company's log."""
    app = server.world.apps["script"]
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": server.world.jwt_credentials["admin_any"].jwt,
    }
    tokens = httpx.post(
        f"{server.base_url}/restapi/oauth/token", data=form, auth=(app.client_id, app.client_secret or "")
    ).json()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    with httpx.Client(base_url=f"{server.base_url}/restapi/v1.0/account/~", headers=bearer) as client:
        yield client


def told(name: str, second: int, **more: object) -> dict[str, object]:
    """A record as another system tells it."""
    return {
        "id": name,
        "sessionId": f"9{second}",
        "startTime": STARTED.format(second),
        "duration": 12,
        "type": "Voice",
        "direction": "Inbound",
        "action": "Phone Call",
        "result": "Accepted",
        "from": {"phoneNumber": "+14155550100", "name": "Somebody"},
        "to": {"extensionId": "62288329016", "extensionNumber": "102"},
        "extension": {"id": 62288329016, "uri": "https://elsewhere.example/62288329016"},
        **more,
    }


def write(shell: Shell, name: str, records: list[dict[str, object]]) -> str:
    """The records in a file."""
    (shell.folder / name).write_text("".join(f"{json.dumps(record)}\n" for record in records))
    return name


def bring(shell: Shell, *words: str, stdin: str = "") -> dict[str, int]:
    """What an import that must succeed says."""
    said: dict[str, int] = shell.give("calls", "import", *words, "--account", "Harbour Lane Books", stdin=stdin)
    return {name: said[name] for name in ("new", "changed", "same", "rejected")}


def shown(api: httpx.Client, name: str, log: str = "") -> Any:  # noqa: ANN401 - JSON as it came
    """One record as the API tells it."""
    reply = api.get(f"{log}/call-log/{name}", params={"view": "Detailed"})
    return reply.json() if reply.status_code == 200 else reply.status_code


def test_records_are_in_both_logs_when_they_were_imported(beside: Shell, server: Server, api: httpx.Client) -> None:
    """Under their own ids, of the extension that the number names, found by time and session, told as they came."""
    leg = {"legType": "PstnToSip", "master": True, "recording": {"id": "7", "type": "Automatic"}, "duration": 12}
    records = [told("plain.1-a", 1), told("rich", 2, legs=[leg], telephonySessionId="s-77", partyId="p-77-1")]
    assert bring(beside, write(beside, "calls.jsonl", records)) == {"new": 2, "changed": 0, "same": 0, "rejected": 0}
    agent = server.world.people["agent"].id
    plain, rich = shown(api, "plain.1-a"), shown(api, "rich", f"/extension/{agent}")
    assert (plain["id"], plain["sessionId"], plain["extension"]["id"]) == ("plain.1-a", "91", int(agent))
    assert (plain["to"]["extensionId"], plain["from"], plain["duration"]) == (agent, records[0]["from"], 12)
    assert "telephonySessionId" not in plain
    assert (rich["telephonySessionId"], rich["legs"][0]["legType"]) == ("s-77", "PstnToSip")
    assert rich["legs"][0]["recording"]["id"] == "7"
    span = {"dateFrom": STARTED.format(1), "dateTo": STARTED.format(2)}
    for log in ("", f"/extension/{agent}"):
        listed = api.get(f"{log}/call-log", params=span).json()["records"]
        assert [record["id"] for record in listed] == ["rich", "plain.1-a"]
    assert api.get("/call-log", params={"sessionId": "92"}).json()["records"][0]["id"] == "rich"


def test_import_can_be_repeated(beside: Shell, api: httpx.Client) -> None:
    """The same records again write nothing; one that says something else replaces the one before it."""
    records = [told(f"again-{number}", number) for number in range(10, 20)]
    name = write(beside, "calls.jsonl", records)
    assert bring(beside, name)["new"] == 10
    first = shown(api, "again-10")
    assert bring(beside, name) == {"new": 0, "changed": 0, "same": 10, "rejected": 0}
    assert shown(api, "again-10") == first
    records[3] = told("again-13", 13, result="Missed", direction="Outbound")
    assert bring(beside, write(beside, name, records)) == {"new": 0, "changed": 1, "same": 9, "rejected": 0}
    assert (shown(api, "again-13")["result"], shown(api, "again-13")["direction"]) == ("Missed", "Outbound")


def test_own_records_can_be_brought_back(beside: Shell, api: httpx.Client) -> None:
    """What this server's own log tells is what it has: an archive of it is no second log."""
    page = api.get("/call-log", params={"view": "Detailed", "perPage": 200, "dateFrom": "2000-01-01"}).json()
    records = [record for record in page["records"] if len(record["id"]) == 11]
    assert len(records) > 100
    assert bring(beside, write(beside, "own.jsonl", records)) == {
        "new": 0,
        "changed": 0,
        "same": len(records),
        "rejected": 0,
    }


def test_lines_that_are_refused_are_told_with_the_reason(beside: Shell, api: httpx.Client) -> None:
    """On standard error or in a file; the others are stored, and the command ends as refused."""
    lines = [
        json.dumps(told("good-1", 30)),
        "{",
        json.dumps(told("bad", 31, type="SMS")),
        json.dumps(told("good-2", 32)),
    ]
    lines.append(json.dumps(told("strange", 33, extension={"id": 5})))
    (beside.folder / "mixed.jsonl").write_text("\n".join(lines))
    command = ("calls", "import", "mixed.jsonl", "--account", "Harbour Lane Books")
    ended = beside.run(*command, "--json")
    assert ended.code == 1
    assert json.loads(ended.out)["rejected"] == 3
    strange = "--move ID=EXTENSION says whose its calls are here, --keep-unknown takes them as nobody's"
    assert ended.err.splitlines() == [
        "line 2: not JSON",
        "line 3: Parameter [type] value is invalid: none of Voice, Fax",
        f"line 5: There is no extension with id 5 in this account: {strange}",
    ]
    assert shown(api, "good-2")["result"] == "Accepted"
    filed = beside.run(*command, "--rejects", "bad.jsonl", "--json")
    assert (filed.code, json.loads(filed.out)["same"]) == (1, 2)
    assert filed.err == "3 lines were refused: bad.jsonl says which and why\n"
    reasons = [json.loads(line) for line in (beside.folder / "bad.jsonl").read_text().splitlines()]
    assert [(each["line"], each["text"]) for each in reasons] == [(2, lines[1]), (3, lines[2]), (5, lines[4])]
    assert "bad.jsonl is there already" in beside.refuse(*command, "--rejects", "bad.jsonl")


def test_long_file_is_read_by_a_process_of_its_own(beside: Shell, api: httpx.Client) -> None:
    """With what it says of refused lines, and of a file that names no columns."""
    records = [told(f"long-{n}", 58, ballast="x" * 240_000) for n in range(18)]
    records[7]["direction"] = "Sideways"
    name = write(beside, "long.jsonl", records)
    assert (beside.folder / name).stat().st_size > LONG_FILE_BYTES
    brought = beside.run("calls", "import", name, "--account", "Harbour Lane Books", "--rejects", "no.jsonl", "--json")
    said = json.loads(brought.out)
    assert (brought.code, said["new"], said["rejected"]) == (1, 17, 1)
    assert json.loads((beside.folder / "no.jsonl").read_text())["line"] == 8
    assert [shown(api, f"long-{n}") == 404 for n in (6, 7, 17)] == [False, True, False]
    (beside.folder / name).write_text("direction,of,travel\n" + "x" * LONG_FILE_BYTES)
    assert "no column 'of'" in beside.refuse("calls", "import", name, "--account", "Harbour Lane Books")


def test_extensions_of_another_system_are_moved_as_told(beside: Shell, server: Server, api: httpx.Client) -> None:
    """By an option that names both; or such calls are nobody's, in the company's log alone."""
    helper = server.world.people["helper"].id
    name = write(beside, "calls.jsonl", [told("moved", 40, extension={"id": 5}, to={})])
    assert bring(beside, name, "--move", f"5={helper}")["new"] == 1
    assert shown(api, "moved", f"/extension/{helper}")["extension"]["id"] == int(helper)
    name = write(beside, "calls.jsonl", [told("nobody", 41, extension={"id": 5}, to={})])
    assert bring(beside, name, "--keep-unknown")["new"] == 1
    assert "extension" not in shown(api, "nobody")
    for pair in ("5", "x=1", f"{'5' * 5000}=102", "5=nobody", f"5={server.world.people['other_admin'].id}"):
        beside.refuse("calls", "import", name, "--account", "Harbour Lane Books", "--move", pair)


def test_extensions_logs_leave_the_companys_as_it_is(beside: Shell, server: Server, api: httpx.Client) -> None:
    """Two records of one call are two in the people's logs and one in the company's."""
    sides = [told("side-1", 50), told("side-2", 50, companyLog=False)]
    bring(beside, write(beside, "sides.jsonl", sides))
    bring(beside, write(beside, "logs.jsonl", [told("side-3", 50)]), "--extension-logs")
    span = {"dateFrom": STARTED.format(50), "dateTo": STARTED.format(50)}
    agent = server.world.people["agent"].id
    company, own = (api.get(f"{log}/call-log", params=span).json() for log in ("", f"/extension/{agent}"))
    assert [record["id"] for record in company["records"]] == ["side-1"]
    assert sorted(record["id"] for record in own["records"]) == ["side-1", "side-2", "side-3"]


def test_csv_comes_from_standard_input(beside: Shell, api: httpx.Client) -> None:
    """The columns are the record's members."""
    sheet = (
        "id,sessionId,startTime,duration,type,direction,action,from.phoneNumber,extension.extensionNumber\n"
        f"csv-1,77,{STARTED.format(55)},60,Voice,Outbound,VoIP Call,+12025550102,102\n"
    )
    assert bring(beside, "-", stdin=sheet)["new"] == 1
    assert shown(api, "csv-1")["from"] == {"phoneNumber": "+12025550102"}
    command = ("calls", "import", "-", "--account", "Harbour Lane Books")
    assert "columns" in beside.refuse(*command, stdin="Name,Number\n")
    assert "No such file" in beside.refuse("calls", "import", "nowhere", "--account", "Harbour Lane Books")


def test_audit_log_says_what_an_import_did(beside: Shell) -> None:
    """One entry for each, with the counts (architecture.md)."""
    before = len(beside.give("audit", "list", "--limit", "1000"))
    name = write(beside, "calls.jsonl", [told(f"many-{number}", 58) for number in range(1200)])
    bring(beside, name)
    newest = beside.give("audit", "list", "--limit", "1000")
    assert len(newest) == before + 1
    assert (newest[0]["what"], newest[0]["by"]) == ("CallsImported", "cli")
    assert "new=1200 changed=0 same=0 rejected=0" in newest[0]["about"]
