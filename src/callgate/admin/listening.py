"""How any process of ours listens: uvicorn on uvloop, a deadline on everything, and an end that fails no request.

Told to end, it says with each answer that it is the last one of its connection, and goes on taking newcomers for as
long as the silent ones are waited for; then it takes nobody more, and ends when the last is answered.

Apart from the commands, because whoever only administers need not wait for an HTTP server to be imported.
"""

import asyncio
import select
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass

import uvicorn

from callgate.admin.accepting import Accepting, Share
from callgate.config import ServerSettings

_BACKLOG = 2048

_FAREWELL_S = 2.0
"""How long newcomers are still taken: for the silent connections, which have a second (web/deadline.py), and for a load
balancer to see that the server is not ready any more."""

_ASK_S = 0.02
"""How often connections are looked over while the process ends: newcomers must hear of it too."""

_LOOKS_AT_NOBODY = 3
"""How often nobody must be there, nor wait to be let in: on a busy machine that takes a turn of the loop each."""

_RETRY_S = 1
"""How often a second address is looked for that a sibling has, and what its last answers have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """An application, the protocol its connections speak, and whom to tell when it answers, and when it is to end.

    `share`: this worker's of the newcomers, where there are others.
    """

    application: Callable[..., object]
    protocol: type[asyncio.Protocol]
    settings: ServerSettings
    on_ready: Callable[[], None]
    on_end: Callable[[], None]
    share: Share | None


def bind(settings: ServerSettings) -> socket.socket:
    """Take the address before anything else is begun. Raises OSError, which names it."""
    return _bind(settings.host, settings.port)


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=_BACKLOG)


async def listen(serving: Serving, listener: socket.socket) -> None:
    """Answer on a bound socket until SIGTERM or SIGINT, then let what is under way finish."""
    config = _configure(serving.application, serving.protocol, shutdown_s=serving.settings.shutdown_s)
    await _Server(config, serving).serve(sockets=[listener])


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A second address of a process: the first of some ports that none of its siblings has.

    Each worker takes one. When workers are replaced there may be none for a moment: it is looked for again until there
    is, and `told` of it once.
    """

    application: Callable[..., object]
    protocol: type[asyncio.Protocol]
    host: str
    ports: range
    told: Callable[[OSError], None]

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Answer there, beside what the process is for and as long as that."""
        server = _BesideServer(_configure(self.application, self.protocol, shutdown_s=_RETRY_S))
        serving = asyncio.get_running_loop().create_task(self._serve(server))
        try:
            yield
        finally:
            server.should_exit = True
            if not server.started:
                serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving

    async def _serve(self, server: uvicorn.Server) -> None:
        taken: OSError | None = None
        while isinstance(found := self._bind_first(), OSError):
            if taken is None:
                self.told(found)
            taken = found
            await asyncio.sleep(_RETRY_S)
        with closing(found):
            await server.serve(sockets=[found])

    def _bind_first(self) -> socket.socket | OSError:
        taken = OSError(f"{self.host} has no port {self.ports}")
        for port in self.ports:
            try:
                return _bind(self.host, port)
            except OSError as error:
                taken = error
        return taken


def _configure(
    application: Callable[..., object], protocol: type[asyncio.Protocol], *, shutdown_s: int
) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=protocol,
        loop="none",  # the caller's loop runs already
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the application reads them, and only where limits ask (web/network.py)
        timeout_graceful_shutdown=shutdown_s,
        backlog=_BACKLOG,
    )


class _BesideServer(uvicorn.Server):
    """uvicorn's server, which leaves signals to the one that the process is for."""

    def capture_signals(self) -> nullcontext[None]:  # type: ignore[override] # a context manager, too
        """None."""
        return nullcontext()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close everything: whoever watches comes again."""
        for closed in (*self.servers, *(sockets or ())):
            closed.close()
        for connection in tuple(self.server_state.connections):
            connection.transport.close()


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it answers and returns when told to stop."""

    def __init__(self, config: uvicorn.Config, serving: Serving) -> None:
        super().__init__(config)
        self._serving = serving
        self._accepting: list[Accepting] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, then say so."""
        share = self._serving.share
        await super().startup(sockets if share is None else [])
        if share is not None:
            for listener in sockets or ():
                connections = self.server_state.connections
                self._accepting += [Accepting(listener, self._connection, connections=connections, share=share)]
        self._serving.on_ready()

    def _connection(self) -> asyncio.Protocol:
        return self.config.http_protocol_class(  # type: ignore[call-arg] # as uvicorn calls it
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Part from every connection; cut off those that are there past the time, as a second interrupt does."""
        self._serving.on_end()
        listeners = tuple(sockets or ())
        for accepting in self._accepting:
            accepting.leave()
        now = asyncio.get_running_loop().time
        began = now()
        await self._part(lambda: now() - began > _FAREWELL_S, listeners)
        # In the turn of the last look: whoever waits when a socket is closed is cut off, though they may have asked.
        for server in self.servers:
            server.close()
        for accepting in self._accepting:
            accepting.close()
        for listener in listeners:
            listener.close()
        await asyncio.sleep(_ASK_S)  # whoever was accepted in this turn of the loop is a connection in the next
        await self._part(lambda: now() - began > (self.config.timeout_graceful_shutdown or 0), ())
        for connection in tuple(self.server_state.connections):
            connection.transport.abort()
        for task in tuple(self.server_state.tasks):
            task.cancel()

    async def _part(self, is_over: Callable[[], bool], listeners: Sequence[socket.socket]) -> None:
        state, looks_at_nobody = self.server_state, 0
        while not is_over() and not self.force_exit:
            beginning = any(accepting.is_letting_in for accepting in self._accepting)
            is_somebody_there = state.connections or state.tasks or beginning or _somebody_waits(listeners)
            looks_at_nobody = 0 if is_somebody_there else looks_at_nobody + 1
            if looks_at_nobody == _LOOKS_AT_NOBODY:
                return
            for connection in tuple(state.connections):
                connection.shutdown()
            await asyncio.sleep(_ASK_S)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at the usual signals. uvicorn's own way raises them again at the end, before the store is closed."""
        loop = asyncio.get_running_loop()
        signals = (signal.SIGTERM, signal.SIGINT)
        for number in signals:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)


def _somebody_waits(listeners: Sequence[socket.socket]) -> bool:
    """Whether anybody is in a socket's queue."""
    looking = select.poll()
    for listener in listeners:
        looking.register(listener, select.POLLIN)
    return bool(looking.poll(0))
