"""Events: one structured line per decision, and a bounded memory of why denials happened.

Nothing secret gets here: a denial's `why` names rules and ids only, and requests are never logged whole.
"""

from collections import Counter, defaultdict, deque

from structlog.typing import FilteringBoundLogger

from callgate.model.decisions import Denied, RedirectFault
from callgate.model.ids import ClientId
from callgate.service.retold import Explanation, Retold

EXPLANATIONS_MAX = 10_000
"""A few megabytes; the event log keeps the rest."""


class Events:
    """Where services tell what they decided. What was decided is counted, too, for `metrics`.

    `retold`: where other processes are told, and asked, why something was denied; None where this one is alone.
    """

    def __init__(self, log: FilteringBoundLogger, retold: Retold | None = None) -> None:
        self._log = log
        self._retold = retold
        self._explanations: dict[str, Explanation] = {}
        self._of: defaultdict[ClientId, deque[str]] = defaultdict(deque)
        self.granted_ever: Counter[tuple[str, str]] = Counter()
        self.denied_ever: Counter[tuple[str, str, str]] = Counter()
        self.limited_ever: Counter[str] = Counter()

    def granted(
        self, endpoint: str, request_id: str, *, client_id: str, session_id: str, extension_id: int, grant: str
    ) -> None:
        """Tokens, or a code, were given out."""
        self.granted_ever[endpoint, grant] += 1
        self._log.info(
            endpoint,
            outcome="granted",
            request_id=request_id,
            client_id=client_id,
            session_id=session_id,
            extension_id=extension_id,
        )

    def denied(
        self,
        endpoint: str,
        denial: Denied | RedirectFault,
        *,
        request_id: str,
        client_id: ClientId | None,
        at_ms: int,
        grant: str = "",
    ) -> None:
        """A request was refused; its app, where it is known, can ask by request id why."""
        fault = denial.fault
        self.denied_ever[endpoint, grant, fault.code] += 1
        if isinstance(denial, Denied) and denial.rate is not None and denial.rate.refused:
            group = denial.rate.group
            self.limited_ever["unproven" if group is None else group.value] += 1
        self._log.warning(
            endpoint,
            outcome="denied",
            request_id=request_id,
            client_id=client_id,
            code=fault.code,
            error=fault.error,
            why=denial.why,
        )
        if client_id is None:  # nobody may ask for it, and whoever floods us must not push out what somebody may
            return
        explanation = Explanation(request_id, at_ms, endpoint, fault, denial.why, client_id)
        if request_id not in self._explanations:
            if len(self._explanations) >= EXPLANATIONS_MAX:
                self._make_room()
            self._of[client_id].append(request_id)
        self._explanations[request_id] = explanation
        if self._retold is not None:
            self._retold.tell(explanation)

    def done(self, endpoint: str, request_id: str, *, client_id: str, changed: bool) -> None:
        """Something was carried out that has no tokens."""
        self._log.info(endpoint, outcome="done", request_id=request_id, client_id=client_id, changed=changed)

    async def explain(self, request_id: str, client_id: ClientId) -> Explanation | None:
        """What is remembered, here or elsewhere, of a denial of this app's."""
        known = self._explanations.get(request_id)
        if known is None and self._retold is not None:
            return await self._retold.ask(request_id, client_id)
        return known if known is not None and known.client_id == client_id else None

    def _make_room(self) -> None:
        """The app with the most gives up its oldest; of several, the one that was refused first.

        Anybody can have requests refused in an app's name, by its id alone: that must not push out other apps'.
        """
        client_id, most = max(self._of.items(), key=lambda item: len(item[1]))
        del self._explanations[most.popleft()]
        if not most:
            del self._of[client_id]
