"""Records that come into the call log from elsewhere, or are deleted: which it has, and whose each number is."""

from typing import Final, cast

from callgate.model.call_acts import (
    CallsActFacts,
    CallsActLookup,
    DeletionFacts,
    DeletionLookup,
    NumbersFacts,
    NumbersLookup,
)
from callgate.model.calls import StoredCall
from callgate.model.ids import ExtensionId
from callgate.storage.load_calls import EXTENSION, record_from, where_of
from callgate.storage.load_view import View
from callgate.storage.rows import Row, marks

_KNOWN: Final = """
SELECT seq, id, account_id, name, deleted, document, legs FROM call_record WHERE account_id = ? AND name IN ({names})
"""
_TO_DELETE: Final = """
SELECT seq, id, account_id, name, deleted, document, legs FROM call_record
WHERE {where} ORDER BY started_ms DESC, id DESC LIMIT ?
"""
_NUMBERS: Final = "SELECT id, number FROM extension WHERE account_id = ?"


def load_calls_act(view: View, lookup: CallsActLookup) -> CallsActFacts:
    """Answer `CallsActLookup`."""
    rows = view.rows(_KNOWN.format(names=marks(lookup.names)), (lookup.account_id, *lookup.names))
    return CallsActFacts(view.now_ms, {call.record.name: call for call in map(_stored, rows)})


def load_deletion(view: View, lookup: DeletionLookup) -> DeletionFacts:
    """Answer `DeletionLookup`."""
    query = lookup.query
    known = bool(view.rows(EXTENSION, (query.extension_id, query.account_id)))
    where = where_of(query, span=query.filters.span)
    rows = view.rows(_TO_DELETE.format(where=where.sql()), (*where.values, query.page.size)) if known else []
    return DeletionFacts(view.now_ms, known, tuple(map(_stored, rows)))


def load_numbers(view: View, lookup: NumbersLookup) -> NumbersFacts:
    """Answer `NumbersLookup`."""
    rows = cast("list[tuple[ExtensionId, str | None]]", view.rows(_NUMBERS, (lookup.account_id,)))
    return NumbersFacts(frozenset(each for each, _ in rows), {number: each for each, number in rows if number})


def _stored(row: Row) -> StoredCall:
    return StoredCall(record_from(row[1:]), cast("int", row[0]))
