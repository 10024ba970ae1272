"""The world, founded once, and where the figures of a run are gathered."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.founding import World, found

Report = Callable[[str, str], None]
"""Takes a subject and its figures; they stand at the end of pytest's output, where docs/reliability.md gets them."""

HERE = Path(__file__).parent

_FIGURES = pytest.StashKey[list[tuple[str, str]]]()


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world that nobody serves: tests serve copies."""
    return found(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> Report:
    """Notes figures for the summary."""
    figures = request.config.stash.setdefault(_FIGURES, [])
    return lambda subject, text: figures.append((subject, text))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the figures."""
    for subject, text in config.stash.get(_FIGURES, []):
        terminalreporter.write_line(f"{subject}: {text}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Servers under a tracer, on two cores that others use too, take their time."""
    limit_s = 3600 if config.getoption("--long") else 300
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.timeout(limit_s))
