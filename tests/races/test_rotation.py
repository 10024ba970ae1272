"""Keys rotated under way without a refused token (architecture.md, idea 3; assurance P18)."""

from collections.abc import Callable

import pytest

from tests.figures import Figure
from tests.races import rotations
from tests.races.arena import Arena, play
from tests.races.conftest import OpenArena

Counts = Callable[[int, int], int]


@pytest.mark.requirement("ruling 1")
@pytest.mark.timeout(600)
def test_no_token_is_refused_while_every_key_rotates(opening: OpenArena, counts: Counts, figure: Figure) -> None:
    """The server's own upkeep, its clock's days made seconds."""
    with opening("rotating") as arena:
        rotated = counts(3, 20)
        load = play(rotations.keys_rotate_under_load(arena, rotations=rotated))
    told = f"{sum(load.answers.values()):,} requests, {len(load.sealing)} sealing and {len(load.signing)} signing keys"
    figure("keys.rotated", f"{told}: no token refused")
    assert len(load.sealing) > rotated


@pytest.mark.requirement("ruling 1")
def test_no_token_is_refused_when_the_command_line_rotates(opening: OpenArena) -> None:
    """The server finds the key that another process published, and makes it active when its time has come."""
    with opening("quick-upkeep") as arena:
        load = play(rotations.command_line_rotates(arena))
    assert sorted(load.sealing) == [1, 2]


@pytest.mark.requirement("ruling 1")
def test_token_of_another_nodes_key_is_served(arena: Arena) -> None:
    """An unknown number means one look for keys before refusal."""
    assert play(rotations.key_of_another_node_is_looked_for(arena)) == rotations.CROWD
