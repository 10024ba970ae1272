"""The wire: bounded requests in, replies out, as plain ASGI values. What an endpoint means does not belong here."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from starlette.types import Message, Receive, Scope, Send

from callgate.model import faults
from callgate.model.decisions import Denied
from callgate.web.exchange import BODYLESS, SEND_WHOLE, Answer, SendWhole
from callgate.web.network import Networks

BODY_BYTES_MAX = 16 * 1024
"""As protocol/forms bounds a form; a longer body is refused before it is held."""

NETWORKS = "callgate.networks"
"""Where the scope holds whom to ask for a request's network; asked seldom, so that it costs nobody else."""

Header = tuple[bytes, bytes]


class Reply(NamedTuple):
    """A whole response; Content-Length is added when it is sent."""

    status: int
    headers: tuple[Header, ...]
    body: bytes

    def __repr__(self) -> str:
        return f"Reply({self.status}, …)"


class DisconnectedError(Exception):
    """The client hung up before its request was whole; nobody is left to answer."""


class Request:
    """One request. `request_id` leads from a reply to its explanation."""

    __slots__ = ("_fields", "_is_repetitive", "_receive", "request_id", "scope")

    def __init__(self, scope: Scope, receive: Receive, request_id: str) -> None:
        self.scope = scope
        self._receive = receive
        self.request_id = request_id
        self._fields: dict[bytes, bytes] | None = None
        self._is_repetitive = False

    def header(self, name: bytes) -> str | None:
        """A header's value by its lower-case name; of several fields the list that they are (RFC 9110 section 5.2).

        Taking the first would let a proxy that reads the last check another credential than the one that counts.
        """
        if self._fields is None:
            sent: list[Header] = self.scope["headers"]
            self._fields = dict(sent)
            self._is_repetitive = len(self._fields) < len(sent)
        if not self._is_repetitive:  # nearly always: a look-up instead of a walk
            only = self._fields.get(name)
            return None if only is None else only.decode("latin-1")
        values: list[bytes] = [value for key, value in self.scope["headers"] if key == name]
        return b", ".join(values).decode("latin-1") if values else None

    @property
    def network(self) -> str:
        """Where it comes from, in the words of model/network.py."""
        networks: Networks = self.scope[NETWORKS]
        peer = self.scope["client"]
        return networks.find(peer[0] if peer else None, self.header(networks.field_name))

    @property
    def query(self) -> bytes:
        """The query string as sent."""
        return bytes(self.scope["query_string"])

    @property
    def method(self) -> str:
        """The method, upper case."""
        return str(self.scope["method"])

    @property
    def path_params(self) -> dict[str, str]:
        """What the route's template matched."""
        return dict(self.scope.get("path_params", {}))

    async def receive(self) -> Message:
        """What comes next of it, as ASGI tells it."""
        return await self._receive()

    async def body(self, *, bytes_max: int = BODY_BYTES_MAX) -> bytes | Denied:
        """The whole body, or a fault when it is too long. Raises DisconnectedError."""
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise DisconnectedError
            part = message.get("body", b"")
            size += len(part)
            if size > bytes_max:
                return Denied(fault=faults.BODY_TOO_LARGE, values=(("limit", f"{bytes_max // 1024} KiB"),))
            if not message.get("more_body", False):
                return part if not parts else b"".join((*parts, part))
            parts.append(part)


Handler = Callable[[Request], Awaitable[Reply]]


async def send_answer(scope: Scope, send: Send, *, answer: Answer) -> None:
    """Send a whole answer: at once where the server can, else in the two messages of ASGI."""
    send_whole: SendWhole | None = scope.get(SEND_WHOLE)
    if send_whole is not None:
        await send_whole(answer)
        return
    headers = [*answer.common, *answer.own, (b"rcrequestid", answer.request_id)]
    if answer.status not in BODYLESS:
        headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
