"""Both engines read every statement: PostgreSQL prepares each of them, with no type told, on the schema as it is."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import apsw
import psycopg
import pytest

import callgate.storage
from callgate.model.account import ExtensionStatus, ExtensionType
from callgate.model.call_acts import CallsActLookup, DeletionLookup
from callgate.model.call_log import (
    CallFilters,
    CallLogLookup,
    CallLogQuery,
    RecordingFilter,
    RecordingLookup,
    Span,
    View,
)
from callgate.model.call_sync import ExtractLookup, Mark, Place, SyncFrame, SyncLookup, SyncQuery
from callgate.model.calls import CallType, Direction, Transport
from callgate.model.changes import AssertionClaimed
from callgate.model.directory import ExtensionListLookup, ExtensionListQuery
from callgate.model.failure import Unavailable
from callgate.model.ids import ClientId
from callgate.model.lookups import AssertionLookup, ClientLookup, Lookup
from callgate.model.paging import Page
from callgate.model.queues import QueueListLookup, QueueListQuery
from callgate.model.roles import RoleListLookup, RoleListQuery
from callgate.storage.placeholders import numbered
from tests.postgres_server import migrated_template, needs_postgres, shared_postgres
from tests.storage.engines import Opened, OpenedFile
from tests.storage.world import ACCOUNT, AGENT, NOW_MS

MODULES = sorted(module.name for module in pkgutil.iter_modules(callgate.storage.__path__, "callgate.storage."))
VERB = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE)\s")
UPKEEP = re.compile(r"\.(schema_postgres|(load|save)_(postgres|space|tables|writers)|postgres\w*|sqlite\w*|copy\w*)$")
"""Modules of one engine: their statements are that engine's own."""

OF_SESSIONS = re.compile(r"\b(FROM|JOIN|UPDATE|INTO) session\b")
OF_ONE_ACCOUNT = re.compile(r"INSERT|\b(WHERE|ON|AND) [^;]*\baccount_id = ")
OF_ALL = {"callgate.storage.load_upkeep._DUE", "callgate.storage.load_upkeep._SESSIONS"}
"""Who sweeps and who counts; nobody waits for them."""

UNIQUE_OF_SESSION = "SELECT indexdef FROM pg_indexes WHERE tablename = 'session' AND indexdef LIKE 'CREATE UNIQUE%'"

PAGE = Page(1, 100)
DEEP = Page(60, 100)
DAY_MS = 86_400_000
SPAN = Span(0, 30 * DAY_MS)
EVERY_FILTER = CallFilters(
    SPAN,
    session_id="1",
    telephony_session_id="s",
    extension_number="101",
    phone_number="12025550100",
    directions=frozenset(Direction),
    types=frozenset(CallType),
    transports=frozenset(Transport),
    metadata_categories=frozenset({"a", "b"}),
    recording=RecordingFilter.AUTOMATIC,
    show_blocked=False,
)
KINDS = CallFilters(SPAN, directions=frozenset(Direction), types=frozenset(CallType))
PLACE = Place(5, 5)
FRAME = SyncFrame(View.DETAILED, missed=True, recording=RecordingFilter.ALL, categories=("a",), start=PLACE)


def log(filters: CallFilters, *, own: bool, view: View = View.SIMPLE, page: Page = PAGE) -> CallLogQuery:
    """A question to the company's log or to one extension's."""
    return CallLogQuery(ACCOUNT.id, AGENT.id if own else None, view, filters, page)


def syncs(mark: Mark | None) -> Iterator[SyncQuery]:
    """From a mark, of either log."""
    frames = (FRAME, SyncFrame(View.SIMPLE, recording=RecordingFilter.ON_DEMAND))
    for frame in frames:
        yield from (SyncQuery(ACCOUNT.id, owner, frame, 10, mark) for owner in (None, AGENT.id))


def lookups() -> Iterator[Lookup[object]]:
    """Those whose statements are put together as they are asked, in every way that adds a condition."""
    yield from (CallLogLookup(log(EVERY_FILTER, own=own, view=view)) for own in (True, False) for view in View)
    yield from (CallLogLookup(log(filters, own=False, page=DEEP)) for filters in (CallFilters(SPAN), KINDS))
    yield CallLogLookup(log(CallFilters(SPAN, recording=RecordingFilter.ALL, show_deleted=True), own=True))
    yield DeletionLookup(log(EVERY_FILTER, own=True))
    yield CallsActLookup(ACCOUNT.id, ("a", "b"))
    yield from (RecordingLookup(ACCOUNT.id, owner, "1") for owner in (None, AGENT.id))
    marks = (None, Mark(FRAME, 0, 0), Mark(FRAME, 0, 0, PLACE))
    yield from (SyncLookup(query) for mark in marks[:2] for query in syncs(mark))
    yield from (ExtractLookup(query) for mark in marks for query in syncs(mark))
    emails, kinds, statuses = frozenset({"a@b.example"}), frozenset(ExtensionType), frozenset(ExtensionStatus)
    yield ExtensionListLookup(ExtensionListQuery(ACCOUNT.id, "101", emails, statuses, kinds, PAGE))
    yield from (QueueListLookup(QueueListQuery(ACCOUNT.id, member, PAGE)) for member in (None, AGENT.id))
    yield from (RoleListLookup(RoleListQuery(ACCOUNT.id, custom, PAGE)) for custom in (None, True, False))


