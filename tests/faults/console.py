"""The command line as an administrator runs it, in a process of its own beside the server."""

import asyncio
import sys
from pathlib import Path

import orjson

from tests.faults.founding import World

CALLGATE = Path(sys.executable).with_name("callgate")


class CommandFailedError(Exception):
    """A command did not exit 0."""


async def command(world: World, *words: str) -> dict[str, object]:
    """Run one; gives the object it prints as JSON. Raises CommandFailedError."""
    process = await asyncio.create_subprocess_exec(
        CALLGATE,
        *words,
        "--json",
        "--config",
        str(world.config),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    if process.returncode != 0:
        raise CommandFailedError(f"{words}: exit {process.returncode}: {complained.decode()}")
    printed = orjson.loads(said)
    assert isinstance(printed, dict)
    return printed
