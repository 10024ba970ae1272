"""The world, founded once, and the time that a trial may take."""

from pathlib import Path

import pytest

from tests.faults import process
from tests.faults.founding import World, found

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world that nobody serves: tests serve copies."""
    return found(tmp_path_factory.mktemp("world"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Servers under a tracer, on two cores that others use too, take their time; and how they are started."""
    process.may_fork = not config.getoption("--long")
    limit_s = 3600 if config.getoption("--long") else 300
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.timeout(limit_s))
