"""A copy of a real database's log, kept by syncs alone, is the log: whatever was written in between."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from random import Random

import apsw
import pytest

from callgate.admin.seed_calls import batch_calls
from callgate.model import call_log
from callgate.model.call_acts import CallsActLookup, DeletionFacts, DeletionLookup
from callgate.model.call_log import CallFilters, CallLogQuery, RecordingFilter, Span
from callgate.model.call_sync import SYNC_MAX, WRITES_MAX, ExtractLookup, Mark, Place, SyncFrame, SyncLookup, SyncQuery
from callgate.model.calls import CallRecord, CallsRecorded, CallsRewritten, CallType, renumber
from callgate.model.decisions import Denied, Done
from callgate.model.ids import ExtensionId, RowId
from callgate.model.paging import Page
from callgate.protocol.call_log import delete_calls
from callgate.protocol.call_sync import SyncTold, answer_extract, answer_sync
from callgate.storage.load_call_sync import load_sync
from callgate.storage.rows import Row, Value
from callgate.storage.sqlite_view import SqliteView
from tests.admin.casts import ACCOUNT, ADMIN, AGENT, SEEDED, SEEDED_MS
from tests.storage.call_stores import OTHER_ACCOUNT, open_store
from tests.storage.engines import OpenedFile, open_sqlite

FEW = SEEDED[:60]
FRAME = SyncFrame(call_log.View.DETAILED)


class Log:
    """A store with a log, and what the log is to hold."""

    def __init__(self, store: OpenedFile) -> None:
        self.store = store
        self.records = {record.name: record for record in FEW}

    def rewrite(self, after: CallRecord) -> None:
        """A record says something else."""
        (stored,) = self.store.read(CallsActLookup(ACCOUNT, (after.name,))).known.values()
        self.store.save(CallsRewritten(((stored, after),)))
        self.records[after.name] = after

    def add(self, record: CallRecord) -> None:
        """One more."""
        self.store.save(CallsRecorded((record,)))
        self.records[record.name] = record

    def sync(self, query: SyncQuery) -> SyncTold:
        """An answer, its records looked at."""
        told = answer_sync(query, self.store.read(SyncLookup(query)))
        assert isinstance(told, SyncTold)
        return told

    def extract(self, query: SyncQuery) -> SyncTold:
        """A part of an extract."""
        told = answer_extract(query, self.store.read(ExtractLookup(query)))
        assert isinstance(told, SyncTold)
        return told._replace(records=tuple(told.records))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """A log of few calls."""
    with open_store(tmp_path / "callgate.db", batches=batch_calls(FEW)):
        pass
    with open_sqlite(tmp_path / "callgate.db") as store:
        yield Log(store)


def is_framed(record: CallRecord, frame: SyncFrame, owner: ExtensionId | None) -> bool:
    """Whether a record belongs to a frame, one rule a line (protocol.md I.5)."""
    segment = record.segment
    kinds = {RecordingFilter.ALL, RecordingFilter(segment.recording.type.value)} if segment.recording else set()
    return all(
        (
            not record.deleted,
            record.in_company_log if owner is None else segment.extension_id == owner,
            not frame.missed or segment.result == "Missed",
            frame.recording is None or (segment.recording is not None and frame.recording in kinds),
            not frame.categories or set(frame.categories) & set(record.metadata_categories),
            Place(segment.started_ms, record.id) >= frame.start,
        )
    )


def framed(records: Iterable[CallRecord], frame: SyncFrame, owner: ExtensionId | None) -> list[CallRecord]:
    """Those of a frame, newest first."""
    found = [record for record in records if is_framed(record, frame, owner)]
    return sorted(found, key=lambda record: (record.segment.started_ms, record.id), reverse=True)


def write(log: Log, dice: Random, number: int) -> None:
    """Something happens to one of the calls, or there is one more."""
    record = log.records[dice.choice(FEW).name]
    segment = record.segment
    match dice.randrange(5):
        case 0:
            log.rewrite(record._replace(segment=segment._replace(result="Missed")))
        case 1:
            log.rewrite(record._replace(deleted=not record.deleted))
        case 2:
            log.rewrite(record._replace(metadata_categories=("Sales",)))
        case 3:
            log.rewrite(record._replace(last_modified_ms=number))
        case _:
            later = segment._replace(started_ms=segment.started_ms + number + 1)
            added = record._replace(segment=later, deleted=False)
            log.add(renumber(added, RowId(record.id + (number + 1) * 4_194_304)))


FRAMES = (
    FRAME,
    FRAME._replace(missed=True),
    FRAME._replace(recording=RecordingFilter.ALL),
    FRAME._replace(categories=("Sales",)),
    FRAME._replace(recording=RecordingFilter.AUTOMATIC),
)


@pytest.mark.parametrize("owner", [None, AGENT.extension_id], ids=["company", "extension"])
@pytest.mark.parametrize("number", range(len(FRAMES)))
def test_copy_is_the_log_when_it_was_kept_by_syncs(log: Log, owner: ExtensionId | None, number: int) -> None:
    """Inserted, changed, deleted: after each sync the copy is what the frame holds, and the frame only grows."""
    dice, frame = Random(number), FRAMES[number]
    for size in (1, 7, 100):
        told = log.sync(SyncQuery(ACCOUNT, owner, frame, size))
        copy = {record.name: record for record in told.records}
        assert list(told.records) == framed(log.records.values(), frame, owner)[:size]
        for _ in range(4):
            for _ in range(dice.randrange(8)):
                write(log, dice, len(log.records))
            mark = told.mark
            told = log.sync(SyncQuery(ACCOUNT, owner, mark.frame, dice.choice([0, 5]), mark, show_deleted=True))
            copy |= {record.name: record for record in told.records}
            assert told.mark.frame.start <= mark.frame.start
            now = told.mark.frame
            assert framed(copy.values(), now, owner) == framed(log.records.values(), now, owner)
            quiet = log.sync(SyncQuery(ACCOUNT, owner, now, 0, told.mark, show_deleted=True))
            assert quiet == SyncTold((), told.mark)


def test_deleted_calls_are_told_to_whoever_asks_for_them(log: Log) -> None:
    """ShowDeleted; a full sync never tells them."""
    mark = log.sync(SyncQuery(ACCOUNT, None, FRAME, 100)).mark
    gone = next(record for record in FEW if record.in_company_log)._replace(deleted=True)
    log.rewrite(gone)
    asked = SyncQuery(ACCOUNT, None, mark.frame, 0, mark)
    assert log.sync(asked).records == ()
    assert log.sync(asked._replace(show_deleted=True)).records == (gone,)
    assert gone not in log.sync(SyncQuery(ACCOUNT, None, FRAME, 100)).records


def test_change_before_the_frame_is_not_told(log: Log) -> None:
    """Who keeps the last hundred calls is not told of one from long ago, until the frame reaches it."""
    told = log.sync(SyncQuery(ACCOUNT, None, FRAME, 1))
    oldest = framed(log.records.values(), FRAME, None)[-1]
    log.rewrite(oldest._replace(last_modified_ms=5))
    asked = SyncQuery(ACCOUNT, None, told.mark.frame, 0, told.mark)
    assert log.sync(asked).records == ()
    assert log.sync(asked._replace(size=100)).records[-1].last_modified_ms == 5


def test_logs_of_others_are_not_told(log: Log) -> None:
    """Of another account nothing; of an extension that is not there, that it is not."""
    assert log.sync(SyncQuery(OTHER_ACCOUNT, None, FRAME, 100)).records == ()
    unknown = SyncQuery(ACCOUNT, ExtensionId(2001), FRAME, 100)
    assert not log.store.read(SyncLookup(unknown)).extension_known


def test_one_more_is_read_than_may_be_told(log: Log) -> None:
    """So that the refusal can be known; and nothing is looked for behind too many writes."""
    mark = log.sync(SyncQuery(ACCOUNT, None, FRAME, 1)).mark
    segment = FEW[-1].segment._replace(started_ms=SEEDED_MS)
    base = FEW[-1]._replace(in_company_log=True, segment=segment)
    many = [renumber(base, RowId(base.id + (1 << 40) + number)) for number in range(SYNC_MAX + 5)]
    log.store.save(CallsRecorded(tuple(many)))
    query = SyncQuery(ACCOUNT, None, mark.frame, 10, mark)
    assert len(log.store.read(SyncLookup(query)).fresh) == SYNC_MAX + 1
    long_ago = query._replace(mark=mark._replace(seq=mark.seq - WRITES_MAX))
    facts = log.store.read(SyncLookup(long_ago))
    assert (facts.fresh, facts.older) == ((), ())


def test_token_is_told_from_before_a_restore(log: Log) -> None:
    """The moment since which tokens of any kind count comes with the facts."""
    log.store.await_(log.store.store.work(lambda pen: pen.write("UPDATE cell SET sessions_from_ms = ?", (77,))))
    assert log.store.read(SyncLookup(SyncQuery(ACCOUNT, None, FRAME, 1))).reset_ms == 77
    assert log.store.read(ExtractLookup(SyncQuery(ACCOUNT, None, FRAME, 1))).reset_ms == 77


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_extract_tells_every_call_once_and_then_what_was_written(log: Log, size: int) -> None:
    """Oldest first, part by part; what is written meanwhile comes after the first pass."""
    since = Place(FEW[10].segment.started_ms, -(1 << 63))
    frame, dice = FRAME._replace(start=since), Random(size)
    told = log.extract(SyncQuery(ACCOUNT, None, frame, size))
    parts, before = [told], dict(log.records)
    log.rewrite(log.records[FEW[0].name]._replace(last_modified_ms=5))
    told = told._replace(more=True)
    while told.more:
        told = log.extract(SyncQuery(ACCOUNT, None, frame, size, told.mark))
        parts.append(told)
        assert len(told.records) <= size
    records = [record for part in parts for record in part.records]
    first = records[: len(framed(before.values(), frame, None))]
    assert first == framed(before.values(), frame, None)[::-1]
    assert records[len(first) :] == [log.records[FEW[0].name]] * FEW[0].in_company_log
    for number in range(20):
        write(log, dice, 1000 + number)
    copy = {record.name: record for record in records}
    told = told._replace(more=True)
    while told.more:
        told = log.extract(SyncQuery(ACCOUNT, None, frame, size, told.mark))
        copy |= {record.name: record for record in told.records}
    kept = [record for record in copy.values() if not log.records[record.name].deleted]
    assert framed(kept, frame, None) == framed(log.records.values(), frame, None)


def test_few_writes_are_found_by_their_number(log: Log) -> None:
    """However long the log is: no plan walks over it (issue: a million records)."""
    plans = {}
    for owner, index in ((None, "call_record_written"), (AGENT.extension_id, "call_record_written_of")):
        query = SyncQuery(ACCOUNT, owner, FRAME, 0, Mark(FRAME, 1, 1))
        plans[index] = plan_of(log, query)
    for index, plan in plans.items():
        assert any(f"USING INDEX {index} " in step and "seq>?" in step for step in plan), plan


class Listening(SqliteView):
    """A view that keeps what it is asked."""

    __slots__ = ("asked",)

    def __init__(self, connection: apsw.Connection) -> None:
        super().__init__(connection)
        self.asked: list[tuple[str, tuple[Value, ...]]] = []

    def rows(self, sql: str, values: tuple[Value, ...] = ()) -> list[Row]:
        """Every row of a statement."""
        self.asked.append((sql, values))
        return super().rows(sql, values)


def plan_of(log: Log, query: SyncQuery) -> list[str]:
    """How SQLite finds what was written since."""
    with closing(apsw.Connection(str(log.store.path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        view = Listening(connection)
        view.stamp(SEEDED_MS)
        load_sync(view, SyncLookup(query))
        sql, values = next((sql, values) for sql, values in view.asked if "seq > ?" in sql)
        return [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]


# --- deleted -----------------------------------------------------------------------------------------------------


def delete(log: Log, filters: CallFilters, owner: ExtensionId = AGENT.extension_id, size: int = 7) -> int:
    """Delete page after page, as the service does; how many went."""
    query = CallLogQuery(ACCOUNT, owner, call_log.View.DETAILED, filters, Page(1, size))
    found: list[DeletionFacts] = []

    def decide(facts: DeletionFacts) -> Done | Denied:
        found.append(facts)
        return delete_calls(query, facts=facts, first=len(found) == 1, by="1002")

    while not found or len(found[-1].calls) == size:
        assert isinstance(log.store.run(DeletionLookup(query), decide), Done)
    return sum(len(facts.calls) for facts in found)


def test_calls_are_deleted_from_one_log_alone(log: Log) -> None:
    """All of an extension's that the filters name; others' stay, and the audit log says so once."""
    own = [record for record in FEW if record.segment.extension_id == AGENT.extension_id]
    faxes = [record for record in own if record.segment.type is CallType.FAX]
    span = Span(0, SEEDED_MS)
    assert delete(log, CallFilters(span, types=frozenset({CallType.FAX}))) == len(faxes)
    assert delete(log, CallFilters(span)) == len(own) - len(faxes) > 7
    assert delete(log, CallFilters(span)) == 0
    left = {record.name: record for record in FEW if record not in own}
    assert [record.name for record in framed(left.values(), FRAME, ADMIN.extension_id)] == [
        record.name for record in log.sync(SyncQuery(ACCOUNT, ADMIN.extension_id, FRAME, 250)).records
    ]
    assert log.sync(SyncQuery(ACCOUNT, AGENT.extension_id, FRAME, 250)).records == ()
    entries = "".join(str(row[0]) for row in log.store.rows("SELECT entries FROM audit"))
    assert entries.count("CallLogCleared") == (2 if faxes else 1)


def test_rewritten_records_keep_their_order(log: Log) -> None:
    """Numbers of writes only grow."""
    seqs = [row[0] for row in log.store.rows("SELECT seq FROM call_record ORDER BY seq")]
    assert all(isinstance(one, int) and isinstance(two, int) and one < two for one, two in pairwise(seqs))
