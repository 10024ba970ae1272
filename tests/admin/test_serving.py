"""Commands beside a server that is serving: what they change holds at once, and a restore ends what was."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.admin.shell import Shell, open_shell

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.mark.requirement("ruling 5", "ruling 20")
def test_administration_takes_hold_of_a_running_server(
    forker: "subprocess.Popen[str]", tmp_path: Path, free_port: int
) -> None:
    """A backup, then an end of everything by comparison; after the restore nothing issued before works (ruling 5)."""
    shell = open_shell(forker, tmp_path, port=free_port)
    world = found(shell)
    with serving(shell, free_port) as url:
        script, service = world["script"], world["service"]
        first = login(url, script, world["jwt"])
        assert read_calls(url, first) == 200
        (session,) = shell.give("sessions", "list", "--person", "+12025550100")
        assert session["state"] == "active"
        assert shell.give("sessions", "show", session["session_id"])["opened_by"] == "jwt_credential"
        told = shell.refuse("sessions", "end", session["session_id"])
        assert told.startswith(f"Refused: End {session['session_id']}, of app ")
        assert (
            shell.give("sessions", "end", session["session_id"], "--yes")["over_because"] == "ended by an administrator"
        )
        assert read_calls(url, first) == 401
        assert "over already" in shell.refuse("sessions", "end", session["session_id"], "--yes")
        assert "there is no session" in shell.refuse("sessions", "show", "nonsense")

        kept = login(url, script, world["jwt"])
        unattended = serve_token(url, service)
        assert [read_calls(url, token) for token in (kept, unattended)] == [200, 200]
        assert "is there already" in shell.refuse("db", "backup", "callgate.toml")
        assert shell.refuse("db", "backup", "nowhere/saved.db", code=3) == "Failed: there is no such folder: nowhere"
        saved = shell.give("db", "backup", "saved.db")
        assert saved["bytes"] == (tmp_path / "saved.db").stat().st_size
        assert (tmp_path / "saved.db").stat().st_mode & 0o077 == 0
        assert "served by another process" in shell.refuse("db", "restore", "saved.db", "--yes", code=3)
        assert "served by another process" in shell.refuse("db", "compact", code=3)
        assert "Address already in use" in shell.refuse("serve", code=3)
        assert "one server process" in shell.refuse("serve", "--workers", "2", code=2)
        assert shell.run("serve", "--check").code == 0
        elsewhere = '{"address":"127.0.0.1:1","listener":0,"workers":[]}'
        assert "takes a restart" in shell.refuse("serve", "--check", "--adopt", elsewhere)
        here = elsewhere.replace("127.0.0.1:1", f"127.0.0.1:{free_port}")
        assert shell.run("serve", "--check", "--adopt", here).code == 0
        assert "takes a restart" in shell.refuse("serve", "--check", "--workers", "0", "--adopt", here)
        (tmp_path / "second.toml").write_text((tmp_path / "callgate.toml").read_text().replace(str(free_port), "8099"))
        assert "served by another process" in shell.refuse("serve", "--config", "second.toml", code=3)

        shell.give("apps", "disallow-service", "service", "--account", "Alder", "--yes")
        assert read_calls(url, unattended) == 401
        shell.give("apps", "block", "script", "--yes")
        assert read_calls(url, kept) == 401
        shell.give("apps", "unblock", "script")
        assert read_calls(url, kept) == 401
        kept = login(url, script, world["jwt"])
        assert read_calls(url, kept) == 200
        shell.give("sessions", "end-all", "--yes")
        assert read_calls(url, kept) == 401
        later = login(url, script, world["jwt"])
        assert read_calls(url, later) == 200

    assert "Say --yes" in shell.refuse("db", "restore", "saved.db")
    assert "Say --yes" in shell.refuse("sessions", "end-all")
    shell.give("db", "restore", "saved.db", "--yes")
    assert shell.give("db", "check")["whole"]
    compacted = shell.give("db", "compact")
    assert compacted["bytes"] == (tmp_path / "callgate.db").stat().st_size
    with serving(shell, free_port) as url:
        assert [read_calls(url, token) for token in (first, kept, unattended, later)] == [401] * 4
        # What was registered is as it was at the backup: the app is allowed again, the credential works.
        assert read_calls(url, serve_token(url, world["service"])) == 200
        assert read_calls(url, login(url, world["script"], world["jwt"])) == 200
    assert secrets_in(tmp_path, world) == []
    assert "unable to open" in shell.refuse("db", "restore", "gone.db", "--yes", code=3)


def found(shell: Shell) -> dict[str, str]:
    """A company with a script and a service; each secret as it was shown, once."""
    shell.give("accounts", "create", "--name", "Alder", "--main-number", "+12025550100")
    apps = {
        "script": ("--grant", JWT_BEARER, "--grant", "refresh_token"),
        "service": ("--grant", "client_credentials"),
    }
    world = {}
    for name, grants in apps.items():
        app = shell.give(
            *("apps", "register", "--account", "Alder", "--name", name, "--kind", "ServerOther"),
            *("--scope", "ReadCallLog", "--scope", "ReadAccounts"),
            *grants,
        )
        world[name] = f"{app['client_id']}:{app['client_secret']}"
    role = ("roles", "create", "--account", "Alder", "--name", "Reader", "--permission", "ReadCompanyCallLog")
    shell.give(*role)
    shell.give("apps", "allow-service", "service", "--account", "Alder", "--role", "Reader")
    world["jwt"] = shell.give("credentials", "create", "--person", "+12025550100", "--label", "nightly")["jwt"]
    for secret in world.values():
        shown = [text for text in shell.printed if secret.rpartition(":")[2] in text]
        assert len(shown) == 1, "a secret is shown once"
    return world


def login(url: str, app: str, jwt: str) -> str:
    """An access token for the credential."""
    return token(url, app, {"grant_type": JWT_BEARER, "assertion": jwt})


def serve_token(url: str, app: str) -> str:
    """An access token without a user."""
    return token(url, app, {"grant_type": "client_credentials"})


def token(url: str, app: str, form: dict[str, str]) -> str:
    """An access token."""
    client_id, _, secret = app.partition(":")
    reply = httpx.post(f"{url}/restapi/oauth/token", data=form, auth=(client_id, secret))
    assert reply.status_code == 200, reply.text
    return str(reply.json()["access_token"])


def read_calls(url: str, access_token: str) -> int:
    """The status with which the company's call log answers."""
    headers = {"Authorization": f"Bearer {access_token}"}
    return httpx.get(f"{url}/restapi/v1.0/account/~/call-log", headers=headers).status_code


def secrets_in(folder: Path, world: dict[str, str]) -> list[str]:
    """The files of a folder that hold a secret."""
    secrets = [secret.rpartition(":")[2].encode() for secret in world.values()]
    return [file.name for file in folder.iterdir() if any(secret in file.read_bytes() for secret in secrets)]


@contextmanager
def serving(shell: Shell, port: int) -> Iterator[str]:
    """`callgate serve`, as an operator starts it, stopped by SIGTERM: it ends by itself, with 0."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CALLGATE_")}
    with (shell.folder / "log").open("a") as log:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("callgate")), "serve"],
            cwd=shell.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    with process:
        try:
            assert process.stdout
            url = f"http://127.0.0.1:{port}"
            assert process.stdout.readline() == f"callgate is ready on {url}\n", (shell.folder / "log").read_text()
            assert httpx.post(f"{url}/_dev/clock", json={"advance_s": 1}).status_code == 404
            yield url
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        finally:
            process.kill()
