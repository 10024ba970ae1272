"""The way to another cell, to servers that behave and to some that do not."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from callgate.model.cells import Head, Neighbour
from callgate.service import cell_links
from callgate.service.cell_links import CellLink, CellSilentError, LinkRules, Passed
from callgate.service.log import open_log
from tests.service.publishers import make_tls

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

QUESTION = Passed(Head("POST", b"/x?y=1", ((b"a", b"b"),)), b"body", "7", b"note")
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx: y\r\nRCRequestId: 7\r\n\r\nok"
FAST = LinkRules(wait_s=0.2, connect_s=0.1, in_flight_max=2)
PATIENT = FAST._replace(wait_s=20, connect_s=20)
"""Where nobody is slow but, perhaps, the machine."""


@asynccontextmanager
async def linked(
    serve: Serve, rules: LinkRules = FAST, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[CellLink]:
    """A link to a server that does this with each connection."""
    serving: set[asyncio.Task[object]] = set()

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        try:
            with suppress(asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
                await serve(reader, writer)
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(keep, "127.0.0.1", 0, ssl=tls)
    address = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    link = CellLink(Neighbour("CGT01P02", address), rules, log=open_log("critical", for_people=False))
    try:
        yield link
    finally:
        await link.close()
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving)


@asynccontextmanager
async def looked_after(link: CellLink) -> AsyncIterator[None]:
    """As a server does."""
    looking = asyncio.create_task(link.keep_looking(lambda: QUESTION, lambda: QUESTION))
    try:
        yield
    finally:
        looking.cancel()


async def until(holds: Callable[[], bool]) -> None:
    """Until something has come about that nothing else tells of."""
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As a server that behaves."""
    while await reader.readuntil(b"body"):
        writer.write(ANSWER)


async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """As one that is stopped."""
    await reader.read()


async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As one that dies at that moment."""
    writer.close()


async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As something else altogether."""
    await reader.readuntil(b"body")
    writer.write(b"+PONG\r\n" * 9)


async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Without an end."""
    await reader.readuntil(b"body")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n" + b"x" * 200_000)
    await reader.read()


def test_connection_is_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what was asked arrives as it was."""
    monkeypatch.setattr(cell_links, "IDLE_S", 20)
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(b"connection")
        while True:
            seen.append(await reader.readuntil(b"body"))
            writer.write(ANSWER)

    async def run() -> None:
        async with linked(serve, PATIENT) as link:
            for _ in range(3):
                answered = await link.forward(QUESTION)
                assert (answered.status, answered.body) == (200, b"ok")
                assert (b"x", b"y") in answered.fields

    asyncio.run(run())
    assert seen.count(b"connection") == 1
    assert seen[1].startswith(b"POST /x?y=1 HTTP/1.1\r\n")
    assert b"\r\na: b\r\n" in seen[1]
    assert b"\r\ncallgate-cell: note\r\n" in seen[1]


async def stand_before_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As the proxy of a cell that is down."""
    while await reader.readuntil(b"body"):
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")


async def know_us_not(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As a cell that believes none of our notes, or another server altogether."""
    while await reader.readuntil(b"body"):
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nRCRequestId: 8\r\n\r\nok")


