"""`callgate dev` and `callgate demo`: the seeded world, its file, its return, and the demonstration."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from callgate.admin.world import WORLD_FILE, World, WorldApp, read_world
from tests.admin.shell import Shell
from tests.admin.test_asking import type_in
from tests.crypto.forge import jwks, rsa_jwk, rsa_key
from tests.server import Server, running_server

CALLGATE = str(Path(sys.executable).with_name("callgate"))
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
REDIRECT_URI = "http://localhost:5000/oauth2callback"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A world of this module's own."""
    with running_server() as running:
        yield running


@pytest.mark.requirement("ruling 19")
def test_world_file_has_the_shape_that_tests_and_documents_rely_on(server: Server) -> None:
    """Ruling 19: written whole before the ready line, readable by its owner alone; ids are strings."""
    file = server.data / WORLD_FILE
    assert file.stat().st_mode & 0o777 == 0o600
    world = json.loads(file.read_text())
    assert list(world) == ["base_url", "accounts", "people", "apps", "jwt_credentials"]
    assert world["base_url"] == server.base_url
    assert list(world["accounts"]) == ["main", "other"]
    assert sorted(world["people"]) == ["admin", "agent", "disabled", "helper", "other_admin", "queue"]
    main, admin, helper = world["accounts"]["main"], world["people"]["admin"], world["people"]["helper"]
    assert (main["main_number"], admin["extension_number"]) == ("+12025550100", "101")
    assert admin["id"] == main["id"]
    assert helper | {"id": "", "password": ""} == {
        "id": "",
        "account": "main",
        "extension_number": "104",
        "email": "helper@main.example",
        "phone_number": None,
        "password": "",
        "role": "Call log reader",
        "status": "Enabled",
    }
    assert world["apps"]["script"] | {"client_id": "", "client_secret": ""} == {
        "client_id": "",
        "client_secret": "",
        "kind": "ServerOther",
        "account": "main",
        "private": True,
        "grant_types": ["password", "refresh_token", JWT_BEARER],
        "redirect_uris": [],
        "scopes": ["ReadAccounts", "ReadCallLog"],
        "issues_refresh_tokens": True,
    }
    assert {name: app["private"] for name, app in world["apps"].items() if not app["private"]} == {"public_web": False}
    assert {name for name, app in world["apps"].items() if app["client_secret"] is None} == {
        "spa",
        "implicit",
        "device",
    }
    assert [name for name, app in world["apps"].items() if app["redirect_uris"] == [REDIRECT_URI]] == [
        "web",
        "spa",
        "implicit",
        "public_web",
    ]
    assert [name for name, app in world["apps"].items() if app["account"] == "other"] == [
        "public_web",
        "foreign_private",
    ]
    assert world["jwt_credentials"]["helper_script_only"]["apps"] == ["script"]
    assert world["jwt_credentials"]["admin_any"]["apps"] is None
    assert sorted(world["jwt_credentials"]) == ["admin_any", "agent_deleted", "agent_expired", "helper_script_only"]


@pytest.mark.parametrize(
    ("app", "credential", "expected"),
    [
        ("script", "admin_any", ""),
        ("script", "helper_script_only", ""),
        ("norefresh", "admin_any", ""),
        ("norefresh", "helper_script_only", "invalid_grant"),
        ("script", "agent_expired", "invalid_grant"),
        ("script", "agent_deleted", "invalid_grant"),
        ("foreign_private", "admin_any", "invalid_grant"),
        ("web", "admin_any", "unauthorized_client"),
    ],
)
def test_each_credential_is_what_its_name_says(server: Server, app: str, credential: str, expected: str) -> None:
    """One example of each kind: two that work, for all apps and for one, and two that no longer do."""
    form = {"grant_type": JWT_BEARER, "assertion": server.world.jwt_credentials[credential].jwt}
    reply = ask_token(server.world, server.world.apps[app], form)
    assert reply.get("error", "") == expected, reply
    assert ("refresh_token" in reply) == (app == "script" and not expected)


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        ("admin", ""),
        ("agent", ""),
        ("helper", ""),
        ("queue", "OAU-163"),
        ("disabled", "OAU-141"),
        ("other_admin", "OAU-"),
    ],
)
def test_each_person_signs_in_or_not_as_the_seed_says(server: Server, person: str, expected: str) -> None:
    """Ruling 10: state codes come only after the right password, so those who may not sign in have one too."""
    who = server.world.people[person]
    form = {"grant_type": "password", "username": who.email, "password": who.password}
    reply = ask_token(server.world, server.world.apps["script"], form)
    codes = [each["errorCode"] for each in reply.get("errors", [])]
    assert all(code.startswith(expected) for code in codes), reply
    assert bool(codes) == bool(expected), reply


