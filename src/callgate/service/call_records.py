"""Call records brought in from elsewhere, by an administrator or a bearer."""

from collections.abc import Sequence

from callgate.model.call_acts import CallsActFacts, CallsActLookup
from callgate.model.calls import CallRecord
from callgate.model.ids import AccountId
from callgate.protocol.call_records import Noted, Outcome, note_calls
from callgate.storage.port import Store, Unit


async def store_calls(store: Store, records: Sequence[CallRecord], *, account_id: AccountId) -> tuple[Outcome, ...]:
    """Records noted in one transaction, durable when this returns. Raises Unavailable."""
    attempts = iter(range(1 << 16))

    def decide(facts: CallsActFacts) -> Noted:
        return note_calls(records, facts=facts, attempt=next(attempts))

    names = tuple({record.name for record in records})
    return (await store.run(Unit(CallsActLookup(account_id, names), decide))).outcomes
