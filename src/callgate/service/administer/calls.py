"""Call records brought in by an administrator: batch after batch, each durable, and one entry in the audit log."""

from collections import Counter
from collections.abc import Mapping, Sequence

from callgate.model.account import Account
from callgate.model.acts import CellLookup
from callgate.model.call_acts import NumbersLookup, Outcome
from callgate.model.calls import CallsImported, CallTally
from callgate.model.decisions import Done
from callgate.model.ids import ExtensionId
from callgate.protocol.call_records import People
from callgate.service.administer.desk import Desk


async def know_people(desk: Desk, account: Account, *, moved: Mapping[int, ExtensionId], known_only: bool) -> People:
    """How the extensions of the records are found in this account. Raises Unavailable."""
    return People(account.id, await desk.store.read(NumbersLookup(account.id)), moved, known_only)


async def end_import(desk: Desk, account: Account, tally: CallTally) -> None:
    """Write down what an import did. Raises Unavailable."""
    await desk.carry_out(CellLookup(), lambda _: Done((CallsImported(account.id, tally, desk.by),)))


def add_outcomes(tally: CallTally, outcomes: Sequence[Outcome]) -> CallTally:
    """The tally with what became of some more."""
    count = Counter(outcomes)
    return tally._replace(
        new=tally.new + count[Outcome.CREATED],
        changed=tally.changed + count[Outcome.UPDATED],
        same=tally.same + count[Outcome.UNCHANGED],
    )
