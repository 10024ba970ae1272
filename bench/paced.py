"""A load at a constant rate: each request has a time to be sent at, and its latency counts from there, sent or not.

wrk sends the next request when the last one is answered, so that a server which stops is asked less. Run as
`python -m bench.paced PORT RATE SECONDS CONNECTIONS FILE PATH`, with lines "authorization, tab, form" in the file; it
says what wrk's scripts say.
"""

import asyncio
import sys
from collections import deque
from pathlib import Path
from time import perf_counter
from typing import cast

import uvloop

TICK_S = 0.0005
PATIENCE_S = 30


class Lane(asyncio.Protocol):
    """One keep-alive connection with one request under way at most."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._due_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be free."""
        self._transport = cast("asyncio.Transport", transport)
        self._load.free.append(self)

    def send(self, request: bytes, due_s: float) -> None:
        """Send what was due then."""
        assert self._transport is not None
        self._due_s = due_s
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Read until an answer is whole."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) >= length:
            self._received = b""
            self._load.answered(self, self._due_s, ok=head.startswith(b"HTTP/1.1 200"))

    def connection_lost(self, _error: Exception | None) -> None:
        """What was under way is not answered."""
        self._load.failed += 1


class Load:
    """Requests in turn, as they fall due."""

    def __init__(self, requests: list[bytes], rate: float) -> None:
        self.free: deque[Lane] = deque()
        self.failed = 0
        self.waits_s: list[float] = []
        self._requests = requests
        self._rate = rate
        self._began_s = 0.0
        self._sent = 0

    async def run(self, port: int, *, seconds: float, connections: int) -> None:
        """Send for so long, and wait for what is under way."""
        loop = asyncio.get_running_loop()
        for _ in range(connections):
            await loop.create_connection(lambda: Lane(self), "127.0.0.1", port)
        self._began_s = perf_counter()
        total = int(seconds * self._rate)
        while len(self.waits_s) < total and perf_counter() < self._began_s + seconds + PATIENCE_S:
            self.send_due(total)
            await asyncio.sleep(TICK_S)
        self.failed += total - len(self.waits_s)

    def send_due(self, total: int) -> None:
        """Send what is due, as far as lanes are free."""
        due = min(total, int((perf_counter() - self._began_s) * self._rate))
        while self._sent < due and self.free:
            request = self._requests[self._sent % len(self._requests)]
            self.free.popleft().send(request, self._began_s + self._sent / self._rate)
            self._sent += 1

    def answered(self, lane: Lane, due_s: float, *, ok: bool) -> None:
        """Note how long it took."""
        self.waits_s.append(perf_counter() - due_s)
        self.failed += not ok
        self.free.append(lane)


def requests_of(file: Path, path: str) -> list[bytes]:
    """A POST for each line."""
    lines = (line.split("\t", 1) for line in file.read_text("utf-8").splitlines())
    return [
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: {authorization}\r\nContent-Length: {len(form)}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\n\r\n{form}".encode()
        for authorization, form in lines
    ]


def main() -> None:
    """Send, and say how it went."""
    port, rate, seconds, connections, file, path = sys.argv[1:]
    load = Load(requests_of(Path(file), path), float(rate))
    uvloop.run(load.run(int(port), seconds=float(seconds), connections=int(connections)))
    waits = sorted(load.waits_s)
    p50, p99 = (int(waits[int(len(waits) * part)] * 1e6) for part in (0.5, 0.99))
    print(f"RESULT {len(waits)} {int(float(seconds) * 1e6)} {p50} {p99} {load.failed}")


if __name__ == "__main__":
    main()
