"""Records brought into the log of a real database: found by name, rewritten in place, named as in older files."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from callgate.admin.seed_calls import batch_calls
from callgate.model.call_acts import CallsActLookup, NumbersFacts, NumbersLookup
from callgate.model.call_log import (
    CallFilters,
    CallLogLookup,
    CallLogQuery,
    CallRecordLookup,
    RecordingLookup,
    Span,
    View,
)
from callgate.model.calls import CallRecord, CallsImported, CallsRewritten, CallTally, Direction, Recording, StoredCall
from callgate.model.changes import Change
from callgate.model.decisions import Done
from callgate.model.failure import Unavailable
from callgate.model.ids import ExtensionId
from callgate.model.lookups import KeysLookup
from callgate.model.paging import Page
from callgate.service.call_records import store_calls
from callgate.storage.load_calls import QUARTER_MS
from callgate.storage.port import Unit
from callgate.storage.save_calls import CallRow
from callgate.storage.schema import migrate_file
from callgate.storage.sqlite import SqliteStore, StoreOptions
from tests.admin.casts import ACCOUNT, SEEDED, SEEDED_MS
from tests.storage.call_stores import OTHER_ACCOUNT, ask, open_store

ALWAYS = Span(0, SEEDED_MS + QUARTER_MS * 10_000)
COMPANY = [record for record in SEEDED if record.in_company_log]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with the seeded calls."""
    with open_store(tmp_path / "callgate.db", batches=batch_calls(SEEDED)):
        pass
    return tmp_path / "callgate.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    """A store that writes it."""
    opened = SqliteStore.open(path, clock=lambda: SEEDED_MS)
    yield opened
    asyncio.run(opened.close())


def carry_out(store: SqliteStore, *changes: Change) -> None:
    """Save changes in one transaction."""

    async def run() -> None:
        await store.start()
        await store.run(Unit(KeysLookup(), lambda _: Done(changes)))

    asyncio.run(run())


def known(store: SqliteStore, *names: str) -> dict[str, StoredCall]:
    """The records of these names."""
    return dict(ask(store, CallsActLookup(ACCOUNT, names)).known)


def page(store: SqliteStore) -> list[CallRecord]:
    """A page far down, whose start is found by adding up the counts."""
    query = CallLogQuery(ACCOUNT, None, View.DETAILED, CallFilters(ALWAYS), Page(15, 100))
    return list(ask(store, CallLogLookup(query)).records)


def expected(records: list[CallRecord]) -> list[CallRecord]:
    """The same page by looking at all records."""
    kept = [record for record in records if record.in_company_log and not record.deleted]
    kept.sort(key=lambda record: (record.segment.started_ms, record.id), reverse=True)
    return kept[1400:1500]


def test_record_is_known_by_its_name_with_its_last_write(store: SqliteStore) -> None:
    """Legs and all; numbers of writes grow in the order of writing, and are each account's own."""
    first, last = SEEDED[0], SEEDED[-1]
    found = known(store, first.name, last.name, "nothing")
    assert {name: call.record for name, call in found.items()} == {first.name: first, last.name: last}
    assert (found[first.name].seq, found[last.name].seq) == (1, len(SEEDED))
    assert ask(store, CallsActLookup(OTHER_ACCOUNT, (first.name,))).known == {}


def test_numbers_are_those_of_the_account(store: SqliteStore) -> None:
    """A service has no number and is there all the same."""
    ids = frozenset(ExtensionId(number) for number in (1001, 1002, 1003, 1005, 1006))
    numbers = {str(number - 900): ExtensionId(number) for number in (1001, 1002, 1003, 1005)}
    assert ask(store, NumbersLookup(ACCOUNT)) == NumbersFacts(ids, numbers)


def change(record: CallRecord, order: int) -> CallRecord:
    """The record in another time, in another direction, gone from the log, or from the company's."""
    segment = record.segment
    if order % 4 == 0:
        return record._replace(segment=segment._replace(started_ms=segment.started_ms - 9 * QUARTER_MS))
    if order % 4 == 1:
        return record._replace(segment=segment._replace(direction=Direction.OUTBOUND))
    return record._replace(deleted=True) if order % 4 == 2 else record._replace(in_company_log=False)


def test_rewritten_records_are_found_where_they_are_now(store: SqliteStore) -> None:
    """Deep pages count on the counts: another time, another direction, gone from the log, or back in it."""
    moved = {record.name: change(record, order) for order, record in enumerate(COMPANY[::7])}
    before = known(store, *moved)
    carry_out(store, CallsRewritten(tuple((before[name], after) for name, after in moved.items())))
    now = [moved.get(record.name, record) for record in SEEDED]
    assert page(store) == expected(now)
    written = known(store, *moved)
    assert {name: call.record for name, call in written.items()} == moved
    assert sorted(call.seq for call in written.values()) == list(range(len(SEEDED) + 1, len(SEEDED) + 1 + len(moved)))
    carry_out(store, CallsRewritten(tuple((written[name], before[name].record) for name in moved)))
    assert page(store) == expected(list(SEEDED))


