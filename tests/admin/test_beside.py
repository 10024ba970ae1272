"""The second address of each worker: one of some ports, whoever comes and goes."""

import asyncio
from contextlib import AsyncExitStack, suppress

import pytest
import structlog
from starlette.types import Receive, Scope, Send

from callgate.admin.listening import Beside
from callgate.web.deadline import bounded_protocol
from tests.ports import free_ports

PATIENCE_S = 30


def worker(name: bytes, ports: range, taken: list[OSError]) -> Beside:
    """One that answers with its name."""

    async def application(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(name))]})
        await send({"type": "http.response.body", "body": name})

    protocol = bounded_protocol(connections_max=8, log=structlog.get_logger())
    return Beside(application=application, protocol=protocol, host="127.0.0.1", ports=ports, told=taken.append)


async def names(ports: range) -> list[bytes | None]:
    """Who answers at each port; None where nobody does."""
    return [await name_at(port) for port in ports]


async def name_at(port: int) -> bytes | None:
    """Who answers there."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return None
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    return answer.rpartition(b"\r\n\r\n")[2]


async def come_to(expected: list[bytes | None], ports: range) -> None:
    """Wait until these answer."""
    async with asyncio.timeout(PATIENCE_S):
        found = await names(ports)
        for _ in range(PATIENCE_S * 20):
            if found == expected:
                return
            await asyncio.sleep(0.05)
            found = await names(ports)
    assert found == expected


@pytest.fixture
def ports() -> range:
    """Two that are free, one after the other."""
    return free_ports(2)


def test_each_worker_takes_a_port_and_the_one_too_many_waits_for_its_turn(ports: range) -> None:
    """A reload has the new one wait until the former has gone; what waits says so once, and ends when it is told to."""
    taken: list[OSError] = []

    async def run() -> None:
        async with AsyncExitStack() as former, AsyncExitStack() as others:
            await former.enter_async_context(worker(b"a", ports, taken).listening())
            await come_to([b"a", None], ports)
            await others.enter_async_context(worker(b"b", ports, taken).listening())
            await come_to([b"a", b"b"], ports)
            await others.enter_async_context(worker(b"c", ports, taken).listening())
            await asyncio.sleep(0)
            async with worker(b"d", ports, []).listening():
                pass
            await former.aclose()
            await come_to([b"c", b"b"], ports)
        assert await names(ports) == [None, None]

    asyncio.run(run())
    assert len(taken) == 1
