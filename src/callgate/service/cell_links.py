"""The way to another cell: a bounded number of requests at a time, on connections that are used again.

Each cell is asked once a second whether it is there, and at once where a request came back without its answer. One that
does not say so, or takes no connection, is silent: nobody waits for it until it says so again. One that is there and
leaves a question open, because its database hangs or is away, is deaf: whoever looks after it asks until it answers
one, and nobody else waits. Only what bears the id of our request is a cell's answer: a proxy in front of a dead cell
knows none, and a cell that refuses our notes gives another.
"""

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple

import httpcore
from structlog.typing import FilteringBoundLogger

from callgate.model.cells import Head, Neighbour
from callgate.model.histogram import Histogram
from callgate.service.figures import LATENCY_BOUNDS_S

ANSWER_BYTES_MAX: Final = 16 * 1024 * 1024
"""A thousand call records have some two MiB."""

IDLE_S: Final = 0.5
"""Shorter than a server keeps a silent connection at any time, so that no request meets the end of one."""

LOOK_S: Final = 1.0
"""How often a cell is asked whether it is there."""

DOUBT_S: Final = 5.0
"""How long people are told that a cell was in trouble."""

FIELD: Final = b"callgate-cell"
"""The field of the note on a request that another cell has sent."""

_OK: Final = 200
_UNAVAILABLE: Final = 503
_ID: Final = b"rcrequestid"


class CellSilentError(Exception):
    """Another cell does not answer, or has too much to do already."""

    def __init__(self, cell: str, why: str) -> None:
        self.cell = cell
        self.why = why
        super().__init__(f"{cell}: {why}")


class Answered(NamedTuple):
    """What another cell answered, its fields as they came."""

    status: int
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def __repr__(self) -> str:
        return f"Answered({self.status}, …)"


class Passed(NamedTuple):
    """A request as another cell is to have it, with a note that says so. Its answer bears `request_id`."""

    head: Head
    body: bytes
    request_id: str
    note: bytes = b""

    def __repr__(self) -> str:
        return f"Passed({self.head!r}, …)"


class LinkRules(NamedTuple):
    """How long to wait, and how much at a time."""

    wait_s: float
    connect_s: float
    in_flight_max: int
    ca_file: Path | None = None


