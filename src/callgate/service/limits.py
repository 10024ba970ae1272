"""Rate limits charged: whose meter, by which rule (architecture.md, "Limits"; protocol.md I.3).

An extension's meter with an app is charged only for who has proven both, and at the token endpoint only for grants:
nobody spends another's calls, nor prolongs another's penalty. What is denied is charged to the network and the client
id it names, and what that may cost is the wording of a refusal, never an answer that was due. How a charge is judged
stands in protocol/limits.py, where meters lie in storage/shelf.py.
"""

from typing import NamedTuple

from callgate.model.client import Client
from callgate.model.decisions import Admitted
from callgate.model.ids import AccountId, ExtensionId
from callgate.model.limits import GUESSES_MAX, REPEATS_MAX, WINDOW_S, Charge, Charged, Meter, RateGroup, Rates, Rule
from callgate.protocol.limits import WINDOW_MS, Rules, charge, refund
from callgate.storage.shelf import Key, Shelf

_REPEATS = Rule(REPEATS_MAX, WINDOW_MS)
_GUESSES = Rule(GUESSES_MAX, WINDOW_MS)


class Ticket(NamedTuple):
    """One grant's place at a meter: taken, or refused for now. `mark` names a token that may come again for free."""

    group: RateGroup
    key: Key
    rule: Rule
    mark: str
    at_ms: int
    charge: Charge

    @property
    def charged(self) -> Charged:
        """What the caller is told."""
        return Charged(self.group, self.charge, WINDOW_S)


class Guess(NamedTuple):
    """A try at something short, counted until it proves right."""

    key: Key
    at_ms: int


class Limits:
    """The meters of one server, or none at all where rates are off."""

    def __init__(self, rates: Rates | None, meters: Shelf[Meter]) -> None:
        self._rates = rates
        self._rules = Rules(rates or Rates())
        self._meters = meters

    @property
    def on(self) -> bool:
        """Whether anything is charged."""
        return self._rates is not None

    async def charge_call(self, admitted: Admitted, group: RateGroup) -> Charged | None:
        """A call of the API by a bearer; None where it costs nothing."""
        if self._rates is None:
            return None
        rule = self._rules.of(group, admitted.client)
        key = (group.value, admitted.extension.id, admitted.client.id)
        return Charged(group, await self._charge(key, rule), WINDOW_S)

    async def charge_unproven(self, network: str, client_id: str) -> Charged | None:
        """A call that came to nothing."""
        if self._rates is None:
            return None
        spent = await self._charge(("unproven", network, client_id), self._rules.unproven)
        return Charged(None, spent, WINDOW_S)

    async def take(self, extension_id: ExtensionId, client: Client, *, mark: str = "") -> Ticket | None:
        """A place for a grant of a person's, if there is room. What comes again with its mark has its place already."""
        if self._rates is None:
            return None
        rule = self._rules.of(RateGroup.AUTH, client)
        ticket = await self._take(RateGroup.AUTH, ("auth", extension_id, client.id), rule=rule, mark=mark)
        if ticket.charge.is_repeat:
            again = await self._charge(("repeat", mark), _REPEATS)
            return ticket._replace(charge=again._replace(is_repeat=True)) if again.retry_after_s else ticket
        return ticket

    async def take_service(self, account_id: AccountId | None, client: Client) -> Ticket | None:
        """A place in an app's issuing rate for an account. Too many are refused, and evict nobody."""
        if self._rates is None:
            return None
        rule = self._rules.of(RateGroup.SERVICE, client)
        return await self._take(RateGroup.SERVICE, ("service", account_id or 0, client.id), rule=rule, mark="")

    async def insist(self, ticket: Ticket) -> Charged:
        """Count a refusal: it was a proper call, and begins the penalty or prolongs it."""
        if ticket.charge.is_repeat:
            return ticket.charged
        spent = await self._charge(ticket.key, ticket.rule, mark=ticket.mark)
        return Charged(ticket.group, spent, WINDOW_S)

    async def give_back(self, ticket: Ticket) -> None:
        """Free a place that nothing came of."""
        if not ticket.charge.is_repeat and not ticket.charge.retry_after_s:
            await self._meters.change(ticket.key, lambda meter, _: (refund(meter, ticket.at_ms), None))

    async def guess(self, whose: Key) -> Guess | None:
        """A try at a device's user code, from a network or a sign-in; None when it is one too many.

        Counted where rates are off, too: it is not the load that is bounded, but what luck may find.
        """
        key = ("guess", *whose)

        def step(meter: Meter | None, now_ms: int) -> tuple[Meter, Guess | None]:
            after, spent = charge(meter, _GUESSES, now_ms=now_ms)
            return after, None if spent.retry_after_s else Guess(key, now_ms)

        return await self._meters.change(key, step)

    async def guessed(self, guess: Guess) -> None:
        """It was right, and no guess."""
        await self._meters.change(guess.key, lambda meter, _: (refund(meter, guess.at_ms), None))

    async def _take(self, group: RateGroup, key: Key, *, rule: Rule, mark: str) -> Ticket:
        def step(meter: Meter | None, now_ms: int) -> tuple[Meter | None, Ticket]:
            after, spent = charge(meter, rule, now_ms=now_ms, mark=mark)
            return (meter if spent.retry_after_s else after), Ticket(group, key, rule, mark, now_ms, spent)

        return await self._meters.change(key, step)

    async def _charge(self, key: Key, rule: Rule, *, mark: str = "") -> Charge:
        return await self._meters.change(key, lambda meter, now_ms: charge(meter, rule, now_ms=now_ms, mark=mark))
