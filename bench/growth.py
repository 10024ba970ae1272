"""Growth: the same work on a small database, on one of many people, and on one of many sessions, in turn.

Tokens are of sessions spread over all there are, and credentials of people spread over all, so that what is not in any
cache is asked for. Then a crowd of sessions expires, and the database is to give its space back.
"""

import asyncio
import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, TypeVar

from bench import crowd, ours, wrk
from bench.crowd import Crowd
from bench.figures import Grown, Growth, Pace, Shrinking, Size
from bench.machine import Running
from bench.options import Options
from bench.ours import READ, TOKEN, Ours, Store
from bench.work import JWT_BEARER, Kind, Work, encode_basic, encode_form, write_lines
from bench.world import World, build, settings_of
from callgate.app import CommandLine
from callgate.model.acts import Refused
from callgate.model.ids import ExtensionId
from callgate.model.reference import TokenKind
from callgate.service.administer.credentials import NewCredential, create_credential
from callgate.service.administer.desk import Desk
from callgate.service.administer.finding import find_person
from callgate.service.keeper import Keeper

CROWD_PART = 10
"""One app of so many is a crowd's: each person has a session of it. Others are for what is opened in between."""

SMALL_PEOPLE, SMALL_SESSIONS = 2_000, 1_000
TOKENS, GRANTS = 100_000, 20_000
"""How many of a crowd are heard of while it is measured, at most."""

POSTGRES_PART = 10
"""A crowd's sessions are so many times fewer on PostgreSQL: they take that much longer to make."""

SHRINK_PART = 10
"""So many times fewer are made to expire."""

EXPIRED_MS = 45 * 60_000
"""How long ago they did: past the sweeper's grace and its buckets."""

TOGETHER = 16
"""Credentials made at a time: they share commits."""

QUIET_S, LOOK_S = 180, 1
"""How long nothing may change, past the minutes in which sweeper and autovacuum begin; how often is looked."""

T = TypeVar("T")


class _Seen(NamedTuple):
    """One measurement: per second, and microseconds of processors, PostgreSQL's among them."""

    rate: float
    processor_us: float


class _Copy(NamedTuple):
    """A database with a folder of its own."""

    folder: Path
    store: Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """A database of one size, and what is asked of it."""

    copy: _Copy
    people: int
    sessions: int
    bytes: int
    works: tuple[Work, ...]


def measure(options: Options, about: str) -> Growth:
    """Each engine that can be started here."""
    ways = [way for way in ours.available() if way.workers == 1 and options.wants(way.name)]
    with tempfile.TemporaryDirectory(prefix="callgate-growth-") as name:
        return Growth(about=about, engines=tuple(_measure(way, Path(name) / way.engine, options) for way in ways))


