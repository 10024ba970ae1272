"""The benchmark's world can still be made: what it measures is the product's own, which goes on changing."""

from pathlib import Path

from bench.world import APPS, PEOPLE, build


def test_world_is_made_through_the_products_own_administration(tmp_path: Path) -> None:
    """Every app has its secret, every person a credential."""
    world = build(tmp_path, port=1)
    assert len({secret for _, secret in world.apps}) == APPS
    assert len(set(world.credentials)) == PEOPLE
