"""Bytes to a server and bytes back: what a library would correct on the way, or refuse to send, arrives as written."""

import base64
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

import orjson

from callgate.admin.world import WorldApp
from tests.server import Server

PATIENCE_S = 10
_READ_BYTES = 65536


class Process(NamedTuple):
    """A server that is not Callgate."""

    base_url: str
    process: "subprocess.Popen[str]"


class Answer(NamedTuple):
    """One response; header names are lower case, of several with one name the last counts."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, object]:
        """The body, an object."""
        value = orjson.loads(self.body)
        assert isinstance(value, dict)
        return value


@contextmanager
def connected(server: Server | Process) -> Iterator[socket.socket]:
    """A connection that waits for ten seconds at most."""
    url = urlsplit(server.base_url)
    with socket.create_connection((url.hostname, url.port), PATIENCE_S) as connection:
        yield connection


def tell(server: Server | Process, *parts: bytes) -> list[Answer]:
    """Send parts one after the other, then read until the server closes. Raises TimeoutError when it does not."""
    with connected(server) as connection:
        for part in parts:
            connection.sendall(part)
        return answers(b"".join(iter(lambda: connection.recv(_READ_BYTES), b"")))


def ask(server: Server | Process, request: bytes) -> Answer:
    """Send one request that closes its connection, and read the one response."""
    (answer,) = tell(server, request)
    return answer


def answers(data: bytes) -> list[Answer]:
    """The responses in what a server sent; each has a Content-Length, or is a 204, or the answer to HEAD and last."""
    found = []
    while data:
        head, separator, data = data.partition(b"\r\n\r\n")
        assert separator, f"a response broken off: {head!r}"
        line, *fields = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
        length = int(headers.get("content-length", "0"))
        found.append(Answer(int(line.split()[1]), headers, data[:length]))
        data = data[length:]
    return found


def request(target: str, *fields: str, method: str = "GET", body: bytes | None = None) -> bytes:
    """A request as clients send them, with a length if there is a body; `Connection: close` is the caller's to add."""
    lines = [f"{method} {target} HTTP/1.1", "Host: callgate.test", *fields]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


def basic(app: WorldApp) -> str:
    """The field by which an app proves itself."""
    return "Authorization: Basic " + base64.b64encode(f"{app.client_id}:{app.client_secret or ''}".encode()).decode()
