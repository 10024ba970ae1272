"""Lost replies and replays (architecture.md, "The session"; rulings 2, 3; assurance 3.2)."""

from collections.abc import Callable

import pytest

from callgate.model.session import EndReason
from tests.races import windows
from tests.races.arena import Arena, play

Counts = Callable[[int, int], int]

LATE = [windows.SPENT, windows.REPLAYED, windows.REPLAYED]
"""What a late repeat is told: of a confidential app, of one whose switch is strict, and of a public one."""


@pytest.mark.requirement("ruling 2", "ruling 20")
def test_lost_reply_is_given_again_half_an_hour_later(arena: Arena) -> None:
    """The very same tokens, their life renewed; ten refreshes on, the life is still an hour."""
    assert play(windows.lost_reply_is_given_again(arena)) == {3600}


@pytest.mark.requirement("ruling 2")
def test_repeat_is_late_an_hour_after_the_issue_when_unused(arena: Arena) -> None:
    """Counted from the generation's first issue, however often its times were renewed."""
    assert play(windows.unused_repeat_has_its_end(arena)) == LATE


@pytest.mark.requirement("must-not-break N.6")
def test_repeat_is_late_ten_seconds_after_the_first_use(arena: Arena) -> None:
    """Refused to a confidential app, the end of a public app's session."""
    assert play(windows.used_repeat_has_its_end(arena)) == LATE


@pytest.mark.requirement("RFC 9700 section 4.14.2")
def test_session_ends_when_a_grandparent_is_presented(arena: Arena) -> None:
    """At once, inside every window, whatever the app."""
    assert play(windows.grandparent_ends_the_session(arena)) == [EndReason.REPLAYED] * len(windows.OPENERS)


@pytest.mark.requirement("RFC 9700 section 4.14.2")
def test_session_ends_when_thief_and_victim_both_go_on(arena: Arena, counts: Counts) -> None:
    """The window hides a thief only until somebody moves on."""
    rounds = counts(3, 50)
    why = play(windows.thief_and_victim_end_the_session(arena, rounds=rounds))
    assert why == [EndReason.REPLAYED] * rounds


@pytest.mark.requirement("RFC 6749 section 4.1.2")
def test_session_ends_when_its_code_is_replayed_late(arena: Arena) -> None:
    """RFC 6749 section 4.1.2, after client, redirect URI and PKCE are proven."""
    assert play(windows.code_replayed_late_ends_the_session(arena)) == [EndReason.CODE_REPLAYED] * 2


@pytest.mark.requirement("RFC 7009 section 2.1")
def test_repeat_is_refused_after_a_revocation(arena: Arena) -> None:
    """Revocation beats the window."""
    assert play(windows.revocation_beats_the_window(arena)) == [EndReason.REVOKED] * len(windows.OPENERS)
