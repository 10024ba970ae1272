"""What is one cell's works at either door: tokens, grants by app and by person, revocation."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

import httpx
import pytest

from callgate.app import CommandLine
from callgate.config import Settings, load_settings
from callgate.model.device_grant import DeviceAskLookup
from callgate.model.ids import ClientId
from tests.cells.founding import HTTP, PASSWORD, App, Cell, Pair, ask_token, read_extension

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Way(NamedTuple):
    """Whose cell, and at whose door."""

    home: int
    door: int


WAYS = [Way(home, door) for home in (0, 1) for door in (0, 1)]


@pytest.fixture(params=WAYS, ids=lambda way: f"{way.home + 1} at {way.door + 1}")
def way(request: pytest.FixtureRequest) -> Way:
    """Each cell's at each door."""
    found: Way = request.param
    return found


def grants(home: Cell) -> dict[str, tuple[App, dict[str, str]]]:
    """Every grant without a browser: apps of the cell alone, and the one that both have."""
    jwt = {"grant_type": JWT_BEARER, "assertion": home.jwt}
    service = {"grant_type": "client_credentials"}
    account = service | {"account_id": str(home.account_id)}
    password = {"grant_type": "password", "password": PASSWORD}
    return {
        "client_credentials": (home.service, service),
        "client_credentials of an account": (home.service, account),
        "client_credentials of an account, app of both": (home.everyone, account),
        "jwt-bearer": (home.script, jwt),
        "jwt-bearer, app of both": (home.everyone, jwt),
        "password by e-mail": (home.script, password | {"username": home.email}),
        "password by number": (home.script, password | {"username": home.main_number, "extension": "102"}),
    }


NAMES = list(grants(Cell(**dict.fromkeys(Cell.__dataclass_fields__))))  # type: ignore[arg-type] # only the names are looked at


@pytest.mark.parametrize("name", NAMES)
def test_grant_gives_a_token_of_its_cell_at_either_door(pair: Pair, way: Way, name: str) -> None:
    """The token works at both doors, whichever gave it."""
    home, door = pair.both[way.home], pair.both[way.door]
    app, form = grants(home)[name]
    given = ask_token(door, app, **form)
    assert given.status_code == 200, given.text
    token = given.json()["access_token"]
    for each in pair.both:
        read = read_extension(each, token)
        assert read.status_code == 200, read.text
        assert read.json()["account"]["id"] == str(home.account_id)


def test_refresh_goes_on_at_the_other_door(pair: Pair, way: Way) -> None:
    """And the token before it is dead at both."""
    home, door = pair.both[way.home], pair.both[way.door]
    first = _tokens(home)
    again = ask_token(door, home.script, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert again.status_code == 200, again.text
    for each in pair.both:
        assert read_extension(each, first["access_token"]).status_code == 401
        assert read_extension(each, again.json()["access_token"]).status_code == 200


def test_refresh_at_both_doors_at_once_gives_one_pair(pair: Pair) -> None:
    """Both come to the one row."""
    home = pair.one
    first = _tokens(home)

    def refresh(door: Cell) -> httpx.Response:
        return ask_token(door, home.script, grant_type="refresh_token", refresh_token=first["refresh_token"])

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(refresh, [*pair.both] * 4))
    assert {reply.status_code for reply in replies} == {200}
    assert len({(reply.json()["access_token"], reply.json()["refresh_token"]) for reply in replies}) == 1


def test_revoked_at_any_door_is_over_at_both(pair: Pair, way: Way) -> None:
    """In the body or, as the platform takes it too, in the query."""
    home, door = pair.both[way.home], pair.both[way.door]
    for in_query in (False, True):
        token = _tokens(home)["access_token"]
        place = {"params": {"token": token}} if in_query else {"data": {"token": token}}
        gone = HTTP.post(
            f"{door.url}/restapi/oauth/revoke",
            auth=home.script.proof,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            **place,  # type: ignore[arg-type] # either of the two
        )
        assert gone.status_code == 200, gone.text
        assert {read_extension(each, token).status_code for each in pair.both} == {401}


@pytest.mark.parametrize("app", ["script", "everyone"])
def test_wrong_and_unknown_are_refused_alike(pair: Pair, app: str) -> None:
    """Whichever cell has the name, or none: the same status and bytes, and the app's cell at either door."""
    refused = set()
    for door in pair.both:
        for username in (pair.one.email, "nobody@nowhere.example", "+12025559999*7"):
            form = {"grant_type": "password", "username": username, "password": "wrong, all of it 1"}
            reply = ask_token(door, pair.one.script if app == "script" else pair.one.everyone, **form)
            refused.add((reply.status_code, reply.content))
    assert len(refused) == 1


def test_name_that_nobody_has_belongs_to_a_cell_too(pair: Pair) -> None:
    """Always the same one, which nobody can foretell: the door that answers tells nothing of a name."""
    refused = {}
    for number in range(16):
        form = {"grant_type": "password", "username": f"nobody{number}@where.example", "password": "x"}
        replies = [ask_token(door, pair.one.everyone, **form) for door in pair.both]
        refused[number] = [reply.headers["rcrequestid"] for reply in replies]
    forwarded = [
        {json.loads(line)["request_id"] for line in door.log().splitlines() if '"forwarded"' in line}
        for door in pair.both
    ]
    of_two = {number for number, ids in refused.items() if ids[0] in forwarded[0]}
    of_one = {number for number, ids in refused.items() if ids[1] in forwarded[1]}
    assert of_one | of_two == {*refused}
    assert not of_one & of_two
    assert of_one
    assert of_two


