"""One request and its answer on a connection: uvicorn's cycle, with answers that leave whole, in one write.

An ASGI server is told of an answer in two messages and writes each at once: two system calls, and a look at every
field for what the application must not send. Our answers are whole before they are sent, and their fields are ours.
What a connection is, and when it ends, belongs to `deadline`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import lru_cache
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import unquote

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from callgate.web.framing import Field

SEND_WHOLE: Final = "callgate.send_whole"
"""Where the scope holds the way to answer at once; absent under another ASGI server."""


class Answer(NamedTuple):
    """A whole answer. Fields that are `common` stand in many answers, and are encoded once.

    Each has its request's id besides, which is ours and plain, and the length of its body.
    """

    status: int
    common: tuple[Field, ...]
    own: tuple[Field, ...]
    request_id: bytes
    body: bytes

    def __repr__(self) -> str:
        return f"Answer({self.status}, …)"


SendWhole = Callable[[Answer], Awaitable[None]]
"""See Exchange.send_whole."""

BODYLESS: Final = frozenset({HTTPStatus.NO_CONTENT.value, HTTPStatus.NOT_MODIFIED.value})
"""Answers that end with their head, and tell no length (RFC 9110 section 8.6)."""

_STATUS_LINES: Final = {
    status.value: b"HTTP/1.1 %d %s\r\n" % (status.value, status.phrase.encode()) for status in HTTPStatus
}
_END: Final = b"\r\n"
_CLOSE_AND_END: Final = b"connection: close\r\n\r\n"


class Exchange(RequestResponseCycle):
    """What uvicorn's protocol asks of a cycle, and `send_whole`."""

    def start(self, app: ASGI3Application, tasks: set[asyncio.Task[None]]) -> None:
        """Run the application at once; it is in no task until it waits twice, or for anything but a future.

        Python 3.12 has eager tasks for the first part, 3.11 has not; nearly every answer waits for one commit, or for
        nothing. A task that has to be made is kept in `tasks`.
        """
        answering = self.run_asgi(app)
        try:
            waited = answering.send(None)
        except StopIteration:
            return
        if isinstance(waited, asyncio.Future) and waited._asyncio_future_blocking:  # noqa: SLF001 - documented for whoever drives coroutines
            waited._asyncio_future_blocking = False  # noqa: SLF001 - as a task says that it will be called back
            waited.add_done_callback(lambda _: _go_on_at_once(answering, tasks))
        else:
            _go_on_in_task(answering, waited, tasks=tasks)

    async def send_whole(self, answer: Answer) -> None:
        """Send a whole answer; HEAD gets its head."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        assert not self.response_started, "one request has one answer"
        self.response_started = True
        # The way to answer goes with the answer: scope and exchange would keep each other for the collector to find.
        del self.scope[SEND_WHOLE]  # type: ignore[typeddict-item] # a name of our own
        status, common, own, request_id, body = answer
        head = b"%b%b%b%brcrequestid: %b\r\n%b%b" % (
            _STATUS_LINES[status],
            _encode_once(tuple(self.default_headers)),
            _encode_once(common),
            _encode(own) if own else b"",
            request_id,
            b"" if status in BODYLESS else b"content-length: %d\r\n" % len(body),
            _END if self.keep_alive else _CLOSE_AND_END,
        )
        self.transport.write(head if self.scope["method"] == "HEAD" or status in BODYLESS else head + body)
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


def open_exchange(connection: HttpToolsProtocol, method: str, *, version: str) -> Exchange:
    """The exchange of a head that is whole: what it asks for, as ASGI has it, and the way to answer it at once."""
    raw_path, query = _split(connection.url)
    path = raw_path.decode("ascii")
    exchange = Exchange(
        scope=connection.scope,
        transport=connection.transport,
        flow=connection.flow,
        logger=connection.logger,
        access_logger=connection.access_logger,
        access_log=False,
        default_headers=connection.server_state.default_headers,
        message_event=asyncio.Event(),
        expect_100_continue=connection.expect_100_continue,
        keep_alive=version != "1.0" and connection.parser.should_keep_alive(),
        on_response=connection.on_response_complete,
    )
    connection.scope |= {  # type: ignore[typeddict-item] # an ASGI server may add names of its own
        "method": method,
        "http_version": version,
        "path": unquote(path) if "%" in path else path,
        "raw_path": raw_path,
        "query_string": query,
        SEND_WHOLE: exchange.send_whole,
    }
    return exchange


def _split(target: bytes) -> tuple[bytes, bytes]:
    """The path and the query of a target; most are a path and nothing else."""
    if target.startswith(b"/") and b"?" not in target:
        return target, b""
    parsed = httptools.parse_url(target)
    return parsed.path, parsed.query or b""


class _Begun:
    """The rest of a coroutine that was begun outside a task, for a task to go on with."""

    __slots__ = ("_coroutine", "_waited")

    def __init__(self, coroutine: Coroutine[object, object, None], waited: object) -> None:
        self._coroutine = coroutine
        self._waited = waited

    def __await__(self) -> Generator[object, object, None]:
        """Hand on what the coroutine waits for, and to it what came of that."""
        waited = self._waited
        try:
            while True:
                try:
                    came = yield waited
                except BaseException as error:  # noqa: BLE001 - cancelled, among others: the coroutine's to answer
                    waited = self._coroutine.throw(error)
                else:
                    waited = self._coroutine.send(came)
        except StopIteration:
            return


def _go_on_at_once(answering: Coroutine[object, object, None], tasks: set[asyncio.Task[None]]) -> None:
    try:
        waited = answering.send(None)
    except StopIteration:
        return
    _go_on_in_task(answering, waited, tasks=tasks)


def _go_on_in_task(
    answering: Coroutine[object, object, None], waited: object, *, tasks: set[asyncio.Task[None]]
) -> None:
    task = asyncio.get_running_loop().create_task(_go_on(_Begun(answering, waited)))
    tasks.add(task)
    task.add_done_callback(tasks.discard)


async def _go_on(begun: _Begun) -> None:
    await begun


def _encode(fields: tuple[Field, ...]) -> bytes:
    """The lines of some fields. A line more than was meant is a field, or an answer, that somebody smuggled in."""
    lines = b"".join([b"%b: %b\r\n" % field for field in fields])
    if not lines.count(b"\n") == len(fields) == lines.count(b"\r"):
        raise AssertionError("a field's value has a line end")  # a defect, looked for even where asserts are left out
    return lines


_encode_once: Final = lru_cache(maxsize=1024)(_encode)
