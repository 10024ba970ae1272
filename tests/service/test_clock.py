"""The clock, when the machine's or the database's steps."""

import time
from dataclasses import dataclass

import pytest

from callgate.service.clock import Clock

NOW_S = 1_780_000_000
HOUR_S = 3600


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
    monkeypatch.setattr(time, "monotonic_ns", lambda: int(own.monotonic_s * 1e9))
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
    assert one.hear(told_ms) == other.hear(told_ms) == told_ms
    machine.wall_s += HOUR_S
    machine.pass_by(0.5)
    assert one.now_ms() == other.now_ms() == told_ms + 500
    one.advance(7)
    assert one.now_ms() == told_ms + 7_500
    assert one.hear(told_ms + 500) == told_ms + 7_500


def test_nothing_is_deleted_at_a_time_that_the_machine_knows_nothing_of(machine: Machine) -> None:
    """A database that is wrong was heard before the first look, as after a restart; development's own time counts."""
    clock = Clock()
    assert clock.hear((NOW_S + HOUR_S) * 1000) == (NOW_S + HOUR_S) * 1000
    assert clock.earlier_ms() == NOW_S * 1000
    clock.advance(60)
    assert clock.earlier_ms() == (NOW_S + 60) * 1000
    machine.wall_s += 2 * HOUR_S
    assert clock.earlier_ms() == clock.now_ms() == (NOW_S + HOUR_S + 60) * 1000
