"""Bytes to a server and bytes back: what a library would correct on the way, or refuse to send, arrives as written."""

import base64
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlsplit

import orjson

from callgate.admin.world import WorldApp
from tests.server import Server

PATIENCE_S = 30
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
    """A connection that waits for half a minute at most."""
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


class Line:
    """One connection kept for many requests; a new one when the server has closed it."""

    def __init__(self, server: Server) -> None:
        self._address = (urlsplit(server.base_url).hostname, urlsplit(server.base_url).port)
        self._open()

    def ask(self, request: bytes) -> Answer:
        """Send a request and read its response. HEAD is known by how the request begins."""
        for _ in range(2):
            try:
                self._connection.sendall(request)
                head = self._file.readline()
            except ConnectionError:
                head = b""
            if head:
                return self._read(head, has_body=not request.startswith(b"HEAD "))
            self.close()  # it was idle for too long
            self._open()
        raise AssertionError(f"no answer to {request[:200]!r}")

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self._connection.close()

    def _open(self) -> None:
        self._connection = socket.create_connection(self._address, PATIENCE_S)
        self._file = self._connection.makefile("rb")

    def _read(self, line: bytes, *, has_body: bool) -> Answer:
        head = line
        while line not in {b"\r\n", b""}:
            line = self._file.readline()
            head += line
        (answer,) = answers(head)
        length = (
            int(answer.headers.get("content-length", "0")) if has_body and answer.status != HTTPStatus.NO_CONTENT else 0
        )
        return answer._replace(body=self._file.read(length))


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