def test_service_reads_the_call_log_without_a_user(server: Server) -> None:
    """What the seeds' asker wanted, and 2,000 calls to read."""
    reply = ask_token(server.world, server.world.apps["service"], {"grant_type": "client_credentials"})
    headers = {"Authorization": f"Bearer {reply['access_token']}"}
    url = f"{server.base_url}/restapi/v1.0/account/~/call-log?dateFrom=2000-01-01&perPage=1000"
    pages = [httpx.get(f"{url}&page={number}", headers=headers).json()["records"] for number in (1, 2, 3)]
    assert [len(page) for page in pages] == [1000, 1000, 0]


@pytest.mark.requirement("ruling 19")
def test_world_comes_back_with_its_secrets_when_served_elsewhere(
    server: Server, tmp_path: Path, free_port: int
) -> None:
    """A restart keeps what was handed out and moves base_url; without its file the world is refused."""
    data = tmp_path / "world"
    before = copy_world(server, data)
    with dev(data, free_port) as process:
        assert process.stdout
        assert process.stdout.readline() == f"callgate is ready on http://127.0.0.1:{free_port}\n"
        after = read_world(data)
        assert after == replace(before, base_url=f"http://127.0.0.1:{free_port}")
        form = {"grant_type": JWT_BEARER, "assertion": before.jwt_credentials["admin_any"].jwt}
        assert "access_token" in ask_token(after, before.apps["script"], form)
    (data / WORLD_FILE).unlink()
    with dev(data, free_port) as process:
        assert process.wait(30) == 1
        assert process.stderr
        assert "rm -r" in process.stderr.read()


def test_commands_act_on_the_server_when_given_its_settings_file(server: Server, shell: Shell) -> None:
    """docs/adr/0066: its database, its keys, its address, with nothing said but the file."""
    assert server.settings_file.stat().st_mode & 0o777 == 0o600
    config = ("--config", str(server.settings_file))
    made = shell.give("credentials", "create", "--person", "helper@main.example", "--label", "a job", *config)
    form = {"grant_type": JWT_BEARER, "assertion": made["jwt"]}
    reply = ask_token(server.world, server.world.apps["script"], form)
    headers = {"Authorization": f"Bearer {reply['access_token']}"}
    extension = httpx.get(f"{server.base_url}/restapi/v1.0/account/~/extension/~", headers=headers).json()
    assert str(extension["id"]) == server.world.people["helper"].id
    assert reply["session_id"] in [each["session_id"] for each in shell.give("sessions", "list", *config)]
    keys = shell.folder / "keys.json"
    keys.write_text(jwks(rsa_jwk(rsa_key(), kid="one", use="sig", alg="RS256")))
    trusted = shell.give(
        *("issuers", "trust", "--name", "Builds", "--account", server.world.accounts["main"].id, "--app", "script"),
        *("--issuer", "https://builds.example", "--condition", "sub=nightly", "--role", "Call log reader"),
        *("--jwks", str(keys), *config),
    )
    assert trusted["audience"] == server.base_url


def test_second_line_is_what_a_shell_needs_for_commands(server: Server, tmp_path: Path, free_port: int) -> None:
    """Copied into a shell as printed, in a folder with a space in its name; the file follows to another port."""
    data = tmp_path / "a world"
    copy_world(server, data)
    shutil.copy2(server.settings_file, data)
    with dev(data, free_port) as process:
        assert process.stdout
        assert process.stdout.readline() == f"callgate is ready on http://127.0.0.1:{free_port}\n"
        said = process.stdout.readline()
        assert said.startswith("Commands act on it after: export CALLGATE_CONFIG=")
        script = f"{said.partition(': ')[2]}{CALLGATE} config check --json"
        shown = subprocess.run(["sh", "-c", script], capture_output=True, check=True, cwd=tmp_path).stdout
    values = {each["setting"]: each["value"] for each in json.loads(shown)}
    assert values["server.port"] == str(free_port)
    assert values["database.url"] == f"sqlite:///{data}/callgate.db"


