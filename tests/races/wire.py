"""Requests as bytes, and connections that send many of them in one turn of the loop.

A library's pool would choose the moment itself; here the moment is what is tested.
"""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple
from urllib.parse import urlencode

import orjson

from callgate.admin.world import WorldApp

PATIENCE_S = 30
TOKEN = "/restapi/oauth/token"
REVOKE = "/restapi/oauth/revoke"
MYSELF = "/restapi/v1.0/account/~/extension/~"
"""The cheapest call that needs a token: reading oneself."""


class Pair(NamedTuple):
    """The tokens of one generation."""

    access: str
    refresh: str
    session_id: str

    def __repr__(self) -> str:
        return f"Pair({self.session_id}, …{self.refresh[-6:]})"


class Answer(NamedTuple):
    """A whole reply; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()

    @property
    def fields(self) -> dict[str, object]:
        """The body, an object."""
        value = orjson.loads(self.body)
        assert isinstance(value, dict)
        return value

    @property
    def pair(self) -> Pair:
        """The tokens of a reply that must have brought some."""
        assert self.status == 200, self.told
        fields = self.fields
        return Pair(str(fields["access_token"]), str(fields["refresh_token"]), str(fields["session_id"]))

    @property
    def told(self) -> str:
        """Status, code and text of a denial, or just the status."""
        if self.status == 200 or not self.body:
            return str(self.status)
        errors = self.fields.get("errors")
        assert isinstance(errors, list)
        return f"{self.status} {errors[0]['errorCode']} {errors[0]['message']}"


class Wire:
    """One keep-alive connection: `send` and `receive`, or both with `ask`."""

    def __init__(self, port: int) -> None:
        """Use `connect`."""
        self._port = port
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    @classmethod
    async def connect(cls, port: int) -> "Wire":
        """Open one."""
        wire = cls(port)
        await wire._open()
        return wire

    async def _open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def make_ready(self) -> None:
        """Open it again if the server has closed it, as it does with one that was idle for some seconds."""
        if self._reader.at_eof():
            await self.hang_up()
            await self._open()

    def send(self, request: bytes) -> None:
        """Send now, in this turn of the loop."""
        self._writer.write(request)

    async def receive(self) -> Answer:
        """Wait for the reply to what was sent."""
        async with asyncio.timeout(PATIENCE_S):
            head = await self._reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            pairs = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
            headers = dict(pairs)
            body = await self._reader.readexactly(int(headers.get("content-length", "0")))
            cookies = tuple(value for name, value in pairs if name == "set-cookie")
            return Answer(int(first.split(" ")[1]), headers, body, cookies)

    async def ask(self, request: bytes) -> Answer:
        """Send, and wait for the reply."""
        await self.make_ready()
        self.send(request)
        return await self.receive()

    async def hang_up(self) -> None:
        """Send what is in the buffer, and leave without an answer."""
        with suppress(ConnectionError):
            await self._writer.drain()
            self._writer.close()
            await self._writer.wait_closed()


@asynccontextmanager
async def wires(port: int, count: int) -> AsyncIterator[list[Wire]]:
    """Open connections, closed at the end."""
    opened = [await Wire.connect(port) for _ in range(count)]
    try:
        yield opened
    finally:
        for wire in opened:
            await wire.hang_up()


async def at_once(opened: Sequence[Wire], requests: Iterable[bytes]) -> list[Answer]:
    """Send a request on each connection in one turn of the loop; the replies in the same order."""
    await asyncio.gather(*(wire.make_ready() for wire in opened))
    used = []
    for wire, request in zip(opened, requests, strict=False):
        wire.send(request)
        used.append(wire)
    return await asyncio.gather(*(wire.receive() for wire in used))


def post(path: str, app: WorldApp, form: dict[str, str]) -> bytes:
    """A form of an app's, which proves itself by its secret or, being public, names itself."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/x-www-form-urlencoded"]
    fields = dict(form)
    if app.client_secret:
        lines.append(f"Authorization: Basic {b64encode(f'{app.client_id}:{app.client_secret}'.encode()).decode()}")
    else:
        fields["client_id"] = app.client_id
    body = urlencode(fields)
    return "\r\n".join((*lines, f"Content-Length: {len(body)}", "", body)).encode()


def refreshing(app: WorldApp, refresh_token: str) -> bytes:
    """A refresh."""
    return post(TOKEN, app, {"grant_type": "refresh_token", "refresh_token": refresh_token})


def logging_in(app: WorldApp, jwt: str, endpoint_id: str | None = None) -> bytes:
    """A login with a JWT credential."""
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": jwt}
    return post(TOKEN, app, form | ({"endpoint_id": endpoint_id} if endpoint_id else {}))


def revoking(app: WorldApp, token: str) -> bytes:
    """A revocation."""
    return post(REVOKE, app, {"token": token})


def using(access_token: str) -> bytes:
    """A call of the API."""
    return f"GET {MYSELF} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {access_token}\r\n\r\n".encode()
