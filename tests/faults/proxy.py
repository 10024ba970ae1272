"""A proxy between the server and PostgreSQL, where the network is as bad as a test wants it.

It runs in the test's own loop: TCP on the server's side, the cluster's socket on the other.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

_SEGMENT = 64 * 1024


@dataclass(slots=True)
class Weather:
    """How it is on the way: `delay_s` for each segment in each direction."""

    delay_s: float = 0
    calm: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is not set, nothing gets through, and nobody is told: a stall, or a peer that is gone without a word."""

    connections: dict[asyncio.Task[None], tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = field(
        default_factory=dict
    )
    opened: int = 0
    segments: int = 0

    def reset(self) -> None:
        """Break every connection there is, as a firewall that forgot them does: with RST."""
        for writers in self.connections.values():
            for writer in writers:
                writer.transport.abort()

    def forget(self) -> None:
        """Let every connection there is go dead without a word; new ones are served."""
        for task in self.connections:
            task.cancel()
        self.connections.clear()


@asynccontextmanager
async def proxied(socket: Path) -> AsyncIterator[tuple[int, Weather]]:
    """A port of this machine that leads to a cluster's socket."""
    weather = Weather()
    weather.calm.set()
    kept: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kept.append(writer)
        weather.opened += 1
        try:
            theirs, other = await asyncio.open_unix_connection(str(socket))
        except OSError:
            writer.transport.abort()
            return
        kept.append(other)
        task = asyncio.current_task()
        assert task is not None
        weather.connections[task] = writer, other
        try:
            await asyncio.gather(_carry(reader, other, weather), _carry(theirs, writer, weather))
        except asyncio.CancelledError:
            return  # forgotten: both ends stay as they are
        finally:
            weather.connections.pop(task, None)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], weather
    finally:
        server.close()
        weather.forget()
        for writer in kept:
            writer.transport.abort()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, weather: Weather) -> None:
    with suppress(ConnectionError):
        while segment := await reader.read(_SEGMENT):
            weather.segments += 1
            if weather.delay_s:
                await asyncio.sleep(weather.delay_s)
            await weather.calm.wait()
            writer.write(segment)
    writer.close()
