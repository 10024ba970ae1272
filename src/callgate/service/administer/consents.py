"""Consents withdrawn by an administrator. Listing them needs no more than the store."""

from callgate.model.acts import ConsentActLookup, Refused
from callgate.model.changes import SessionEnded
from callgate.model.ids import ClientId, ExtensionId
from callgate.protocol.administer import consents
from callgate.service.administer.desk import Desk


async def withdraw_consent(desk: Desk, extension_id: ExtensionId, client_id: ClientId) -> int | Refused:
    """A person's yes to an app, taken back; gives how many sessions that ended. Raises Unavailable."""
    decision = await desk.carry_out(
        ConsentActLookup(extension_id, client_id), lambda facts: consents.withdraw_consent(facts=facts, by=desk.by)
    )
    if isinstance(decision, Refused):
        return decision
    return sum(isinstance(change, SessionEnded) for change in decision.changes)