def test_wrong_secret_and_unknown_app_are_refused_alike_at_both_doors(pair: Pair) -> None:
    """Each at the door of its cell as at the other's."""
    for app in (replace(pair.one.service, secret="x" * 43), App("A" * 22, "x" * 43)):
        replies = [ask_token(door, app, grant_type="client_credentials") for door in pair.both]
        assert len({(reply.status_code, reply.content) for reply in replies}) == 1
        assert replies[0].status_code == 400


def test_keys_of_both_stand_in_one_set(pair: Pair) -> None:
    """Whoever checks an ID token needs to know no cell."""
    sets = [{key["kid"] for key in HTTP.get(f"{door.url}/restapi/oauth/jwks").json()["keys"]} for door in pair.both]
    assert sets[0] == sets[1]
    assert len(sets[0]) == 4


def test_discovery_promises_what_an_app_of_either_cell_may_use(pair: Pair) -> None:
    """The same at both doors."""
    documents = [HTTP.get(f"{door.url}/.well-known/openid-configuration").json() for door in pair.both]
    assert documents[0] == documents[1]


def test_clients_are_told_their_own_cells_address(pair: Pair, way: Way) -> None:
    """By the document for bearers, whichever door they ask at; whoever has no token yet is told the public one."""
    home, door = pair.both[way.home], pair.both[way.door]
    bearer = {"Authorization": f"Bearer {_tokens(home)['access_token']}"}
    told = HTTP.get(f"{door.url}/.well-known/entry-points/external", headers=bearer).json()
    assert {told["authApi"]["tokenUri"], told["coreApi"]["baseUri"]} == {f"{home.url}/restapi/oauth/token", home.url}
    first = HTTP.get(f"{door.url}/.well-known/entry-points/initial").json()
    assert first["authApi"]["defaultTokenUri"] == f"{pair.public_url}/restapi/oauth/token"


def test_head_is_answered_without_a_body_and_with_its_length(pair: Pair, way: Way) -> None:
    """As GET would be."""
    home, door = pair.both[way.home], pair.both[way.door]
    bearer = {"Authorization": f"Bearer {_tokens(home)['access_token']}"}
    place = f"{door.url}/restapi/v1.0/account/~/extension/~"
    head, whole = HTTP.head(place, headers=bearer), HTTP.get(place, headers=bearer)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == whole.headers["content-length"] == str(len(whole.content))


def test_refusal_is_explained_at_either_door(pair: Pair, way: Way) -> None:
    """By its id, to the app that met it."""
    if pair.workers > 1:
        pytest.skip("each process of a server remembers the refusals of its own")
    home, door = pair.both[way.home], pair.both[way.door]
    refused = ask_token(door, home.service, grant_type="client_credentials", scope="Nothing")
    for each in pair.both:
        place = f"{each.url}/restapi/oauth/explanations/{refused.headers['rcrequestid']}"
        told = HTTP.get(place, auth=home.service.proof)
        assert told.status_code == 200, told.text
        assert told.json()["errorCode"] == refused.json()["errors"][0]["errorCode"]


def test_request_comes_from_where_its_first_door_saw_it(pair: Pair, way: Way) -> None:
    """What a client says of it itself is believed by neither: the trusted proxy's word is."""
    home, door = pair.both[way.home], pair.both[way.door]
    number = f"203.0.113.{7 + 2 * way.home + way.door}"
    asked = HTTP.post(
        f"{door.url}/restapi/oauth/device-authorization",
        auth=home.script.proof,
        data={"scope": "ReadAccounts"},
        headers={"X-Forwarded-For": f"198.51.100.1, {number}", "Forwarded": "for=198.51.100.2"},
    )
    assert asked.status_code == 200, asked.text
    settings = load_settings(home.config)
    assert number in asyncio.run(_networks(settings))


async def _networks(settings: Settings) -> set[str]:
    async with CommandLine().desk(settings, by="test") as desk:
        listed = [await desk.store.read(DeviceAskLookup(ClientId(""), f"203.0.113.{last}")) for last in range(7, 11)]
    return {f"203.0.113.{last}" for last, facts in enumerate(listed, 7) if facts.of_network}


def test_documents_name_one_issuer(pair: Pair) -> None:
    """And so do both discovery documents."""
    for door in pair.both:
        document = HTTP.get(f"{door.url}/.well-known/openid-configuration").json()
        assert document["issuer"] == pair.public_url


def test_request_id_leads_to_the_line_of_the_cell_that_answered(pair: Pair) -> None:
    """Forwarded or not, the id of the reply is in the log of the cell that refused."""
    reply = ask_token(pair.one, pair.two.service, grant_type="client_credentials", account_id="7")
    assert reply.status_code == 400
    asked = reply.headers["rcrequestid"]
    assert asked in pair.two.log()
    lines = [json.loads(line) for line in pair.one.log().splitlines() if asked in line]
    assert [(line["event"], line["cell"]) for line in lines] == [("cells", "CGT01P02")]


def _tokens(home: Cell) -> dict[str, str]:
    given = ask_token(home, home.script, grant_type=JWT_BEARER, assertion=home.jwt)
    assert given.status_code == 200, given.text
    tokens: dict[str, str] = given.json()
    return tokens
