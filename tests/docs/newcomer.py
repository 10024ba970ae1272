"""A newcomer with a fresh development server: what they try, right and wrong, and what the server tells them.

Plain HTTP and the command line, as somebody's first program would use them. Which mistakes there are stands in
`mistakes`.
"""

import re
import subprocess
import sys
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from callgate.model.policy import SESSION_CAP
from tests.clients.person import REDIRECT_URI, Browser, Person
from tests.server import Server

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN = "/restapi/oauth/token"
AUTHORIZE = "/restapi/oauth/authorize"
API = "/restapi/v1.0/account/~"
VERIFIER = "a-verifier-that-is-long-enough-to-be-one-0123456789"
CHALLENGE = "IdFsue1MJJJtybEPX0invmHHuW1I7Ai5LXVlXpENjsk"
"""base64url(SHA-256(VERIFIER))"""


@dataclass(frozen=True, slots=True)
class Told:
    """What a refused newcomer has in hand: the status, the code and text, and where the mend is told."""

    status: int
    code: str
    text: str
    where: str
    """`reply`, `page` or `command`; `explanation` where the app may also ask for one, or has nothing else."""
    mend: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """A token reply that worked."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)


class Newcomer:
    """Somebody at a server of their own."""

    session_cap = SESSION_CAP

    def __init__(self, server: Server, http: httpx.Client) -> None:
        self.server = server
        self.world = server.world
        self.http = http

    def basic(self, app: str) -> tuple[str, str]:
        """Id and secret of an app of the world."""
        client = self.world.apps[app]
        return client.client_id, client.client_secret or ""

    def ask(self, app: str, /, **form: str) -> httpx.Response:
        """POST to the token endpoint as an app that proves itself."""
        return self.http.post(TOKEN, data=form, auth=self.basic(app))

    def prove(self, proof: str = "", **form: str) -> httpx.Response:
        """POST of a good JWT credential to the token endpoint, proving the client in one's own way."""
        good = {"grant_type": JWT_BEARER, "assertion": self.world.jwt_credentials["admin_any"].jwt}
        return self.http.post(TOKEN, data=good | form, headers={"Authorization": proof} if proof else {})

    def log_in(self, **more: str) -> Tokens:
        """Tokens by JWT credential, as they should be got."""
        jwt = self.world.jwt_credentials["admin_any"].jwt
        return tokens_of(self.ask("script", grant_type=JWT_BEARER, assertion=jwt, **more))

    def refresh(self, tokens: Tokens) -> httpx.Response:
        """A refresh."""
        return self.ask("script", grant_type="refresh_token", refresh_token=tokens.refresh)

    def call(self, token: str, path: str = "/extension/~") -> httpx.Response:
        """A call of the API."""
        return self.http.get(f"{API}{path}", headers={"Authorization": f"Bearer {token}"})

    def authorize(self, app: str, **query: str) -> httpx.Response:
        """What a browser is told at the authorize endpoint."""
        return self.http.get(self._authorize_url(app, query), headers={"Accept": "text/html"})

    def code(self, **query: str) -> dict[str, str]:
        """What comes back to the app `web` once a person has signed in and agreed."""
        agent = self.world.people["agent"]
        with Browser() as browser:
            visit = browser.visit(self._authorize_url("web", query), Person(agent.email, agent.password))
        return fields_of(visit.ended_at)

    def redeem(self, code: str, **more: str) -> httpx.Response:
        """The code exchanged, with fields added or (empty) left out."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI, **more}
        return self.ask("web", **{name: value for name, value in form.items() if value})

    def run(self, *args: str) -> "subprocess.CompletedProcess[str]":
        """A command beside the running server, on its database."""
        settings = {"CALLGATE_CONFIG": str(self.server.settings_file)}
        command = [str(Path(sys.executable).with_name("callgate")), *args]
        return subprocess.run(command, env=settings, capture_output=True, text=True, check=False, timeout=60)

    def told(self, reply: "httpx.Response | subprocess.CompletedProcess[str]", *, app: str) -> Told:
        """A refusal read as a newcomer reads it; `app` is whose explanation they ask for."""
        if isinstance(reply, subprocess.CompletedProcess):
            said = reply.stderr.strip()
            return Told(reply.returncode, "", said, "command", mend=said)
        found = self._explain(reply.headers["RCRequestId"], app)
        if reply.headers.get("content-type", "").startswith("text/html"):
            return read_page(reply, where="page, explanation" if found else "page")
        if reply.is_redirect:
            answer = fields_of(reply.headers["location"])
            mend = (found or {}).get("remedy") or ""
            return Told(reply.status_code, answer["error"], answer["error_description"], "explanation", mend=mend)
        (error,) = reply.json()["errors"]
        where = "reply, explanation" if found else "reply"
        return Told(reply.status_code, error["errorCode"], error["message"], where, mend=error["remedy"])

    def _explain(self, request_id: str, app: str) -> dict[str, str | None] | None:
        reply = self.http.get(f"/restapi/oauth/explanations/{request_id}", auth=self.basic(app))
        return dict(reply.json()) if reply.status_code == httpx.codes.OK else None

    def _authorize_url(self, app: str, query: dict[str, str]) -> str:
        asked = {"response_type": "code", "client_id": self.world.apps[app].client_id, "redirect_uri": REDIRECT_URI}
        return f"{self.server.base_url}{AUTHORIZE}?{urlencode(asked | query)}"


def tokens_of(reply: httpx.Response) -> Tokens:
    """The pair of a reply that worked."""
    assert reply.status_code == httpx.codes.OK, reply.text
    return Tokens(reply.json()["access_token"], reply.json().get("refresh_token", ""))


def fields_of(url: str) -> dict[str, str]:
    """What a redirect brought, in its query or its fragment."""
    parts = urlsplit(url)
    return {name: value for name, [value] in parse_qs(parts.query or parts.fragment).items()}


def read_page(reply: httpx.Response, *, where: str) -> Told:
    """A page of ours, by its details for developers."""

    def detail(name: str) -> str:
        found = re.search(rf"<dt>{name}</dt>\s*<dd[^>]*>(.*?)</dd>", reply.text, re.DOTALL)
        assert found, f"the page has no {name}"
        return unescape(re.sub(r"<[^>]+>", "", found[1])).strip()

    return Told(reply.status_code, detail("Code"), detail("Message"), where, mend=detail("Remedy"))
