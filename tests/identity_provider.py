"""A real identity provider for tests: Debian's SimpleSAMLphp under PHP's own server, set up in a temporary folder.

No one here wrote any of it, and its signatures are made by other code than ours in another language. A test folder's
conftest imports `identity_provider`; a test tells it with `serve` which service providers may ask it.
"""

import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode, urljoin

import httpx
import pytest

from tests.crypto.saml.signer import Identity, identity
from tests.ports import free_port

INSTALLED = Path("/usr/share/simplesamlphp/www")
PACKAGES = "micro-httpd php-cgi php-cli php-xml simplesamlphp"

needs_identity_provider = pytest.mark.skipif(
    not (INSTALLED.exists() and shutil.which("php")),
    reason=f"SimpleSAMLphp is not installed: apt-get install --no-install-recommends {PACKAGES}",
)

POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
_EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
_START_S_MAX = 20
_READ_JSON = "<?php\n${variable} = json_decode(file_get_contents(__DIR__ . '/{file}'), true);\n"
"""SimpleSAMLphp reads PHP; we write JSON beside it, so that no value of ours is code."""


@dataclass(frozen=True)
class Member:
    """Somebody the provider knows, with as many groups as a large company gives people."""

    name: str
    password: str
    email: str
    groups: int = 0

    @property
    def attributes(self) -> dict[str, list[str]]:
        """What the provider says of them."""
        groups = [f"CN=Department {number:03},OU=Groups,DC=company,DC=example" for number in range(self.groups)]
        return {"mail": [self.email], "uid": [self.name], **({"groups": groups} if groups else {})}


@dataclass(frozen=True, kw_only=True)
class ServedParty:
    """A service provider as this identity provider is told of it; `options` are SimpleSAMLphp's own."""

    entity_id: str
    places: tuple[str, ...]
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What a browser would post, and where to."""

    place: str
    fields: Mapping[str, str]

    @property
    def document(self) -> bytes:
        """The XML of the response."""
        return base64.b64decode(self.fields["SAMLResponse"])


@dataclass(frozen=True)
class IdentityProvider:
    """A running SimpleSAMLphp."""

    base_url: str
    folder: Path
    key: Identity

    @property
    def entity_id(self) -> str:
        """Who it is; its metadata is there too."""
        return f"{self.base_url}/saml2/idp/metadata.php"

    @property
    def sso_url(self) -> str:
        """Where browsers are sent with requests, and without for sign-ins that begin here."""
        return f"{self.base_url}/saml2/idp/SSOService.php"

    @property
    def certificate(self) -> Path:
        """What it signs with, as PEM."""
        return self.folder / "idp.crt"

    def metadata(self) -> bytes:
        """Its metadata, as an administrator downloads it."""
        return httpx.get(self.entity_id).raise_for_status().content

    def serve(self, parties: Sequence[ServedParty]) -> None:
        """Let these service providers ask, and no others."""
        told = {
            party.entity_id: {
                "AssertionConsumerService": [
                    {"Binding": POST, "Location": place, "index": index, "isDefault": index == 0}
                    for index, place in enumerate(party.places)
                ],
                "NameIDFormat": _EMAIL,
                "simplesaml.nameidattribute": "mail",
                **party.options,
            }
            for party in parties
        }
        (self.folder / "metadata" / "parties.json").write_text(json.dumps(told))

    def know(self, members: Sequence[Member]) -> None:
        """Let these people sign in, and no others."""
        known = {f"{member.name}:{member.password}": member.attributes for member in members}
        source = {"people": {"0": "exampleauth:UserPass", **known}}
        (self.folder / "sources.json").write_text(json.dumps(source))

    @contextmanager
    def visited_by(self, member: Member) -> Iterator["Visitor"]:
        """Somebody at the provider without a browser: what a job does that has a password there."""
        with httpx.Client(follow_redirects=True) as client:
            yield Visitor(self, member, client)


@dataclass(frozen=True)
class Visitor:
    """Somebody who is asked for the password once, and then signed in there."""

    provider: IdentityProvider
    member: Member
    client: httpx.Client

    def answer(self, *, entity_id: str, place: str) -> Answer:
        """Ask the provider for an answer that nobody requested, to be sent to one of the places it knows."""
        asked = urlencode({"spentityid": entity_id, "ConsumerURL": place})
        return self.answer_to(f"{self.provider.sso_url}?{asked}")

    def answer_to(self, url: str) -> Answer:
        """Follow an address to the provider, sign in where it asks, and give what a browser would be made to post."""
        page = self.client.get(url).raise_for_status()
        form = read_form(page.text)
        if "SAMLResponse" not in form.fields:
            filled = {**form.fields, "username": self.member.name, "password": self.member.password}
            page = self.client.post(urljoin(str(page.url), form.action), data=filled).raise_for_status()
            form = read_form(page.text)
        return Answer(form.action, form.fields)


@dataclass(frozen=True)
class Form:
    """The first form of a page."""

    action: str
    fields: Mapping[str, str]


def read_form(page: str) -> Form:
    """The form's address and the values that stand in it."""
    reader = _FormReader()
    reader.feed(page)
    assert reader.action is not None, page[:2000]
    return Form(reader.action, reader.fields)


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form" and self.action is None:
            self.action = told.get("action", "")
        if tag == "input" and told.get("name") and told.get("type") != "submit":
            self.fields[told["name"]] = told.get("value", "")


