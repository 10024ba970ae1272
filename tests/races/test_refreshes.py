"""Races of one refresh token (architecture.md, "The session"; assurance 3.2)."""

from collections.abc import Callable

import pytest

from tests.figures import Figure
from tests.races import refreshes
from tests.races.arena import Arena, play

Counts = Callable[[int, int], int]


@pytest.mark.timeout(3600)
@pytest.mark.requirement("RFC 6749 section 6", "ruling 24")
def test_hundred_refreshes_at_once_give_one_pair(arena: Arena, counts: Counts, figure: Figure) -> None:
    """Goal R2: all of them are served, whoever came first; nobody is told that the token was used."""
    rounds = counts(4, 500)
    assert play(refreshes.crowd_gets_one_pair(arena, rounds=rounds)) == rounds * refreshes.CROWD
    figure("races.refreshes", f"{rounds} rounds: all 200, and one pair")
