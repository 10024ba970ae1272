"""The races at two server processes on one PostgreSQL: what one answers binds the other."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.nursery import servers
from tests.postgres_server import needs_postgres
from tests.races import endings, openings, refreshes
from tests.races.arena import Arena, Seat, check
from tests.races.doors import open_doors

pytestmark = needs_postgres

OpenDoors = Callable[..., AbstractContextManager[Arena]]
Counts = Callable[[int, int], int]


@pytest.fixture(scope="module")
def doors(template: Path, tmp_path_factory: pytest.TempPathFactory) -> OpenDoors:
    """Opens an arena of two servers, with plants if any."""

    def open_two(*plants: str) -> AbstractContextManager[Arena]:
        folder = tmp_path_factory.mktemp("doors")
        return open_doors(servers(), template, folder=folder, plants=plants)

    return open_two


@pytest.fixture(scope="module")
def shared(doors: OpenDoors) -> Iterator[Arena]:
    """The one arena of this module."""
    with doors() as opened:
        yield opened


def test_hundred_refreshes_at_once_give_one_pair(shared: Arena, counts: Counts) -> None:
    """All of them are served the very same, at whichever door."""
    check(refreshes.crowd_gets_one_pair(shared, rounds=counts(2, 500)))


def test_twenty_logins_at_once_leave_five_sessions(
    shared: Arena, counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never more at any observation. Which of those of one millisecond is the oldest, two servers cannot say."""

    async def judge(arena: Arena, seat: Seat, *_: object) -> None:
        assert len(openings.alive(arena, seat)) == openings.CAP

    monkeypatch.setattr(openings, "_judge", judge)
    check(openings.logins_keep_the_cap(shared, rounds=counts(2, 50)))


def test_code_redeemed_by_many_at_once_is_redeemed_once(shared: Arena, counts: Counts) -> None:
    """Sixty-four, at both."""
    check(openings.code_is_redeemed_once(shared, rounds=counts(1, 50)))


def test_revocation_at_one_door_beats_refreshes_at_the_other(shared: Arena, counts: Counts) -> None:
    """Whatever was answered before."""
    check(endings.revocation_beats_refresh(shared, trials=counts(30, 1000)))


@pytest.mark.timeout(60)
def test_code_is_redeemed_twice_when_a_missed_swap_passes(doors: OpenDoors) -> None:
    """The planted mutant, without the locks that make it rare: the race is found, and by this."""
    with doors("swaps-that-missed-pass") as arena, pytest.raises(AssertionError, match="'200', '200'"):
        check(openings.code_is_redeemed_once(arena, rounds=3))
