"""The end of a process that listens: whoever was let into the socket's queue is answered, however busy it is."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable

import structlog

from callgate.admin.accepting import Share, Shares
from callgate.admin.listening import Serving, bind, listen
from callgate.config import ServerSettings
from callgate.web.deadline import bounded_protocol
from tests.ports import free_port

NEWCOMERS = 16
TURN_S = 0.01
"""What else the process has to do in each turn of its loop."""

COME_AFTER_S = 0.03
"""Once the end has begun, and nobody was there at two looks."""

Send = Callable[[dict[str, object]], Awaitable[None]]


async def answer(_scope: object, _receive: object, send: Send) -> None:
    """An application that says yes."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def test_newcomers_are_answered_when_they_come_while_a_busy_process_ends() -> None:
    """They were taken one in a turn, and the socket was closed over the others: a load balancer told of 502."""
    settings = ServerSettings(port=free_port())
    clients = [socket.socket() for _ in range(NEWCOMERS)]

    def come() -> None:
        for client in clients:
            client.connect((settings.host, settings.port))
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")

    async def serve() -> None:
        loop = asyncio.get_running_loop()

        def be_busy() -> None:
            time.sleep(TURN_S)
            loop.call_soon(be_busy)

        def end() -> None:
            loop.call_later(COME_AFTER_S, come)

        loop.call_soon(be_busy)
        serving = Serving(
            application=answer,
            protocol=bounded_protocol(connections_max=100, log=structlog.get_logger()),
            settings=settings,
            on_ready=lambda: os.kill(os.getpid(), signal.SIGTERM),
            on_end=end,
            share=Share(Shares(1), 1),
        )
        with bind(settings) as listener:
            await listen(serving, listener)

    try:
        asyncio.run(serve())
        answers = [client.recv(64) for client in clients]
    finally:
        for client in clients:
            client.close()
    assert [answer[:12] for answer in answers] == [b"HTTP/1.1 200"] * NEWCOMERS
