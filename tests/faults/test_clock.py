"""Clocks that step while a server runs (assurance R11): by an hour each way, and by seconds to and fro.

libfaketime stands between the server and its machine's time of day; monotonic time it leaves alone, as a step does.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.faults.founding import REDIRECT_URI, World, copy_world
from tests.faults.ledger import Ledger
from tests.faults.process import NotStartedError, serve
from tests.faults.test_workers import on_postgres
from tests.faults.traffic import JWT_BEARER, SELF, TOKEN, Traffic
from tests.faults.wire import Answer, Wire
from tests.figures import Figure
from tests.postgres_server import needs_postgres

LIBRARY = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
HOUR_S = 3600
LANES = 16
STEPS = (HOUR_S, 0, -HOUR_S, 0, *((5, -5) * 5), 0)
"""What the clock is off by, one after the other."""

pytestmark = pytest.mark.skipif(
    LIBRARY is None, reason="needs libfaketime: `apt-get install libfaketime` (./dev test installs it as root)"
)


@dataclass(frozen=True)
class SteppingClock:
    """The time of day that one server sees."""

    file: Path

    @property
    def wrap(self) -> Sequence[str]:
        """What runs a server under it."""
        asked = {
            "LD_PRELOAD": LIBRARY,
            "FAKETIME_TIMESTAMP_FILE": self.file,
            "FAKETIME_NO_CACHE": 1,
            "FAKETIME_DONT_FAKE_MONOTONIC": 1,
            "DONT_FAKE_MONOTONIC": 1,
        }
        return ["env", *(f"{name}={value}" for name, value in asked.items())]

    def step(self, off_s: int) -> None:
        """Set it off by so much; a server sees it when it looks next."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{off_s:+d}s\n")
        fresh.replace(self.file)


def clock_at(folder: Path) -> SteppingClock:
    """One that is right."""
    clock = SteppingClock(folder / "clock")
    clock.step(0)
    return clock


@asynccontextmanager
async def serving(own: World, *clocks: SteppingClock | None) -> AsyncIterator[list[int]]:
    """Servers of one world, each with its clock, its log and a sweep each second; gives their ports."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                serve(own, plant="sweep_soon", wrap=clock.wrap if clock else (), log=own.folder / f"{number}.log")
            ).port
            for number, clock in enumerate(clocks)
        ]


def wait_for(text: str, log: Path) -> None:
    """Wait until a server has said so."""
    until_s = time.monotonic() + 10
    while text not in log.read_text("utf-8"):
        assert time.monotonic() < until_s
        time.sleep(0.05)


async def opened(own: World, port: int) -> tuple[str, str]:
    """A new session's access and refresh token."""
    wire = await Wire.connect(port)
    given = await wire.post(TOKEN, own.script, {"grant_type": JWT_BEARER, "assertion": own.people[0].jwt})
    wire.close()
    return given.text("access_token"), given.text("refresh_token")


async def told(port: int, access: str) -> int:
    """What a token is answered."""
    wire = await Wire.connect(port)
    answer = await wire.ask("GET", SELF, headers={"Authorization": f"Bearer {access}"})
    wire.close()
    return answer.status


async def storm(own: World, ledger: Ledger, clock: SteppingClock, ports: Sequence[int]) -> None:
    """Traffic at every server while one's clock steps; whatever was just issued is good."""
    traffic = Traffic(own, ledger, seed=9)
    turns = iter(range(10**6))

    async def join(_: int) -> Wire:
        return await Wire.connect(ports[next(turns) % len(ports)])

    async with traffic.connected(ports[0], LANES, join=join):
        over = asyncio.Event()
        lanes = asyncio.create_task(traffic.run_until(over.is_set))
        for off_s in STEPS:
            clock.step(off_s)
            for port in ports:
                access, _ = await opened(own, port)
                assert [await told(each, access) for each in ports] == [200] * len(ports), off_s
        over.set()
        await lanes
        await traffic.check()


def test_nothing_comes_to_life_and_nothing_ends_when_the_clock_of_a_server_steps(
    world: World, tmp_path: Path, figure: Figure
) -> None:
    """SQLite: a step forward is believed, so access tokens end early; no refresh token does, and no end is undone."""
    own, clock, ledger = copy_world(world, tmp_path), clock_at(tmp_path), Ledger(may_expire=True)

    async def drive() -> None:
        async with serving(own, clock) as (port,):
            access, _ = await opened(own, port)
            clock.step(2 * HOUR_S)
            assert await told(port, access) == 401
            clock.step(0)
            assert await told(port, access) == 401, "it came to life again"
            await storm(own, ledger, clock, [port])

    asyncio.run(drive())
    figure("clock.steps", f"SQLite: {len(STEPS)} steps; {ledger.summary()}; no refresh refused, no end undone")
    assert ledger.broken == []


@needs_postgres
def test_nobody_notices_when_the_clock_of_one_of_two_servers_steps(
    world: World, tmp_path: Path, figure: Figure
) -> None:
    """PostgreSQL: its clock counts, for tokens and for the forms that one server gives and the other takes.

    A server that is days off sweeps nothing, and its log says so; one that starts then is told, for it cannot know who
    is right.
    """
    clock, ledger = clock_at(tmp_path), Ledger()

    async def drive(own: World) -> None:
        async with serving(own, clock, None) as ports:
            for off_s in (2 * HOUR_S, -2 * HOUR_S, 72 * HOUR_S):
                clock.step(0)
                access, _ = await opened(own, ports[0])
                clock.step(off_s)
                assert [await told(port, access) for port in ports] == [200, 200]
                for here, there in (ports, ports[::-1]):
                    assert "Login and password do not match" in await sign_in(own, here, there), f"{off_s} s"
            await asyncio.to_thread(wait_for, "set the one that is wrong", own.folder / "0.log")
            await storm(own, ledger, clock, ports)

    with on_postgres(world, tmp_path) as own:
        asyncio.run(drive(own))
        clock.step(72 * HOUR_S)
        with (
            pytest.raises(NotStartedError, match="set the one that is wrong") as refused,
            serve(own, wrap=clock.wrap),
        ):
            pass
    figure("database.clock-off", f"72 h off: one that ran went on; one that starts says: {refused.value.said.strip()}")
    figure("clock.steps", f"one of two on PostgreSQL: {ledger.summary()}; nothing refused")
    assert ledger.broken == []


async def sign_in(own: World, here: int, there: int) -> str:
    """Get the page from one server and send it, with a wrong password, to another; what that says."""
    asked = {"response_type": "code", "client_id": own.web.client_id, "redirect_uri": REDIRECT_URI}
    first = await visit(here, "GET", f"/restapi/oauth/authorize?{urlencode(asked)}")
    state = re.search(r'name="form_state" value="([^"]+)"', first.body.decode())
    assert state, first
    cookie = first.headers["set-cookie"].partition(";")[0]
    form = {"form_state": state[1], "username": own.people[0].email, "password": "wrong " * 3, "action": "sign-in"}
    second = await visit(there, "POST", "/restapi/oauth/sign-in", cookie=cookie, body=urlencode(form).encode())
    return second.body.decode()


async def visit(port: int, method: str, target: str, *, cookie: str = "", body: bytes = b"") -> Answer:
    """As a browser does."""
    wire = await Wire.connect(port)
    headers = {"Accept": "text/html", "Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    answer = await wire.ask(method, target, headers=headers, body=body)
    wire.close()
    return answer