class CellLink:
    """One other cell. `keep_looking` runs as long as the server does."""

    def __init__(self, neighbour: Neighbour, rules: LinkRules, *, log: FilteringBoundLogger) -> None:
        self.cell = neighbour.cell
        self.is_silent = False
        self.in_flight = 0
        self.forwarded: Counter[str] = Counter()
        self.seconds = Histogram(LATENCY_BOUNDS_S)
        self._rules = rules
        self._log = log
        self._url = httpcore.URL(neighbour.url)
        self._asking = 0
        self._is_deaf = False
        self._troubled_s = -DOUBT_S
        self._doubts = asyncio.Event()
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_tls(rules.ca_file) if self._url.scheme == b"https" else None,
            max_connections=2 * rules.in_flight_max + 1,  # forwarded, asked, and whether it is there
            max_keepalive_connections=rules.in_flight_max,
            keepalive_expiry=IDLE_S,
        )

    @property
    def answers(self) -> bool:
        """Whether it is there, and does not leave questions open."""
        return not self.is_silent and not self._is_deaf

    @property
    def is_whole(self) -> bool:
        """Whether it answers, and did a moment ago."""
        return self.answers and monotonic() - self._troubled_s > DOUBT_S

    def require_room(self) -> None:
        """Raises CellSilentError where a request would not even be sent; so nobody's body need be read."""
        if self.is_silent:
            self.forwarded["silent"] += 1
            raise CellSilentError(self.cell, "it did not answer a moment ago")
        if self.in_flight >= self._rules.in_flight_max:
            self.forwarded["too many"] += 1
            raise CellSilentError(self.cell, f"{self.in_flight} requests wait for it already")

    async def forward(self, passed: Passed) -> Answered:
        """What the cell answers to a request of somebody's. Raises CellSilentError."""
        self.require_room()
        began_s = monotonic()
        self.in_flight += 1
        try:
            answered = await self._bounded(passed, within_s=self._rules.wait_s)
        except CellSilentError:
            self.forwarded["silent"] += 1
            self._doubts.set()
            raise
        finally:
            self.in_flight -= 1
        self.forwarded["answered"] += 1
        self.seconds.add(monotonic() - began_s)
        return answered

    async def ask(self, passed: Passed) -> bytes | None:
        """What the cell answers to a question of ours; None where it does not answer."""
        if not self.answers or self._asking >= self._rules.in_flight_max:
            return None
        self._asking += 1
        try:
            answered = await self._put(passed)
        except CellSilentError as trouble:
            self._fall_deaf(trouble.why)
            return None
        finally:
            self._asking -= 1
        return answered.body if answered.status == _OK else None

    async def keep_looking(self, hello: Callable[[], Passed], question: Callable[[], Passed]) -> None:
        """Ask the cell whether it is there, again and again, and what it left open; runs until cancelled."""
        while True:
            self._doubts.clear()
            try:
                await self._look(hello(), question)
            except Exception:  # noqa: BLE001 - a defect in one look must not end the others; the log shouts it
                self._log.exception("cells", outcome="defect", cell=self.cell)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._doubts.wait(), LOOK_S)

    async def close(self) -> None:
        """Let its connections go."""
        await self._pool.aclose()

    async def _look(self, hello: Passed, question: Callable[[], Passed]) -> None:
        try:
            answered = await self._bounded(hello, within_s=self._rules.connect_s)
        except CellSilentError as trouble:
            self._fall_silent(trouble.why)
            return
        if answered.status != _OK:
            self._fall_silent(f"it answers {answered.status}")
            return
        self._hear()
        if self._is_deaf:
            with suppress(CellSilentError):
                await self._put(question())
                self._is_deaf = False
                self._log.info("cells", outcome="answers", cell=self.cell)

    async def _put(self, question: Passed) -> Answered:
        answered = await self._bounded(question, within_s=self._rules.connect_s)
        if answered.status == _UNAVAILABLE:
            raise CellSilentError(self.cell, "it cannot look")
        return answered

    async def _bounded(self, passed: Passed, *, within_s: float) -> Answered:
        async def in_time() -> Answered:
            async with asyncio.timeout(within_s):
                return await self._send(passed)

        try:
            # A task of its own, which time-outs need: requests begin without one (web/exchange.py).
            answered = await asyncio.get_running_loop().create_task(in_time())
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
            raise self._fall_silent(str(error) or type(error).__name__) from None
        except (TimeoutError, httpcore.TimeoutException):
            raise CellSilentError(self.cell, f"no answer in {within_s:g} s") from None
        except (OSError, httpcore.NetworkError, httpcore.ProtocolError) as error:  # of TLS, some come as they are
            raise CellSilentError(self.cell, type(error).__name__) from None
        ids = [value for name, value in answered.fields if name.lower() == _ID]
        if ids != [passed.request_id.encode()]:
            raise CellSilentError(self.cell, f"{answered.status} without the id of our request: not by that cell")
        return answered

    async def _send(self, passed: Passed) -> Answered:
        head = passed.head
        url = httpcore.URL(scheme=self._url.scheme, host=self._url.host, port=self._url.port, target=head.target)
        fields = [(b"Host", _host(self._url)), (FIELD, passed.note), *head.fields]
        timeouts = {"connect": self._rules.connect_s, "pool": self._rules.connect_s}
        async with self._pool.stream(
            head.method.encode(), url, headers=fields, content=passed.body, extensions={"timeout": timeouts}
        ) as answer:
            parts: list[bytes] = []
            size = 0
            async for part in answer.aiter_stream():
                size += len(part)
                if size > ANSWER_BYTES_MAX:
                    raise CellSilentError(self.cell, "its answer is too long")
                parts.append(part)
            return Answered(answer.status, tuple(answer.headers), b"".join(parts))

    def _hear(self) -> None:
        if self.is_silent:
            self.is_silent = False
            self._log.info("cells", outcome="answers", cell=self.cell)

    def _fall_deaf(self, why: str) -> None:
        self._doubts.set()
        self._troubled_s = monotonic()
        if self.answers:
            self._log.warning("cells", outcome="deaf", cell=self.cell, trouble=why)
        self._is_deaf = True

    def _fall_silent(self, why: str) -> CellSilentError:
        self._troubled_s = monotonic()
        if not self.is_silent:
            self.is_silent = True
            self._log.warning("cells", outcome="silent", cell=self.cell, trouble=why)
        return CellSilentError(self.cell, why)


def _host(url: httpcore.URL) -> bytes:
    usual = {b"https": 443, b"http": 80}[url.scheme]
    host = b"[%b]" % url.host if b":" in url.host else url.host
    return host if url.port in {None, usual} else b"%b:%d" % (host, url.port)


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
