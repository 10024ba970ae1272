"""A server that is told to end loses nobody's request, whatever stage it was at (RFC 9112 section 9.6)."""

import os
import signal
import socket
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from tests.nursery import servers
from tests.server import Server, running_server
from tests.web.raw import PATIENCE_S, Answer, answers, basic, request

LIVE = "/health/live"
TOKEN = "/restapi/oauth/token"
GRANT = b"grant_type=client_credentials"


def test_no_request_is_lost_when_the_server_is_told_to_end() -> None:
    """One idle connection is asked in time, one never; one is new; one sends its body late, and one asks twice."""
    with running_server() as server, ExitStack() as stack:
        asked, silent, slow = (stack.enter_context(open_line(server)) for _ in range(3))
        assert [exchange(line).headers.get("connection") for line in (asked, silent)] == [None, None]
        app = server.world.apps["service"]
        form = "Content-Type: application/x-www-form-urlencoded"
        slow.sendall(request(TOKEN, basic(app), form, method="POST", body=GRANT)[:-7])
        os.kill(server.pid, signal.SIGTERM)
        told = time.monotonic()
        assert last_of(asked).status == 200
        assert asked.recv(1) == b""
        with open_line(server) as newcomer:
            assert last_of(newcomer).status == 200
        assert silent.recv(1) == b"", "closed, and not reset"
        assert 0.9 < time.monotonic() - told < PATIENCE_S
        slow.sendall(GRANT[-7:])
        late = read_to_end(slow)
        assert (late.status, late.headers["connection"]) == (200, "close")
        assert "access_token" in late.json()
        assert servers().end(server.pid) == 0
        with pytest.raises(ConnectionRefusedError):
            open_line(server)


def test_connections_are_cut_off_when_the_time_is_over() -> None:
    """A request whose rest does not come holds the end up for `server.shutdown_s`, and no longer."""
    with running_server({"CALLGATE_SERVER__SHUTDOWN_S": "2"}) as server, open_line(server) as half:
        half.sendall(b"GET / HTTP/1.1\r\nHost")
        exchange_on_another(server)
        os.kill(server.pid, signal.SIGTERM)
        told = time.monotonic()
        assert servers().end(server.pid) == 0
        assert 1.5 < time.monotonic() - told < 10, "as long as servers have that are told of no time"


def open_line(server: Server) -> socket.socket:
    """A connection."""
    url = urlsplit(server.base_url)
    return socket.create_connection((url.hostname, url.port), PATIENCE_S)


def exchange(line: socket.socket) -> Answer:
    """A request and its answer."""
    line.sendall(request(LIVE))
    said = b""
    while not said.endswith(b"}"):  # head and body may come apart
        part = line.recv(65536)
        assert part, "closed without an answer"
        said += part
    (answer,) = answers(said)
    return answer


def last_of(line: socket.socket) -> Answer:
    """The answer that says that it is the last: the server hears of its end a moment after it was told."""
    while (answer := exchange(line)).headers.get("connection") != "close":
        pass
    return answer


def exchange_on_another(server: Server) -> None:
    """So that what was sent before has been read."""
    with open_line(server) as line:
        assert exchange(line).status == 200


def read_to_end(line: socket.socket) -> Answer:
    """What comes until the server closes."""
    (answer,) = answers(b"".join(iter(lambda: line.recv(65536), b"")))
    return answer
