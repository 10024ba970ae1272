"""Every route is described in the OpenAPI document, or is said to be none of its business."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from callgate.app import running
from callgate.config import DatabaseSettings, KeySettings, Settings
from callgate.model.client import GrantType
from callgate.web.development import development_table
from callgate.web.openapi import all_told, describe_server
from callgate.web.openapi.oauth import GRANTS
from callgate.web.openapi.schema import Named
from callgate.web.routes import endpoints

FOR_PEOPLE = {
    "/": "a page",
    "/restapi/docs": "a page",
    "/restapi/oauth/sign-in": "the form of a page",
    "/restapi/oauth/second-factor": "the form of a page",
    "/restapi/oauth/security": "a page",
    "/restapi/oauth/security/password": "a page",
    "/restapi/oauth/security/credentials": "a page",
    "/restapi/oauth/security/credentials/{credentialId}": "a page",
    "/restapi/oauth/consent": "the form of a page",
    "/restapi/oauth/device": "a page",
    "/restapi/oauth/sign-out/confirm": "the form of a page",
    "/restapi/oauth/sso/{connectionId}/start": "a link for people",
    "/restapi/oauth/sso/{connectionId}/acs": "the provider's page posts to it",
    "/restapi/oauth/sso/{connectionId}/callback": "the provider sends the browser back there",
    "/restapi/oauth/sso/finish": "a page",
    "/restapi/oauth/sso/signed-in": "a page",
    "/_dev/clock": "of development servers alone",
}
"""Routes the document leaves out, and why."""


async def open_table(folder: Path) -> set[tuple[str, str]]:
    """Methods and paths of a real server, which is opened in an empty folder and never listens."""
    empty = Settings(
        database=DatabaseSettings(url=f"sqlite:///{folder}/callgate.db"),
        keys=KeySettings(key_encryption_key_file=folder / "kek"),
    )
    async with running(empty, development=True) as server:
        table = endpoints(server.context) | development_table(server.context)
        return {
            (method, path)
            for path, (_, handlers) in table.items()
            if not path.startswith("/static/") and path not in FOR_PEOPLE
            for method in handlers
        }


def test_every_route_is_described(tmp_path: Path) -> None:
    """What is served is described, and nothing else is."""
    told, table = set(all_told()), asyncio.run(open_table(tmp_path))
    undescribed = sorted(f"{method} {path}" for method, path in table - told)
    assert not undescribed, (
        f"{undescribed} are served and not described. An operation of the resource API gets a row `Told(operation.…, "
        "id, tag, reply)` in TOLD of the module of src/callgate/web/openapi that it belongs to (a new module is listed "
        "in document.all_told); any other route an entry in DESCRIBED of oauth.py or discovery.py. A page that people "
        "see is named in FOR_PEOPLE of this test."
    )
    assert sorted(told - table) == [], "described and not served"


def test_every_grant_is_described() -> None:
    """What the token endpoint takes; implicit is the authorize endpoint's."""
    missing = {grant for grant in GrantType if grant is not GrantType.IMPLICIT} - set(GRANTS)
    assert not missing, f"{missing}: a row in GRANTS of src/callgate/web/openapi/oauth.py says what its form holds"


def named_twice() -> Iterator[str]:
    """Names that stand for two different schemas; there must be none."""
    seen: dict[str, object] = {}
    pending: list[object] = [all_told()]
    while pending:
        value = pending.pop()
        if isinstance(value, Named):
            if seen.setdefault(value.name, value.schema) != value.schema:
                yield value.name
            pending.append(value.schema)
        elif isinstance(value, Mapping):
            pending += value.values()
        elif isinstance(value, list | tuple):
            pending += value


def test_every_name_stands_for_one_schema() -> None:
    """Two things under one name would hide one of them."""
    assert list(named_twice()) == []


@pytest.mark.parametrize("issuer", ["https://login.example.com", "http://127.0.0.1:8080"])
def test_addresses_are_the_servers_own(issuer: str) -> None:
    """Where tokens come from is where the document was read."""
    document = describe_server(issuer)
    assert document["servers"] == [{"url": issuer}]
    assert f"'{issuer}/restapi/oauth/token'" in str(document["components"])
