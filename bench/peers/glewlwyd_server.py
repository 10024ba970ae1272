"""Debian's glewlwyd on SQLite: every grant without a browser, introspection, revocation by its OAuth 2 plugin.

python glewlwyd_server.py PORT FOLDER REFRESH_TOKENS  -> one JSON line on stdout when it answers; ends with the server.

Its clients' secrets are hashed as it does by default. Access tokens are JWTs signed with a shared secret, its cheapest.
"""

import base64
import json
import secrets
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from http.client import HTTPResponse
from pathlib import Path

APPS = 50
PASSWORD = "password-of-person"
SCHEMA = Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
PACKAGED = Path("/etc/glewlwyd/glewlwyd.conf")
PLUGIN = {
    "url": "oauth",
    "jwt-type": "sha",
    "jwt-key-size": "256",
    "key": "bench-bench-bench-bench-bench-bench",
    "access-token-duration": 3600,
    "refresh-token-duration": 1209600,
    "code-duration": 600,
    "refresh-token-rolling": False,
    "auth-type-code-enabled": False,
    "auth-type-implicit-enabled": False,
    "auth-type-password-enabled": True,
    "auth-type-client-enabled": True,
    "auth-type-refresh-enabled": True,
    "auth-type-device-enabled": False,
    "scope": [{"name": "read", "refresh-token-rolling": False}],
    "additional-parameters": [],
    "introspection-revocation-allowed": True,
    "introspection-revocation-allow-target-client": True,
}


class Console:
    """The administrator's session over HTTP."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.cookie = ""

    def post(self, path: str, body: object) -> HTTPResponse:
        """Send JSON; raises on refusals."""
        headers = {"Content-Type": "application/json", "Cookie": self.cookie}
        request = urllib.request.Request(self.base + path, json.dumps(body).encode(), headers)
        try:
            reply: HTTPResponse = urllib.request.urlopen(request)
        except urllib.error.HTTPError as refused:
            raise SystemExit(f"{path}: {refused.code} {refused.read()!r}") from refused
        return reply

    def sign_in(self) -> None:
        """As the administrator that the package's schema makes."""
        reply = self.post("/api/auth/", {"username": "admin", "password": "password"})
        self.cookie = reply.headers["Set-Cookie"].split(";")[0]


def configure(port: int, folder: Path) -> Path:
    """The package's configuration, on a port and a database of the run's own."""
    database = folder / "glewlwyd.db"
    with sqlite3.connect(database) as connection:
        connection.executescript(SCHEMA.read_text())
    lines = [line for line in PACKAGED.read_text().splitlines() if not line.startswith(("port=", "@include", "log_"))]
    lines += [
        f"port={port}",
        'log_mode="file"',
        'log_level="ERROR"',
        f'log_file="{folder}/glewlwyd.log"',
        f'database = {{ type = "sqlite3"; path = "{database}"; }};',
    ]
    file = folder / "glewlwyd.conf"
    file.write_text("\n".join(lines) + "\n")
    return file


def prepare(console: Console, count: int) -> dict[str, object]:
    """Make plugin, scope, person and apps; gives what the measurement presents."""
    console.sign_in()
    console.post("/api/scope/", {"name": "read", "display_name": "Read", "password_required": True, "scheme": {}})
    person = {"username": "person", "password": PASSWORD, "scope": ["read"], "enabled": True}
    console.post("/api/user/", person | {"name": "Person"})
    plugin = {"module": "oauth2-glewlwyd", "name": "oauth", "display_name": "OAuth 2", "parameters": PLUGIN}
    console.post("/api/mod/plugin/", plugin)
    clients = []
    for index in range(APPS):
        secret = secrets.token_urlsafe(24)
        app = {
            "client_id": f"app{index}",
            "name": f"app {index}",
            "enabled": True,
            "confidential": True,
            "password": secret,
            "scope": ["read"],
            "authorization_type": ["client_credentials", "password", "refresh_token"],
            "redirect_uri": ["http://localhost:5000/"],
        }
        console.post("/api/client/", app)
        clients.append([app["client_id"], secret])
    chains, access = [], ""
    for _ in range(count + 1):
        form = {"grant_type": "password", "username": "person", "password": PASSWORD, "scope": "read"}
        request = urllib.request.Request(f"{console.base}/api/oauth/token", urllib.parse.urlencode(form).encode())
        basic = base64.b64encode(":".join(map(str, clients[0])).encode()).decode()
        request.add_header("Authorization", f"Basic {basic}")
        with urllib.request.urlopen(request) as reply:
            granted = json.loads(reply.read())
        chains.append([*clients[0], granted["refresh_token"]])
        access = granted["access_token"]
    logins = [[*clients[0], "person", PASSWORD]]
    return {"clients": clients, "logins": logins, "refreshTokens": chains[:count], "introspect": [*clients[0], access]}


def main() -> None:
    """Start, prepare, wait."""
    port, folder, count = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    with subprocess.Popen(["glewlwyd", f"--config-file={configure(port, folder)}"]) as server:
        signal.signal(signal.SIGTERM, lambda *_: server.terminate())
        time.sleep(2)
        print(json.dumps(prepare(Console(f"http://127.0.0.1:{port}"), count)), flush=True)


if __name__ == "__main__":
    main()
