"""Fetching what others publish: key sets, discovery documents, metadata. Guarded, bounded, and never in a transaction.

The name is resolved once, every address it has is judged (protocol/fetch), and the connection is made to an address
that was judged: a name that means something else a moment later gains nothing. Redirects are not followed, nothing is
decompressed, and the whole answer has five seconds. What becomes of it is for whoever asked to say.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import httpcore

from callgate.model.fetch import Address, Destination, Fetched, FetchFault, FetchRules, NotFetched
from callgate.protocol.fetch import address_of, is_permitted, read_url

WHOLE_S = 5.0
BODY_BYTES_MAX = 64 * 1024
"""The largest key set and discovery document seen have some 10 KiB."""

_ADDRESSES_MAX = 4
"""Tried in turn: a host whose first family is not routed here is reached by its second."""

_HEADERS = (("Accept", "*/*"), ("Accept-Encoding", "identity"), ("User-Agent", "Callgate"), ("Connection", "close"))
_OK = 200
_REDIRECTS = range(300, 400)
_SAYS_WHY = frozenset({_OK, 400, 401, 403})
"""What a token endpoint answers with a body that matters (RFC 6749 section 5.2)."""

Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]


async def resolve(host: str, port: int) -> Sequence[Address]:
    """Every address of a name, in the system's order; none where it has none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        return ()
    return tuple(dict.fromkeys(ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What is asked of an address; `statuses` are those whose body is an answer."""

    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes | None = field(default=None, repr=False)
    statuses: frozenset[int] = frozenset({_OK})
    bytes_max: int = BODY_BYTES_MAX


class Fetcher:
    """Gives what an address answers. One of these is shared; every fetch has a connection of its own."""

    def __init__(self, rules: FetchRules, *, ca_file: Path | None = None, resolve: Resolve = resolve) -> None:
        self._rules = rules
        self._ca_file = ca_file
        self._resolve = resolve

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Made at the first need: reading the system's authorities takes longer than most commands."""
        context = ssl.create_default_context()
        if self._ca_file is not None:
            context.load_verify_locations(self._ca_file)
        return context

    async def get(
        self, url: str, *, bytes_max: int = BODY_BYTES_MAX, authorization: str | None = None
    ) -> Fetched | NotFetched:
        """The answer to a GET, or why there is none; never longer than five seconds."""
        return await self._fetch(url, _Question(headers=_proof(authorization), bytes_max=bytes_max))

    async def post(self, url: str, form: bytes, *, authorization: str | None = None) -> Fetched | NotFetched:
        """The same for a form; an answer of 400, 401 or 403 is one too, and says why."""
        headers = (("Content-Type", "application/x-www-form-urlencoded"), *_proof(authorization))
        return await self._fetch(url, _Question(method="POST", headers=headers, body=form, statuses=_SAYS_WHY))

    async def _fetch(self, url: str, question: _Question) -> Fetched | NotFetched:
        destination = read_url(url, rules=self._rules)
        if isinstance(destination, FetchFault):
            return NotFetched(destination)
        # A task of its own, which time-outs need: requests begin without one (web/exchange.py).
        return await asyncio.get_running_loop().create_task(self._in_time(destination, question))

    async def _in_time(self, destination: Destination, question: _Question) -> Fetched | NotFetched:
        try:
            async with asyncio.timeout(WHOLE_S):
                addresses = await self._addresses(destination)
                if isinstance(addresses, NotFetched):
                    return addresses
                return await self._ask(destination, addresses, question=question)
        except TimeoutError:
            return NotFetched(FetchFault.TOO_SLOW, f"{WHOLE_S:.0f} s")

    async def _addresses(self, destination: Destination) -> Sequence[Address] | NotFetched:
        """Where the host is. One address that is not permitted condemns the name: it is no accident."""
        literal = address_of(destination.host)
        found = (literal,) if literal else await self._resolve(destination.host, destination.port)
        if not found:
            return NotFetched(FetchFault.UNRESOLVED, destination.host)
        for address in found:
            if not is_permitted(address, scheme=destination.scheme, rules=self._rules):
                return NotFetched(FetchFault.FORBIDDEN, str(address))
        return found[:_ADDRESSES_MAX]

    async def _ask(
        self, destination: Destination, addresses: Sequence[Address], *, question: _Question
    ) -> Fetched | NotFetched:
        url = httpcore.URL(
            scheme=destination.scheme.encode(),
            host=destination.host.encode(),
            port=destination.port,
            target=destination.target.encode(),
        )
        pool = httpcore.AsyncConnectionPool(ssl_context=self._tls, network_backend=_Judged(addresses))
        try:
            async with AsyncExitStack() as stack:
                await stack.enter_async_context(pool)
                answer = await stack.enter_async_context(
                    pool.stream(
                        question.method,
                        url,
                        headers=[_host(destination), *_HEADERS, *question.headers],
                        content=question.body,
                    )
                )
                return _refuse_unless_plain(answer, question) or await _read(answer, bytes_max=question.bytes_max)
        except httpcore.ConnectError as error:
            return _not_connected(error)
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            return NotFetched(FetchFault.BROKEN, type(error).__name__)


class _Judged(httpcore.AsyncNetworkBackend):
    """Connects to the addresses that were judged, whatever name it is asked for."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self._addresses = addresses
        self._sockets = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - the name was resolved, and is not looked at again
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """The first of the addresses that answers. Raises httpcore.ConnectError of the last one that does not."""
        failed = httpcore.ConnectError("no address")
        for address in self._addresses:
            try:
                return await self._sockets.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except httpcore.ConnectError as error:
                failed = error
        raise failed


def _host(destination: Destination) -> tuple[str, str]:
    name = f"[{destination.host}]" if ":" in destination.host else destination.host
    usual = {"https": 443, "http": 80}[destination.scheme] == destination.port
    return ("Host", name if usual else f"{name}:{destination.port}")


def _proof(authorization: str | None) -> tuple[tuple[str, str], ...]:
    return () if authorization is None else (("Authorization", authorization),)


def _refuse_unless_plain(answer: httpcore.Response, question: _Question) -> NotFetched | None:
    if answer.status in _REDIRECTS:
        return NotFetched(FetchFault.REDIRECT, str(answer.status))
    if answer.status not in question.statuses:
        return NotFetched(FetchFault.STATUS, str(answer.status))
    encodings = {value.lower() for name, value in answer.headers if name.lower() == b"content-encoding"}
    if encodings - {b"identity"}:
        return NotFetched(FetchFault.ENCODED)
    return None


async def _read(answer: httpcore.Response, *, bytes_max: int) -> Fetched | NotFetched:
    parts: list[bytes] = []
    size = 0
    async for part in answer.aiter_stream():
        size += len(part)
        if size > bytes_max:
            return NotFetched(FetchFault.TOO_LARGE, f"more than {bytes_max:,} bytes")
        parts.append(part)
    return Fetched(b"".join(parts), answer.status)


def _not_connected(error: httpcore.ConnectError) -> NotFetched:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return NotFetched(FetchFault.UNTRUSTED, getattr(cause, "verify_message", "") or "")
        cause = cause.__cause__ or cause.__context__
    return NotFetched(FetchFault.UNREACHABLE)