def constants() -> dict[str, str]:
    """Every statement that stands in the code, by where."""
    found = {}
    for name in MODULES:
        if not UPKEEP.search(name):
            for key, value in vars(importlib.import_module(name)).items():
                if isinstance(value, str) and VERB.match(value):
                    found[f"{name}.{key}"] = value
    return found


@pytest.fixture(scope="module")
def prepared() -> Iterator[psycopg.Cursor]:
    """A database with the whole schema, and where statements are prepared."""
    server = shared_postgres()
    name = server.create(template=migrated_template())
    with psycopg.connect(server.url(name), autocommit=True) as connection:
        yield connection.cursor()


def troubles(cursor: psycopg.Cursor, statements: dict[str, str]) -> dict[str, str]:
    """What PostgreSQL does not understand, by where it stands."""
    found = {}
    for where, sql in statements.items():
        try:
            cursor.execute(f"PREPARE it AS {numbered(sql)}".encode())
            cursor.execute("DEALLOCATE it")
        except psycopg.Error as error:
            found[where] = f"{error} in {sql}"
    return found


@needs_postgres
def test_postgresql_reads_every_statement_that_stands_in_the_code(prepared: psycopg.Cursor) -> None:
    """All that are whole as they stand."""
    whole = {where: sql for where, sql in constants().items() if "{" not in sql}
    assert len(whole) > 100
    assert troubles(prepared, whole) == {}


@needs_postgres
def test_postgresql_reads_every_statement_that_is_put_together(prepared: psycopg.Cursor, embedded: OpenedFile) -> None:
    """As SQLite is asked them; each pattern in the code is among them."""
    asked: dict[str, str] = {}

    def keep(_cursor: apsw.Cursor, sql: str, _bindings: object) -> bool:
        asked[sql] = sql
        return True

    for connection in embedded.connections:
        connection.exec_trace = keep
    for lookup in lookups():
        embedded.read(lookup)
    patterns = {where: sql for where, sql in constants().items() if "{" in sql}
    shapes = {where: re.sub(r"\\\{\w+\\\}", ".+", re.escape(sql)) for where, sql in patterns.items()}
    unasked = [
        where for where, shape in shapes.items() if not any(re.fullmatch(shape, sql, re.DOTALL) for sql in asked)
    ]
    assert unasked == []
    assert troubles(prepared, {sql: sql for sql in asked if VERB.match(sql)}) == {}


def test_statements_of_sessions_name_the_account() -> None:
    """So that they may lie apart by it: in one partition, or on one machine (docs/adr/0078)."""
    asked = {where: sql for where, sql in constants().items() if OF_SESSIONS.search(sql)}
    assert len(asked) > 10
    assert {where for where, sql in asked.items() if not OF_ONE_ACCOUNT.search(sql)} == OF_ALL


def test_zero_byte_in_a_text_is_nobodys_outage(store: Opened) -> None:
    """Whoever sends one is unknown, and what was claimed with one is claimed."""
    hidden = "a\0b"
    assert store.read(ClientLookup(ClientId(hidden))).client is None
    assert not store.read(AssertionLookup("author", hidden)).claimed
    claim = AssertionClaimed("author", hidden, NOW_MS)
    store.save(claim)
    assert store.read(AssertionLookup("author", hidden)).claimed
    (error,) = store.save_at_once((claim,))
    assert isinstance(error, Unavailable)


@needs_postgres
def test_statements_are_read_on_the_shape_that_citus_wants() -> None:
    """The example's script but for the calls of Citus itself; what it spreads has the account in every unique index."""
    server = shared_postgres()
    name = server.create(template=migrated_template())
    script = Path("examples/citus.sql").read_text("utf-8")
    plain = re.sub(r"^SELECT create_\w+\(.*\);$", "", script, flags=re.MULTILINE)
    assert script.count("SELECT create_") == 10
    assert "SELECT create_" not in plain
    with psycopg.connect(server.url(name), autocommit=True) as connection:
        connection.execute(plain.encode())
        whole = {where: sql for where, sql in constants().items() if "{" not in sql}
        assert troubles(connection.cursor(), whole) == {}
        unique = connection.execute(UNIQUE_OF_SESSION).fetchall()
        assert len(unique) == 3
        assert all("account_id" in str(definition) for (definition,) in unique)
