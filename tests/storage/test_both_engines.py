"""Both engines answer alike: a company with its calls, moved from SQLite to PostgreSQL, and asked the same there."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass

import pytest

from callgate.admin.seed_calls import batch_calls
from callgate.model.call_log import CallFilters, CallLogLookup, CallLogQuery, RecordingFilter, Span, View
from callgate.model.call_sync import ExtractLookup, Mark, Place, SyncFrame, SyncLookup, SyncQuery
from callgate.model.calls import CallType, Direction
from callgate.model.directory import ExtensionListLookup, ExtensionListQuery
from callgate.model.ids import ExtensionId
from callgate.model.listings import AccountsListing, AppsListing, AuditListing, ExtensionsListing, RolesListing
from callgate.model.lookups import Lookup
from callgate.model.paging import Page
from callgate.model.queues import QueueListLookup, QueueListQuery
from callgate.model.roles import RoleListLookup, RoleListQuery
from callgate.storage.copying import copy_database
from callgate.storage.postgres import PostgresOptions, PostgresStore
from tests.admin.casts import ACCOUNT, AGENT, SEEDED, SEEDED_MS
from tests.figures import Figure
from tests.postgres_server import migrated_template, needs_postgres, shared_postgres
from tests.storage.call_stores import ask, open_store

pytestmark = needs_postgres

DAY_MS = 86_400_000
SPAN = Span(SEEDED_MS - 400 * DAY_MS, SEEDED_MS + DAY_MS)
FRAME = SyncFrame(View.DETAILED, start=Place(SEEDED_MS - 30 * DAY_MS, 0))
OWNERS = (None, AGENT.extension_id)


def queries() -> Iterator[CallLogQuery]:
    """Of the company and of one person, with and without what narrows them, near and far."""
    filters = (
        CallFilters(SPAN),
        CallFilters(SPAN, directions=frozenset({Direction.INBOUND})),
        CallFilters(SPAN, types=frozenset(CallType), recording=RecordingFilter.ALL),
        CallFilters(SPAN, show_deleted=True, show_blocked=False),
        CallFilters(Span(SEEDED_MS - 3 * DAY_MS, SEEDED_MS), extension_number="102"),
    )
    for owner in OWNERS:
        for each in filters:
            yield from (CallLogQuery(ACCOUNT, owner, View.DETAILED, each, page) for page in (Page(1, 25), Page(7, 10)))


def lookups() -> Iterator[Lookup[object]]:
    """What is asked of both."""
    yield from map(CallLogLookup, queries())
    for owner in OWNERS:
        for mark in (None, Mark(FRAME, 0, 0), Mark(FRAME, 100, 0)):
            yield SyncLookup(SyncQuery(ACCOUNT, owner, FRAME, 50, mark))
            yield ExtractLookup(SyncQuery(ACCOUNT, owner, FRAME, 50, mark))
    yield ExtensionListLookup(ExtensionListQuery(ACCOUNT, None, frozenset(), frozenset(), frozenset(), Page(1, 100)))
    yield from (QueueListLookup(QueueListQuery(ACCOUNT, member, Page(1, 100))) for member in OWNERS)
    yield from (RoleListLookup(RoleListQuery(ACCOUNT, custom, Page(1, 100))) for custom in (None, True, False))
    yield from (AccountsListing(called=called) for called in (None, str(ACCOUNT), "Northwind", "nobody"))
    yield from (ExtensionsListing(account_id=ACCOUNT, number=number) for number in (None, "102"))
    yield ExtensionsListing(after=ExtensionId(1002), rows=2)
    yield RolesListing()
    yield AppsListing()
    yield AuditListing()


def whole(answer: object) -> object:
    """An answer part by part; records that are read as they are wanted, read."""
    names = [field.name for field in fields(answer)] if is_dataclass(answer) else getattr(answer, "_fields", ())
    parts = [getattr(answer, name) for name in names]
    return [[*part] if isinstance(part, Sequence) and not isinstance(part, str) else part for part in parts]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[object], list[object]]:
    """Of SQLite, and of PostgreSQL after everything was moved there."""
    path = tmp_path_factory.mktemp("both") / "callgate.db"
    with open_store(path, batches=batch_calls(SEEDED)) as embedded:
        here = [whole(ask(embedded, lookup)) for lookup in lookups()]
    place = shared_postgres().place(shared_postgres().create(template=migrated_template()))
    copy_database(path, place, progress=lambda *_: None)

    async def ask_there() -> list[object]:
        options = PostgresOptions(lanes=1, time_of=lambda *_: SEEDED_MS, trusts_server=True)
        store = PostgresStore(place, options)
        await store.start()
        try:
            return [whole(answer) for answer in await asyncio.gather(*map(store.read, lookups()))]
        finally:
            await store.close()

    return here, asyncio.run(ask_there())


def test_every_lookup_is_answered_alike(answers: tuple[list[object], list[object]], figure: Figure) -> None:
    """To the last row and its place."""
    here, there = answers
    differ = [
        (lookup, mine, other) for lookup, mine, other in zip(lookups(), here, there, strict=True) if mine != other
    ]
    figure("database.moved", f"{len(here)} questions, {len(differ)} answered otherwise")
    assert differ == []


def test_most_answers_hold_something(answers: tuple[list[object], list[object]]) -> None:
    """Two empty ones would be alike, too."""
    assert sum(len(repr(answer)) > 500 for answer in answers[0]) > 30
