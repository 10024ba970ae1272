"""A company for each test that needs one."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import uvloop

from callgate.app import CommandLine
from tests.races.founding import settings_of
from tests.service.company import World, opened


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[asyncio.Runner, World]]:
    """A world of its own for each test, and the loop it runs on."""
    CommandLine().migrate(settings_of(tmp_path, port=1))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        stack = AsyncExitStack()
        yield runner, runner.run(stack.enter_async_context(opened(tmp_path)))
        runner.run(stack.aclose())
