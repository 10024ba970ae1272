"""What the tests of the web floor share: servers to speak to."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import fresh_server, server
from tests.web.raw import Process

__all__ = ["fresh_server", "server"]


@pytest.fixture(scope="session")
def patient() -> Iterator[Process]:
    """Our protocol under an application that answers `/SECONDS` after so many."""
    program = Path(__file__).with_name("patient.py")
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Process(f"http://127.0.0.1:{int(process.stdout.readline())}", process)
        finally:
            process.kill()
