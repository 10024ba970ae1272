"""A real OpenID Connect provider for tests: npm's oidc-provider under Node, and a company whose people sign in there.

No one here wrote any of it; its pages for signing in and agreeing are its own. It calls itself `localhost` while our
servers are at 127.0.0.1, so that to a browser it is another site, as it is in life.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from threading import Timer
from urllib.parse import urljoin

import httpx
import pytest

from tests.admin.shell import Shell, commands, open_shell_beside
from tests.company import CONNECTION, email_of
from tests.ports import free_port
from tests.server import Server, running_server

CLIENTS = Path(__file__).parent / "clients"
CLIENT_ID = "callgate at the provider"
CLIENT_SECRET = "a secret: 100% of the provider's + ours"
_ACTION = re.compile(r'<form[^>]* action="([^"]+)"')
_START_S_MAX = 30
_STEPS_MAX = 12

needs_openid_provider = pytest.mark.skipif(
    not (CLIENTS / "node_modules/oidc-provider").exists(),
    reason="the Node packages of the tests are not installed: tools/node-packages tests/clients",
)


@dataclass(frozen=True)
class OpenIdProvider:
    """A running oidc-provider."""

    issuer: str
    process: "subprocess.Popen[str]"

    def tell(self, *, callback_url: str | None = None, **people: dict[str, object]) -> None:
        """Register us, and let these people sign in: names with what the provider says of them."""
        client = {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uris": [callback_url],
            "grant_types": ["authorization_code"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "client_secret_basic",
        }
        told = {"clients": [client] if callback_url else [], "people": people}
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(told) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def answers(self, who: str, url: str) -> str:
        """Where the provider sends a browser back to that followed this address, signed in and agreed there."""
        with httpx.Client() as browser:
            reply = browser.get(url)
            for _ in range(_STEPS_MAX):
                location = reply.headers.get("location")
                if location is not None and not urljoin(str(reply.url), location).startswith(self.issuer):
                    return str(location)
                if location is not None:
                    reply = browser.get(urljoin(str(reply.url), location))
                    continue
                action = _ACTION.search(reply.text)
                assert action, reply.text[-2000:]
                signs_in = 'name="login"' in reply.text
                form = {"prompt": "login", "login": who, "password": "x"} if signs_in else {"prompt": "consent"}
                reply = browser.post(urljoin(str(reply.url), unescape(action[1])), data=form)
        raise AssertionError(f"the provider sends nobody back: {reply.url}")


@contextmanager
def running_openid_provider() -> Iterator[OpenIdProvider]:
    """Start one and wait until it answers; stop it at the end."""
    port = free_port()
    node = Path(sys.executable).with_name("node")
    with subprocess.Popen(
        [str(node), str(CLIENTS / "js/openid_provider.mjs"), str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        watchdog = Timer(_START_S_MAX, process.kill)
        watchdog.start()
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n", "oidc-provider did not start"
        finally:
            watchdog.cancel()
        try:
            yield OpenIdProvider(f"http://localhost:{port}", process)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def openid_provider() -> Iterator[OpenIdProvider]:
    """One for a module."""
    with running_openid_provider() as running:
        yield running


@dataclass(frozen=True)
class OidcCompany:
    """The development world's main account, connected to a provider, and the operator's shell."""

    server: Server
    issuer: str
    shell: Shell
    moved: list[str] = field(default_factory=list)

    @property
    def account(self) -> str:
        """The account's id."""
        return self.server.world.accounts["main"].id

    @property
    def ours(self) -> dict[str, str]:
        """The connection as the operator sees it."""
        shown: dict[str, str] = self.shell.give("sso", "show", CONNECTION)
        return shown

    def says(self, *words: str, stdin: str = "") -> None:
        """Run a command that must succeed."""
        self.moved.append(words[0])
        self.shell.give("sso", *words, stdin=stdin)

    def as_it_was(self) -> None:
        """Single sign-on beside passwords, by the one provider."""
        if not self.moved:
            return
        self.says("enable", CONNECTION)
        self.says("policy", self.account, "allowed")
        self.says(
            *("update-oidc", CONNECTION, "--issuer", self.issuer, "--client-id", CLIENT_ID, "--client-secret-stdin"),
            *("--claim", "email", "--verified-email"),
            stdin=CLIENT_SECRET,
        )
        self.moved.clear()


@contextmanager
def connected_by_oidc(
    server: Server, issuer: str, *, forker: "subprocess.Popen[str]", folder: Path
) -> Iterator[OidcCompany]:
    """Connect to a provider by its issuer, and let people choose."""
    company = OidcCompany(server, issuer, open_shell_beside(forker, server, folder))
    options = ("--name", CONNECTION, "--issuer", issuer, "--client-id", CLIENT_ID, "--client-secret-stdin")
    company.shell.give("sso", "connect-oidc", company.account, *options, stdin=f"{CLIENT_SECRET}\n")
    company.says("policy", company.account, "allowed")
    company.moved.clear()
    yield company


def people_of(server: Server) -> dict[str, dict[str, object]]:
    """Three of the company, one whose address nobody verified, and a stranger: what a provider says of them."""
    known: dict[str, dict[str, object]] = {
        who: {"email": email_of(server, who), "email_verified": True} for who in ("agent", "helper", "admin")
    }
    known["careless"] = {"email": email_of(server, "agent"), "email_verified": False}
    known["stranger"] = {"email": "stranger@nowhere.example", "email_verified": True}
    return known


@pytest.fixture(scope="module")
def world(openid_provider: OpenIdProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcCompany]:
    """A server of its own: its switches are moved."""
    folder = tmp_path_factory.mktemp("operator")
    with (
        running_server() as server,
        connected_by_oidc(server, openid_provider.issuer, forker=commands(), folder=folder) as made,
    ):
        openid_provider.tell(callback_url=made.ours["our_callback_url"], **people_of(server))
        yield made


@pytest.fixture
def company(world: OidcCompany) -> Iterator[OidcCompany]:
    """The company with single sign-on beside passwords, and so again afterwards."""
    yield world
    world.as_it_was()
