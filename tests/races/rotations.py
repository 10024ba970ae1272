"""Keys that change under load: nobody is refused a token, and a repeat is the same to the letter."""

import asyncio
import json
import os
import subprocess
import sys
import time
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import KeySet

from callgate.crypto.tokens import UnknownKey
from callgate.model.key import KeyState, KeyUse
from callgate.model.reference import TokenKind
from callgate.service.administer.credentials import NewCredential, create_credential, delete_credential
from callgate.service.administer.finding import find_person
from tests.outcomes import done
from tests.races.arena import Arena, log_in
from tests.races.browser import Browser, code_in, redeeming
from tests.races.wire import Answer, Pair, Wire, at_once, logging_in, refreshing, using, wires

JWKS = b"GET /restapi/oauth/jwks HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
JWKS_KEPT_S = 1.0
"""A client keeps its copy half as long as a key of the hastened world is published before its use."""

PATIENCE_S = 20
"""For each rotation; one is due every two seconds."""

COMMAND_S_MAX = 180
CROWD = 50


@dataclass(slots=True)
class Load:
    """What lanes of traffic share: whether to go on, what was answered, and which keys were seen."""

    port: int
    until: Callable[["Load"], bool]
    patience_s: float = PATIENCE_S
    answers: Counter[str] = field(default_factory=Counter)
    sealing: set[int] = field(default_factory=set)
    signing: set[str] = field(default_factory=set)
    began: float = field(default_factory=time.monotonic)

    @property
    def goes_on(self) -> bool:
        """Until enough is seen."""
        assert time.monotonic() < self.began + self.patience_s, f"keys did not change: {self.sealing} {self.signing}"
        return not self.until(self)

    def served(self, lane: str, answer: Answer) -> Answer:
        """Note an answer; it must not be a refusal."""
        assert answer.status in {200, 302}, f"{lane} was refused: {answer.told}"
        self.answers[lane] += 1
        return answer

    def pair(self, lane: str, answer: Answer) -> Pair:
        """Note tokens, and the key they are sealed with."""
        pair = self.served(lane, answer).pair
        self.sealing.add(key_number(pair.access))
        return pair


def key_number(token: str) -> int:
    """The number in a token's prefix (ruling 1)."""
    return int(urlsafe_b64decode(token[:20])[9:15])


async def keys_rotate_under_load(arena: Arena, *, rotations: int) -> Load:
    """Logins, refreshes and repeats, calls, codes, sign-ins and ID tokens, while every key changes again and again."""
    seat, app = arena.seat("script", "runner2"), arena.world.apps["web"]

    def enough(load: Load) -> bool:
        return len(load.sealing) > rotations and len(load.signing) > rotations // 2

    load = Load(arena.port, enough, PATIENCE_S * rotations)
    async with AsyncExitStack() as stack:
        wire = await _wire(stack, arena)
        first = await log_in(wire, seat)
        second = load.pair("refresh", await wire.ask(refreshing(seat.app, first.refresh)))
        idle = await log_in(wire, arena.seat("script", "runner3"))
        lanes: list[Callable[[Load, Wire, Arena], Awaitable[None]]] = [_logins, _calls, _refreshes, _codes, _id_tokens]
        await asyncio.gather(*[lane(load, await _wire(stack, arena), arena) for lane in lanes])
        repeated = load.pair("repeat", await wire.ask(refreshing(seat.app, first.refresh)))
        assert repeated == second, "a repeat across rotations changed its strings"
        load.served("old number", await wire.ask(using(repeated.access)))
        load.served("old number", await wire.ask(using(idle.access)))
        assert key_number(idle.access) < max(load.sealing)
        code = await Browser(wire).fetch_code(app, username="runner1@races.example")
        load.pair("code", await wire.ask(redeeming(app, code)))
    return load


class _Turns(Wire):
    """A connection to each server; every request goes to the next of them."""

    def __init__(self, opened: Sequence[Wire]) -> None:
        self._opened = cycle(opened)

    async def ask(self, request: bytes) -> Answer:
        """Send, and wait for the reply."""
        return await next(self._opened).ask(request)


async def _wire(stack: AsyncExitStack, arena: Arena) -> Wire:
    opened = [await stack.enter_async_context(wires(port, 1)) for port in arena.ports]
    return _Turns([wire for (wire,) in opened])


async def _logins(load: Load, wire: Wire, arena: Arena) -> None:
    seat = arena.seat("script", "runner4")
    while load.goes_on:
        pair = load.pair("login", await wire.ask(logging_in(seat.app, seat.jwt)))
        load.served("call", await wire.ask(using(pair.access)))


async def _calls(load: Load, wire: Wire, arena: Arena) -> None:
    """One session through every rotation, refreshed now and then."""
    seat = arena.seat("script", "runner5")
    pair = await log_in(wire, seat)
    while load.goes_on:
        for _ in range(20):
            load.served("call", await wire.ask(using(pair.access)))
        pair = load.pair("refresh", await wire.ask(refreshing(seat.app, pair.refresh)))


async def _refreshes(load: Load, wire: Wire, arena: Arena) -> None:
    seat = arena.seat("strict", "runner5")
    pair = await log_in(wire, seat)
    while load.goes_on:
        fresh = load.pair("refresh", await wire.ask(refreshing(seat.app, pair.refresh)))
        again = load.pair("repeat", await wire.ask(refreshing(seat.app, pair.refresh)))
        assert again == fresh, "a repeat changed its strings"
        pair = fresh


