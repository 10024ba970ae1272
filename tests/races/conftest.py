"""What the races are run in: one arena for those that leave their seats as they like, and new ones for the others."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.nursery import servers
from tests.races.arena import Arena, open_arena
from tests.races.founding import found

OpenArena = Callable[..., AbstractContextManager[Arena]]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world, closed."""
    data = tmp_path_factory.mktemp("races") / "template"
    data.mkdir(mode=0o700)
    found(data)
    return data


@pytest.fixture(scope="session")
def opening(template: Path, tmp_path_factory: pytest.TempPathFactory) -> OpenArena:
    """Opens an arena, with plants if any."""

    def open_one(*plants: str) -> AbstractContextManager[Arena]:
        return open_arena(servers(), template, tmp_path_factory.mktemp("arena"), plants=plants)

    return open_one


@pytest.fixture(scope="session")
def arena(opening: OpenArena) -> Iterator[Arena]:
    """The one arena of this session."""
    with opening() as opened:
        yield opened
