"""Connections with an end: uvicorn's protocol with a deadline for each request, and bounds that llhttp lacks.

uvicorn waits forever for the rest of a request, for a peer that reads no answer, and for whoever connects and says
nothing. A timer for each request would cost the hot path a tenth of its time; instead `watch` looks over all
connections once a second, those whose time is up end themselves, and a request pays for a few attribute writes. Times
are counted in looks. What a request may look like belongs to `framing`; what it means, to everyone above.
"""

import asyncio
import enum
import fcntl
import os
import resource
import socket
import struct
import termios
from typing import ClassVar, cast

import httptools
from structlog.typing import FilteringBoundLogger
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from callgate.web import framing
from callgate.web.exchange import Exchange, open_exchange
from callgate.web.framing import Field, Head, Refusal
from callgate.web.watch import Quiet, Watch

REQUEST_S = 12
"""From a connection's opening, or the first byte of a message, to the message's last byte. A bad line gets 32 KiB
across in that time, and it ends within the 15 s that whatever stands before us may be set to."""

UNREAD_S = 15
"""For a peer to read what it asked for, beyond what the kernel holds for it; a page of 1 MB needs at most 70 kB/s."""

LINGER_S = 1
"""For a refused peer to read the refusal, while its bytes are thrown away: closing at once would make the kernel
reset the connection under the answer (RFC 9112 section 9.6)."""

YOUNG_S = 1
"""Nobody is closed to make room who has owed a request for less: it may be about to speak."""

FAREWELL_S = 1
"""When the server is to end: for a request that is on its way to come. Closing at once would lose those that crossed
with our close; whoever asks within this time is answered, and told that it is the last (RFC 9112 section 9.6)."""

SLICE_BYTES = framing.HEAD_BYTES_MAX
"""Bytes go to the parser in such pieces, so that what it gathers is measured before it is much."""

MESSAGE_BYTES_MAX = 1024 * 1024
"""All of a message as it came, chunk extensions, trailers and what follows an early answer among them. What a body may
have is each endpoint's to say, and is far less."""

PIPELINE_MAX = 32
"""Requests waiting for the answers before theirs. Few clients pipeline at all."""

FILES_KEPT = 32
"""Of the process's files, those that are not connections: database, log, listener, event loop."""


class Reading(enum.Enum):
    """Where in a message the last byte was."""

    NOTHING = "between messages"
    HEAD = "head"
    BODY = "body"


