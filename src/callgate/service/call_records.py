"""Call records brought in from elsewhere, by an administrator or by a bearer's telephone system."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from callgate.model import operation
from callgate.model.call_acts import CallsActFacts, CallsActLookup, NumbersFacts, NumbersLookup, Outcome
from callgate.model.calls import CallRecord
from callgate.model.decisions import Admitted, Denied
from callgate.model.ids import AccountId
from callgate.protocol.call_records import Noted, People, note_calls, parse_call, split_records
from callgate.protocol.resources import Subject, judge
from callgate.service.body import read_object
from callgate.service.context import Context
from callgate.service.resources import Asked
from callgate.storage.port import Store, Unit

_CONTAINERS_MAX = 20_000
"""Objects and arrays of a body: 250 records with more legs than calls have."""


class RecordNoted(NamedTuple):
    """What became of one record: its id where it has one that can be read, and why, where it was not stored."""

    name: str | None
    outcome: Outcome | Denied


class CallsNoted(NamedTuple):
    """What became of each record, in their order."""

    account_id: AccountId
    records: tuple[RecordNoted, ...]


async def record_company_calls(context: Context, admitted: Admitted, asked: Asked) -> CallsNoted | Denied:
    """`POST account/{accountId}/call-log`: durable when this returns. Raises Unavailable.

    A record that cannot be meant keeps no other from being stored; where it is the only one, it is the refusal.
    """
    subject = judge(admitted, operation.RECORD_COMPANY_CALLS, account=asked.account)
    if isinstance(subject, Denied):
        return subject
    here = await context.store.read(NumbersLookup(subject.account_id))
    # On another thread: here, every other caller would wait for half a megabyte to be read.
    read = await asyncio.to_thread(_read, asked, subject=subject, here=here)
    if isinstance(read, Denied):
        return read
    records = [record for _, record in read if isinstance(record, CallRecord)]
    if not records and len(read) == 1 and isinstance(read[0][1], Denied):
        return read[0][1]
    stored = iter(await store_calls(context.store, records, account_id=subject.account_id) if records else ())
    told = [RecordNoted(name, each if isinstance(each, Denied) else next(stored)) for name, each in read]
    return CallsNoted(subject.account_id, tuple(told))


async def store_calls(store: Store, records: Sequence[CallRecord], *, account_id: AccountId) -> tuple[Outcome, ...]:
    """Records noted in one transaction, durable when this returns. Raises Unavailable."""
    attempts = iter(range(1 << 16))

    def decide(facts: CallsActFacts) -> Noted:
        return note_calls(records, facts=facts, attempt=next(attempts))

    names = tuple({record.name for record in records})
    return (await store.run(Unit(CallsActLookup(account_id, names), decide))).outcomes


def _read(
    asked: Asked, *, subject: Subject, here: NumbersFacts
) -> list[tuple[str | None, CallRecord | Denied]] | Denied:
    body = read_object(asked, containers_max=_CONTAINERS_MAX)
    split = body if isinstance(body, Denied) else split_records(body)
    if isinstance(split, Denied):
        return split
    people = People(subject.account_id, here, {})
    return [(_name(members), parse_call(members, people=people)) for members in split]


def _name(members: Mapping[str, object]) -> str | None:
    name = members.get("id")
    return name[:64] if isinstance(name, str) else None
