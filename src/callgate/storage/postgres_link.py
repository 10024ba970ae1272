"""One connection to PostgreSQL: statements go out together, and their answers come back together, in one round trip.

    ask([…]) ──► Parse, Bind, Execute … Sync ──► the server ──► answers, or the first refusal

Every statement is prepared once and sent by name. What stands here is libpq's pipeline mode as psycopg's `pq` gives it;
its cursors cost ten times as much for each statement.
"""

import asyncio
from collections.abc import Collection, Sequence
from typing import Final, cast

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer

from callgate.model.database import PostgresPlace
from callgate.storage.awake import passed_s
from callgate.storage.figures import Standing
from callgate.storage.load_writers import SERVER, ServerSettings, told_server
from callgate.storage.placeholders import numbered
from callgate.storage.postgres_errors import Lost, Refused
from callgate.storage.postgres_hosts import CONNECT_S, Connection, connect, conninfo_of
from callgate.storage.rows import Row, Value

Statement = tuple[str, tuple[Value, ...]]
Answer = list[Row] | int
"""The rows of a statement that gives rows, the number of those touched for every other."""

ROUND_S: Final = 6.0
"""How long the server may take to answer one round; its own limits for a lock and a statement are shorter."""

STATEMENTS_KEPT: Final = 400
"""Prepared statements of one connection: more than there are, those put together for a question aside."""

_TEXT, _BINARY = 0, 1
_NO_ZERO: Final = "\ufffd".encode()
"""What stands for a zero byte, which no text has there: it is looked for, and not found, rather than refused."""

_STATE, _MESSAGE = pq.DiagnosticField.SQLSTATE, pq.DiagnosticField.MESSAGE_PRIMARY
_PLAN_OUTDATED: Final = "0A000"
"""A table was changed under a prepared statement: a new connection prepares it anew."""

_SETTINGS: Final = "; ".join(
    f"SET {setting}"
    for setting in (
        "lock_timeout='4s'",
        "statement_timeout='5s'",
        # Less than others wait for its locks: who was frozen, or is at work on something else, begins anew.
        "idle_in_transaction_session_timeout='3s'",
        # Who waits for a lock, and died, holds others: at once their sockets say so, if only they are looked at.
        "client_connection_check_interval='500ms'",
        # A COMMIT that gave up waiting for its standby is told of by a warning, and by nothing else.
        "client_min_messages=warning",
        "search_path=public",
        # One plan for each statement, from index to index. Otherwise a session is planned anew whenever it is asked for
        # (its partitions make the lasting plan look dear: 250 µs, not 16), and tables not analyzed yet are walked.
        "plan_cache_mode=force_generic_plan",
        "enable_seqscan=off",
        "enable_material=off",
        "enable_hashjoin=off",
        "enable_mergejoin=off",
        "jit=off",
    )
).encode()
"""Set once connected, and not as `options` of the start, which poolers refuse or, told not to, drop."""


