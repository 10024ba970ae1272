"""One keep-alive connection to the server, and nothing between the test and the wire.

A library's pool would hide which connection died, would repeat requests by itself, and would cost the test's core more
than the server's.
"""

import asyncio
import select
from base64 import b64encode
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

import orjson

from tests.faults.founding import App

PATIENCE_S = 30


class LostError(Exception):
    """No reply came: nobody can say whether the request was carried out."""


class Answer(NamedTuple):
    """A whole reply; header names are lower case, and a field sent twice has two lines."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def request_id(self) -> str:
        """The id that the server gave the request."""
        return self.headers["rcrequestid"]

    def json(self) -> dict[str, object]:
        """The body, an object."""
        value = orjson.loads(self.body)
        assert isinstance(value, dict)
        return value

    def text(self, name: str) -> str:
        """A text field of the body."""
        value = self.json()[name]
        assert isinstance(value, str)
        return value


class Wire:
    """A connection; `ask` raises LostError when it breaks, and the connection is of no use any more."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Use `connect`."""
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port: int) -> "Wire":
        """Open one. Raises LostError."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError as error:
            raise LostError(str(error)) from error
        return cls(reader, writer)

    async def post(self, path: str, app: App, form: Mapping[str, str]) -> Answer:
        """Send a form with the app's Basic header."""
        basic = b64encode(f"{app.client_id}:{app.secret}".encode()).decode()
        fields = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
        return await self.ask("POST", path, headers=fields, body=urlencode(form).encode())

    async def ask(self, method: str, target: str, *, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Send a request and wait for its reply. Raises LostError."""
        lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return await self.raw("\r\n".join((*lines, "", "")).encode() + body)

    async def raw(self, request: bytes) -> Answer:
        """Send these bytes and wait for a reply. Raises LostError."""
        try:
            self._writer.write(request)
            return await asyncio.wait_for(self._answer(), PATIENCE_S)
        except (OSError, asyncio.IncompleteReadError) as error:
            self.close()
            raise LostError(repr(error)) from error

    @property
    def is_readable(self) -> bool:
        """Whether something came that nobody asked for: the server has closed."""
        connection = self._writer.get_extra_info("socket")
        return bool(self._reader.at_eof() or select.select([connection], [], [], 0)[0])

    def close(self) -> None:
        """Hang up."""
        self._writer.transport.abort()

    async def _answer(self) -> Answer:
        head = await self._reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers: dict[str, str] = {}
        for line in filter(None, lines):
            name, _, value = line.partition(":")
            known = headers.get(name.lower())
            headers[name.lower()] = value.strip() if known is None else f"{known}\n{value.strip()}"
        body = await self._reader.readexactly(int(headers["content-length"]))
        return Answer(int(first.split(" ")[1]), headers, body)


class Rejoining(Wire):
    """A client as libraries are: it takes a new connection where the server said that an answer was the last one's.

    Or where the server has closed an idle one, as far as can be seen before the request is sent. What is lost after
    that is lost. With `fresh`, each request has a connection of its own; before each it rests for `pause_s`.
    """

    def __init__(self, port: int, *, fresh: bool, pause_s: float = 0) -> None:
        """Nothing is opened yet."""
        self._port = port
        self._fresh = fresh
        self._pause_s = pause_s
        self._wire: Wire | None = None
        self.connections = 0

    async def raw(self, request: bytes) -> Answer:
        """Send these bytes and wait for a reply. Raises LostError."""
        await asyncio.sleep(self._pause_s)
        if self.is_readable:
            self.close()
        if self._wire is None:
            self._wire = await Wire.connect(self._port)
            self.connections += 1
        try:
            answer = await self._wire.raw(request)
        except LostError:
            self._wire = None
            raise
        if self._fresh or answer.headers.get("connection") == "close":
            self.close()
        return answer

    @property
    def is_readable(self) -> bool:
        """Whether the server has closed the connection that there is."""
        return self._wire is not None and self._wire.is_readable

    def close(self) -> None:
        """Hang up."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None