@pytest.mark.parametrize(
    "serve",
    [hang, hang_up, babble, flood, stand_before_nothing, know_us_not],
    ids=["hangs", "hangs up", "babbles", "floods", "proxy", "refuses"],
)
def test_server_that_does_not_behave_is_no_answer(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """One request that fails is one; the cell is silent when it does not say that it is there."""
    monkeypatch.setattr(cell_links, "ANSWER_BYTES_MAX", 100_000)

    async def run() -> None:
        async with linked(serve) as link:
            with pytest.raises(CellSilentError):
                await link.forward(QUESTION)
            assert not link.is_silent
            assert await link.ask(QUESTION) is None
            assert link.in_flight == 0
            async with looked_after(link):
                await until(lambda: link.is_silent)

    asyncio.run(run())


async def garble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As a proxy that forgets its TLS."""
    await reader.readuntil(b"body")
    os.write(writer.get_extra_info("socket").fileno(), ANSWER)
    await reader.read()


def test_trouble_with_tls_is_no_answer(tmp_path: Path) -> None:
    """In the midst of a connection, too, where it comes as it is."""
    tls, authority = make_tls(tmp_path, "127.0.0.1")

    async def run() -> None:
        async with linked(garble, FAST._replace(connect_s=1, wait_s=2, ca_file=authority), tls=tls) as link:
            with pytest.raises(CellSilentError, match="SSLError"):
                await link.forward(QUESTION)
            assert await link.ask(QUESTION) is None
            assert not link.answers

    asyncio.run(run())


def test_cell_is_looked_after_on_when_one_look_has_a_defect() -> None:
    """Or finds no memory: else it would be silent for ever."""
    looks = iter([MemoryError()])

    def hello() -> Passed:
        for trouble in looks:
            raise trouble
        return QUESTION

    async def run() -> None:
        async with linked(answer) as link:
            link._fall_silent("a test says so")
            looking = asyncio.create_task(link.keep_looking(hello, lambda: QUESTION))
            await until(lambda: not link.is_silent)
            assert not looking.done()
            looking.cancel()

    asyncio.run(run())
    assert list(looks) == [], "the look had its defect"


def test_one_slow_answer_silences_nobody() -> None:
    """A cell that says that it is there is asked on, whatever one of its answers takes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"body"):
            if b"/slow" not in head:
                writer.write(ANSWER)

    async def run() -> None:
        async with linked(serve, PATIENT._replace(wait_s=0.5)) as link, looked_after(link):
            with pytest.raises(CellSilentError, match="no answer in"):
                await link.forward(QUESTION._replace(head=Head("POST", b"/slow")))
            assert not link.is_silent
            assert (await link.forward(QUESTION)).status == 200

    asyncio.run(run())


def test_failed_request_has_the_cell_asked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not only when the next look is due."""
    monkeypatch.setattr(cell_links, "LOOK_S", 3600)
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            asked.append(await reader.readuntil(b"body"))
            if len(asked) == 1:
                writer.write(ANSWER)

    async def run() -> None:
        async with linked(serve) as link, looked_after(link):
            await until(lambda: len(asked) == 1)
            with pytest.raises(CellSilentError):
                await link.forward(QUESTION)
            await until(lambda: link.is_silent)

    asyncio.run(run())


def test_cell_that_is_not_there_is_silent_until_it_is_heard() -> None:
    """Nobody waits for it meanwhile."""

    async def run() -> None:
        async with linked(answer) as there:
            gone = CellLink(
                Neighbour("CGT01P03", "http://127.0.0.1:1"), FAST, log=open_log("critical", for_people=False)
            )
            with pytest.raises(CellSilentError):
                await gone.forward(QUESTION)
            assert gone.is_silent
            there._fall_silent("a test says so")
            async with looked_after(there):
                await until(lambda: not there.is_silent)
            assert gone.forwarded["silent"] == 1

    asyncio.run(run())


def test_no_more_than_so_many_wait_for_a_cell() -> None:
    """Those beyond hear at once that they are too many; the cell is not called silent for it."""

    async def run() -> None:
        async with linked(hang, FAST._replace(wait_s=5)) as link:
            waiting = [asyncio.create_task(link.forward(QUESTION)) for _ in range(2)]
            await until(lambda: link.in_flight == 2)
            with pytest.raises(CellSilentError, match="wait for it already"):
                await link.forward(QUESTION)
            assert not any(each.done() for each in waiting)
            assert not link.is_silent
            assert link.forwarded == {"too many": 1}
            for each in waiting:
                each.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            assert link.in_flight == 0

    asyncio.run(run())
