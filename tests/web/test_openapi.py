"""What the server says of itself, and whether it keeps to it: a valid document, and Schemathesis on a real server."""

import asyncio
import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.types import Message

from callgate.app import CommandLine
from callgate.web.openapi import DocsPage
from callgate.web.wire import Reply, Request
from tests.admin.conftest import forker
from tests.admin.shell import open_shell_beside
from tests.races.founding import settings_of
from tests.server import Server, running_server
from tests.service.company import opened
from tests.web.tight import tighten

__all__ = ["forker"]

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPES = (
    *("ReadAccounts", "EditCallLog", "ReadCallRecording", "WriteCallLog", "EditAccounts", "RoleManagement"),
    "ReadClientInfo",
)
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "use_after_free",
)
"""Not those that hold what is accepted to the schema: an empty value, null and an unknown name count as absent, and
some rules are about two members at once. What is refused is in test_every_parameter.py and test_bad_input.py.
"""

BEHIND_A_TOKEN = "^/restapi/v1.0/|/entry-points/external$|/userinfo$"
BEHIND_A_PROOF = "^/restapi/oauth/(token|revoke|explanations)"


PHASES = "examples,coverage,fuzzing"


@dataclass(frozen=True)
class Subject:
    """A server, and what opens it."""

    server: Server
    bearer: str
    basic: str


@pytest.fixture(scope="module")
def subject(forker: "subprocess.Popen[str]", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    """A world of its own, for roles and extensions are made and deleted in it; an administrator's token, and an app."""
    with running_server() as server:
        world = server.world
        shell = open_shell_beside(forker, server, tmp_path_factory.mktemp("operator"))
        scopes = [word for scope in SCOPES for word in ("--scope", scope)]
        named = ("--account", world.accounts["main"].id, "--name", "Fuzz", "--kind", "ServerOther")
        app = shell.give("apps", "register", *named, "--grant", JWT_BEARER, *scopes)
        form = {"grant_type": JWT_BEARER, "assertion": world.jwt_credentials["admin_any"].jwt}
        client = (app["client_id"], app["client_secret"])
        reply = httpx.post(f"{server.base_url}/restapi/oauth/token", data=form, auth=client).raise_for_status().json()
        service = world.apps["service"]
        basic = base64.b64encode(f"{service.client_id}:{service.client_secret}".encode()).decode()
        yield Subject(server, f"Bearer {reply['access_token']}", f"Basic {basic}")


def test_document_is_valid_openapi(subject: Subject) -> None:
    """The schema of OpenAPI 3.1, whole; and its own address is in it."""
    reply = httpx.get(f"{subject.server.base_url}/restapi/openapi.json")
    document = reply.json()
    assert reply.headers["content-type"] == "application/json"
    assert document["openapi"].startswith("3.1.")
    assert document["servers"] == [{"url": subject.server.base_url}]
    OpenAPIV31SpecValidator(document).validate()
    ids = [each["operationId"] for path in document["paths"].values() for each in path.values()]
    assert len(ids) == len(set(ids))


def test_page_for_people_has_every_operation_and_shape(subject: Subject) -> None:
    """From the same document, under the policy every page has, with nothing loaded from elsewhere."""
    document = httpx.get(f"{subject.server.base_url}/restapi/openapi.json").json()
    page = httpx.get(f"{subject.server.base_url}/restapi/docs", headers={"Accept-Language": "de"})
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    for each in (each for path in document["paths"].values() for each in path.values()):
        assert f'id="{each["operationId"]}"' in page.text
    for name in document["components"]["schemas"]:
        assert f'id="shape-{name}"' in page.text
    targets = set(re.findall(r'href="#([^"]+)"', page.text))
    assert targets <= set(re.findall(r' id="([^"]+)"', page.text))
    assert "Programmierschnittstelle" in page.text


def test_page_for_people_is_put_together_once_for_each_language(tmp_path: Path) -> None:
    """Anybody may ask for it: if each time took 15 ms of the loop, one browser could keep everybody else waiting."""
    CommandLine().migrate(settings_of(tmp_path, port=1))

    async def scenario() -> None:
        async with opened(tmp_path) as world:
            page = DocsPage(world.context)

            async def ask(language: bytes) -> Reply:
                scope = {"type": "http", "method": "GET", "headers": [(b"accept-language", language)]}
                return await page(Request(scope, nothing_to_receive, "id"))

            english, german = await ask(b"en"), await ask(b"de")
            assert english.body != german.body
            assert await ask(b"de-AT, en") is german
            assert await ask(b"en") is english

    asyncio.run(scenario())


async def nothing_to_receive() -> Message:
    """A GET has no body."""
    raise AssertionError


@pytest.mark.parametrize(
    ("words", "proof"),
    [
        (("--include-path-regex", BEHIND_A_TOKEN, "--phases", f"{PHASES},stateful"), "bearer"),
        (("--include-path-regex", BEHIND_A_PROOF, "--phases", PHASES), "basic"),
        (("--exclude-path-regex", f"{BEHIND_A_TOKEN}|{BEHIND_A_PROOF}", "--phases", PHASES), None),
    ],
    ids=["behind a token", "behind a proof", "open to all"],
)
@pytest.mark.timeout(0)  # Schemathesis counts examples, not seconds
def test_server_keeps_to_its_document(
    subject: Subject, tmp_path: Path, counts: Callable[[int, int], int], words: tuple[str, ...], proof: str | None
) -> None:
    """Schemathesis: examples, corner cases, inventions of its own, and walks along the links; no 5xx anywhere."""
    file = tmp_path / "openapi.json"
    document = httpx.get(f"{subject.server.base_url}/restapi/openapi.json").json()
    tighten(document)
    file.write_text(json.dumps(document))
    header = ("--header", f"Authorization: {getattr(subject, proof)}") if proof else ()
    amount = str(counts(5, 1000))
    command = [str(Path(sys.executable).with_name("st")), "run", str(file), "--url", subject.server.base_url, *words]
    options = ("--checks", ",".join(CHECKS), "--max-examples", amount, "--seed", "1", "--generation-deterministic")
    ended = subprocess.run([*command, *header, *options], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, "\n".join(line[:400] for line in (ended.stdout + ended.stderr).splitlines())
    assert "defect" not in subject.server.log()
