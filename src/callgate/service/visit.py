"""One call of the token endpoint on its way: charged once its app and its subject are proven, before anything is done.

Every grant runs its unit through the visit, and says whom it is for; that is all a grant has to do about limits.
"""

from dataclasses import replace
from typing import NamedTuple, TypeVar

from callgate.model import device_faults, faults
from callgate.model.client import Client
from callgate.model.decisions import Denied, Granted
from callgate.model.ids import AccountId, ClientId, ExtensionId, RowId
from callgate.model.limits import Charged, Owner
from callgate.model.lookups import SessionLookup
from callgate.model.reference import Reference
from callgate.service.context import Context
from callgate.service.limits import Ticket
from callgate.storage.port import D, Unit

F = TypeVar("F")

SERVER_TROUBLE = 500
"""Statuses from here on are not the caller's doing."""


class Person(NamedTuple):
    """Proven by a password, a JWT credential, an assertion."""

    extension_id: ExtensionId


class Holder(NamedTuple):
    """Proven by a refresh token or a code that this server sealed."""

    reference: Reference


class Service(NamedTuple):
    """An app without a user; None where it names no account."""

    account_id: AccountId | None


Subject = Person | Holder | Service


class Visit:
    """A call, and its place at its subject's meter. A call judged twice, its proof being overtaken, keeps its place.

    `asked` is its grant type as spelled on the wire, once it is read.
    """

    __slots__ = ("_context", "_hurries", "_ticket", "asked", "client", "former", "network")

    def __init__(self, context: Context, network: str) -> None:
        self._context = context
        self.network = network
        self._ticket: Ticket | None = None
        self._hurries: bool | None = None
        self.client: Client | None = None
        self.former = False
        self.asked = ""

    async def run(self, unit: Unit[F, D], subject: Subject | None) -> D | Denied:
        """Run the unit, unless it would grant and the subject, None where nobody is proven, has called too often.

        Raises Unavailable.
        """
        if subject is not None and self._ticket is None and self._context.limits.on:
            self._ticket = await self._take(subject)
        ticket = self._ticket
        if ticket is None or not ticket.charged.refused:
            return await self._context.store.run(unit)
        # What is to be denied is denied, and may have to write: a thief's token must not hide behind a busy person.
        if not isinstance(unit.decide(await self._context.store.read(unit.lookup)), Granted):
            return await self._context.store.run(unit)
        charged = await self._context.limits.insist(ticket)
        return Denied(fault=faults.RATE_EXCEEDED, why=_why(charged), rate=charged)

    async def refuse(self, denied: Denied, client_id: str) -> Denied:
        """A denial as it is told: it gives back its place, and is charged as what proved nothing."""
        if self._ticket is not None:
            await self._context.limits.give_back(self._ticket)
        if denied.rate is not None or denied.fault.status >= SERVER_TROUBLE or denied.fault in device_faults.WAITING:
            return denied
        charged = await self._context.limits.charge_unproven(self.network, client_id)
        if charged is None or not charged.refused:
            return denied
        why = f"too many calls of its network that came to nothing; this one: {denied.fault.code} {denied.why}"
        return replace(denied, fault=faults.RATE_EXCEEDED, values=(), why=why, rate=charged)

    async def comes_too_soon(self, row_id: RowId, client_id: ClientId) -> bool:
        """Whether a device polls faster than it was told to; noted once for the call, however often it is judged."""
        if self._hurries is None:
            self._hurries = await self._context.polls.comes_too_soon(row_id, client_id)
        return self._hurries

    def grant(self, granted: Granted) -> Charged | None:
        """What a grant cost; whose the session is, is remembered for its refreshes."""
        if self._ticket is None:
            return None
        session = granted.session
        self._context.owners.put(session.id, Owner(session.extension_id, session.client_id))
        return self._ticket.charged

    async def _take(self, subject: Subject) -> Ticket | None:
        assert self.client is not None, "a grant's subject is proven after its app"
        limits = self._context.limits
        match subject:
            case Person():
                return await limits.take(subject.extension_id, self.client)
            case Service():
                return await limits.take_service(subject.account_id, self.client)
            case Holder():
                reference = subject.reference
                owner = await self._owner(reference)
                if owner is None or owner.client_id != self.client.id:
                    return None  # the unit refuses it
                mark = f"{reference.row_id}:{reference.generation}"
                return await limits.take(owner.extension_id, self.client, mark=mark)

    async def _owner(self, reference: Reference) -> Owner | None:
        known = self._context.owners.get(reference.row_id)
        if known is not None:
            return known
        session = (await self._context.store.read(SessionLookup(reference.account_id, reference.row_id))).session
        return None if session is None else Owner(session.extension_id, session.client_id)


def _why(charged: Charged) -> str:
    group = charged.group.value if charged.group else "unproven"
    return f"more than {charged.charge.limit} calls of group {group} in {charged.window_s} seconds"
