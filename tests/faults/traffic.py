"""Traffic: lanes side by side, each one client that does one thing after another and remembers what it was told.

A lane owns its sessions, so it knows what must be true of them: a token it was given works until it refreshes or
revokes it, what it revoked never works again, and an act in doubt can be repeated.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.faults.founding import App, Person, World
from tests.faults.ledger import Act, Held, Kind, Ledger
from tests.faults.wire import Answer, LostError, Wire

TOKEN = "/restapi/oauth/token"
REVOKE = "/restapi/oauth/revoke"
SELF = "/restapi/v1.0/account/~/extension/~"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"

LANES = 64
SERVICE_LANES = 16
LIVING_MAX = 8
"""Sessions a lane keeps alive: what must be looked at after every kill."""

UNAVAILABLE = 503
CALM_S_MAX = 100
REST_S = 0.05
"""How long a lane waits that was told so while the database is away; `Retry-After` counts in seconds, tests do not."""


@dataclass(slots=True, kw_only=True)
class Lane:
    """One client. `person` None: a service, without a user and without refresh tokens."""

    wire: Wire
    ledger: Ledger
    app: App
    person: Person | None
    chance: random.Random
    mine: list[Held] = field(default_factory=list)
    last_id: str | None = None

    async def turn(self) -> None:
        """Do one thing, any of those that make sense now. Raises LostError."""
        doubtful = [held for held in self.mine if held.doubt]
        living = [held for held in self.mine if not held.revoked and not held.doubt]
        if doubtful and self.chance.random() < 0.5:
            await self.settle(doubtful[0])
        elif not living or (len(living) < LIVING_MAX and self.chance.random() < 0.2):
            await self.open()
        elif len(living) >= LIVING_MAX:
            await self.revoke(self.chance.choice(living))
        else:
            over = [held for held in self.mine if held.revoked]
            pool = over if over and self.chance.random() < 0.2 else living
            await self.use(self.chance.choice(pool), self.chance.random())

    async def use(self, held: Held, draw: float) -> None:
        """Read, refresh, repeat or revoke; of a session that is over, see that it is. Raises LostError."""
        if held.revoked or draw < 0.4:
            await self.read(held)
        elif draw > 0.9:
            await self.revoke(held)
        elif held.refresh is None:
            await self.read(held)
        elif draw > 0.8 and held.parent is not None and not held.used:
            await self.repeat(held)
        else:
            await self.refresh(held)

    async def settle(self, held: Held) -> None:
        """Repeat what is in doubt; afterwards everything is known. Raises LostError."""
        if held.doubt is Kind.REVOKE:
            if await self.revoke(held):
                await self.read(held)
        elif await self.refresh(held):
            await self.repeat(held)

    async def open(self) -> None:
        """Get a session. Raises LostError."""
        if self.person is None:
            form = {"grant_type": "client_credentials"}
        else:
            form = {"grant_type": JWT_BEARER, "assertion": self.person.jwt}
        act = Act(Kind.GRANT, self.last_id)
        self.ledger.attempts.append(act)
        answer = await self._post(TOKEN, form)
        if self._is_done(answer, "grant"):
            held = Held([act], answer.text("access_token"), None)
            if self.person is not None:
                held.refresh = answer.text("refresh_token")
            self.mine.append(held)
            self.ledger.held.append(held)
            self._acknowledge(act, held.access, answer)

    async def refresh(self, held: Held) -> bool:
        """Get the next pair; tells whether it was acknowledged. Raises LostError."""
        assert held.refresh is not None
        act = Act(Kind.REFRESH, self.last_id)
        held.acts.append(act)
        held.doubt = Kind.REFRESH
        answer = await self._post(TOKEN, {"grant_type": "refresh_token", "refresh_token": held.refresh})
        done = self._is_done(answer, "refresh")
        if done:
            held.parent, held.refresh = held.refresh, answer.text("refresh_token")
            held.access = answer.text("access_token")
            held.used = False
            held.doubt = None
            self._acknowledge(act, held.access, answer)
        return done

    async def repeat(self, held: Held) -> None:
        """Send the refresh before this pair again: it gives this very pair, since its reply may have been lost."""
        assert held.parent is not None
        answer = await self._post(TOKEN, {"grant_type": "refresh_token", "refresh_token": held.parent})
        if self._is_done(answer, "repeat"):
            pair = answer.text("access_token"), answer.text("refresh_token")
            self._hold(pair == (held.access, held.refresh), "a repeated refresh gave another pair")

    async def revoke(self, held: Held) -> bool:
        """End the session; tells whether it was acknowledged. Raises LostError."""
        act = Act(Kind.REVOKE, self.last_id, held.access)
        held.acts.append(act)
        held.doubt = Kind.REVOKE
        answer = await self._post(REVOKE, {"token": held.refresh or held.access})
        done = self._is_done(answer, "revoke")
        if done:
            held.revoked = True
            held.doubt = None
            self._acknowledge(act, held.access, answer)
        return done

    async def read(self, held: Held) -> None:
        """Present the access token. Raises LostError."""
        held.used = held.used or not held.revoked
        headers = {"Authorization": f"Bearer {held.access}"}
        answer = await self._tell(self.wire.ask("GET", SELF, headers=headers))
        self._note("read", answer)
        if answer.status == UNAVAILABLE and self.ledger.may_be_away:
            self._hold(_says_when(answer), f"503 without error or Retry-After: {answer}")
        elif held.revoked:
            self._hold(answer.status == 401, f"a revoked token was answered {answer.status}")
        elif held.doubt is None:
            allowed = {200, 401} if self.ledger.may_expire else {200}
            self._hold(answer.status in allowed, f"a living token was answered {answer.status}: {answer.body[:200]!r}")
        else:
            self._hold(answer.status in {200, 401}, f"a token in doubt was answered {answer.status}")

    async def check(self, held: Held) -> None:
        """See that the server kept its promises about a session: after a restart, and at the end. Raises LostError."""
        if held.doubt:
            await self.read(held)
            await self.settle(held)
        if held.doubt:
            return  # unavailable, and so asked again; which token is the last one is not known yet
        if held.parent is not None and not held.used and not held.revoked:
            await self.repeat(held)
        await self.read(held)
        if held.revoked and held.refresh is not None:
            answer = await self._post(TOKEN, {"grant_type": "refresh_token", "refresh_token": held.refresh})
            allowed = {400, UNAVAILABLE} if self.ledger.may_be_away else {400}
            self._hold(answer.status in allowed, f"a revoked refresh token was answered {answer.status}")

    async def _post(self, path: str, form: dict[str, str]) -> Answer:
        answer = await self._tell(self.wire.post(path, self.app, form))
        if path == TOKEN and answer.status == 200:
            given = answer.json()
            self.ledger.tokens.update(str(given[name]) for name in ("access_token", "refresh_token") if name in given)
        return answer

    async def _tell(self, asked: Coroutine[object, object, Answer]) -> Answer:
        try:
            answer = await asked
        except LostError as lost:
            self.ledger.lost.append(str(lost))
            raise
        self.last_id = answer.request_id
        if answer.status == UNAVAILABLE and self.ledger.may_be_away:
            await asyncio.sleep(REST_S)
        return answer

    def _is_done(self, answer: Answer, what: str) -> bool:
        """Whether it was acknowledged; anything but yes and "unavailable, repeat" breaks a promise."""
        self._note(what, answer)
        if answer.status == UNAVAILABLE:
            self._hold(_says_when(answer), f"503 without error or Retry-After: {answer}")
            return False
        self._hold(answer.status == 200, f"{what} was answered {answer.status}: {answer.body[:200]!r}")
        return answer.status == 200

    def _acknowledge(self, act: Act, access: str, answer: Answer) -> None:
        act.access = access
        act.request_id = answer.request_id
        self.ledger.acknowledged[act.kind] += 1

    def _note(self, what: str, answer: Answer) -> None:
        self.ledger.statuses[what, answer.status] += 1

    def _hold(self, kept: object, promise: str) -> None:
        if not kept:
            self.ledger.broken.append(promise)


@dataclass(slots=True)
class Traffic:
    """The lanes of one ledger. They keep their sessions over restarts of the server."""

    world: World
    ledger: Ledger
    seed: int
    lanes: list[Lane] = field(default_factory=list)

    @asynccontextmanager
    async def connected(
        self, port: int, count: int = LANES, *, join: Callable[[int], Awaitable[Wire]] = Wire.connect
    ) -> AsyncIterator[None]:
        """Give every lane a connection, for as long as this lasts. Raises LostError."""
        wires = [await join(port) for _ in range(max(count, len(self.lanes)))]
        try:
            for lane, wire in zip(self.lanes, wires, strict=False):
                lane.wire = wire
            for wire in wires[len(self.lanes) :]:
                self.lanes.append(self._lane(len(self.lanes), wire, count))
            yield
        finally:
            for wire in wires:
                wire.close()

    async def run_for(self, seconds: float) -> None:
        """Let every lane take its turns for a while."""
        until = time.monotonic() + seconds
        await self.run_until(lambda: time.monotonic() > until)

    async def run_until(self, is_over: Callable[[], bool]) -> None:
        """Let every lane take its turns until it is over, or the server is gone."""
        await asyncio.gather(*(_drive(lane, is_over) for lane in self.lanes))

    async def check(self, held: Sequence[Held] | None = None) -> None:
        """See that what was promised of these sessions (all, if none are named) is so. Raises LostError."""
        chosen = None if held is None else {id(each) for each in held}
        await asyncio.gather(*(_check(lane, chosen) for lane in self.lanes))

    async def check_again(self, held: Sequence[Held] | None = None) -> None:
        """The same, again until nobody is told "temporarily unavailable" any more. Raises LostError."""
        async with asyncio.timeout(CALM_S_MAX):
            refused = None
            while refused != self._refused:
                refused = self._refused
                await self.check(held)

    @property
    def _refused(self) -> int:
        return sum(count for (_, status), count in self.ledger.statuses.items() if status == UNAVAILABLE)

    def _lane(self, number: int, wire: Wire, count: int) -> Lane:
        services = count * SERVICE_LANES // LANES
        person = None if number < services else self.world.people[number - services]
        return Lane(
            wire=wire,
            ledger=self.ledger,
            app=self.world.script if person else self.world.service,
            person=person,
            chance=random.Random(f"{self.seed}/{number}"),
        )


def _says_when(answer: Answer) -> bool:
    """Whether a 503 says what it is, and when to come again."""
    is_said = answer.json().get("error") == "temporarily_unavailable" or b'"errorCode":"CMN-211"' in answer.body
    return is_said and "retry-after" in answer.headers


async def _drive(lane: Lane, is_over: Callable[[], bool]) -> None:
    try:
        while not is_over():
            await lane.turn()
    except LostError:
        return


async def _check(lane: Lane, chosen: set[int] | None) -> None:
    for held in lane.mine:
        if chosen is None or id(held) in chosen:
            await lane.check(held)