class _Refused(Exception):
    """Carries a refusal out of a callback: the parser stops, and hands it on as the context of its own error."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


class BoundedProtocol(HttpToolsProtocol):
    """One connection. `bounded_protocol` makes the class that belongs to a server."""

    watch: ClassVar[Watch]

    # Slots, since CPython 3.11 shares the layout of 30 attributes a class at most, and uvicorn has 28: past that every
    # look-up on a connection, uvicorn's own too, is slower (together 1 us a request).
    __slots__ = (
        "_due",
        "_idle_since",
        "_is_parting",
        "_is_whole",
        "_message_bytes",
        "_owing_since",
        "_refusal",
        "_slice_bytes",
        "_trailers",
        "_unread_since",
    )

    # What asyncio and uvicorn call.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Owe us a request from here on; or be turned away."""
        super().connection_made(transport)
        # uvicorn makes a new list of header fields when a message begins. This one stands in its place from the end of
        # a head to there: it takes the trailers, which nobody reads, and tells that no head is being read.
        self.headers = self._trailers = list[Field]()
        self._is_whole = True
        self._is_parting = False
        self._due: Exchange | None = None
        self._slice_bytes = self._message_bytes = 0
        # The look before the peer began to owe us bytes: a request's, or, once it is refused, its close.
        self._owing_since: int | None = self.watch.looks
        self._idle_since = self.watch.looks
        self._unread_since: int | None = None
        # What is said last on this connection, perhaps nothing; from then on nobody listens.
        self._refusal: bytes | None = None
        self.watch.begin(cast("set[BoundedProtocol]", self.connections))
        if len(self.connections) > self.watch.connections_max and not self.watch.make_room():
            self.watch.ended["turned_away"] += 1
            transport.write(framing.CROWDED.encode(self.server_state.default_headers))
            transport.close()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, in pieces; once the peer is refused, throw away what it still sends."""
        if self._owing_since is None and self._refusal is None:
            self._owing_since = self.watch.looks
        if len(data) <= SLICE_BYTES:
            self._feed(data)
            return
        for start in range(0, len(data), SLICE_BYTES):
            self._feed(data[start : start + SLICE_BYTES])

    def on_response_complete(self) -> None:
        """Take the next request of a pipeline, or be idle; or the moment to leave has come.

        As uvicorn does it, except for the idle timeout: that is the look's to keep, which saves a timer a request.
        """
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._refusal is not None:
            self._leave()
        elif self._is_whole and self.headers is self._trailers:
            self._owing_since = None
            self._idle_since = self.watch.looks

    def shutdown(self) -> None:
        """Part from the peer: the next answer is the last, or none comes within FAREWELL_S. May be said again."""
        if self._is_parting:
            return
        self._is_parting = True
        cycle = self._last_cycle()
        if cycle is not None and not cycle.response_complete:
            cycle.keep_alive = False
        self.loop.call_later(FAREWELL_S, self._part)

    # What llhttp calls, through httptools.

    def on_headers_complete(self) -> None:
        """Judge the head, then let uvicorn start the answer. Raises into the parser, which stops there."""
        parser = self.parser
        method, version = parser.get_method(), parser.get_http_version()
        refusal = framing.refuse_head(self.headers, method=method, target=self.url, version=version)
        if refusal is not None:
            raise _Refused(refusal)
        if self._message_bytes > framing.HEAD_BYTES_MAX and framing.head_bytes(self._head()) > framing.HEAD_BYTES_MAX:
            raise _Refused(framing.HEAD_TOO_LARGE)
        if len(self.pipeline) >= PIPELINE_MAX:
            raise _Refused(framing.PIPELINE_TOO_LONG)
        if parser.should_upgrade():
            return  # the parser stops here and skips the body; `_feed` goes on without the wish to upgrade
        self._is_whole = False
        self._begin(method.decode("ascii"), version=version)
        # uvicorn would append trailers to the list that the answer is reading: they would pass for header fields,
        # past every proxy that looked at those (RFC 9110 section 6.5.1).
        self.headers = self._trailers = []

    def on_message_complete(self) -> None:
        """Stop the clock: it is our turn."""
        if self.headers is self._trailers:  # else it ends where it asks for another protocol
            self._is_whole = True
            self._owing_since = None
            self._message_bytes = self._slice_bytes
            super().on_message_complete()

    # What the watch calls.

    def look(self, looks: int) -> None:
        """End the connection if its time is up."""
        if self.transport.get_write_buffer_size():
            self._unread_since = looks if self._unread_since is None else self._unread_since
            if looks - self._unread_since > UNREAD_S:
                self.watch.ended["read_nothing"] += 1
                self._reset()
            return
        self._unread_since = None
        if self._owing_since is None:
            if not self._is_our_turn() and looks - self._idle_since > self.timeout_keep_alive:
                self.transport.close()
        elif self._refusal is not None:
            if looks - self._owing_since > LINGER_S:
                self.transport.close()
        elif self._is_our_turn():
            self._owing_since = looks
        elif looks - self._owing_since > REQUEST_S:
            self.watch.ended["too_slow"] += 1
            if self._abandon() and self._reading is not Reading.NOTHING:
                self.transport.write(framing.TOO_SLOW.encode(self.server_state.default_headers))
            self.transport.close()

    def quiet(self, looks: int) -> Quiet | None:
        """Its place among those that may be closed to make room; None while it must not be."""
        if self._refusal is not None or self._is_our_turn() or self.transport.is_closing():
            return None
        if self._owing_since is None:
            return Quiet(idle=True, since=self._idle_since)
        is_young = looks - self._owing_since <= YOUNG_S
        return None if is_young else Quiet(idle=False, since=self._owing_since)

    @property
    def _reading(self) -> Reading:
        if self.headers is not self._trailers:
            return Reading.HEAD
        return Reading.NOTHING if self._is_whole else Reading.BODY

    def _is_our_turn(self) -> bool:
        """Whether the server does not listen, or owes an answer to a request before this one."""
        waits = bool(self.pipeline) or (self._reading is not Reading.BODY and not self._is_answered())
        return waits or self.flow.read_paused

    def _is_answered(self) -> bool:
        """Whether the last request whose head was whole has its answer, or there was none."""
        cycle = self._last_cycle()
        return cycle is None or cycle.response_complete

    def _last_cycle(self) -> RequestResponseCycle | None:
        return self.cycle  # uvicorn's type says that there always is one

    # How bytes are read.

    def _feed(self, data: bytes) -> None:
        self._slice_bytes = len(data)
        self._message_bytes += self._slice_bytes
        if self._refusal is not None:
            if self._message_bytes > MESSAGE_BYTES_MAX:
                self._reset()
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._start_due()
            self._feed_without_upgrade(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError as error:
            if self._reading is Reading.BODY and self._due is self.cycle:
                self._due = None  # its body lies: the refusal is its only answer
            self._start_due()
            cause = error.__context__
            self._refuse(cause.refusal if isinstance(cause, _Refused) else framing.MALFORMED)
            return
        self._start_due()
        if self._owing_since is None and not (self._is_whole and self.headers is self._trailers):
            self._owing_since = self.watch.looks  # a pipeline's next message began with the end of the one before
        if self._message_bytes > framing.HEAD_BYTES_MAX:
            self._bound_message()

    def _start_due(self) -> None:
        """Start what the parser has found, once it is done: an answer may end the connection under its feet."""
        if self._due is not None:
            exchange, self._due = self._due, None
            exchange.start(self.app, self.tasks)

    def _bound_message(self) -> None:
        """Refuse what has not ended and is too long already; whole heads are measured when they are whole."""
        if self._reading is Reading.HEAD and self._message_bytes > 2 * SLICE_BYTES:
            is_target = len(self.url) > framing.TARGET_BYTES_MAX
            self._refuse(framing.TARGET_TOO_LONG if is_target else framing.HEAD_TOO_LARGE)
        elif self._reading is Reading.BODY and self._message_bytes > MESSAGE_BYTES_MAX:
            self._refuse(framing.TOO_LARGE)

    def _feed_without_upgrade(self, rest: bytes) -> None:
        # The parser has dropped the body's length with the wish for another protocol; it would take the body for the
        # next request. A new one reads the same head again, without the wish.
        head = self._head()
        self.parser = httptools.HttpRequestParser(self)
        self._feed(framing.without_upgrade(head) + rest)

    def _head(self) -> Head:
        return Head(self.parser.get_method(), self.url, self.parser.get_http_version(), self.headers)

    def _begin(self, method: str, *, version: str) -> None:
        """Start the answer, or let it wait for those before it: as uvicorn does, with an exchange of our own."""
        before = self._last_cycle()
        exchange = self.cycle = open_exchange(self, method, version=version)
        if self._is_parting:
            exchange.keep_alive = False
        if before is None or before.response_complete:
            self._due = exchange
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((exchange, self.app))

    # How connections end.

    def _refuse(self, refusal: Refusal) -> None:
        """Have a refusal said last, in its turn: answers to earlier requests go before it."""
        self.watch.ended["refused"] += 1
        self._owing_since = None
        self._refusal = refusal.encode(self.server_state.default_headers)
        if self._reading is Reading.BODY and self.pipeline and self.pipeline[0][0] is self.cycle:
            self.pipeline.popleft()  # others wait before it, and its own answer was not begun
        elif self._reading is Reading.BODY:
            if not self._abandon():
                self._refusal = b""
            self._leave()
        elif self._is_answered():
            self._leave()

    def _abandon(self) -> bool:
        """Tell whoever answers the message under way that its rest will not come; False if they have answered."""
        cycle = self._last_cycle()
        if self._reading is not Reading.BODY or cycle is None:
            return True
        cycle.disconnected = True
        cycle.message_event.set()
        return not cycle.response_started

    def _part(self) -> None:
        """Close if nothing is under way, not even in the kernel: closing over unread bytes would reset the peer."""
        if self.transport.is_closing() or self._is_our_turn() or self._reading is not Reading.NOTHING:
            return
        try:
            with socket.socket(fileno=os.dup(self.transport.get_extra_info("socket").fileno())) as connection:
                (unread,) = struct.unpack("i", fcntl.ioctl(connection, termios.FIONREAD, bytes(4)))
                if unread:
                    return
                # At once: the transport closes when all else of this turn is done, and a request would come meanwhile.
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has gone, or there are no files left
        self.transport.close()

    def _reset(self) -> None:
        # Not lingering, or the kernel would go on offering the peer what it holds, megabytes, for minutes.
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _leave(self) -> None:
        if self.transport.is_closing():
            return
        assert self._refusal is not None, "leaving is what a refusal leads to"
        self._owing_since = self.watch.looks
        self.transport.write(self._refusal)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()


def bounded_protocol(*, connections_max: int, log: FilteringBoundLogger) -> type[BoundedProtocol]:
    """The protocol of one server, for uvicorn's `http=`.

    Args:
        connections_max: how many may be open, if the process may have as many files. Past it, those that have owed a
            request longest are closed, then the longest idle ones; when all are busy, newcomers get 503.
        log: told once a second at most, by counts, why connections ended.
    """
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files != resource.RLIM_INFINITY:
        connections_max = min(connections_max, max(files - FILES_KEPT, 1))

    class ServerProtocol(BoundedProtocol):
        watch = Watch(connections_max=connections_max, log=log)

    return ServerProtocol
