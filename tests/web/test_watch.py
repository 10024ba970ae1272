"""The look over a server's connections: whatever happens at one of them, the others are looked at."""

import asyncio
import socket
from contextlib import ExitStack, suppress
from typing import ClassVar

import structlog
import uvicorn
import uvloop
from structlog.testing import capture_logs
from uvicorn.server import ServerState

from callgate.web.deadline import REQUEST_S, BoundedProtocol, bounded_protocol
from tests.web.patient import application

CONNECTIONS = 8
PATIENCE_S = 30


def test_others_end_in_time_when_one_connection_cannot_be_looked_at() -> None:
    """One defect must not let everybody else's time go on for ever; it ends the connection it is of."""
    with capture_logs() as told, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        left = runner.run(asyncio.wait_for(overstay(), PATIENCE_S))
    assert left == [b""] * CONNECTIONS
    assert [line["event"] for line in told] == ["defect", "connections ended"]
    assert (told[1]["defective"], told[1]["too_slow"]) == (1, CONNECTIONS - 1)


async def overstay() -> list[bytes]:
    """Connections that say nothing until their time is up, of which the first that is looked at is broken."""

    class Broken(bounded_protocol(connections_max=100, log=structlog.get_logger())):  # type: ignore[misc] # made there
        """A connection of ours, one of which cannot be looked at."""

        broken: ClassVar[BoundedProtocol | None] = None

        def connection_made(self, transport: asyncio.Transport) -> None:
            """Once all are here, their time goes by."""
            super().connection_made(transport)
            if len(self.connections) == CONNECTIONS:
                self.watch.looks += REQUEST_S

        def look(self, looks: int) -> None:
            """Raise for the first that is looked at, as a socket does that is gone under us."""
            if Broken.broken in {None, self}:
                Broken.broken = self
                raise OSError("no such socket")
            super().look(looks)

    config = uvicorn.Config(application, http=Broken, lifespan="off", ws="none", log_config=None)
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Broken(config=config, server_state=state, app_state={}), "127.0.0.1", 0)
    async with server:
        with ExitStack() as stack:
            address = server.sockets[0].getsockname()
            opened = [stack.enter_context(socket.create_connection(address)) for _ in range(CONNECTIONS)]
            return [await _said(connection) for connection in opened]


async def _said(connection: socket.socket) -> bytes:
    """What comes before the end of a connection, however it ends."""
    connection.setblocking(False)
    with suppress(ConnectionResetError):
        return await asyncio.get_running_loop().sock_recv(connection, 4096)
    return b""