def recordings_of(record: CallRecord) -> list[Recording]:
    """Of the call, and of its legs."""
    segments = (record.segment, *(leg.segment for leg in record.legs))
    return [segment.recording for segment in segments if segment.recording]


def test_recording_is_told_as_the_call_that_says_most_of_it(store: SqliteStore) -> None:
    """Of the account's calls, or of one extension's; gone with the last call that has it."""
    recorded = next(record for record in SEEDED if recordings_of(record))
    little = recordings_of(recorded)[0]
    much = little._replace(content_type="audio/wav", duration_s=0, sound_url="https://pbx.example/1")
    other = next(record for record in SEEDED if record.segment.extension_id != recorded.segment.extension_id)
    owner, nobody = other.segment.extension_id, ExtensionId(1)

    def told(extension_id: ExtensionId | None) -> Recording | None:
        return ask(store, RecordingLookup(ACCOUNT, extension_id, little.id)).recording

    assert (told(None), told(owner), told(nobody)) == (little, None, None)
    before = known(store, other.name)[other.name]
    carry_out(store, CallsRewritten(((before, other._replace(segment=other.segment._replace(recording=much))),)))
    assert (told(None), told(owner), told(recorded.segment.extension_id)) == (much, much, little)
    assert ask(store, RecordingLookup(OTHER_ACCOUNT, None, little.id)).recording is None
    after = known(store, other.name)[other.name]
    carry_out(store, CallsRewritten(((after, other),)))
    assert (told(None), told(owner)) == (little, None)


def test_record_written_since_it_was_read_is_not_overwritten(store: SqliteStore) -> None:
    """A compare-and-swap on the last write; decided again and again, nothing fits."""
    stored = known(store, SEEDED[0].name)[SEEDED[0].name]
    with pytest.raises(Unavailable):
        carry_out(store, CallsRewritten(((stored._replace(seq=stored.seq + 1), stored.record),)))


def test_taken_id_is_drawn_otherwise(store: SqliteStore) -> None:
    """Two records of one millisecond that would lie in one place: the second is moved aside."""

    async def bring(record: CallRecord) -> None:
        await store.start()
        await store_calls(store, [record], account_id=ACCOUNT)

    asyncio.run(bring(SEEDED[0]._replace(name="first")))
    taken = known(store, "first")["first"].record
    with closing(apsw.Connection(str(store.path))) as connection:
        connection.execute("UPDATE call_record SET name = 'other' WHERE name = 'first'")
    asyncio.run(bring(SEEDED[0]._replace(name="first")))
    again = known(store, "first")["first"].record
    assert again.id != taken.id
    assert again.id >> 22 == taken.id >> 22


def test_end_of_an_import_writes_its_audit_entry_alone(store: SqliteStore, path: Path) -> None:
    """The entry is all it leaves."""
    carry_out(store, CallsImported(ACCOUNT, CallTally(new=3), "cli"))
    with closing(apsw.Connection(str(path))) as connection:
        ((entries,),) = connection.execute("SELECT entries FROM audit ORDER BY seq DESC LIMIT 1").fetchall()
    assert entries == ('{"what":"CallsImported","account":1001,"new":3,"changed":0,"same":0,"rejected":0,"by":"cli"}')


def test_records_of_an_older_file_are_read_by_the_names_they_had(tmp_path: Path, path: Path) -> None:
    """A migration up names them as they were told; documents are those of the version before."""
    old = tmp_path / "old.db"
    migrate_file(old, "0013")
    fields = [field for field in CallRow._fields if field not in {"name", "missed"}]
    with closing(apsw.Connection(str(old))) as connection, closing(apsw.Connection(str(path))) as newer:
        rows = newer.execute(f"SELECT {', '.join(fields)} FROM call_record ORDER BY id").fetchall()
        connection.executemany(f"INSERT INTO call_record VALUES ({', '.join('?' * len(fields))})", rows)
    assert migrate_file(old)
    store = SqliteStore.open(old, clock=lambda: SEEDED_MS, options=StoreOptions(exclusive=False))
    try:
        for record in SEEDED:
            assert ask(store, CallRecordLookup(ACCOUNT, None, record.name)).record == record
            for recording in recordings_of(record):
                found = ask(store, RecordingLookup(ACCOUNT, record.segment.extension_id, recording.id))
                assert found.recording == recording
        seqs = [ask(store, CallsActLookup(ACCOUNT, (record.name,))).known[record.name].seq for record in SEEDED[:50]]
    finally:
        asyncio.run(store.close())
    assert seqs == sorted(set(seqs))
