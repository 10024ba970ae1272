"""A device without a browser, for tests: it asks for its codes, shows one, and polls with the other."""

from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.admin.shell import Shell
from tests.server import Server

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
ASK = "/restapi/oauth/device-authorization"
PAGE = "/restapi/oauth/device"
TOKEN = "/restapi/oauth/token"

_WORDS = ("--grant", GRANT, "--grant", "refresh_token", "--scope", "ReadAccounts", "--scope", "ReadCallLog")


@dataclass(frozen=True)
class Device:
    """One program on one device, and what it was last given."""

    server: Server
    client_id: str
    secret: str | None = field(default=None, repr=False)
    given: dict[str, str] = field(default_factory=dict, repr=False)

    def asks(self, **fields: str) -> httpx.Response:
        """For its codes, which it keeps."""
        reply = self._post(ASK, fields)
        if reply.status_code == 200:
            self.given.clear()
            self.given.update(reply.json())
        return reply

    def polls(self, **fields: str) -> httpx.Response:
        """With the code it has."""
        return self._post(TOKEN, {"grant_type": GRANT, "device_code": self.given["device_code"], **fields})

    @property
    def shows(self) -> str:
        """What stands on its screen."""
        return self.given["user_code"]

    def _post(self, path: str, fields: dict[str, str]) -> httpx.Response:
        url = f"{self.server.base_url}{path}"
        if self.secret is None:
            return httpx.post(url, data={"client_id": self.client_id, **fields}, timeout=30)
        return httpx.post(url, data=fields, auth=(self.client_id, self.secret), timeout=30)


def register_device(shell: Shell, server: Server, name: str, *, kind: str = "DesktopOther") -> Device:
    """An app of the account `main` that may be on devices."""
    account = server.world.accounts["main"].id
    app = shell.give("apps", "register", "--account", account, "--name", name, "--kind", kind, *_WORDS)
    return Device(server, app["client_id"], app.get("client_secret"))


def rows_of(server: Server) -> Path:
    """The file of its database."""
    return server.data / "callgate.db"
