"""The command line as an administrator runs it, in a process of its own beside the server."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import orjson

from tests.faults.founding import World
from tests.faults.process import ROOT

CALLGATE = Path(sys.executable).with_name("callgate")


class CommandFailedError(Exception):
    """A command did not exit 0."""


async def command(world: World, *words: str, wrap: Sequence[str] = (), plant: str = "") -> dict[str, object]:
    """Run one; gives the object it prints as JSON.

    `wrap` is a command that runs it, `plant` names hooks of mutants.py. Raises CommandFailedError.
    """
    callgate = [sys.executable, "-m", "tests.faults.served", "-", plant] if plant else [CALLGATE]
    process = await asyncio.create_subprocess_exec(
        *wrap,
        *callgate,
        *words,
        "--json",
        "--config",
        str(world.config),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    if process.returncode != 0:
        raise CommandFailedError(f"{words}: exit {process.returncode}: {complained.decode()}")
    printed = orjson.loads(said)
    assert isinstance(printed, dict)
    return printed