class Link:
    """A connection; one round at a time, of `round_s` at most. `lost` tells that it is gone.

    `server` is who is there, with `settings` as they were then; `host` their place in the URL; `opened_s` since when.

    A server that was started anew is another one, whatever its address; so is who took over an address.
    """

    def __init__(self, connection: Connection) -> None:
        """Use `open`."""
        self._connection = connection
        self._pgconn = connection.pgconn
        self._loader = Transformer(connection)
        self._loop = asyncio.get_running_loop()
        self._names: dict[str, bytes] = {}
        self._numbered = 0
        self._fresh: list[str] = []
        self._places: list[int] = []
        self._results: list[pq.abc.PGresult] = []
        self._waiter: asyncio.Future[None] | None = None
        self.warnings: list[str] = []
        self.round_s = ROUND_S
        self.lost = False
        self.server: Row = ()
        self.settings = ServerSettings("", "", "", 0)
        self.host = 0
        self.opened_s = passed_s()
        self._pgconn.nonblocking = 1
        self._pgconn.enter_pipeline_mode()
        self._pgconn.notice_handler = self._hear
        self._socket = self._pgconn.socket
        self._loop.add_reader(self._socket, self._receive)

    @classmethod
    async def open(cls, place: PostgresPlace, *, last: int | None = None, but: Collection[int | None] = ()) -> "Link":
        """Connect to the server that is written; `last` and `but` as of `connect`. Raises Lost and Refused."""
        try:
            async with asyncio.timeout(CONNECT_S):
                connection, host = await connect(conninfo_of(place), last=last, but=but)
                try:
                    await connection.execute(_SETTINGS)
                except BaseException:
                    await connection.close()
                    raise
        except (psycopg.Error, TimeoutError) as error:
            raise Lost(str(error) or "no connection in time") from error
        link = cls(connection)
        link.host = host
        try:
            (rows,) = await link.ask([(SERVER, ())])
        except BaseException:
            link.close()
            raise
        assert isinstance(rows, list)
        link.server, link.settings = told_server(rows[0])
        return link

    @property
    def server_version(self) -> int:
        """The server's version, as 150018 for 15.18."""
        return self._pgconn.server_version

    async def ask(self, statements: Sequence[Statement]) -> list[Answer]:
        """Carry out statements in order; give their answers in order.

        Raises:
            Refused: one was; those behind it were not carried out. An open transaction must be rolled back.
            Lost: whether they were carried out is unknown.
        """
        assert self._waiter is None, "one round at a time"
        if self.lost:
            raise Lost("the connection is closed")
        try:
            self._send(statements)
        except psycopg.Error as error:
            self.close()
            raise Lost(str(error)) from error
        self._waiter = self._loop.create_future()
        deadline = self._loop.call_later(self.round_s, self._end, "no answer in time")
        try:
            self._flush()
            await self._waiter
        except asyncio.CancelledError:
            self.close()
            raise
        finally:
            deadline.cancel()
            self._waiter = None
        results, self._results = self._results, []
        return self._read(results)

    def close(self) -> None:
        """End the connection; a transaction that was open is undone."""
        self._end("the connection is closed")

    def _send(self, statements: Sequence[Statement]) -> None:
        pgconn = self._pgconn
        self._places.clear()
        self._fresh.clear()
        if len(self._names) >= STATEMENTS_KEPT:
            self._names.clear()
            pgconn.send_query_params(b"DEALLOCATE ALL", None)
            self._places.append(-1)
        for place, (sql, values) in enumerate(statements):
            name = self._names.get(sql)
            if name is None:
                self._numbered += 1
                name = self._names[sql] = b"s%d" % self._numbered
                self._fresh.append(sql)
                pgconn.send_prepare(name, numbered(sql).encode())
                self._places.append(-1)
            parameters, formats = _encode(values)
            pgconn.send_query_prepared(name, parameters, formats, _BINARY)
            self._places.append(place)
        pgconn.pipeline_sync()

    def _flush(self) -> None:
        try:
            unsent = self._pgconn.flush()
        except psycopg.Error as error:
            self._end(str(error))
            return
        if unsent:
            self._loop.add_writer(self._socket, self._flush)
        else:
            self._loop.remove_writer(self._socket)

    def _receive(self) -> None:
        pgconn = self._pgconn
        try:
            pgconn.consume_input()
            while self._waiter is not None and not pgconn.is_busy():
                result = pgconn.get_result()
                if result is None:
                    continue  # the end of one statement's
                if result.status == pq.ExecStatus.PIPELINE_SYNC:
                    if not self._waiter.done():
                        self._waiter.set_result(None)
                    break
                self._results.append(result)
        except psycopg.Error as error:
            self._end(str(error))

    def _read(self, results: list[pq.abc.PGresult]) -> list[Answer]:
        answers: list[Answer] = []
        loader = self._loader
        for place, result in zip(self._places, results, strict=True):
            status = result.status
            if status == pq.ExecStatus.TUPLES_OK:
                loader.set_pgresult(result, set_loaders=True, format=pq.Format.BINARY)
                answers.append(cast("list[Row]", loader.load_rows(0, result.ntuples, tuple)))
            elif status == pq.ExecStatus.COMMAND_OK:
                if place >= 0:
                    answers.append(result.command_tuples or 0)
            else:
                raise self._refusal(result, place if place >= 0 else len(answers))
        return answers

    def _refusal(self, result: pq.abc.PGresult, place: int) -> Exception:
        for sql in self._fresh:  # may not have come to be; a name is never given twice
            self._names.pop(sql, None)
        state, text = (_text(result, field) for field in (_STATE, _MESSAGE))
        if state == _PLAN_OUTDATED:
            self.close()
            return Lost(text)
        return Refused(state, text, place)

    def _hear(self, notice: pq.abc.PGresult) -> None:
        self.warnings.append(_text(notice, _MESSAGE))

    def _end(self, why: str) -> None:
        if self.lost:
            return
        self.lost = True
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._pgconn.finish()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(Lost(why))


def standing_of(link: Link | None, *, busy: bool) -> Standing:
    """How a connection stands whose owner works on it, or does not."""
    if link is None or link.lost:
        return Standing.GONE
    return Standing.BUSY if busy else Standing.IDLE


def _encode(values: tuple[Value, ...]) -> tuple[list[bytes | None], list[int]]:
    """Parameters as they are sent. Text goes by its length: as a C string it would end at its first zero byte."""
    parameters: list[bytes | None] = []
    formats: list[int] = []
    for value in values:
        if value is None:
            parameters.append(None)
            formats.append(_TEXT)
        elif isinstance(value, int):
            parameters.append(b"%d" % value)
            formats.append(_TEXT)
        elif isinstance(value, str):
            parameters.append(value.encode("utf-8", "surrogatepass").replace(b"\0", _NO_ZERO))
            formats.append(_BINARY)
        elif isinstance(value, float):
            parameters.append(repr(value).encode())
            formats.append(_TEXT)
        else:
            parameters.append(value)
            formats.append(_BINARY)
    return parameters, formats


def _text(result: pq.abc.PGresult, field: pq.DiagnosticField) -> str:
    return (result.error_field(field) or b"").decode("utf-8", "replace")
