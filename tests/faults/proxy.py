"""A proxy between the server and PostgreSQL, where the network is as bad as a test wants it.

It runs in the test's own loop: TCP on the server's side, the cluster's socket on the other.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

_SEGMENT = 64 * 1024


@dataclass(slots=True)
class Weather:
    """How it is on the way: `delay_s` for each segment in each direction."""

    delay_s: float = 0
    asked_bytes: int = 0
    """What the server has sent to the database so far."""

    calm: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is not set, nothing gets through, and nobody is told: a stall, or a peer that is gone without a word."""

    connections: dict[asyncio.Task[None], tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = field(
        default_factory=dict
    )

    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    """What turns the weather may run in another thread."""

    @contextmanager
    def delayed(self, seconds: float) -> Iterator[None]:
        """Each segment takes so long."""
        self.delay_s = seconds
        yield
        self.delay_s = 0

    @contextmanager
    def stalled(self) -> Iterator[None]:
        """Nothing gets through; afterwards all of it comes."""
        self.loop.call_soon_threadsafe(self.calm.clear)
        yield
        self.loop.call_soon_threadsafe(self.calm.set)

    @contextmanager
    def reset(self) -> Iterator[None]:
        """Every connection that there is breaks at once."""
        self.loop.call_soon_threadsafe(self._abort)
        yield

    @contextmanager
    def forgotten(self) -> Iterator[None]:
        """Every connection that there is goes dead without a word; new ones are served."""
        self.loop.call_soon_threadsafe(self.forget)
        yield

    def forget(self) -> None:
        """Let go of every connection, and close none."""
        for task in self.connections:
            task.cancel()
        self.connections.clear()

    def _abort(self) -> None:
        for writers in self.connections.values():
            for writer in writers:
                writer.transport.abort()


@asynccontextmanager
async def proxied(socket: Path) -> AsyncIterator[tuple[int, Weather]]:
    """A port of this machine that leads to a cluster's socket."""
    weather = Weather()
    weather.calm.set()
    kept: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kept.append(writer)
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
            await asyncio.gather(_carry(reader, other, weather, asks=True), _carry(theirs, writer, weather, asks=False))
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


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, weather: Weather, *, asks: bool) -> None:
    with suppress(ConnectionError):
        while segment := await reader.read(_SEGMENT):
            weather.asked_bytes += asks * len(segment)
            if weather.delay_s:
                await asyncio.sleep(weather.delay_s)
            await weather.calm.wait()
            writer.write(segment)
    writer.close()
