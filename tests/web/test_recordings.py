"""Recordings of calls (protocol.md I.5): what is known of them is told, to whom it may be; their sound is elsewhere."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.admin.conftest import forker
from tests.admin.shell import open_shell_beside
from tests.server import Server, running_server

__all__ = ["forker"]

API = "/restapi/v1.0/account/~"
Json = dict[str, object]


@dataclass(frozen=True)
class Company:
    """A server whose telephone system told of two recorded calls, and tokens by name."""

    server: Server
    callers: dict[str, httpx.Client]

    def get(self, path: str, *, by: str = "archive") -> tuple[int, Any]:
        """Status and document."""
        reply = self.callers[by].get(f"{API}{path}")
        return reply.status_code, reply.json()


def told(name: str, *, extension: str, recording: Json, legs: tuple[Json, ...] = ()) -> Json:
    """A recorded call."""
    return {
        "id": name,
        "sessionId": name,
        "startTime": "2025-10-09T10:00:00.000Z",
        "type": "Voice",
        "direction": "Inbound",
        "action": "Phone Call",
        "extension": {"extensionNumber": extension},
        "recording": recording,
        "legs": legs,
    }


WHOLE: Json = {
    "id": "8001",
    "type": "OnDemand",
    "contentType": "audio/mpeg",
    "duration": 22,
    "contentUri": "https://pbx.example/sounds/8001.mp3?key=secret",
}


@pytest.fixture(scope="module")
def company(forker: "subprocess.Popen[str]", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Apps with the scope and without, and services whose roles reach differently far."""
    with running_server() as server:
        shell = open_shell_beside(forker, server, tmp_path_factory.mktemp("shell"))
        account = server.world.accounts["main"].id
        callers: dict[str, httpx.Client] = {}
        for name, scope, permission in (
            ("pbx", "WriteCallLog", "WriteCompanyCallLog"),
            ("archive", "ReadCallRecording", "FullCompanyCallLog"),
            ("log", "ReadCallRecording", "ReadCompanyCallLog"),
            ("own", "ReadCallRecording", "ReadCallRecording"),
            ("unscoped", "ReadCallLog", "FullCompanyCallLog"),
        ):
            named = ("--account", account, "--name", name)
            shell.give("roles", "create", *named, "--permission", permission)
            words = ("--kind", "ServerOther", "--grant", "client_credentials", "--scope", scope)
            app = shell.give("apps", "register", *named, *words)
            shell.give("apps", "allow-service", name, "--account", account, "--role", name)
            form = {"grant_type": "client_credentials"}
            proof = (app["client_id"], app["client_secret"])
            reply = httpx.post(f"{server.base_url}/restapi/oauth/token", data=form, auth=proof).raise_for_status()
            bearer = {"Authorization": f"Bearer {reply.json()['access_token']}"}
            callers[name] = httpx.Client(base_url=server.base_url, headers=bearer, timeout=60)
        company = Company(server, callers)
        leg: Json = {"recording": {"id": "8003"}}
        records = [
            told("first", extension="102", recording=WHOLE),
            told("second", extension="102", recording={"id": "8001"}),
            told("third", extension="102", recording={"id": "8002"}, legs=(leg,)),
        ]
        reply = callers["pbx"].post(f"{API}/call-log", json={"records": records}).raise_for_status()
        assert {each["status"] for each in reply.json()["records"]} == {"Created"}
        yield company
        for client in callers.values():
            client.close()


def test_recording_is_told_by_the_address_that_its_call_has(company: Company) -> None:
    """Beside the platform's members nothing: where the sound was is for whoever asks for that."""
    shown = company.callers["archive"].get(f"{API}/call-log/first").raise_for_status().json()["recording"]
    assert sorted(shown) == ["contentUri", "id", "type", "uri"]
    document = company.callers["archive"].get(shown["uri"]).raise_for_status().json()
    assert document == {
        "uri": shown["uri"],
        "id": "8001",
        "contentUri": f"{shown['uri']}/content",
        "contentType": "audio/mpeg",
        "duration": 22,
    }


def test_recording_of_a_leg_alone_is_told(company: Company) -> None:
    """What nobody said of it is left out."""
    status, document = company.get("/recording/8003")
    assert (status, sorted(document)) == (200, ["contentUri", "id", "uri"])


@pytest.mark.parametrize(
    ("recording", "place"),
    [("8001", "; it was at https://pbx.example/sounds/8001.mp3"), ("8002", "")],
)
def test_sound_is_refused_with_where_it_was(company: Company, recording: str, place: str) -> None:
    """No redirect, with which the token would go along; and nothing that opens the place."""
    status, document = company.get(f"/recording/{recording}/content")
    assert (status, document["errorCode"]) == (404, "CMN-102")
    kept = "Callgate keeps no sound, only what the call log says of a recording"
    assert document["message"] == f"{kept}{place}"
    detail = document["errors"][0]
    assert (detail["errorCode"], detail["parameterName"]) == ("CGT-177", "recordingId")


@pytest.mark.parametrize("path", ["/recording/{}", "/recording/{}/content"])
@pytest.mark.parametrize(
    ("by", "status", "code"),
    [("unscoped", 403, "CMN-401"), ("log", 403, "CMN-408"), ("own", 404, "CMN-102"), ("archive", 404, "CMN-102")],
)
def test_recording_is_not_told_to_who_may_not_know(
    company: Company, path: str, by: str, *, status: int, code: str
) -> None:
    """Others' are as unknown as what there is none of."""
    name = "none" if by == "archive" else "8001"
    answered, document = company.get(path.format(name), by=by)
    assert (answered, document["errors"][0]["errorCode"]) == (status, code)


def test_export_brought_back_takes_nothing_away(company: Company) -> None:
    """The log names a recording and no more; what is known of it stays, and so does where its sound was."""
    exported = company.callers["archive"].get(f"{API}/call-log/first", params={"view": "Detailed"}).raise_for_status()
    before = [company.get(f"/recording/8001{part}") for part in ("", "/content")]
    reply = company.callers["pbx"].post(f"{API}/call-log", json=exported.json()).raise_for_status()
    assert reply.json()["records"][0]["status"] == "Unchanged"
    assert [company.get(f"/recording/8001{part}") for part in ("", "/content")] == before


def test_recording_goes_where_its_calls_go(company: Company) -> None:
    """A call told otherwise no longer has it; deleted calls' recordings are unknown."""
    pbx, archive = company.callers["pbx"], company.callers["archive"]
    pbx.post(f"{API}/call-log", json=told("moving", extension="101", recording={"id": "9001"})).raise_for_status()
    assert company.get("/recording/9001")[0] == 200
    again = told("moving", extension="101", recording={"id": "9002"})
    pbx.post(f"{API}/call-log", json=again).raise_for_status()
    assert [company.get(f"/recording/{name}")[0] for name in ("9001", "9002")] == [404, 200]
    pbx.post(f"{API}/call-log", json={**again, "deleted": True}).raise_for_status()
    assert archive.get(f"{API}/recording/9002").status_code == 404