def test_settings_that_somebody_wrote_are_never_replaced(server: Server, tmp_path: Path, free_port: int) -> None:
    """`callgate dev --data .` beside the settings of a real server touches nothing."""
    data = tmp_path / "mine"
    copy_world(server, data)
    mine = data / "callgate.toml"
    mine.write_text("[server]\nport = 443\n")
    with dev(data, free_port) as process:
        assert process.wait(30) == 1
        assert process.stderr
        assert f"{mine} is not by `callgate dev`" in process.stderr.read()
    assert mine.read_text() == "[server]\nport = 443\n"


def copy_world(server: Server, data: Path) -> World:
    """The folder of a world, as a backup while it is served would give it."""
    data.mkdir()
    settings = f'[database]\nurl = "sqlite:///{server.data}/callgate.db"\n'
    (data / "settings.toml").write_text(settings)
    command = [CALLGATE, "db", "backup", str(data / "callgate.db"), "--config", str(data / "settings.toml")]
    subprocess.run(command, check=True, capture_output=True)
    for name in ("kek", WORLD_FILE):
        shutil.copy2(server.data / name, data / name)
    return read_world(data)


@contextmanager
def dev(data: Path, port: int) -> Iterator["subprocess.Popen[str]"]:
    """`callgate dev` on a folder."""
    command = [CALLGATE, "dev", "--port", str(port), "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def ask_token(world: World, app: WorldApp, form: dict[str, str]) -> dict[str, Any]:
    """What the token endpoint answers."""
    url = f"{world.base_url}/restapi/oauth/token"
    reply: dict[str, Any] = httpx.post(url, data=form, auth=(app.client_id, app.client_secret or "")).json()
    return reply


@pytest.mark.requirement("ruling 21")
def test_demonstration_shows_every_step_and_ends_when_asked(
    server: Server, tmp_path: Path, free_port: int, unchanged: Shell
) -> None:
    """Ruling 21: each step as the curl line that does it; anything that differs is exit 1."""
    data = tmp_path / "demo"
    copy_world(server, data)
    ended = unchanged.run("demo", "--once", "--port", str(free_port), "--data", str(data))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.count("curl http") + ended.out.count("curl 'http") == 7
    assert [line for line in ended.out.splitlines() if line.startswith("HTTP ")] == ["HTTP 200"] * 6 + ["HTTP 401"]
    assert ended.out.count("Call connected") + ended.out.count("Accepted") >= 2
    assert "revoked by the application" in ended.out
    taken = unchanged.run("demo", "--once", "--port", server.base_url.rpartition(":")[2], "--data", str(data))
    assert taken.code == 1
    assert "Address already in use" in taken.err


def test_invitation_can_be_copied_when_the_terminal_is_narrow(
    server: Server, tmp_path: Path, free_port: int, unchanged: Shell
) -> None:
    """Forty columns: ids, secrets, passwords and the address to try are never broken in two."""
    data = tmp_path / "demo"
    copy_world(server, data)
    command = ("demo", "--port", str(free_port), "--data", str(data))
    seen, code = type_in(unchanged, *command, answers={"Ctrl-C.": "\x03"}, columns=40)
    assert code == 0, seen
    world = read_world(data)
    for app in world.apps.values():
        assert f"  {app.client_id}  {app.client_secret}".removesuffix("  None") in seen
    for person in world.people.values():
        assert f"  {person.password}" in seen
    assert f"  export CALLGATE_CONFIG={data}/callgate.toml\r\n  {CALLGATE} sessions list\r\n" in seen
    redirect_uri = world.apps["web"].redirect_uris[0]
    assert f"&client_id={world.apps['web'].client_id}&redirect_uri={redirect_uri}&state=try" in seen