def _measure(way: Ours, folder: Path, options: Options) -> Grown:
    folder.mkdir()
    few = options if way is ours.SQLITE else replace(options, sessions=options.sessions // POSTGRES_PART)
    with way.store(folder) as store:
        sizes = _sizes(folder, store, few)
        started = [[_ready(size) for size in sizes] for _ in range(options.rounds)]
        ready_s = [statistics.median(seconds) for seconds in zip(*started, strict=True)]
        paces = _paces(sizes, options)
        found = [
            Size(people=size.people, sessions=size.sessions, bytes=size.bytes, ready_s=seconds, paces=tuple(pace))
            for size, seconds, pace in zip(sizes, ready_s, paces, strict=True)
        ]
        shrinking = _shrink(sizes[0], max(1, few.sessions // SHRINK_PART), within_s=options.shrink_s)
    return Grown(engine=way.engine, small=found[0], sizes=tuple(found[1:]), shrinking=shrinking)


def _sizes(folder: Path, store: Store, options: Options) -> list[Sized]:
    """A small database, one of many people, and that with many sessions; all copies of one."""
    world = build(folder, 1, url=store.url, extent=options.extent)
    with ours.serving(folder, store) as running:
        ours.grant_chain(running.port, world.apps[0], world.credentials[0])
    small_people = min(SMALL_PEOPLE, options.people)
    small_sessions = min(SMALL_SESSIONS, options.sessions)
    small = _copied(folder, store, "small")
    many = _copied(folder, store, "people")
    made = []
    for copy, people in ((small, small_people), (many, options.people)):
        with crowd.hand(copy.store.url) as beside:
            crowd.settle(beside, people)
        made.append(_credentials(copy, people, options))
    crowded = _copied(many.folder, many.store, "sessions")
    return [
        _sized(copy, replace(options, people=people, sessions=sessions), world, jwts)
        for copy, people, sessions, jwts in (
            (small, small_people, small_sessions, made[0]),
            (many, options.people, small_sessions, made[1]),
            (crowded, options.people, options.sessions, made[1]),
        )
    ]


def _copied(folder: Path, store: Store, name: str) -> _Copy:
    print(f"making {name}", flush=True)
    there = folder / name
    there.mkdir()
    shutil.copy(folder / "kek", there)
    return _Copy(there, store.copied(there))


def _credentials(copy: _Copy, people_count: int, options: Options) -> list[str]:
    """JWT credentials of people spread over the crowd, made as an administrator makes them."""
    count = min(people_count, options.credentials)

    async def make(desk: Desk) -> list[str]:
        somebody = await find_person(desk, str(crowd.person_id(0)))
        assert not isinstance(somebody, Refused)
        people = [
            somebody._replace(id=ExtensionId(crowd.person_id(number)))
            for number in range(0, people_count, max(1, people_count // count))
        ]
        issued: list[str] = []
        for first in range(0, count, TOGETHER):
            some = people[first : min(count, first + TOGETHER)]
            made = await asyncio.gather(*(create_credential(desk, each, NewCredential(label="bench")) for each in some))
            issued += [each.jwt for each in made if not isinstance(each, Refused)]
        assert len(issued) == count
        return issued

    return _at_desk(copy, make)


def _at_desk(copy: _Copy, work: Callable[[Desk], Awaitable[T]]) -> T:
    async def do() -> T:
        async with CommandLine().desk(settings_of(copy.folder, 1, url=copy.store.url), by="bench") as desk:
            return await work(desk)

    return asyncio.run(do())


def _sized(copy: _Copy, options: Options, world: World, jwts: list[str]) -> Sized:
    with crowd.hand(copy.store.url) as beside:
        apps = [client_id for client_id, _ in world.apps[: max(1, len(world.apps) // CROWD_PART)]]
        gathered = crowd.gather(beside, apps, people=options.people, sessions=options.sessions)

    async def ask(desk: Desk) -> tuple[Work, ...]:
        lines = _Lines(copy.folder, world, await desk.keeper(), gathered)
        return _works(lines, jwts, rounds=options.rounds)

    return Sized(
        copy=copy, people=options.people, sessions=options.sessions, bytes=copy.store.bytes(), works=_at_desk(copy, ask)
    )


class _Lines(NamedTuple):
    """What the lines that wrk sends are made of."""

    folder: Path
    world: World
    keeper: Keeper
    gathered: Crowd


def _works(lines: _Lines, jwts: list[str], *, rounds: int) -> tuple[Work, ...]:
    """Each round refreshes sessions of an app of its own, and no access token of such a session is shown afterwards."""
    folder, world, keeper, gathered = lines
    crowd_apps = len(gathered.apps)
    service = [(encode_basic(*app), encode_form(grant_type="client_credentials")) for app in world.apps]
    others = world.apps[crowd_apps:]
    grants = [(encode_basic(*app), encode_form(grant_type=JWT_BEARER, assertion=jwt)) for app in others for jwt in jwts]
    for app in range(crowd_apps):
        tokens = gathered.tokens(keeper, TokenKind.REFRESH, app=app, count=TOKENS // crowd_apps)
        write_lines(folder / f"refresh.{app}", [(encode_basic(*world.apps[app]), token) for token in tokens])
    readers = [
        (token, "")
        for app in range(rounds, crowd_apps) or range(crowd_apps)
        for token in gathered.tokens(keeper, TokenKind.ACCESS, app=app, count=TOKENS // crowd_apps)
    ]
    return (
        Work(
            kind=Kind.CLIENT_CREDENTIALS, script="grants", arguments=(write_lines(folder / "service", service), TOKEN)
        ),
        Work(kind=Kind.JWT_BEARER, script="grants", arguments=(write_lines(folder / "jwt", grants[:GRANTS]), TOKEN)),
        Work(kind=Kind.VALIDATION, script="readers", arguments=(write_lines(folder / "readers", readers), READ)),
        Work(kind=Kind.REFRESH, script="refresh", arguments=(f"{folder}/refresh.{{round}}", TOKEN)),
    )


def _ready(size: Sized) -> float:
    """How soon its server answers."""
    with ours.serving(size.copy.folder, size.copy.store) as running:
        assert running.ready_s is not None
        return running.ready_s


def _paces(sizes: list[Sized], options: Options) -> list[list[Pace]]:
    """Every work at every size, in turn."""
    seen: list[dict[Kind, list[_Seen]]] = [{} for _ in sizes]
    with ExitStack() as stack:
        servers = [stack.enter_context(ours.serving(size.copy.folder, size.copy.store)) for size in sizes]
        for number in range(options.rounds):
            for works in zip(*(options.chosen(list(size.works)) for size in sizes), strict=True):
                for size, running, of, work in zip(sizes, servers, seen, works, strict=True):
                    found = _load(running, work, number, options=options)
                    of.setdefault(work.kind, []).append(found)
                    at = f"{size.people:,} people, {size.sessions:,} sessions: {work.kind.value}"
                    print(f"round {number + 1}  {at:<74} {found.rate:>9,.0f}/s {found.processor_us:.0f} µs", flush=True)
    return [[_pace(kind, found, seen[0][kind]) for kind, found in of.items()] for of in seen]


def _load(running: Running, work: Work, number: int, *, options: Options) -> _Seen:
    before_s = running.processor_s() + running.database_s()
    found = wrk.load(work, number, port=running.port, seconds=options.seconds, connections=options.connections)
    used_s = running.processor_s() + running.database_s() - before_s
    return _Seen(found.requests / found.seconds, used_s / found.requests * 1e6)


def _pace(kind: Kind, found: list[_Seen], small: list[_Seen]) -> Pace:
    pairs = list(zip(found, small, strict=True))
    return Pace(
        kind=kind,
        rate=statistics.median(each.rate for each in found),
        processor_us=statistics.median(each.processor_us for each in found),
        rate_ratio=statistics.median(one.rate / other.rate for one, other in pairs),
        processor_ratio=statistics.median(one.processor_us / other.processor_us for one, other in pairs),
    )


def _shrink(size: Sized, sessions: int, *, within_s: int) -> Shrinking | None:
    """Give a database sessions that expired, serve it, and wait until they and their space are gone."""
    if not within_s:
        return None
    print(f"{sessions:,} sessions expired; waiting for their space", flush=True)
    store = size.copy.store
    before = store.bytes()
    with crowd.hand(store.url) as beside:
        crowd.gather(beside, ("expired",), people=sessions, sessions=sessions, expired_ms=EXPIRED_MS)
    full, began = store.bytes(), time.monotonic()
    with ours.serving(size.copy.folder, store):
        least, seen_s = full, began
        while time.monotonic() - began < within_s and (least > before * 1.05 and time.monotonic() - seen_s < QUIET_S):
            time.sleep(LOOK_S)
            if (now := store.bytes()) < least:
                least, seen_s = now, time.monotonic()
    return Shrinking(
        sessions=sessions, before_bytes=before, full_bytes=full, after_bytes=store.bytes(), swept_s=seen_s - began
    )
