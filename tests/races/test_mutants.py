"""Each planted defect is noticed by the race that is there for it, within a minute (assurance 4.3)."""

from collections.abc import Callable, Coroutine

import pytest

from tests.races import endings, histories, openings, refreshes, rotations, windows
from tests.races.arena import Arena, play
from tests.races.conftest import OpenArena
from tests.races.mutants import MUTANTS

Race = Callable[[Arena], Coroutine[object, object, object]]

CAUGHT_BY: dict[str, tuple[Race, str]] = {
    "stale-facts-without-swap": (lambda arena: openings.code_is_redeemed_once(arena, rounds=1), "'200', '200'"),
    "stale-facts-without-slots": (
        lambda arena: openings.logins_keep_the_cap(arena, rounds=1),
        "sessions lived at once|sessions live at the end",
    ),
    "ended-session-refreshes": (
        lambda arena: endings.revocation_beats_refresh(arena, trials=200),
        "a token of a session that is over: ",
    ),
    "repeat-window-without-end": (windows.used_repeat_has_its_end, "a late repeat: 200"),
    "unused-repeat-without-end": (windows.unused_repeat_has_its_end, "a late repeat: 200"),
    "first-use-unmarked": (windows.used_repeat_has_its_end, "a late repeat: 200"),
    "grandparent-forgiven": (windows.grandparent_ends_the_session, "a grandparent: "),
    "denials-write-nothing": (windows.grandparent_ends_the_session, "ACTIVE"),
    "old-access-token-lives": (lambda arena: refreshes.crowd_gets_one_pair(arena, rounds=1), "the old access token"),
    "code-redeemed-again": (lambda arena: openings.code_is_redeemed_once(arena, rounds=1), "'200', '200'"),
    "code-replay-ends-at-once": (windows.code_replayed_late_ends_the_session, "a double submit signed its user out"),
    "newest-evicted": (openings.oldest_generation_goes_first, "others were evicted"),
    "revoked-by-living-generation-only": (
        lambda arena: endings.revocation_beats_refresh(arena, trials=200),
        "a token of a session that is over: 200",
    ),
    "credential-deletion-unseen": (
        lambda arena: endings.deletion_ends_logins(arena, trials=3),
        "a token of a session that is over: 200",
    ),
    "password-change-unseen": (
        lambda arena: endings.password_change_ends_refreshes(arena, trials=1),
        "a token of a session that is over: 200",
    ),
    "block-lifted-revives": (
        lambda arena: endings.block_ends_refreshes(arena, trials=3),
        "a token of a session that is over: 200",
    ),
    "unknown-key-refused-at-once": (rotations.key_of_another_node_is_looked_for, "a token of another node's key"),
}

BY_HISTORIES = (
    "old-access-token-lives",
    "denials-write-nothing",
    "ended-session-refreshes",
    "newest-evicted",
)
"""Found without being looked for, by what a few connections do at any time."""


def test_every_mutant_has_its_race() -> None:
    """A mutant nobody hunts proves nothing."""
    assert set(CAUGHT_BY) | {"repeat-under-the-key-of-today"} == set(MUTANTS)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", CAUGHT_BY)
def test_race_fails_when_its_mutant_runs(opening: OpenArena, name: str) -> None:
    """And for its own reason."""
    race, complaint = CAUGHT_BY[name]
    with opening(name) as arena, pytest.raises(AssertionError, match=complaint):
        play(race(arena))


@pytest.mark.timeout(60)
def test_rotation_fails_when_repeats_are_sealed_anew(opening: OpenArena) -> None:
    """The row names the key of its generation, and that is the one."""
    with (
        opening("rotating", "repeat-under-the-key-of-today") as arena,
        pytest.raises(AssertionError, match="changed its strings"),
    ):
        play(rotations.keys_rotate_under_load(arena, rotations=2))


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", BY_HISTORIES)
def test_histories_fail_when_a_mutant_runs(opening: OpenArena, name: str) -> None:
    """No order of the operations explains what such a server answers."""
    with opening(name) as arena, pytest.raises(AssertionError, match="not linearizable"):
        play(histories.are_linearizable(arena, rounds=200))
