"""A crowd: people, their JWT credentials and sessions, multiplied set-wise from one of each that the product made.

All of a crowd's sessions have one secret, so that tokens of any of them can be sealed with the database's own keys.
"""

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

import apsw
import psycopg
from psycopg.sql import SQL

from callgate.model.ids import ROW_EPOCH_MS, ROW_ORDER_BITS, AccountId, RowId
from callgate.model.reference import Reference, TokenKind
from callgate.model.session import Session, expires_ms
from callgate.service.keeper import Keeper
from callgate.storage.expiry import sweep_bucket
from callgate.storage.rows import Row, session_from

SECRET: Final = b"bench: known to all."
_PEOPLE_FROM, _CREDENTIALS_FROM = 2_000_000_000_000, 3_000_000_000_000
_NUMBERS_FROM = 10_000_000
_CHUNK: Final = 500_000
_STRIDE: Final = 611_953
"""A prime: sessions that follow each other are of people who do not."""

_SPAN_MS: Final = 3_600_000
"""How long the crowd took to come, as its ids say."""

_TEMPLATE: Final = f"SELECT {', '.join(Session._fields)} FROM session WHERE credential_kind = 2 ORDER BY id LIMIT 1"


class Hand(Protocol):
    """Carries out statements on a database that nobody serves. `noise` writes 32 bytes that differ from row to row."""

    noise: str

    def execute(self, sql: str) -> Sequence[Row]:
        """Carry out one, and read all of it."""

    def columns(self, table: str) -> list[str]:
        """A table's columns, in their order."""

    def blob(self, value: bytes) -> str:
        """Bytes, as SQL writes them."""


class _SqliteHand:
    noise = "randomblob(32)"

    def __init__(self, file: apsw.Connection) -> None:
        self._file = file

    def execute(self, sql: str) -> Sequence[Row]:
        return self._file.execute(sql).fetchall()

    def columns(self, table: str) -> list[str]:
        return [str(row[1]) for row in self.execute(f"PRAGMA table_info({table})")]

    def blob(self, value: bytes) -> str:
        return f"X'{value.hex()}'"


class _PostgresHand:
    noise = "sha256(value::text::bytea)"

    def __init__(self, link: psycopg.Connection) -> None:
        self._link = link

    def execute(self, sql: str) -> Sequence[Row]:
        cursor = self._link.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []

    def columns(self, table: str) -> list[str]:
        of = SQL("SELECT attname FROM pg_attribute WHERE attrelid = {}::regclass AND attnum > 0 ORDER BY attnum")
        return [str(row[0]) for row in self._link.execute(of.format(table))]

    def blob(self, value: bytes) -> str:
        return rf"'\x{value.hex()}'::bytea"


@contextmanager
def hand(url: str) -> Iterator[Hand]:
    """For filling a database: nothing is synced before the end, when all of it is on the disk."""
    if url.startswith("sqlite:///"):
        with closing(apsw.Connection(url.removeprefix("sqlite:///"))) as file:
            file.pragma("synchronous", "off")
            file.pragma("cache_size", -2_000_000)
            yield _SqliteHand(file)
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    else:
        with psycopg.connect(url, autocommit=True) as link:
            link.execute("SET synchronous_commit = off")
            yield _PostgresHand(link)
            link.execute("VACUUM ANALYZE")
            link.execute("CHECKPOINT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Sessions of people of one account: each of them has one of each app, in turn."""

    account_id: AccountId
    sessions: int
    apps: tuple[str, ...]
    first_id: int
    step: int

    def tokens(self, keeper: Keeper, kind: TokenKind, *, app: int, count: int) -> list[str]:
        """Tokens of at most so many sessions of one app, spread over all of its sessions."""
        mine = range(app, self.sessions, len(self.apps))
        chosen = mine[:: max(1, len(mine) // count)][:count]
        key = keeper.rings.sealer.active_key_number
        return [
            keeper.seal(Reference(kind, self.account_id, RowId(self.first_id + number * self.step), SECRET, 1, key))
            for number in chosen
        ]


def person_id(number: int) -> int:
    """The id of a crowd's number-th person, from 0."""
    return _PEOPLE_FROM + number


def settle(beside: Hand, people: int) -> None:
    """Give the account of the first session's person so many more people, each with a JWT credential."""
    template = _template(beside)
    person, number = f"{_PEOPLE_FROM - 1} + value", f"CAST({_NUMBERS_FROM - 1} + value AS TEXT)"
    _multiply(beside, "extension", template.extension_id, people, {"id": person, "number": number})
    varied = {"id": f"{_CREDENTIALS_FROM - 1} + value", "extension_id": person, "sha256": beside.noise}
    _multiply(beside, "jwt_credential", template.credential_id, people, varied)


def gather(beside: Hand, apps: Sequence[str], *, people: int, sessions: int, expired_ms: int = 0) -> Crowd:
    """Give settled people sessions like the first one; `expired_ms`: how long ago they expired, if they did."""
    template = _template(beside)
    began_ms = time.time_ns() // 1_000_000
    if expired_ms:
        began_ms -= expired_ms + expires_ms(template) - template.issued_ms
    shown = template._replace(opened_ms=began_ms, first_issued_ms=began_ms, issued_ms=began_ms)
    first_id = (began_ms - 2 * _SPAN_MS - ROW_EPOCH_MS) << ROW_ORDER_BITS
    step = (_SPAN_MS << ROW_ORDER_BITS) // max(1, sessions)
    person = f"(value - 1) / {len(apps)} * {_STRIDE} % {people}"
    names = " ".join(f"WHEN {number} THEN '{app}'" for number, app in enumerate(apps))
    varied = {
        "id": f"{first_id} + (value - 1) * {step}",
        "extension_id": f"{_PEOPLE_FROM} + {person}",
        "credential_id": f"{_CREDENTIALS_FROM} + {person}",
        "client_id": f"CASE (value - 1) % {len(apps)} {names} END",
        "secret_sha256": beside.blob(hashlib.sha256(SECRET).digest()),
        **dict.fromkeys(("opened_ms", "first_issued_ms", "issued_ms", "first_used_ms"), str(began_ms)),
        "sweep_bucket": str(sweep_bucket(shown)),
        "slot": "0",
    }
    _multiply(beside, "session", template.id, sessions, varied)
    return Crowd(account_id=template.account_id, sessions=sessions, apps=tuple(apps), first_id=first_id, step=step)


def _template(beside: Hand) -> Session:
    return session_from(beside.execute(_TEMPLATE)[0])


def _multiply(beside: Hand, table: str, template: int, count: int, varied: dict[str, str]) -> None:
    columns = beside.columns(table)
    chosen = ", ".join(varied.get(column, f"{table}.{column}") for column in columns)
    for first in range(1, count + 1, _CHUNK):
        last = min(count, first + _CHUNK - 1)
        beside.execute(
            f"WITH RECURSIVE series (value) AS"
            f" (SELECT CAST({first} AS BIGINT) UNION ALL SELECT value + 1 FROM series WHERE value < {last})"
            f" INSERT INTO {table} ({', '.join(columns)}) SELECT {chosen} FROM series, {table}"
            f" WHERE {table}.id = {template}"
        )
