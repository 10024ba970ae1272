"""A sync of the call log rendered (protocol.md I.5): records, and the token to go on with."""

from callgate.model.call_sync import FIRST_PLACE, SyncType
from callgate.model.instant import render_instant
from callgate.service.call_log import CallShown
from callgate.service.call_sync import SyncShown
from callgate.web.call_log import render_call
from callgate.web.links import JsonObject, Links, present, with_query


def render_sync(shown: SyncShown, links: Links) -> JsonObject:
    """An answer; `newerRecordsExist` is an extract's alone."""
    query, told = shown.query, shown.told
    view = query.frame.view
    return {
        "uri": _address(shown, links),
        "records": [render_call(CallShown(record, query.extension_id, view), links) for record in told.records],
        "syncInfo": present(
            syncType=shown.kind.value,
            syncToken=shown.token,
            syncTime=render_instant(told.mark.synced_ms),
            newerRecordsExist=told.more,
        ),
    }


def _address(shown: SyncShown, links: Links) -> str:
    query, frame = shown.query, shown.query.frame
    home = links.account(query.account_id)
    if query.extension_id is not None:
        home = links.extension(query.account_id, query.extension_id)
    pairs = [("syncType", shown.kind.value), ("view", frame.view.value)]
    if shown.kind is SyncType.FULL:
        pairs += [("recordCount", str(query.size)), ("statusGroup", "Missed" if frame.missed else "All")]
        if frame.start != FIRST_PLACE:
            pairs.append(("dateFrom", render_instant(frame.start.started_ms)))
    return with_query(f"{home}/{shown.operation}", pairs)
