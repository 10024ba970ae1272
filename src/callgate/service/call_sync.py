"""A copy of the call log kept in step for a bearer: judged, parsed, its token opened, answered, sealed again."""

from typing import NamedTuple

import orjson

from callgate.crypto.tokens import UnknownKey
from callgate.model import operation
from callgate.model.call_log import RecordingFilter, View
from callgate.model.call_sync import (
    TOKEN_DAYS,
    ExtractLookup,
    Mark,
    Place,
    SyncFrame,
    SyncLookup,
    SyncQuery,
    SyncType,
)
from callgate.model.decisions import Admitted, Denied
from callgate.model.instant import DAY_MS
from callgate.protocol.call_sync import (
    SyncTold,
    SyncWish,
    answer_extract,
    answer_sync,
    parse_extract,
    parse_sync,
    settle_extract,
    settle_sync,
)
from callgate.protocol.query import parse_query
from callgate.protocol.resources import Subject, judge
from callgate.service.context import Context
from callgate.service.resources import Asked


class SyncShown(NamedTuple):
    """An answer, what it answers, and the token that goes on from it. `operation`: the last word of its path."""

    operation: str
    kind: SyncType
    query: SyncQuery
    told: SyncTold
    token: str

    def __repr__(self) -> str:
        return f"SyncShown({self.operation}, {self.kind.value}, …)"


async def sync_company_calls(context: Context, admitted: Admitted, asked: Asked) -> SyncShown | Denied:
    """`GET account/{accountId}/call-log-sync`. Raises Unavailable."""
    return await _sync(context, judge(admitted, operation.SYNC_COMPANY_CALLS, account=asked.account), asked=asked)


async def sync_extension_calls(context: Context, admitted: Admitted, asked: Asked) -> SyncShown | Denied:
    """`GET account/{accountId}/extension/{extensionId}/call-log-sync`. Raises Unavailable."""
    wanted = operation.SYNC_EXTENSION_CALLS
    subject = judge(admitted, wanted, account=asked.account, extension=asked.extension)
    return await _sync(context, subject, asked=asked)


async def extract_company_calls(context: Context, admitted: Admitted, asked: Asked) -> SyncShown | Denied:
    """`GET account/{accountId}/call-log-extract-sync`. Raises Unavailable."""
    subject = judge(admitted, operation.EXTRACT_COMPANY_CALLS, account=asked.account)
    if isinstance(subject, Denied):
        return subject
    pairs = parse_query(asked.query)
    wish = pairs if isinstance(pairs, Denied) else parse_extract(pairs, now_ms=context.clock.now_ms())
    if isinstance(wish, Denied):
        return wish
    bound_to = _bind("call-log-extract-sync", subject)
    query = settle_extract(wish, await _open(context, wish, bound_to=bound_to), subject=subject)
    if isinstance(query, Denied):
        return query
    told = answer_extract(query, await context.store.read(ExtractLookup(query)))
    if isinstance(told, Denied):
        return told
    token = _seal(context, told.mark, bound_to=bound_to)
    return SyncShown("call-log-extract-sync", wish.kind, query, told, token)


async def _sync(context: Context, subject: Subject | Denied, *, asked: Asked) -> SyncShown | Denied:
    if isinstance(subject, Denied):
        return subject
    pairs = parse_query(asked.query)
    wish = pairs if isinstance(pairs, Denied) else parse_sync(pairs)
    if isinstance(wish, Denied):
        return wish
    bound_to = _bind("call-log-sync", subject)
    query = settle_sync(wish, await _open(context, wish, bound_to=bound_to), subject=subject)
    if isinstance(query, Denied):
        return query
    told = answer_sync(query, await context.store.read(SyncLookup(query)))
    if isinstance(told, Denied):
        return told
    return SyncShown("call-log-sync", wish.kind, query, told, _seal(context, told.mark, bound_to=bound_to))


def _bind(name: str, subject: Subject) -> bytes:
    return f"{name}/{subject.account_id}/{subject.extension_id or ''}".encode("ascii")


def _seal(context: Context, mark: Mark, *, bound_to: bytes) -> str:
    frame = mark.frame
    payload = orjson.dumps(
        [
            frame.view.value,
            frame.missed,
            frame.recording.value if frame.recording else None,
            frame.categories,
            [*frame.start],
            mark.seq,
            mark.synced_ms,
            [*mark.reached] if mark.reached else None,
            mark.size,
        ]
    )
    expires_ms = mark.synced_ms + TOKEN_DAYS * DAY_MS
    return context.keeper.rings.sync_box.seal(payload, expires_ms, bound_to=bound_to)


async def _open(context: Context, wish: SyncWish, *, bound_to: bytes) -> Mark | None:
    """What the token of an incremental sync says; None for one that is over, altered, or of another log."""
    if wish.kind is not SyncType.INCREMENTAL or wish.token is None:
        return None
    now_ms = context.clock.now_ms()
    opened = context.keeper.rings.sync_box.open(wish.token, now_ms, bound_to=bound_to)
    if isinstance(opened, UnknownKey):  # another process may have sealed it with a new one
        await context.keeper.reload()
        opened = context.keeper.rings.sync_box.open(wish.token, now_ms, bound_to=bound_to)
    if not isinstance(opened, bytes):
        return None
    view, missed, recording, categories, start, seq, synced_ms, reached, size = orjson.loads(opened)
    frame = SyncFrame(
        View(view), missed, RecordingFilter(recording) if recording else None, tuple(categories), Place(*start)
    )
    return Mark(frame, seq, synced_ms, Place(*reached) if reached else None, size)
