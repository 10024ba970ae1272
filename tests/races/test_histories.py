"""Concurrent histories of real connections, each explained by a sequential model (assurance 4.3)."""

from collections.abc import Callable

import pytest

from tests.figures import Figure
from tests.races import histories
from tests.races.arena import Arena, play

Counts = Callable[[int, int], int]


@pytest.mark.requirement("ruling 24")
@pytest.mark.timeout(3600)
def test_concurrent_histories_are_linearizable(arena: Arena, counts: Counts, figure: Figure) -> None:
    """Login, refresh, repeat, replay, use, revoke and lost replies, from 4 to 16 connections at each of four seats."""
    rounds = counts(20, 500)
    operations = play(histories.are_linearizable(arena, rounds=rounds))
    figure("races.histories", f"{rounds} rounds, {operations:,} operations, all explained")
    assert operations >= rounds * histories.MOVES
