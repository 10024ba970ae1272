"""A program, not a test: the protocol under an application that takes its time, which no endpoint of ours does.

Answers each request after the seconds that its path names, and prints its port when it listens.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping

import structlog
import uvicorn

from callgate.web.deadline import bounded_protocol

Message = Mapping[str, object]


async def application(
    scope: Mapping[str, object], receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Wait, then answer with the path."""
    await receive()
    path = str(scope["path"])
    await asyncio.sleep(float(path.strip("/")))
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(path))]})
    await send({"type": "http.response.body", "body": path.encode()})


def main() -> None:
    """Serve until the process is ended."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        protocol = bounded_protocol(connections_max=10_000, log=structlog.get_logger())
        config = uvicorn.Config(application, http=protocol, lifespan="off", ws="none", log_config=None)
        print(listener.getsockname()[1], flush=True)
        uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main()
