"""Records that come into the call log from elsewhere: which of them it has, and whose extension each number is."""

from typing import Final, cast

from callgate.model.call_acts import CallsActFacts, CallsActLookup, NumbersFacts, NumbersLookup
from callgate.model.calls import StoredCall
from callgate.model.ids import ExtensionId
from callgate.storage.load_calls import record_from
from callgate.storage.load_view import View
from callgate.storage.rows import marks

_KNOWN: Final = """
SELECT seq, id, account_id, name, deleted, document, legs FROM call_record WHERE account_id = ? AND name IN ({names})
"""
_NUMBERS: Final = "SELECT id, number FROM extension WHERE account_id = ?"


def load_calls_act(view: View, lookup: CallsActLookup) -> CallsActFacts:
    """Answer `CallsActLookup`."""
    rows = view.rows(_KNOWN.format(names=marks(lookup.names)), (lookup.account_id, *lookup.names))
    calls = [StoredCall(record_from(row[1:]), cast("int", row[0])) for row in rows]
    return CallsActFacts(view.now_ms, {call.record.name: call for call in calls})


def load_numbers(view: View, lookup: NumbersLookup) -> NumbersFacts:
    """Answer `NumbersLookup`."""
    rows = cast("list[tuple[ExtensionId, str | None]]", view.rows(_NUMBERS, (lookup.account_id,)))
    return NumbersFacts(frozenset(each for each, _ in rows), {number: each for each, number in rows if number})
