"""PostgreSQL by one setting: an installation moved there with its tokens, commands beside servers, helpful refusals."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests import ports
from tests.admin.shell import Shell, open_shell
from tests.admin.test_serving import JWT_BEARER, found, login, read_calls, secrets_in, serve_token, serving
from tests.postgres_server import PASSWORD, PROVEN, PostgresServer, needs_postgres, shared_postgres

pytestmark = needs_postgres

TOKENS = ("access_token", "refresh_token")
SQLITE = "sqlite:///callgate.db"
BACK = "sqlite:///back.db"


@pytest.fixture
def database() -> Iterator[str]:
    """The name of an empty database."""
    server = shared_postgres()
    name = server.create()
    yield name
    server.drop(name)


def proven_url(server: PostgresServer, database: str, password: str = PASSWORD) -> str:
    """A URL that needs its password, with all that must be encoded in it."""
    encoded = "".join(f"%{byte:02x}" for byte in password.encode())
    return server.url(database, user=f"{PROVEN}:{encoded}")


def use(shell: Shell, url: str) -> None:
    """Change the one setting."""
    file = shell.folder / "callgate.toml"
    lines = file.read_text("utf-8").splitlines()
    file.write_text("\n".join(f'url = "{url}"' if line.startswith("url =") else line for line in lines), "utf-8")


def pair(url: str, app: str, form: dict[str, str]) -> dict[str, str]:
    """A reply of the token endpoint."""
    client_id, _, secret = app.partition(":")
    reply = httpx.post(f"{url}/restapi/oauth/token", data=form, auth=(client_id, secret))
    assert reply.status_code == 200, reply.text
    told: dict[str, str] = reply.json()
    return told


def test_live_installation_moves_with_its_tokens(
    forker: "subprocess.Popen[str]", tmp_path: Path, free_port: int, database: str
) -> None:
    """What was alive is, what was revoked stays so; nothing is copied while somebody writes."""
    shell = open_shell(forker, tmp_path, port=free_port)
    world = found(shell)
    target = proven_url(shared_postgres(), database)
    move = ("db", "copy", "--from", SQLITE, "--to", target)
    with serving(shell, free_port) as url:
        bearer = {"grant_type": JWT_BEARER, "assertion": world["jwt"]}
        lasting, refreshed = (pair(url, world["script"], bearer) for _ in range(2))
        again = {"grant_type": "refresh_token", "refresh_token": refreshed["refresh_token"]}
        before = pair(url, world["script"], again)
        unattended = serve_token(url, world["service"])
        ended = login(url, world["script"], world["jwt"])
        sessions = shell.give("sessions", "list", "--person", "+12025550100")
        shell.give("sessions", "end", max(sessions, key=lambda each: each["opened"])["session_id"], "--yes")
        assert read_calls(url, ended) == 401
        assert "served by another process" in shell.refuse(*move, code=3)
    copied = {row["table"]: row["rows"] for row in shell.give(*move)}
    assert copied["client"] == 2
    assert copied["session"] == 4
    assert "holds data already" in shell.refuse(*move, code=3)
    use(shell, target)
    with serving(shell, free_port) as url:
        assert [read_calls(url, token) for token in (lasting["access_token"], unattended)] == [200, 200]
        assert read_calls(url, ended) == 401
        repeated = pair(url, world["script"], again)
        assert [repeated[token] for token in TOKENS] == [before[token] for token in TOKENS]
        assert read_calls(url, login(url, world["script"], world["jwt"])) == 200
        assert len(shell.give("sessions", "list")) == 5
        shell.give("apps", "block", "script", "--yes")
        assert read_calls(url, lasting["access_token"]) == 401
        shell.give("apps", "unblock", "script")
        kept = login(url, world["script"], world["jwt"])
        assert read_calls(url, kept) == 200
        again["refresh_token"] = pair(url, world["script"], bearer)["refresh_token"]
        before = pair(url, world["script"], again)
        assert all(chain["links"] for chain in shell.give("audit", "verify"))
        assert shell.give("db", "check")["whole"]
        assert not shell.give("db", "migrate")["migrated"]
        assert "open in other processes (server" in shell.refuse("db", "copy", "--to", BACK, code=3)
    assert shell.give("db", "copy", "--to", BACK)
    use(shell, BACK)
    with serving(shell, free_port) as url:
        assert [read_calls(url, token) for token in (kept, unattended, ended)] == [200, 200, 401]
        repeated = pair(url, world["script"], again)
        assert [repeated[token] for token in TOKENS] == [before[token] for token in TOKENS]
        assert read_calls(url, login(url, world["script"], world["jwt"])) == 200
        assert shell.give("db", "check")["whole"]
    use(shell, target)
    assert "pg_dump" in shell.refuse("db", "backup", "x")
    assert "db restored" in shell.refuse("db", "restore", "x")
    assert "REINDEX" in shell.refuse("db", "compact")
    assert "Say --yes" in shell.refuse("db", "restored")
    assert shell.give("db", "restored", "--yes")["ended"] == "all"
    with serving(shell, free_port) as url:
        assert [read_calls(url, token) for token in (kept, unattended)] == [401, 401]
        assert read_calls(url, serve_token(url, world["service"])) == 200
    assert not any(PASSWORD in text or "%63%6f" in text for text in shell.printed)
    assert "password" not in (tmp_path / "log").read_text("utf-8").lower()
    assert secrets_in(tmp_path, world) == []


def test_two_servers_share_a_database(
    forker: "subprocess.Popen[str]", tmp_path: Path, free_port: int, database: str
) -> None:
    """What one issues the other takes, what one revokes is revoked at the other, at once."""
    shell = open_shell(forker, tmp_path, port=free_port)
    use(shell, shared_postgres().url(database))
    assert shell.give("db", "migrate")["migrated"]
    world = found(shell)
    other = tmp_path / "other"
    other.mkdir()
    other_port = ports.free_port()
    text = (tmp_path / "callgate.toml").read_text("utf-8")
    (other / "callgate.toml").write_text(
        text.replace(str(free_port), str(other_port)).replace('"kek"', f'"{tmp_path}/kek"'), "utf-8"
    )
    third = text.replace(str(free_port), f'{ports.free_port()}\ncell = "CGT01P02"')
    (tmp_path / "third.toml").write_text(third, "utf-8")
    with serving(shell, free_port) as url, serving(Shell(other, forker), other_port) as beside:
        assert "the database is of cell CGT01P01" in shell.refuse("serve", "--config", "third.toml", code=2)
        access = login(url, world["script"], world["jwt"])
        assert [read_calls(door, access) for door in (url, beside)] == [200, 200]
        client_id, _, secret = world["script"].partition(":")
        hidden = f"{url}/restapi/v1.0/account/~/call-log/a%00b"
        assert httpx.get(hidden, headers={"Authorization": f"Bearer {access}"}).status_code == 404
        gone = httpx.post(f"{beside}/restapi/oauth/revoke", data={"token": access}, auth=(client_id, secret))
        assert gone.status_code == 200
        assert [read_calls(door, access) for door in (url, beside)] == [401, 401]
        writers = {chain["writer"].partition("-")[0] for chain in shell.give("audit", "verify")}
        assert writers == {"cli", "server"}


def refusals(server: PostgresServer, database: str) -> dict[str, str]:
    """URLs that do not lead to a usable database, with the mend that is named."""
    server.execute("DROP ROLE IF EXISTS weak")
    server.execute("CREATE ROLE weak LOGIN")
    server.execute("CREATE TABLE thing (x int)", database="template1")
    return {
        server.url("nowhere"): "createdb --encoding=UTF8 --template=template0 nowhere",
        server.url(database, user="nobody"): "createuser --pwprompt nobody",
        server.url(database, user=PROVEN): "database.password_file",
        proven_url(server, database, "wrong"): "has another password",
        server.url(database, user="weak"): "OWNER TO",
        server.url("template1"): "of its own",
        f"postgresql:///{database}?host={server.folder}/none": "does it run",
        "postgresql://127.0.0.1:1/x": "does it run",
    }


def test_every_way_not_to_get_in_names_its_mend(shell: Shell, database: str) -> None:
    """One line, exit 3, no password in it."""
    server = shared_postgres()
    for url, mend in refusals(server, database).items():
        use(shell, url)
        line = shell.refuse("db", "migrate", code=3)
        assert mend in line, (url, line)
        assert "wrong" not in line
    server.execute("DROP TABLE thing", database="template1")
    use(shell, server.url(database))
    assert "callgate db migrate" in shell.refuse("accounts", "list", code=3)
    assert "must be sqlite" in shell.refuse("db", "copy", "--from", "x")
    assert "that is one database" in shell.refuse("db", "copy", "--from", server.url(database), code=3)
    assert "both are files" in shell.refuse("db", "copy", "--from", SQLITE, "--to", BACK)
    assert "say --from" in shell.refuse("db", "copy")
    assert "there is no" in shell.refuse("db", "copy", "--from", "sqlite:///none.db", code=3)
