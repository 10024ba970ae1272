"""Histories: what several connections did to one seat at the same time, recorded as operations and then explained.

Several seats are played on at once, in phases; between two phases everybody waits, and the clock may move. Each request
goes to any of the servers there are. What has no answer may have happened, at once, later or never: its sender hung up
or lost patience, its server was killed, or said that nobody knows.
"""

import asyncio
from asyncio import IncompleteReadError
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from time import perf_counter
from typing import NamedTuple

from callgate.model.session import SessionState
from tests.races.arena import Arena, Seat, row_id
from tests.races.linearizability import Operation, Verdict, explain
from tests.races.spec import CAP, Model, seated
from tests.races.wire import Answer, Pair, Wire, logging_in, refreshing, revoking, using

PHASES = 3
MOVES = 48
"""Of one history, over all phases and players."""

LOGINS_MAX = 6
"""More ends than twenty would be forgotten, with their reasons."""

ADVANCES_S = (0, 0, 11, 1860)
"""Sums of these lie on one side of every window, whatever time passes beside them."""

PLAYERS = (4, 6, 8, 12, 16)
PATIENCE_S = (0.0, 0.0, 0.001, 0.003, 0.006)
"""Of those who do not wait for the answer, or not for long: some hang up at once."""

UNAVAILABLE = 503
_BECAUSE = {
    "session limit reached": "evicted",
    "revoked by the application": "revoked",
    "a used refresh token": "replayed",
}
_MOVES = (
    ("refresh", 30),
    ("repeat", 16),
    ("replay", 1),
    ("use", 24),
    ("use an old one", 5),
    ("revoke", 3),
    ("login", 6),
    ("lose a refresh", 3),
    ("ignore a login", 1),
    ("lose a revocation", 1),
)
_LOSSES = {"lose a refresh": "refresh", "lose a revocation": "revoke"}


class Token(NamedTuple):
    """What the players call a pair."""

    session: str
    generation: int


@dataclass(slots=True)
class History:
    """What is known of one seat while it is played on, and every operation so far."""

    seat: Seat
    lenient: bool
    random: Random
    began: tuple[str, ...] = ()
    pairs: dict[Token, Pair] = field(default_factory=dict)
    names: dict[str, Token] = field(default_factory=dict)
    newest: dict[str, int] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)
    unread: list[tuple[Wire, Operation]] = field(default_factory=list)
    calls: int = 0
    logins: int = 0
    disturbed_until: float = 0.0

    def learn(self, token: Token, pair: Pair) -> None:
        """Remember a pair under its name."""
        self.pairs[token] = pair
        self.names[pair.access + pair.refresh] = token
        self.newest[token.session] = max(token.generation, self.newest.get(token.session, 0))

    def name_of(self, parent: Token, pair: Pair) -> str:
        """The result of a refresh: the generation its pair is known as, or is now; `odd` if it cannot be one."""
        token = self.names.get(pair.access + pair.refresh)
        if token is None:
            token = Token(pair.session_id, parent.generation + 1)
            if token in self.pairs:
                return f"odd: a second pair of generation {token.generation}"
            self.learn(token, pair)
        return f"pair {token.generation}" if token.session == parent.session else f"odd: a pair of {token.session}"

    def call(self) -> tuple[int, float]:
        """Number and time of the next operation."""
        self.calls += 1
        return self.calls - 1, perf_counter()

    def explain(self) -> Verdict:
        """Whether the seat's model could have answered so, one operation at a time.

        Each session is looked at alone first: what cannot be explained there is found in a moment.
        """
        operations = {op.number: op for op in self.operations}
        model = Model(operations, lenient=self.lenient, unmarked_until=self.disturbed_until)
        for family in sorted({*self.began, *self.newest}):
            began = seated(tuple(name for name in self.began if name == family))
            mine = [op for op in self.operations if op.session in {family, ""}]
            verdict = explain(mine, began, replace(model, family=family).step)
            if not verdict.holds:
                return verdict
        return explain(self.operations, seated(self.began), model.step)


