"""Races for seats (architecture.md, "The session"; assurance P23, S3)."""

from collections.abc import Callable

import pytest

from tests.figures import Figure
from tests.races import openings
from tests.races.arena import Arena, play

Counts = Callable[[int, int], int]


@pytest.mark.requirement("ruling 3", "ruling 4")
def test_twenty_logins_at_once_leave_five_sessions(arena: Arena, counts: Counts, figure: Figure) -> None:
    """Never more at any observation; the evicted are the oldest, and whoever holds their tokens is told why."""
    rounds = counts(3, 50)
    assert play(openings.logins_keep_the_cap(arena, rounds=rounds)) == [openings.CAP] * rounds
    figure("races.openings", f"20 sign-ins at once, {rounds} rounds: five live at every look")


@pytest.mark.requirement("must-not-break N.8")
def test_twenty_password_logins_at_once_leave_five_sessions(arena: Arena) -> None:
    """Passwords are proven beside the loop, in any order."""
    assert play(openings.password_logins_keep_the_cap(arena)) == openings.CAP


@pytest.mark.requirement("must-not-break N.8")
def test_session_of_the_oldest_generation_is_evicted(arena: Arena) -> None:
    """By its last issue, not by its opening."""
    assert play(openings.oldest_generation_goes_first(arena)) == 1, "the second, which nobody refreshed"


@pytest.mark.requirement("ruling 4")
def test_logins_of_one_endpoint_at_once_leave_one_session(arena: Arena, counts: Counts) -> None:
    """An endpoint_id replaces its own session of the same app and person, and no other."""
    rounds = counts(2, 20)
    assert play(openings.twins_share_one_session(arena, rounds=rounds)) == rounds * (openings.LOGINS - 1)


@pytest.mark.requirement("RFC 6749 section 4.1.2", "RFC 6749 section 4.1.2", "must-not-break N.5")
def test_code_redeemed_by_many_at_once_is_redeemed_once(arena: Arena, counts: Counts, figure: Figure) -> None:
    """RFC 6749 section 4.1.2; confidential and public app."""
    rounds = counts(2, 50)
    assert play(openings.code_is_redeemed_once(arena, rounds=rounds)) == {"web": rounds, "spa": rounds}
    figure("races.openings", f"64 redemptions of one code, {rounds} rounds: one success")


def test_seven_codes_at_once_leave_five(arena: Arena) -> None:
    """At most five pending of one app and person; the sixth replaces the oldest."""
    assert play(openings.codes_keep_their_own_cap(arena)) == [200] * 5 + [400] * 2
