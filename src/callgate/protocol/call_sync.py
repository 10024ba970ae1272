"""Keeping a copy of a call log in step (protocol.md I.5): what a query asks for, and where an answer leaves the client.

The token's seal is opened and made by the service; what stands in one is judged here.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from callgate.model import api_faults
from callgate.model.call_log import View
from callgate.model.call_sync import (
    EXTRACT_DEFAULT,
    EXTRACT_MAX,
    FIRST_PLACE,
    SYNC_MAX,
    ExtractFacts,
    Mark,
    Place,
    StatusGroup,
    SyncFacts,
    SyncFrame,
    SyncQuery,
    SyncType,
    is_beyond,
)
from callgate.model.calls import CallRecord
from callgate.model.decisions import Denied
from callgate.model.faults import Fault
from callgate.protocol.call_log import WORD, read_recording
from callgate.protocol.query import Query, QueryReader
from callgate.protocol.resources import Subject, no_such_extension

HOUR_MS = 3600 * 1000

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,2048}", re.ASCII)
_COUNT = re.compile(r"0*[1-9][0-9]{0,3}", re.ASCII)


class SyncWish(NamedTuple):
    """A sync as a query asks for it, its token still sealed. `view` None: not said. `size` None: not said."""

    kind: SyncType
    token: str | None
    view: View | None
    frame: SyncFrame
    size: int | None
    show_deleted: bool

    def __repr__(self) -> str:
        return f"SyncWish({self.kind.value}, …)"


class SyncTold(NamedTuple):
    """An answer: its records, and where the client stands with them. `more`: an extract goes on."""

    records: Sequence[CallRecord]
    mark: Mark
    more: bool | None = None


def parse_sync(query: Query) -> SyncWish | Denied:
    """What a query asks a sync for; unknown parameters are ignored."""
    reader = QueryReader(query)
    since_ms = reader.instant("dateFrom")
    groups = reader.choices("statusGroup", among=StatusGroup)
    frame = SyncFrame(
        View.SIMPLE,
        missed=groups == {StatusGroup.MISSED},
        recording=read_recording(reader),
        categories=tuple(sorted(reader.texts("metadataCategory", form=WORD))),
        start=FIRST_PLACE if since_ms is None else FIRST_PLACE._replace(started_ms=since_ms),
    )
    return _wish(reader, frame, most=SYNC_MAX)


def parse_extract(query: Query, *, now_ms: int) -> SyncWish | Denied:
    """What a query asks an extract for: the last hour's calls unless it says more."""
    reader = QueryReader(query)
    since_ms = reader.instant("dateFrom")
    started_ms = max(now_ms - HOUR_MS, 0) if since_ms is None else since_ms
    frame = SyncFrame(
        View.SIMPLE,
        categories=tuple(sorted(reader.texts("metadataCategory", form=WORD))),
        start=FIRST_PLACE._replace(started_ms=started_ms),
    )
    return _wish(reader, frame, most=EXTRACT_MAX)


def settle_sync(wish: SyncWish, mark: Mark | None, *, subject: Subject) -> SyncQuery | Denied:
    """The sync to be answered. `mark`: what the token says, None where it is none of this log."""
    if wish.kind is SyncType.INCREMENTAL:
        if mark is None or wish.view not in {None, mark.frame.view}:
            return _begin_anew(api_faults.SYNC_TOKEN_EXPIRED, why="no token of this log and view that is still good")
        return SyncQuery(*subject, mark.frame, wish.size or 0, mark, wish.show_deleted)
    if wish.size is None:
        return Denied(fault=api_faults.PARAMETER_REQUIRED, values=(("parameterName", "recordCount"),))
    return SyncQuery(*subject, wish.frame, wish.size)


def settle_extract(wish: SyncWish, mark: Mark | None, *, subject: Subject) -> SyncQuery | Denied:
    """The extract to be answered; it goes on as it began."""
    if wish.kind is SyncType.INCREMENTAL:
        settled = settle_sync(wish, mark, subject=subject)
        return settled._replace(size=mark.size) if isinstance(settled, SyncQuery) and mark else settled
    return SyncQuery(*subject, wish.frame, wish.size or EXTRACT_DEFAULT)


def answer_sync(query: SyncQuery, facts: SyncFacts) -> SyncTold | Denied:
    """The records of a sync: what is new goes first, older ones fill the rest."""
    if not facts.extension_known:
        return no_such_extension()
    if _is_reset(query.mark, reset_ms=facts.reset_ms, seq=facts.seq):
        return _begin_anew(api_faults.SYNC_TOKEN_EXPIRED, why="the log was restored since")
    if is_beyond(query, facts.seq) or len(facts.fresh) > SYNC_MAX:
        return _begin_anew(
            api_faults.SYNC_TOO_MUCH, why=f"{facts.seq - query.mark.seq if query.mark else 0} writes since"
        )
    older = facts.older[: SYNC_MAX - len(facts.fresh)]
    start = query.frame.start
    # A frame that begins reaches as far back as it has records, unless it has all there are.
    if older and (query.mark is not None or len(older) == query.size):
        start = Place(older[-1].segment.started_ms, older[-1].id)
    frame = query.frame._replace(start=start)
    return SyncTold((*facts.fresh, *older), Mark(frame, facts.seq, facts.now_ms))


def answer_extract(query: SyncQuery, facts: ExtractFacts) -> SyncTold | Denied:
    """The records of an extract, and whether others follow at once."""
    mark = query.mark
    if _is_reset(mark, reset_ms=facts.reset_ms, seq=facts.seq):
        return _begin_anew(api_faults.SYNC_TOKEN_EXPIRED, why="the log was restored since")
    records = facts.records[: query.size]
    begun = Mark(query.frame, facts.seq if mark is None else mark.seq, facts.now_ms, size=query.size)
    if mark is not None and mark.reached is None:
        return SyncTold(records, begun._replace(seq=facts.last_seq), more=facts.last_seq < facts.seq)
    if len(facts.records) > query.size:
        last = records[-1]
        return SyncTold(records, begun._replace(reached=Place(last.segment.started_ms, last.id)), more=True)
    # What was written while the first pass went on is told once more: it may have changed what was told.
    return SyncTold(records, begun, more=begun.seq < facts.seq)


def _wish(reader: QueryReader, frame: SyncFrame, *, most: int) -> SyncWish | Denied:
    kind = reader.choice("syncType", among=SyncType) or SyncType.FULL
    token = reader.text("syncToken", form=_TOKEN)
    view = reader.choice("view", among=View)
    show_deleted = reader.flag("showDeleted") is True
    digits = reader.text("recordCount", form=_COUNT)
    count = None if digits is None else int(digits)
    if count is not None and count > most:
        reader.refuse("recordCount")
    if reader.refused is not None:
        return reader.refused
    if kind is SyncType.INCREMENTAL and token is None:
        return Denied(fault=api_faults.PARAMETER_REQUIRED, values=(("parameterName", "syncToken"),))
    return SyncWish(kind, token, view, frame._replace(view=view or View.SIMPLE), count, show_deleted)


def _begin_anew(fault: Fault, *, why: str) -> Denied:
    return Denied(fault=fault, values=(("parameterName", "syncToken"),), why=why)


def _is_reset(mark: Mark | None, *, reset_ms: int, seq: int) -> bool:
    """Whether what a client was told may not have happened: the log is older than that, or was put back."""
    return mark is not None and (mark.seq > seq or mark.synced_ms < reset_ms)