@dataclass(slots=True)
class Player:
    """Somebody with a connection to each server, who asks any of them."""

    arena: Arena
    history: History
    wires: dict[int, Wire] = field(default_factory=dict)

    async def ask(self, request: bytes, *, patience_s: float | None = None) -> Answer | None:
        """Send; gives the answer, or None where none came. `patience_s`: how long to wait for it."""
        port, began_s = self.history.random.choice(self.arena.ports), perf_counter()
        with suppress(
            ConnectionError, IncompleteReadError, TimeoutError if patience_s is not None else ConnectionError
        ):
            wire = self.wires.get(port) or await Wire.connect(port)
            self.wires[port] = wire
            await wire.make_ready()
            wire.send(request)
            async with asyncio.timeout(patience_s):
                answer = await wire.receive()
            if answer.status != UNAVAILABLE or began_s > self.arena.disturbed_until:
                return answer
        await self._leave(port)
        return None

    async def leave(self) -> None:
        """Hang up everywhere."""
        for port in [*self.wires]:
            await self._leave(port)

    async def _leave(self, port: int) -> None:
        wire = self.wires.pop(port, None)
        if wire is not None:
            await wire.hang_up()


async def record(arena: Arena, seats: Sequence[tuple[Seat, bool]], *, seed: int) -> list[History]:
    """Play on each seat, with as many players as the seed says; gives a history of each."""
    random = Random(seed)
    players = random.choice(PLAYERS)
    histories = [History(seat, lenient, Random(random.random())) for seat, lenient in seats]
    await asyncio.gather(*map(partial(_begin, arena), histories))
    for phase in range(PHASES):
        await asyncio.gather(
            arena.disturb(random),
            *(_play(arena, each, MOVES // PHASES // players + 1) for each in histories for _ in range(players)),
        )
        for history in histories:
            await _read_the_unread(arena, history)
        await arena.mend()
        if phase < PHASES - 1:
            await _wait(arena, histories, random.choice(ADVANCES_S))
    for history in histories:
        history.disturbed_until = arena.disturbed_until
    return histories


async def _begin(arena: Arena, history: History) -> None:
    """A full seat, known to the last session: a login lost in a former history may yet come in between."""
    seat, sql = history.seat, "SELECT id FROM session WHERE extension_id = ? AND client_id = ? AND state = ?"
    player = Player(arena, history)
    while True:
        answers = [await player.ask(logging_in(seat.app, seat.jwt)) for _ in range(CAP)]
        pairs = [answer.pair for answer in answers if answer is not None]
        found = arena.rows(sql, seat.extension_id, seat.app.client_id, SessionState.ACTIVE.value)
        if {id_ for (id_,) in found} == {row_id(pair.session_id) for pair in pairs}:
            break
    await player.leave()
    history.began = tuple(pair.session_id for pair in pairs)
    for pair in pairs:
        history.learn(Token(pair.session_id, 1), pair)


async def _wait(arena: Arena, histories: Sequence[History], seconds: int) -> None:
    """Until every mark of a first use is made; then let the clock jump, with nobody under way."""
    used = {
        (op.session, op.generation)
        for history in histories
        for op in history.operations
        if op.kind == "use" and op.result == "ok" and op.generation > 1 and op.called > arena.disturbed_until
    }
    await asyncio.gather(*(arena.settle_first_use(session, generation) for session, generation in used))
    if seconds:
        calls = [history.call() for history in histories]
        arena.advance(seconds)
        for history, (number, called) in zip(histories, calls, strict=True):
            history.operations.append(Operation(number, "wait", "", seconds, called, perf_counter(), ""))


async def _play(arena: Arena, history: History, moves: int) -> None:
    player = Player(arena, history)
    for _ in range(moves):
        (move,) = history.random.choices([name for name, _ in _MOVES], [weight for _, weight in _MOVES])
        if move == "ignore a login":
            await _ignore(arena, history)
        else:
            await _move(player, move)
    await player.leave()


async def _move(player: Player, move: str) -> None:
    """Send, and read the answer; or hang up before it: it may be carried out at once, later, or never."""
    history = player.history
    patience_s = history.random.choice(PATIENCE_S) if move in _LOSSES else None
    kind, token, request = _choose(history, _LOSSES.get(move, move))
    number, called = history.call()
    answer = await player.ask(request, patience_s=patience_s)
    op = Operation(number, kind, token.session, token.generation, called)
    if answer is not None:
        op = op._replace(returned=perf_counter(), result=_result(history, kind, token=token, answer=answer))
    history.operations.append(op)


async def _ignore(arena: Arena, history: History) -> None:
    """Send, and go away: it is carried out before the phase ends, and nobody will know the tokens."""
    try:
        wire = await Wire.connect(history.random.choice(arena.ports))
    except ConnectionError:  # it was killed just now
        return
    number, called = history.call()
    wire.send(logging_in(history.seat.app, history.seat.jwt))
    history.unread.append((wire, Operation(number, "login", "", 0, called)))


async def _read_the_unread(arena: Arena, history: History) -> None:
    for wire, op in history.unread:
        status = None
        with suppress(ConnectionError, IncompleteReadError):
            status = (await wire.receive()).status
        await wire.hang_up()
        assert status == 200 or op.called < arena.disturbed_until, status
        history.operations.append(op._replace(returned=perf_counter()) if status == 200 else op)
    history.unread.clear()


def _choose(history: History, move: str) -> tuple[str, Token, bytes]:
    random, app = history.random, history.seat.app
    if move == "login" and history.logins < LOGINS_MAX:
        history.logins += 1
        return "login", Token("", 0), logging_in(app, history.seat.jwt)
    # Few sessions have most of the traffic, so that it meets.
    session = random.choice([*history.newest][-3:] if random.random() < 0.8 else [*history.newest])
    newest = history.newest[session]
    back = {"repeat": 1, "use an old one": 1, "replay": 2}.get(move, 0)
    back = random.choice((0, 1)) if move == "revoke" else back
    token = Token(session, max(1, newest - back))
    pair = history.pairs[token]
    match move:
        case "use" | "use an old one":
            return "use", token, using(pair.access)
        case "revoke":
            return "revoke", token, revoking(app, random.choice((pair.access, pair.refresh)))
        case _:
            return "refresh", token, refreshing(app, pair.refresh)


def _result(history: History, kind: str, *, token: Token, answer: Answer) -> str:
    """What a reply means, in the model's words; anything else as it is, which the model will not explain."""
    if answer.status == 200:
        match kind:
            case "login":
                pair = answer.pair
                history.learn(Token(pair.session_id, 1), pair)
                return f"opened {pair.session_id}"
            case "refresh":
                return history.name_of(token, answer.pair)
            case "revoke":
                return "done"
            case _:
                return "ok"
    told = answer.told
    why = next((f"over {word}" for text, word in _BECAUSE.items() if text in told), told)
    return {
        "400 OAU-213 Token not found": "spent",
        "401 OAU-129 Access token corrupted": "superseded",
        "401 OAU-128 Access token expired": "expired",
    }.get(told, why)


async def are_linearizable(arena: Arena, *, rounds: int, seed: int = 1) -> int:
    """Rounds of histories on four seats at once, each explained; gives how many operations they had."""
    seats = [
        (arena.seat("script", "runner6"), True),
        (arena.seat("script", "runner7"), True),
        (arena.seat("strict", "runner10"), False),
        (arena.seat("strict", "runner11"), False),
    ]
    operations = 0
    for number in range(rounds):
        for history in await record(arena, seats, seed=seed + number):
            verdict = history.explain()
            assert verdict.holds, _complaint(history, verdict, seed + number)
            operations += len(history.operations)
    return operations


def _complaint(history: History, verdict: Verdict, seed: int) -> str:
    lines = [f"not linearizable (seed {seed}, began with {history.began}); as far as it went:"]
    lines += [f"    {op}" for op in verdict.order]
    lines += ["  and then none of:", *(f"    {op}" for op in verdict.stuck)]
    return "\n".join(lines)