async def _codes(load: Load, wire: Wire, arena: Arena) -> None:
    """A browser that signed in once: its cookie was sealed with a key that changes."""
    app, browser = arena.world.apps["web"], Browser(wire)
    await browser.fetch_code(app, username="runner0@races.example")
    while load.goes_on:
        code = code_in(load.served("authorize", await wire.ask(browser.opening(app))))
        load.pair("code", await wire.ask(redeeming(app, code)))


async def _id_tokens(load: Load, wire: Wire, arena: Arena) -> None:
    """A client that verifies every ID token with the copy of the JWKS it has."""
    app = arena.world.apps["web"]
    code = await Browser(wire).fetch_code(app, username="runner1@races.example", scope="openid ReadAccounts")
    answer, kept, keys = await wire.ask(redeeming(app, code)), 0.0, KeySet([])
    while load.goes_on:
        if time.monotonic() > kept + JWKS_KEPT_S:
            document = load.served("jwks", await wire.ask(JWKS)).body
            kept, keys = time.monotonic(), KeySet.import_key_set(json.loads(document))
        # Fetched before the token, as a copy is: what signed it must be in it already.
        answer = load.served("refresh", await wire.ask(refreshing(app, answer.pair.refresh)))
        token = jwt.decode(str(answer.fields["id_token"]), keys)
        assert token.claims["aud"] == app.client_id
        load.signing.add(str(token.header["kid"]))


async def command_line_rotates(arena: Arena) -> Load:
    """`callgate keys rotate` beside the server: soon its tokens are sealed with the new key, and none was refused."""
    load = Load(arena.port, lambda seen: len(seen.sealing) > 1, patience_s=60)
    async with AsyncExitStack() as stack:
        traffic = [lane(load, await _wire(stack, arena), arena) for lane in (_logins, _calls, _refreshes)]
        told, *_ = await asyncio.gather(asyncio.to_thread(_rotate, arena.settings_file, KeyUse.SEALING), *traffic)
    assert told == {"use": "sealing", "number": 2, "state": "published"}
    return load


async def command_line_rotates_every_key(arena: Arena, *, times: int) -> Load:
    """`callgate keys rotate` for keys of every use, again and again; each is in use at all servers before the next."""
    over = asyncio.Event()
    load = Load(arena.port, lambda _: over.is_set(), patience_s=times * PATIENCE_S * len(KeyUse))
    async with AsyncExitStack() as stack:
        lanes = [_logins, _calls, _refreshes, _codes, _id_tokens, _new_credentials]
        traffic = asyncio.gather(*[lane(load, await _wire(stack, arena), arena) for lane in lanes])
        for _ in range(times):
            before = _in_use(arena)
            orders = (asyncio.to_thread(_rotate, arena.settings_file, use) for use in KeyUse)
            told = await asyncio.gather(*orders)
            assert all(isinstance(each, dict) and each["state"] == "published" for each in told), told
            until = time.monotonic() + PATIENCE_S * len(KeyUse)
            while any(number <= before[use] for use, number in _in_use(arena).items()) and not traffic.done():
                assert time.monotonic() < until, f"a key is not in use: {before}, {_in_use(arena)}"
                await asyncio.sleep(0.1)
        over.set()
        await traffic
    return load


def _in_use(arena: Arena) -> dict[object, int]:
    """The number of the key in use, by what it is for."""
    found = arena.rows("SELECT key_use, max(number) FROM stored_key WHERE state = ? GROUP BY key_use", KeyState.ACTIVE)
    return {use: number for use, number in found if isinstance(number, int)}


async def _new_credentials(load: Load, wire: Wire, arena: Arena) -> None:
    """Credentials signed with the key of the moment, used at every server, and deleted."""
    app = arena.world.apps["script"]
    async with arena.desk() as desk:
        person = done(await find_person(desk, "runner8@races.example"))
        while load.goes_on:
            issued = done(await create_credential(desk, person, NewCredential(label="of the moment")))
            for _ in arena.ports:
                load.pair("new credential", await wire.ask(logging_in(app, issued.jwt)))
            done(await delete_credential(desk, issued.credential))
            await asyncio.sleep(0.2)


def _rotate(settings_file: Path, use: KeyUse) -> object:
    command = Path(sys.executable).with_name("callgate")
    settings = {"CALLGATE_CONFIG": str(settings_file)}
    ended = subprocess.run(
        [command, "keys", "rotate", "--json", "--use", use.value],
        capture_output=True,
        check=False,
        timeout=COMMAND_S_MAX,
        env=os.environ | settings,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    told: object = json.loads(ended.stdout)
    return told


async def key_of_another_node_is_looked_for(arena: Arena) -> int:
    """Tokens under a number the server has not heard of, many at once: each is served after one look.

    Gives how many.
    """
    seat = arena.seat("script", "runner6")
    async with arena.desk() as desk, wires(arena.port, CROWD) as crowd:
        pair = await log_in(crowd[0], seat)
        keeper = await desk.keeper()
        number = await keeper.publish(KeyUse.SEALING, by="races")
        assert number is not None
        await keeper.reload()
        reference = await keeper.open(pair.access, (TokenKind.ACCESS,))
        assert reference
        token = keeper.seal(reference._replace(key_number=number))
        told = Counter(answer.told for answer in await at_once(crowd, [using(token)] * CROWD))
        assert set(told) == {"200"}, f"a token of another node's key: {told}"
        unheard = keeper.rings.sealer.seal(reference._replace(key_number=number + 1))
        assert isinstance(unheard, UnknownKey)
        return told["200"]
