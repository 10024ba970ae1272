"""`callgate postman`: this server as a Postman collection and an environment: every grant, read and refusal, tested.

The collection holds no secret: what opens anything stands in the environment, which only its owner may read.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from callgate.admin.command import Refusal, Run, plain_command
from callgate.admin.own_files import write_own
from callgate.admin.postman_grants import at_a_browser, described, without_a_browser
from callgate.admin.postman_reads import listed, reads
from callgate.admin.postman_refusals import of_authorize, of_calls, of_grants, of_requests
from callgate.admin.postman_requests import SKIP_UNFILLED, Json, folder, script
from callgate.admin.view import Record
from callgate.admin.world import WORLD_FILE, World, read_world

COLLECTION_FILE = "callgate.postman_collection.json"
ENVIRONMENT_FILE = "callgate.postman_environment.json"
SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"

_APPS = ("web", "spa", "script", "service", "norefresh", "foreign_private", "implicit", "device", "nouri")
_PEOPLE = {"person": "helper", "disabled": "disabled", "queue": "queue"}
_CREDENTIALS = {
    "jwt": "admin_any",
    "jwt_of_one_app": "helper_script_only",
    "jwt_expired": "agent_expired",
    "jwt_deleted": "agent_deleted",
}
_NAMED = re.compile(r"\{\{(\w+)\}\}")
_MADE = re.compile(r'collectionVariables\.set\((?:", "\s*)?\\"(\w+)')
"""In a collection as JSON: where a script gives a variable its value."""


@dataclass(frozen=True, slots=True)
class PostmanOptions:
    """Where to, and what the variables are filled from."""

    folder: Annotated[Path, typer.Option(file_okay=False, help="Where the two files go.")] = Path()
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of a development world, to fill in its ids and secrets.", show_default=False),
    ] = None


def add_postman(cli: typer.Typer) -> None:
    """Register the command."""

    @plain_command(cli, "postman", options=PostmanOptions)
    def postman(run: Run, options: PostmanOptions) -> Record:
        """Write a Postman collection and environment for this server: every grant, read and refusal, with tests."""
        world = _find_world(options.data)
        base_url = world.base_url if world else run.settings.server.issuer
        asked = collection(run.composition.describe(run.settings))
        values = variables(asked, base_url, world=world)
        options.folder.mkdir(parents=True, exist_ok=True)
        files = options.folder / COLLECTION_FILE, options.folder / ENVIRONMENT_FILE
        for file, content in zip(files, (asked, environment(base_url, values)), strict=True):
            write_own(file, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        empty = sum(not value for value in values.values())
        note = f"{empty} variables are empty: fill in those you have. Requests that need another are left out."
        return Record(
            fields=(("collection", str(files[0])), ("environment", str(files[1])), ("server", base_url)), note=note
        )


def collection(document: Mapping[str, object]) -> Json:
    """The collection: the same for every server of this version."""
    granted = without_a_browser()
    granted += described(document, granted + at_a_browser())
    return {
        "info": {
            "name": "Callgate",
            "description": "Every grant, read and refusal, each with the status and code its reply must have. Run it "
            "whole, from the top: later requests use what earlier ones got.",
            "schema": SCHEMA,
        },
        "event": [{"listen": "prerequest", "script": script(SKIP_UNFILLED)}],
        "variable": [
            {"key": "wrong_client_id", "value": "{{script_client_id}}"},
            {"key": "wrong_client_secret", "value": "wrong"},
        ],
        "item": [
            folder("Tokens", about="Grants that need no browser, and how a session ends.", asks=granted),
            folder("Refused: requests", about="The request itself, and who sends it.", asks=of_requests()),
            folder("Refused: authorize", about="Before anybody signs in.", asks=of_authorize()),
            folder(
                "At a browser",
                about="The code flow with PKCE page by page, implicit, and a device.",
                asks=at_a_browser(),
            ),
            folder("Reads", about="Every read of the API, with the token of the JWT credential.", asks=reads(document)),
            folder("Refused: grants", about="What a grant brings.", asks=of_grants()),
            folder("Refused: calls", about="What a bearer gets wrong.", asks=of_calls()),
        ],
    }


def environment(base_url: str, values: Mapping[str, str]) -> Json:
    """The environment: everything that is this server's alone."""
    return {
        "name": f"Callgate at {base_url}",
        "values": [
            {"key": name, "value": value, "type": "secret" if _is_secret(name) else "default", "enabled": True}
            for name, value in values.items()
        ],
        "_postman_variable_scope": "environment",
    }


def variables(asked: Json, base_url: str, *, world: World | None) -> dict[str, str]:
    """Every variable that the collection's requests need and none makes; empty where nobody knows its value."""
    text = json.dumps(asked)
    made = {*_MADE.findall(text), *(str(each["key"]) for each in listed(asked["variable"]))}
    known = {"base_url": base_url, **dict(_of_world(world))}
    return known | dict.fromkeys(sorted({*_NAMED.findall(text)} - made - {*known}), "")


def _of_world(world: World | None) -> Iterator[tuple[str, str]]:
    for name in _APPS:
        app = world.apps[name] if world else None
        yield f"{name}_client_id", app.client_id if app else ""
        if app is None or app.client_secret:
            yield f"{name}_client_secret", (app.client_secret or "") if app else ""
    yield "redirect_uri", world.apps["web"].redirect_uris[0] if world else ""
    for name, who in _PEOPLE.items():
        person = world.people[who] if world else None
        yield f"{name}_email", person.email if person else ""
        yield f"{name}_password", person.password if person else ""
    for name, which in _CREDENTIALS.items():
        yield name, world.jwt_credentials[which].jwt if world else ""
    yield "other_account_id", world.accounts["other"].id if world else ""


def _is_secret(name: str) -> bool:
    return name.startswith("jwt") or name.endswith(("_secret", "_password", "_token", "_assertion", "_code"))


def _find_world(data: Path | None) -> World | None:
    if data is None:
        return None
    if not (data / WORLD_FILE).exists():
        raise Refusal(f"{data} has no {WORLD_FILE}: `callgate dev --data {data}` makes a world there")
    return read_world(data)
