"""Lost replies and replays, told apart by time: the development clock moves, and everything else is real."""

from collections.abc import Awaitable, Callable, Sequence

from callgate.admin.world import WorldApp
from callgate.model.session import EndReason, SessionState
from tests.races.arena import Arena, log_in
from tests.races.browser import Browser, redeeming
from tests.races.wire import Answer, Pair, Wire, at_once, refreshing, revoking, using, wires

USED_S = 10
"""A refresh may be repeated this long after the first use of what it gave…"""

UNUSED_S = 3600
"""…and this long, while that is unused."""

REPLAYED = "400 OAU-211 Token revoked: a used refresh token was presented again"
SPENT = "400 OAU-213 Token not found"
Opener = Callable[[Arena, Wire], Awaitable[tuple[WorldApp, Pair]]]


async def open_confidential(arena: Arena, wire: Wire) -> tuple[WorldApp, Pair]:
    """A session of an app that proves its secret."""
    seat = arena.seat("script", "runner8")
    return seat.app, await log_in(wire, seat)


async def open_strict(arena: Arena, wire: Wire) -> tuple[WorldApp, Pair]:
    """A session of such an app whose switch says that a late repeat ends it."""
    seat = arena.seat("strict", "runner8")
    return seat.app, await log_in(wire, seat)


async def open_public(arena: Arena, wire: Wire) -> tuple[WorldApp, Pair]:
    """A session of an app that has no secret."""
    app = arena.world.apps["spa"]
    code = await Browser(wire).fetch_code(app, username="runner0@races.example")
    return app, (await wire.ask(redeeming(app, code))).pair


OPENERS: Sequence[Opener] = (open_confidential, open_strict, open_public)


