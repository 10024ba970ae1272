"""uvicorn as it comes, with nothing behind it: 300 bytes of JSON to any request. The yardstick of every ratio."""

import socket
import sys

import uvicorn
import uvloop
from starlette.types import Receive, Scope, Send

BODY = b'{"bare":"' + b"x" * 289 + b'"}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]


async def application(_scope: Scope, receive: Receive, send: Send) -> None:
    """Read the body, answer."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


async def main(port: int) -> None:
    """Serve until told to stop."""
    config = uvicorn.Config(
        application,
        http="httptools",
        loop="none",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
    )
    await uvicorn.Server(config).serve(sockets=[socket.create_server(("127.0.0.1", port), backlog=2048)])


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