@contextmanager
def running_identity_provider(members: Sequence[Member] = ()) -> Iterator[IdentityProvider]:
    """Start one and wait until it answers; stop it at the end."""
    with tempfile.TemporaryDirectory(prefix="simplesamlphp-") as name:
        folder = Path(name)
        provider = IdentityProvider(f"http://127.0.0.1:{free_port()}", folder, identity("simplesamlphp"))
        _configure(provider)
        provider.serve(())
        provider.know(members)
        with (folder / "php.log").open("w") as log, _start(provider, log.fileno()) as process:
            try:
                _wait_until_ready(provider, process)
                yield provider
            finally:
                os.killpg(process.pid, signal.SIGKILL)  # the server and its workers; nothing of theirs is to be kept
                process.wait(10)


@pytest.fixture(scope="session")
def identity_provider() -> Iterator[IdentityProvider]:
    """One for all tests: each tells it anew whom it serves and knows."""
    with running_identity_provider() as running:
        yield running


def _configure(provider: IdentityProvider) -> None:
    folder = provider.folder
    (folder / "metadata").mkdir()
    (folder / "sessions").mkdir()
    (folder / "idp.pem").write_bytes(provider.key.key_pem)
    (folder / "idp.crt").write_bytes(provider.key.pem)
    config = {
        "baseurlpath": f"{provider.base_url}/",
        "certdir": f"{folder}/",
        "loggingdir": f"{folder}/",
        "datadir": f"{folder}/",
        "tempdir": f"{folder}/sessions",
        "metadatadir": f"{folder}/metadata",
        "attributenamemapdir": "/usr/share/simplesamlphp/attributemap/",
        "secretsalt": "a test needs no secret",
        "auth.adminpassword": "nobody signs in here",
        "logging.handler": "errorlog",
        "logging.level": 5,
        "enable.saml20-idp": True,
        "module.enable": {"exampleauth": True, "core": True, "saml": True},
        "store.type": "phpsession",
        "session.cookie.secure": False,
        "session.phpsession.savepath": f"{folder}/sessions",
        "language.available": ["en"],
        "language.default": "en",
        "timezone": "UTC",
        "production": True,
    }
    hosted = {
        "__DYNAMIC:1__": {
            "host": "__DEFAULT__",
            "privatekey": "idp.pem",
            "certificate": "idp.crt",
            "auth": "people",
            "signature.algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        }
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "metadata" / "hosted.json").write_text(json.dumps(hosted))
    for path, variable, file in (
        ("config.php", "config", "config.json"),
        ("authsources.php", "config", "sources.json"),
        ("metadata/saml20-idp-hosted.php", "metadata", "hosted.json"),
        ("metadata/saml20-sp-remote.php", "metadata", "parties.json"),
    ):
        (folder / path).write_text(_READ_JSON.replace("{variable}", variable).replace("{file}", file))


def _start(provider: IdentityProvider, log: int) -> "subprocess.Popen[bytes]":
    settings = {"SIMPLESAMLPHP_CONFIG_DIR": str(provider.folder), "PHP_CLI_SERVER_WORKERS": "2"}
    address = provider.base_url.removeprefix("http://")
    return subprocess.Popen(
        ["php", "-d", "variables_order=EGPCS", "-d", "display_errors=0", "-S", address, "-t", str(INSTALLED)],
        stdout=log,
        stderr=log,
        env={**os.environ, **settings},
        start_new_session=True,
    )


def _wait_until_ready(provider: IdentityProvider, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_S_MAX
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(provider.entity_id).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"SimpleSAMLphp did not start:\n{(provider.folder / 'php.log').read_text()[-3000:]}")