async def lost_reply_is_given_again(arena: Arena) -> set[object]:
    """The connection broke before the reply came; the same refresh half an hour later brings the very tokens.

    Gives the lives that these, and those of ten refreshes more, were said to have.
    """
    lives: set[object] = set()
    for opener in OPENERS:
        async with wires(arena.port, 1) as (wire,):
            app, first = await opener(arena, wire)
            await _lose(arena, refreshing(app, first.refresh), first, generation=2)
            arena.advance(UNUSED_S // 2 + 60)
            repeated = await wire.ask(refreshing(app, first.refresh))
            lives.add(repeated.fields["expires_in"])  # an unused token with half its life gone has it anew
            again = await wire.ask(refreshing(app, first.refresh))
            assert again.pair == repeated.pair, "a repeat changed the strings"
            assert (await wire.ask(using(repeated.pair.access))).status == 200
            pair = repeated.pair
            for _ in range(10):
                answer = await wire.ask(refreshing(app, pair.refresh))
                lives.add(answer.fields["expires_in"])
                pair = answer.pair
    return lives


async def _lose(arena: Arena, request: bytes, pair: Pair, *, generation: int) -> None:
    """Send, and hang up; the server carries it out all the same, or is given time to."""
    wire = await Wire.connect(arena.port)
    wire.send(request)
    while (row := arena.row(pair.session_id)) and row.generation < generation:
        pass
    await wire.hang_up()


async def unused_repeat_has_its_end(arena: Arena) -> list[str]:
    """An hour after the issue, however often it was renewed, a repeat is late; gives what each is told."""
    told = []
    for opener in OPENERS:
        async with wires(arena.port, 1) as (wire,):
            app, first = await opener(arena, wire)
            second = (await wire.ask(refreshing(app, first.refresh))).pair
            arena.advance(UNUSED_S - 60)
            assert (await wire.ask(refreshing(app, first.refresh))).pair == second
            arena.advance(120)
            told.append(await _late(arena, wire, app, first=first, second=second))
    return told


async def used_repeat_has_its_end(arena: Arena) -> list[str]:
    """Ten seconds after the first use of its tokens, a repeat is late; until then it is a twin's.

    Gives what each is told.
    """
    told = []
    for opener in OPENERS:
        async with wires(arena.port, 1) as (wire,):
            app, first = await opener(arena, wire)
            second = (await wire.ask(refreshing(app, first.refresh))).pair
            assert (await wire.ask(using(second.access))).status == 200
            assert (await wire.ask(refreshing(app, first.refresh))).pair == second
            await arena.settle_first_use(second.session_id, 2)
            arena.advance(USED_S + 1)
            told.append(await _late(arena, wire, app, first=first, second=second))
    return told


async def _late(arena: Arena, wire: Wire, app: WorldApp, *, first: Pair, second: Pair) -> str:
    """A confidential app is refused, and its session lives; a public app's session ends, as the switch's does."""
    late = await wire.ask(refreshing(app, first.refresh))
    if app is arena.world.apps["script"]:
        assert late.told == SPENT, f"a late repeat: {late.told}"
        assert (await wire.ask(refreshing(app, second.refresh))).status == 200, "the twin's session was ended"
    else:
        assert late.told == REPLAYED, f"a late repeat: {late.told}"
        await _ended(arena, wire, app, [first, second])
    return late.told


async def grandparent_ends_the_session(arena: Arena) -> list[EndReason | None]:
    """Nobody who kept the newest pair presents a token two generations old, whenever (RFC 9700 section 4.14.2).

    Gives why each session ended.
    """
    why = []
    for opener in OPENERS:
        async with wires(arena.port, 1) as (wire,):
            app, first = await opener(arena, wire)
            second = (await wire.ask(refreshing(app, first.refresh))).pair
            third = (await wire.ask(refreshing(app, second.refresh))).pair
            replayed = await wire.ask(refreshing(app, first.refresh))
            assert replayed.told == REPLAYED, f"a grandparent: {replayed.told}"
            why.append(await _ended(arena, wire, app, [first, second, third]))
    return why


async def _ended(arena: Arena, wire: Wire, app: WorldApp, pairs: Sequence[Pair]) -> EndReason | None:
    row = arena.row(pairs[0].session_id)
    assert row
    assert (row.state, row.ended_why, row.slot) == (SessionState.ENDED, EndReason.REPLAYED, None), row
    for pair in pairs:
        assert (await wire.ask(using(pair.access))).told.startswith("401 OAU-213"), "an access token lives"
        assert (await wire.ask(refreshing(app, pair.refresh))).told == REPLAYED, "a refresh token lives"
    return row.ended_why


async def thief_and_victim_end_the_session(arena: Arena, *, rounds: int) -> list[EndReason | None]:
    """A thief's refresh and the victim's next, whatever their order: when both have moved on, neither lives.

    Gives why each session ended.
    """
    seat, why = arena.seat("strict", "runner9"), []
    async with wires(arena.port, 2) as two:
        for _ in range(rounds):
            stolen = await log_in(two[0], seat)
            thief, victim = [answer.pair for answer in await at_once(two, [refreshing(seat.app, stolen.refresh)] * 2)]
            assert thief == victim, "within the window they cannot be told apart"
            onwards = (await two[0].ask(refreshing(seat.app, thief.refresh))).pair
            assert (await two[0].ask(using(onwards.access))).status == 200
            await arena.settle_first_use(onwards.session_id, 3)
            arena.advance(USED_S + 1)
            assert (await two[1].ask(refreshing(seat.app, victim.refresh))).told == REPLAYED
            why.append(await _ended(arena, two[0], seat.app, [stolen, thief, onwards]))
    return why


async def code_replayed_late_ends_the_session(arena: Arena) -> list[EndReason | None]:
    """Twice in a blink signs nobody out; later, it is a thief's, if client and verifier were proven.

    Gives why each session ended.
    """
    why = []
    for name in ("web", "spa"):
        app, other = arena.world.apps[name], arena.world.apps["web" if name == "spa" else "spa"]
        async with wires(arena.port, 1) as (wire,):
            code = await Browser(wire).fetch_code(app, username="runner1@races.example")
            pair = (await wire.ask(redeeming(app, code))).pair
            await _refused(wire, redeeming(app, code), "400 OAU-106")
            assert (await wire.ask(using(pair.access))).status == 200, "a double submit signed its user out"
            arena.advance(USED_S + 1)
            await _refused(wire, redeeming(app, code, verifier="x" * 43), "400 OAU-106")
            await _refused(wire, redeeming(other, code), "400 OAU-110")
            assert (await wire.ask(using(pair.access))).status == 200, "whoever lacks the verifier ended the session"
            await _refused(wire, redeeming(app, code), "400 OAU-106")
            replayed = await wire.ask(using(pair.access))
            assert replayed.told.startswith("401 OAU-213"), f"the session of a replayed code: {replayed.told}"
            assert (await wire.ask(refreshing(app, pair.refresh))).told.startswith("400 OAU-211")
            why.append(_why_ended(arena, pair))
    return why


async def revocation_beats_the_window(arena: Arena) -> list[EndReason | None]:
    """A repeat that would be answered is not, once the session is revoked; another app's revocation is nothing.

    Gives why each session ended.
    """
    why = []
    for opener in OPENERS:
        async with wires(arena.port, 1) as (wire,):
            app, first = await opener(arena, wire)
            second = (await wire.ask(refreshing(app, first.refresh))).pair
            stranger = next(each for each in arena.world.apps.values() if each.client_id != app.client_id)
            assert (await wire.ask(revoking(stranger, second.access))).status == 200
            assert (await wire.ask(refreshing(app, first.refresh))).pair == second
            assert (await wire.ask(revoking(app, first.access))).status == 200
            for token in (first.refresh, second.refresh):
                await _refused(wire, refreshing(app, token), "400 OAU-211 Token revoked: revoked by the application")
            assert (await wire.ask(using(second.access))).told.startswith("401 OAU-213")
            why.append(_why_ended(arena, second))
    return why


def _why_ended(arena: Arena, pair: Pair) -> EndReason | None:
    row = arena.row(pair.session_id)
    return row and row.ended_why


async def _refused(wire: Wire, request: bytes, told: str) -> Answer:
    answer = await wire.ask(request)
    assert answer.told.startswith(told), answer.told
    return answer
