"""The clock, when the machine's or the database's steps."""

import time
from dataclasses import dataclass

import pytest

from callgate.model.failure import Unavailable
from callgate.service.clock import Clock
from callgate.storage.awake import CLOCK

NOW_S = 1_780_000_000
HOUR_S = 3600
DAY_S = 24 * HOUR_S


@dataclass
class Machine:
    """The two clocks of a machine, in seconds."""

    wall_s: float = NOW_S
    monotonic_s: float = 100

    def pass_by(self, seconds: float) -> None:
        """Let time pass for both."""
        self.wall_s += seconds
        self.monotonic_s += seconds


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """One whose clocks the test moves."""
    own = Machine()
    monkeypatch.setattr(time, "time_ns", lambda: int(own.wall_s * 1e9))
    monkeypatch.setattr(time, "clock_gettime_ns", lambda clock: int(own.monotonic_s * 1e9) * (clock == CLOCK))
    return own


def since(clock: Clock) -> float:
    """Its time, in seconds after the beginning."""
    return clock.now_ms() / 1000 - NOW_S


def test_clock_follows_the_machine_when_it_steps_forward(machine: Machine) -> None:
    """A machine that slept is right: what ended meanwhile has ended."""
    clock = Clock()
    assert since(clock) == 0
    machine.wall_s += HOUR_S
    assert since(clock) == HOUR_S


def test_clock_goes_on_at_half_its_pace_when_the_machine_steps_back(machine: Machine) -> None:
    """It neither goes back nor stands still, and is right again after twice the step; however often it is asked."""
    clock = Clock()
    assert since(clock) == 0
    machine.wall_s -= HOUR_S
    seen = []
    for _ in range(2 * HOUR_S):
        machine.pass_by(1)
        seen.append(since(clock))
    assert seen == sorted(set(seen))
    assert seen[HOUR_S - 1] == pytest.approx(HOUR_S / 2)
    assert seen[-1] == pytest.approx(HOUR_S)
    machine.pass_by(10)
    assert since(clock) == pytest.approx(HOUR_S + 10)


def test_clock_never_goes_back_when_the_machine_flaps(machine: Machine) -> None:
    """By five seconds each way, ten times a second."""
    clock = Clock()
    seen = []
    for turn in range(100):
        machine.wall_s += 5 if turn % 2 else -5
        machine.pass_by(0.1)
        seen.append(since(clock))
    assert seen == sorted(seen)
    assert seen[-1] <= 15.1


def test_clock_goes_by_what_it_heard_and_not_by_the_machine(machine: Machine) -> None:
    """Two servers on one database have one time, whatever their machines say."""
    one, other = Clock(), Clock()
    told_ms = (NOW_S + 50) * 1000
    assert one.hear(told_ms, 0) == other.hear(told_ms, 0) == told_ms
    machine.wall_s += HOUR_S
    machine.pass_by(0.5)
    assert one.now_ms() == other.now_ms() == told_ms + 500
    one.advance(7)
    assert one.now_ms() == told_ms + 7_500
    assert one.hear(told_ms + 500, 0) == told_ms + 7_500


def test_nothing_is_deleted_at_a_time_that_the_machine_knows_nothing_of(machine: Machine) -> None:
    """A database that is wrong was heard before the first look, as after a restart; development's own time counts."""
    clock = Clock()
    assert clock.hear((NOW_S + HOUR_S) * 1000, 0) == (NOW_S + HOUR_S) * 1000
    assert clock.earlier_ms() == NOW_S * 1000
    clock.advance(60)
    assert clock.earlier_ms() == (NOW_S + 60) * 1000
    machine.wall_s += 2 * HOUR_S
    assert clock.earlier_ms() == clock.now_ms() == (NOW_S + HOUR_S + 60) * 1000


@pytest.mark.parametrize("off_s", [-DAY_S - 1, DAY_S + 1])
def test_database_that_is_days_off_is_not_believed(machine: Machine, off_s: int) -> None:
    """Nobody knows who is right: at the start it is refused, with both times; later it is passed over, and told."""
    clock = Clock()
    with pytest.raises(Unavailable, match=r"database's clock says 20\d\d-.*this machine's 2026-05-28T20:26:40\.000Z"):
        clock.hear((NOW_S + off_s) * 1000, 0)
    assert clock.hear((NOW_S + 7) * 1000, 0) == (NOW_S + 7) * 1000
    machine.pass_by(10)
    assert clock.hear((NOW_S + 10 + off_s) * 1000, 0) == (NOW_S + 17) * 1000
    machine.pass_by(10)
    assert since(clock) == 27
    with pytest.raises(Unavailable, match="set the one that is wrong"):
        clock.agreed(0)
    assert clock.hear((NOW_S + 28) * 1000, 0) == (NOW_S + 28) * 1000
    assert clock.agreed(7) == 7


def test_nobody_notices_when_the_machine_is_set_to_another_day(machine: Machine) -> None:
    """The database was believed before: what it said counts, and the time since."""
    clock = Clock()
    clock.hear(NOW_S * 1000, 0)
    machine.wall_s += 3 * DAY_S
    machine.pass_by(10)
    assert clock.hear((NOW_S + 10) * 1000, 0) == (NOW_S + 10) * 1000


def test_clock_begins_where_others_stopped_and_goes_on_at_half_its_pace(machine: Machine) -> None:
    """Of a server that starts after the database's clock went back: neither before what was stamped, nor standing."""
    stamped_ms = (NOW_S + HOUR_S) * 1000
    clock = Clock()
    assert clock.hear(NOW_S * 1000, stamped_ms) == stamped_ms
    assert since(clock) == HOUR_S
    machine.pass_by(10)
    assert clock.hear((NOW_S + 10) * 1000, stamped_ms) == stamped_ms + 5_000
    assert clock.hear((NOW_S + 10) * 1000, stamped_ms + 6_000) == stamped_ms + 6_000, "another stamped that meanwhile"


def test_clock_counts_what_the_machine_sleeps(machine: Machine) -> None:
    """Between two answers of the database."""
    clock = Clock()
    clock.hear(NOW_S * 1000, 0)
    machine.pass_by(HOUR_S)
    assert since(clock) == HOUR_S
