"""docs/protocol.md shows what is on the wire: each of its requests is sent to a real server, in the page's order."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import httpx
import pytest

from callgate.admin.world import WORLD_FILE
from tests.server import Server, running_server

ROOT = Path(__file__).parents[2]
SOMEWHERE = "https://callgate.example"
REST = "…"
"""Anything; as a member's name: others follow."""

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A world that nobody has touched."""
    with running_server() as running:
        yield running


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    text = (ROOT / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)\n?^```$", text, re.MULTILINE | re.DOTALL)


class Reader:
    """Somebody who does what the page shows, and remembers what they were given."""

    def __init__(self, server: Server) -> None:
        self.base_url = server.base_url
        self.known = {"JWT": server.world.jwt_credentials["admin_any"].jwt}
        self.keys = {}
        for key, app in server.world.apps.items():
            basic = b64encode(f"{app.client_id}:{app.client_secret or ''}".encode()).decode()
            self.known |= {key: basic, f"{key} client_id": app.client_id}
            self.keys[basic] = key

    def send(self, block: str) -> httpx.Response:
        """The request of a block, its places filled."""
        filled = re.sub(r"<([\w ]+)>", lambda place: self.known[place[1]], block)
        head, _, body = filled.partition("\n\n")
        (method, target), *lines = [line.split(" ", 1) for line in head.splitlines()]
        fields = dict(line.split(": ", 1) for line in map(" ".join, lines))
        reply = httpx.request(method, f"{self.base_url}{target}", headers=fields, content=body)
        app = self.keys.get(fields.get("Authorization", "").removeprefix("Basic "))
        if app and reply.is_success and reply.content:
            tokens = {name: text for name, text in reply.json().items() if name.endswith("_token")}
            self.known |= {f"{app} {name}": text for name, text in tokens.items()}
        return reply

    def differs(self, reply: httpx.Response, block: str) -> str | None:
        """What of a reply is not as its block shows it."""
        head, _, body = block.replace(SOMEWHERE, self.base_url).partition("\n\n")
        status, *lines = head.splitlines()
        if status != f"HTTP/1.1 {reply.status_code} {reply.reason_phrase}":
            return f"{status}: {reply.status_code} {reply.text}"
        for name, _, value in (line.partition(": ") for line in lines):
            if not fits(reply.headers.get(name), value):
                return f"{name}: {reply.headers.get(name)}"
        if not body:
            return None
        return None if fits(reply.json(), json.loads(body)) else f"not as shown: {reply.text}"


def fits(told: Json, shown: Json) -> bool:
    """Whether a value is as shown: members in their order, `…` for anything."""
    if isinstance(shown, str):
        return shown == REST or (isinstance(told, str) and fnmatchcase(told, _pattern(shown)))
    if isinstance(shown, list):
        return isinstance(told, list) and len(told) == len(shown) and all(map(fits, told, shown))
    if isinstance(shown, dict):
        if not isinstance(told, dict):
            return False
        names = [name for name in shown if name != REST]
        begins = list(told)[: len(names)] == names and (REST in shown or len(told) == len(names))
        return begins and all(fits(told[name], shown[name]) for name in names)
    return type(told) is type(shown) and told == shown


def _pattern(shown: str) -> str:
    return re.sub(r"[\[*?]", r"[\g<0>]", shown).replace(REST, "*")


@pytest.mark.requirement("must-not-break N.3")
@pytest.mark.requirement("must-not-break N.9")
def test_requests_of_the_page_get_the_replies_of_the_page(server: Server) -> None:
    """Every one: its status, the header fields shown, the members in their order."""
    shown = blocks("docs/protocol.md", "http")
    assert len(shown) == 24
    reader = Reader(server)
    for request, reply in zip(shown[::2], shown[1::2], strict=True):
        wrong = reader.differs(reader.send(request), reply)
        assert wrong is None, f"{request}\n{wrong}"


@pytest.mark.requirement("ruling 19")
def test_file_of_the_development_world_is_as_the_rulings_show_it(server: Server) -> None:
    """Ruling 19: names, types and nesting; whoever writes tests against it relies on them."""
    (shown,) = blocks("docs/rulings.md", "json")
    world = json.loads((server.data / WORLD_FILE).read_text("utf-8"))
    for name, part in json.loads(shown).items():
        if name == "base_url":
            assert world[name] == server.base_url
            continue
        for key, example in part.items():
            if key != REST:
                assert fits(world[name][key], example), world[name][key]


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("a", "b"),
        (1, "1"),
        (True, 1),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": 1, "b": 2}, {"a": 1}),
        ({"a": 1}, {"a": 1, "b": REST}),
        ({"b": 1, "a": 1}, {"a": 1, REST: REST}),
        ([1, 2], [1]),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}),
        ("a?b", "a*b"),
    ],
)
def test_difference_is_seen_when_there_is_one(told: Json, shown: Json) -> None:
    """A comparison that sees nothing keeps nothing."""
    assert not fits(told, shown)
