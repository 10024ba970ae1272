"""Races with what ends sessions (architecture.md, "Ends by comparison"; assurance S22, S23, 3.2)."""

from collections.abc import Callable

import pytest

from tests.figures import Figure
from tests.races import endings
from tests.races.arena import Arena, play

Counts = Callable[[int, int], int]


@pytest.mark.requirement("RFC 7009 section 2.1")
def test_session_is_dead_after_a_refresh_and_a_revocation_at_once(arena: Arena, counts: Counts, figure: Figure) -> None:
    """Revocation beats every window, whichever of the two came first (RFC 7009 section 2.1)."""
    trials = counts(60, 500)
    refreshed_first = play(endings.revocation_beats_refresh(arena, trials=trials))
    figure("races.endings", f"{trials} trials, in {refreshed_first} of them the refresh came first: dead each time")
    assert 0 < refreshed_first < trials, "both orders must have been seen"


@pytest.mark.requirement("ASVS 7.4.3")
def test_session_is_dead_after_refreshes_during_a_password_change(arena: Arena, counts: Counts) -> None:
    """The row names the password's version, and compares it at every use."""
    trials = counts(3, 40)
    dead = play(endings.password_change_ends_refreshes(arena, trials=trials))
    assert dead >= 2 * trials, "some were refreshed"


@pytest.mark.requirement("ASVS 7.4.2")
def test_session_is_dead_after_refreshes_during_a_block_of_the_app(arena: Arena, counts: Counts) -> None:
    """A blocked app's every session is over."""
    trials = counts(5, 100)
    dead = play(endings.block_ends_refreshes(arena, trials=trials))
    assert dead >= 2 * trials, "some were refreshed"


@pytest.mark.requirement("ruling 6")
def test_sessions_are_dead_after_logins_during_the_credentials_deletion(arena: Arena, counts: Counts) -> None:
    """A deleted credential is refused, and so is whatever it opened."""
    trials = counts(5, 100)
    assert play(endings.deletion_ends_logins(arena, trials=trials)) >= trials * endings.CHAIN
