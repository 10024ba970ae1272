"""The call log read for a copy kept elsewhere: what was written since a number, and what lies before a place.

Writes are found by their number in an index, so few changes cost little however long the log is.
"""

from collections.abc import Sequence
from typing import Final, cast

from callgate.model import call_log
from callgate.model.call_log import RecordingFilter
from callgate.model.call_sync import (
    SYNC_MAX,
    WRITES_MAX,
    ExtractFacts,
    ExtractLookup,
    SyncFacts,
    SyncFrame,
    SyncLookup,
    SyncQuery,
    is_beyond,
)
from callgate.model.calls import CallRecord
from callgate.storage.load_calls import EXTENSION, StoredCalls, Where
from callgate.storage.load_view import View
from callgate.storage.rows import Row

_STATE: Final = """
SELECT sessions_from_ms, (SELECT coalesce(max(seq), 0) FROM call_record WHERE account_id = ?) FROM cell
"""
_COLUMNS: Final = "id, account_id, name, deleted, document, {legs}, started_ms, seq"
_IN_TIME: Final = f"SELECT {_COLUMNS} FROM call_record WHERE {{where}} ORDER BY {{order}} LIMIT ?"
# `+`: the condition is checked on the rows; those that were written since are found by their number, not by their time.
_WRITTEN: Final = f"""
SELECT * FROM (SELECT {_COLUMNS} FROM call_record WHERE {{where}} ORDER BY seq LIMIT ?) written ORDER BY {{order}}
"""
_NEWEST_FIRST: Final = "started_ms DESC, id DESC"
_OLDEST_FIRST: Final = "started_ms, id"


def load_sync(view: View, lookup: SyncLookup) -> SyncFacts:
    """Answer `SyncLookup`."""
    query = lookup.query
    known = query.extension_id is None or bool(view.rows(EXTENSION, (query.extension_id, query.account_id)))
    reset_ms, seq = _find_state(view, query)
    found = SyncFacts(known, view.now_ms, reset_ms, seq, (), ())
    if not known or is_beyond(query, seq):
        return found
    return found._replace(fresh=_find_fresh(view, query), older=_find_older(view, query))


def load_extract(view: View, lookup: ExtractLookup) -> ExtractFacts:
    """Answer `ExtractLookup`."""
    query, mark = lookup.query, lookup.query.mark
    reset_ms, seq = _find_state(view, query)
    where = _where(query).and_("deleted = 0")
    if mark is not None and mark.reached is None:
        until = min(seq, mark.seq + WRITES_MAX)
        since = where.and_("seq > ? AND seq <= ?", mark.seq, until)
        rows = _find(view, query, sql=_WRITTEN, where=since, order="seq", rows=query.size + 1)
        last_seq = cast("int", rows[query.size - 1][-1]) if len(rows) > query.size else until
    else:
        reached = mark.reached if mark is not None and mark.reached is not None else query.frame.start
        ahead = where.and_("started_ms >= ? AND (started_ms, id) > (?, ?)", reached.started_ms, *reached)
        rows = _find(view, query, sql=_IN_TIME, where=ahead, order=_OLDEST_FIRST, rows=query.size + 1)
        last_seq = seq
    return ExtractFacts(view.now_ms, reset_ms, seq, _records(rows), last_seq)


def _find_state(view: View, query: SyncQuery) -> tuple[int, int]:
    """Since when tokens count, and the account's newest write."""
    reset_ms, seq = view.rows(_STATE, (query.account_id,))[0]
    return cast("int", reset_ms), cast("int", seq)


def _find_fresh(view: View, query: SyncQuery) -> Sequence[CallRecord]:
    if query.mark is None:
        return ()
    start = query.frame.start
    since = _where(query).and_("seq > ?", query.mark.seq).and_("(+started_ms, +id) >= (?, ?)", *start)
    if not query.show_deleted:
        since = since.and_("deleted = 0")
    return _records(_find(view, query, sql=_WRITTEN, where=since, order=_NEWEST_FIRST, rows=SYNC_MAX + 1))


def _find_older(view: View, query: SyncQuery) -> Sequence[CallRecord]:
    """The newest records of a frame that begins, or the newest before one that is there."""
    start, where = query.frame.start, _where(query).and_("deleted = 0")
    if query.mark is None:
        where = where.and_("started_ms >= ?", start.started_ms)
    else:
        where = where.and_("started_ms <= ? AND (started_ms, id) < (?, ?)", start.started_ms, *start)
    return _records(_find(view, query, sql=_IN_TIME, where=where, order=_NEWEST_FIRST, rows=query.size))


def _find(view: View, query: SyncQuery, *, sql: str, where: Where, order: str, rows: int) -> list[Row]:
    legs = "legs" if query.frame.view is call_log.View.DETAILED else "NULL AS legs"
    return view.rows(sql.format(legs=legs, where=where.sql(), order=order), (*where.values, rows))


def _records(rows: Sequence[Row]) -> Sequence[CallRecord]:
    return StoredCalls([row[:6] for row in rows])


def _where(query: SyncQuery) -> Where:
    if query.extension_id is not None:
        log = Where(("account_id = ? AND extension_id = ?",), (query.account_id, query.extension_id))
    else:
        log = Where(("account_id = ? AND in_company_log = 1",), (query.account_id,))
    return _within(log, query.frame)


def _within(where: Where, frame: SyncFrame) -> Where:
    if frame.missed:
        where = where.and_("missed = 1")
    if frame.recording is RecordingFilter.ALL:
        where = where.and_("recording IS NOT NULL")
    elif frame.recording is not None:
        where = where.and_("recording = ?", frame.recording.value)
    return where.in_categories(frame.categories)
