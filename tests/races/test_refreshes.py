"""Races of one refresh token (architecture.md, "The session"; assurance 3.2)."""

from collections.abc import Callable

import pytest

from tests.races import refreshes
from tests.races.arena import Arena, check

Counts = Callable[[int, int], int]


@pytest.mark.requirement("RFC 6749 section 6", "ruling 24")
def test_hundred_refreshes_at_once_give_one_pair(arena: Arena, counts: Counts) -> None:
    """All of them are served, whoever came first; nobody is told that the token was used."""
    check(refreshes.crowd_gets_one_pair(arena, rounds=counts(4, 20)))
