"""Whoever keeps a connection and gives nothing loses it in time, and nobody else notices: a siege of a real server.

Assurance P13, R10, R16. Every kind of besieger comes at once, while good traffic goes on; each test then looks at one
side of what was seen.
"""

import asyncio
import re
import select
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
import pytest

from callgate.web import deadline
from tests.figures import Figure
from tests.server import Server
from tests.web.raw import Answer, Process, answers, ask, basic, connected, request

LIVE = "/health/live"
TOKEN = "/restapi/oauth/token"
FORM = "Content-Type: application/x-www-form-urlencoded"
GRANT = b"grant_type=client_credentials"
CLOSED_S_MAX = 15
ENDLESS_S = 30
"""When a besieger gives up waiting to be closed."""


class Besieger(NamedTuple):
    """What one says at once, what it adds and how often, and what it should be told before it is closed."""

    begins: bytes
    adds: bytes
    every_s: float
    told: tuple[int, ...]


HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n"
POST = f"POST {TOKEN} HTTP/1.1\r\nHost: a\r\n{FORM}\r\n".encode()

BESIEGERS = {
    "silent": Besieger(b"", b"", 1, ()),
    "line ends": Besieger(b"", b"\r\n", 1, ()),
    "half a head": Besieger(HEAD + b"A: ", b"", 1, (408,)),
    "trickling head": Besieger(HEAD, b"A: b\r\n", 1, (408,)),
    "trickling name": Besieger(HEAD, b"a", 0.5, (408,)),
    "half a body": Besieger(POST + b"Content-Length: 60\r\n\r\n" + GRANT, b"", 1, (408,)),
    "no body": Besieger(POST + b"Content-Length: 60\r\n\r\n", b"", 1, (408,)),
    "trickling body": Besieger(POST + b"Content-Length: 60\r\n\r\n", b"x", 0.5, (408,)),
    "trickling chunks": Besieger(POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", 0.5, (408,)),
    "trickling chunk extension": Besieger(POST + b"Transfer-Encoding: chunked\r\n\r\n5;", b"x", 0.5, (408,)),
    "trickling trailers": Besieger(POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"A: b\r\n", 0.5, (408,)),
    "awaiting 100": Besieger(POST + b"Content-Length: 60\r\nExpect: 100-continue\r\n\r\n", b"", 1, (100, 408)),
    "half a second": Besieger(request(LIVE) + HEAD, b"", 1, (200, 408)),
    "slow second": Besieger(request(LIVE) + HEAD, b"A: b\r\n", 1, (200, 408)),
    "slow body of a second": Besieger(request(LIVE) + POST + b"Content-Length: 60\r\n\r\n", b"x", 1, (200, 408)),
    "refused early": Besieger(POST + b"Content-Length: 90000\r\n\r\n" + b"x" * 70_000, b"x", 0.5, (413,)),
    "line ends after a request": Besieger(request(LIVE), b"\r\n", 1, (200,)),
}


class Ended(NamedTuple):
    """A besieger's end, and what it was told.

    The server began to count at some moment between the two from which we do: before we connected, and after.
    """

    after_s_at_least: float
    after_s_at_most: float
    told: tuple[int, ...]


class Seen(NamedTuple):
    """What a siege showed. `late_s`: how late we ourselves were in all, for the machine may have others to serve."""

    late_s: float
    ended: dict[str, list[Ended]]
    unread_s: float
    idle_s: float
    waited: list[list[Answer]]
    good: list[tuple[int, float]]
    log: str


@pytest.fixture(scope="module")
def seen(server: Server, patient: Process, counts: Callable[[int, int], int]) -> Seen:
    """One siege, of 170 connections in the short run."""
    return asyncio.run(besiege(server, patient, each=counts(10, 125)))


async def besiege(server: Server, patient: Process, *, each: int) -> Seen:
    """Send every kind of besieger, `each` times, and good traffic until they are gone."""
    said_before = len(server.log())
    over = asyncio.Event()
    late = asyncio.create_task(be_punctual(over))
    good = [asyncio.create_task(be_good(server, over)) for _ in range(3)]
    unread = asyncio.create_task(asyncio.to_thread(read_nothing, server))
    idle = asyncio.create_task(be_idle(server))
    waited = [asyncio.create_task(asyncio.to_thread(wait_long, patient, left=left)) for left in (30, 90)]
    besiegers = {
        name: [asyncio.create_task(sit(server, besieger)) for _ in range(each)] for name, besieger in BESIEGERS.items()
    }
    ended = {name: await asyncio.gather(*tasks) for name, tasks in besiegers.items()}
    unread_s, idle_s = await unread, await idle
    over.set()
    asked = [each for task in good for each in await task]
    return Seen(await late, ended, unread_s, idle_s, [await each for each in waited], asked, server.log()[said_before:])


async def be_punctual(over: asyncio.Event) -> float:
    """Wake ten times a second; gives by how much it was later than that altogether."""
    late_s = 0.0
    while not over.is_set():
        due = time.monotonic() + 0.1
        await asyncio.sleep(0.1)
        late_s += time.monotonic() - due
    return late_s


async def sit(server: Server, besieger: Besieger) -> Ended:
    """Be one until closed."""
    came = time.monotonic()
    reader, writer = await open_connection(server)
    begun = time.monotonic()
    writer.write(besieger.begins)
    trickle = asyncio.create_task(add(writer, besieger))
    try:
        said = await asyncio.wait_for(read_until_closed(reader), ENDLESS_S)
    finally:
        ended = time.monotonic()
        trickle.cancel()
        writer.transport.abort()
    return Ended(ended - begun, ended - came, tuple(answer.status for answer in answers(said)))


async def add(writer: asyncio.StreamWriter, besieger: Besieger) -> None:
    """Trickle."""
    while besieger.adds:
        await asyncio.sleep(besieger.every_s)
        writer.write(besieger.adds)


async def read_until_closed(reader: asyncio.StreamReader) -> bytes:
    """All that comes; a reset is an end like any other to one who trickles."""
    said = b""
    try:
        while data := await reader.read(65536):
            said += data
    except ConnectionResetError:
        pass
    return said


async def open_connection(server: Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the server."""
    url = urlsplit(server.base_url)
    return await asyncio.open_connection(url.hostname, url.port)


async def be_good(server: Server, over: asyncio.Event) -> list[tuple[int, float]]:
    """Ask for tokens and use them; gives each status and how long it took."""
    app = server.world.apps["service"]
    asked = []

    async def ask_in_time(call: Awaitable[httpx.Response]) -> httpx.Response:
        begun = time.monotonic()
        response = await call
        asked.append((response.status_code, time.monotonic() - begun))
        return response

    async with httpx.AsyncClient(base_url=server.base_url, timeout=60) as client:
        while not over.is_set():
            proof = (app.client_id, app.client_secret or "")
            tokens = await ask_in_time(client.post(TOKEN, data={"grant_type": "client_credentials"}, auth=proof))
            bearer = {"Authorization": f"Bearer {tokens.json()['access_token']}"}
            await ask_in_time(client.get("/restapi/v1.0/account/~", headers=bearer))
            await asyncio.sleep(0.05)
    return asked


async def be_idle(server: Server) -> float:
    """Ask once, keep the connection and say no more; gives after how long it was closed."""
    reader, writer = await open_connection(server)
    begun = time.monotonic()
    writer.write(request(LIVE))
    assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")
    assert await asyncio.wait_for(reader.read(), ENDLESS_S) == b""
    writer.close()
    return time.monotonic() - begun


def read_nothing(server: Server) -> float:
    """Ask for long pages over a narrow window and read none; gives after how long the connection was reset."""
    proof = basic(server.world.apps["service"])
    token = ask(server, request(TOKEN, proof, FORM, "Connection: close", method="POST", body=GRANT)).json()
    target = "/restapi/v1.0/account/~/call-log?perPage=1000&view=Detailed&dateFrom=2020-01-01T00:00:00Z"
    page = request(target, f"Authorization: Bearer {token['access_token']}")
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        url = urlsplit(server.base_url)
        reader.connect((url.hostname, url.port))
        reader.sendall(page * 16)  # more than the 4 MB that the kernel would hold for us
        begun = time.monotonic()
        watch = select.poll()
        watch.register(reader, select.POLLERR)
        watch.poll(ENDLESS_S * 1000)
        return time.monotonic() - begun


def wait_long(patient: Process, *, left: int) -> list[Answer]:
    """Ask what takes 14 seconds, then what takes none, of which some bytes are left until the first is answered."""
    late = request("/0", "Connection: close", method="POST", body=b"x" * 60)
    with connected(patient) as connection:
        connection.settimeout(ENDLESS_S)
        connection.sendall(request("/14") + late[:-left])
        said = connection.recv(65536)
        connection.sendall(late[-left:])
        return answers(said + b"".join(iter(lambda: connection.recv(65536), b"")))


@pytest.mark.parametrize("name", BESIEGERS)
def test_connection_is_closed_when_its_request_does_not_come(seen: Seen, name: str) -> None:
    """After 12 to 15 seconds, and with 408 if a request had begun and no answer had (RFC 9110 section 15.5.9)."""
    for ended in seen.ended[name]:
        assert ended.after_s_at_most >= deadline.REQUEST_S
        assert ended.after_s_at_least <= CLOSED_S_MAX + seen.late_s
        assert ended.told == BESIEGERS[name].told


def test_connection_is_reset_when_its_answers_are_not_read(seen: Seen) -> None:
    """Otherwise whoever asks and does not read fills the memory with answers."""
    assert deadline.UNREAD_S <= seen.unread_s < ENDLESS_S


def test_clock_stands_still_when_it_is_the_server_that_takes_its_time(seen: Seen) -> None:
    """What waits for an answer, and what waits behind it, is not the client's delay."""
    for waited in seen.waited:
        assert [(answer.status, answer.body) for answer in waited] == [(200, b"/14"), (200, b"/0")]


def test_idle_connection_is_closed_after_the_idle_timeout(seen: Seen) -> None:
    """The five seconds of uvicorn, kept by the look instead of a timer a request."""
    assert 5 <= seen.idle_s < deadline.REQUEST_S


def test_good_traffic_goes_on_when_the_server_is_besieged(seen: Seen, figure: Figure) -> None:
    """Not one request fails or waits."""
    good = Counter(status for status, _ in seen.good)
    p99_s = sorted(took_s for _, took_s in seen.good)[len(seen.good) * 99 // 100]
    ended = [each.after_s_at_most for besiegers in seen.ended.values() for each in besiegers]
    figure(
        "clients.slow",
        f"{len(ended):,} connections of {len(seen.ended)} kinds closed after {min(ended):.1f} to {max(ended):.1f} s; "
        f"beside them {good[200]:,} of {good.total():,} requests answered, 99th percentile {1000 * p99_s:.0f} ms",
    )
    assert good.keys() == {200}
    assert p99_s < 1 + seen.late_s


def test_log_has_a_line_a_second_at_most_when_connections_are_ended(seen: Seen) -> None:
    """Their number is told, none of them fills the log."""
    lines = [line for line in seen.log.splitlines() if "connections ended" in line]
    assert 1 <= len(lines) < 40
    told = sum(int(number) for line in lines for number in re.findall(r"too_slow=(\d+)", line))
    assert told == sum(map(len, seen.ended.values()))
