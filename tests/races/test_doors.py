"""The races at three server processes on one PostgreSQL: what one answers binds the others."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from time import monotonic

import pytest

from callgate.model.key import KeyUse
from tests.figures import Figure
from tests.nursery import servers
from tests.postgres_server import needs_postgres
from tests.races import endings, histories, openings, refreshes, rotations, staleness, upgrades
from tests.races.arena import Arena, Seat, play
from tests.races.doors import SERVERS, SharedArena, open_doors
from tests.races.mutants import BESIDE_EACH_OTHER

pytestmark = needs_postgres

OpenDoors = Callable[..., AbstractContextManager[SharedArena]]
Counts = Callable[[int, int], int]

CAUGHT_S_MAX = 60
IN_SHORT = "swaps-that-missed-pass"
"""Each has three servers of its own to start: of the mutants, the short run has one hunted."""


@pytest.fixture(scope="module")
def doors(template: Path, tmp_path_factory: pytest.TempPathFactory) -> OpenDoors:
    """Opens an arena of several servers, with plants if any."""

    def open_one(*plants: str) -> AbstractContextManager[SharedArena]:
        folder = tmp_path_factory.mktemp("doors")
        return open_doors(servers(), template, folder=folder, plants=plants)

    return open_one


@pytest.fixture(scope="module")
def shared(doors: OpenDoors) -> Iterator[SharedArena]:
    """The one arena of this module."""
    with doors() as opened:
        yield opened


@pytest.mark.timeout(3600)
def test_hundred_refreshes_at_once_give_one_pair(shared: Arena, counts: Counts, figure: Figure) -> None:
    """Goal R2: all of them are served the very same, at whichever door."""
    rounds = counts(2, 500)
    served = play(refreshes.crowd_gets_one_pair(shared, rounds=rounds))
    figure("races.refreshes", f"{rounds} rounds at {SERVERS} servers on PostgreSQL: the same")
    assert served == rounds * refreshes.CROWD


def test_what_is_forbidden_at_one_door_is_refused_at_all(shared: Arena, counts: Counts, figure: Figure) -> None:
    """From the moment on that the act is answered; what may be a second old, is not at all."""
    trials = counts(4, 60)
    asked = play(staleness.forbidding_holds_at_once(shared, trials=trials))
    late_ms = max(asked.accepted_s, default=0) * 1000
    told = f"{asked.refused} requests sent after the answer refused, {len(asked.accepted_s)} accepted"
    figure("races.doors-stale", f"{trials} acts: {told}, {late_ms:.0f} ms late at most")
    assert asked.accepted_s == []


def test_no_request_fails_while_tables_change_and_change_back(
    shared: SharedArena, counts: Counts, figure: Figure
) -> None:
    """And change back: as the next version's script would, beside servers of this one (assurance R14)."""
    times = counts(5, 50)
    answered = play(upgrades.requests_go_on(shared, shared.place, times=times))
    figure("races.doors-upgrades", f"{times} times up and down: {answered:,} requests, none failed")
    assert answered > times


def test_token_of_another_servers_key_is_served(shared: Arena) -> None:
    """An unknown number means one look for keys before refusal, at whichever door."""
    assert play(rotations.key_of_another_node_is_looked_for(shared)) == rotations.CROWD


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_no_token_is_refused_while_keys_of_every_use_are_rotated(
    doors: OpenDoors, counts: Counts, figure: Figure
) -> None:
    """By the command line, beside the servers; each request goes to the next of them."""
    times = counts(1, 20)
    with doors("rotating-by-hand") as arena:
        load = play(rotations.command_line_rotates_every_key(arena, times=times))
    told = f"{load.answers.total():,} requests, none refused"
    figure("keys.rotated-doors", f"{times} rotations of each of {len(KeyUse)} kinds: {told}")
    assert len(load.sealing) == times + 1


@pytest.mark.timeout(3600)
def test_concurrent_histories_are_linearizable(shared: Arena, counts: Counts, figure: Figure) -> None:
    """Whichever of the servers is asked, while one is killed and replaced, or all lose their connections."""
    rounds = counts(3, 200)
    operations = play(histories.are_linearizable(shared, rounds=rounds))
    told = ", ".join(f"{what} {times} times" for what, times in sorted(shared.troubles.items()))
    figure("races.doors-histories", f"{rounds} rounds, {operations:,} operations, all explained; {told}")
    assert operations >= rounds * histories.MOVES


@pytest.mark.timeout(3 * CAUGHT_S_MAX)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == IN_SHORT else pytest.mark.long) for name in BESIDE_EACH_OTHER]
)
def test_histories_fail_when_a_mutant_runs(doors: OpenDoors, name: str, figure: Figure) -> None:
    """No order of the operations explains what such servers answer (assurance 4.3)."""
    with doors(name) as arena:
        began = monotonic()
        with pytest.raises(AssertionError, match="not linearizable"):
            play(histories.are_linearizable(arena, rounds=500))
        caught_s = monotonic() - began
    figure("races.doors-mutants", f"{name}: {caught_s:.0f} s")
    assert caught_s < CAUGHT_S_MAX


def test_twenty_logins_at_once_leave_five_sessions(
    shared: Arena, counts: Counts, monkeypatch: pytest.MonkeyPatch, figure: Figure
) -> None:
    """Never more at any observation. Which of those of one millisecond is the oldest, two servers cannot say."""

    async def judge(arena: Arena, seat: Seat, *_: object) -> None:
        assert len(openings.alive(arena, seat)) == openings.CAP

    monkeypatch.setattr(openings, "_judge", judge)
    rounds = counts(2, 50)
    assert play(openings.logins_keep_the_cap(shared, rounds=rounds)) == [openings.CAP] * rounds
    figure("races.doors", f"20 sign-ins at once, {rounds} rounds: five live at every look")


def test_code_redeemed_by_many_at_once_is_redeemed_once(shared: Arena, counts: Counts, figure: Figure) -> None:
    """Sixty-four, at both."""
    rounds = counts(1, 50)
    assert play(openings.code_is_redeemed_once(shared, rounds=rounds)) == {"web": rounds, "spa": rounds}
    figure("races.doors", f"64 redemptions of one code, {rounds} rounds for each of two apps: one success")


def test_revocation_at_one_door_beats_refreshes_at_the_other(shared: Arena, counts: Counts, figure: Figure) -> None:
    """Whatever was answered before."""
    trials = counts(32, 1000)
    refreshed_first = play(endings.revocation_beats_refresh(shared, trials=trials))
    assert 0 < refreshed_first < trials, "both orders must have been seen"
    figure("races.doors", f"{trials} revocations against refreshes, {refreshed_first} of these first: dead each time")
