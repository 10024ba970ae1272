"""Runs a client as a process of its own, and is the person whom it sends to the sign-in page.

A client script gets the server's address and the development world's file. It writes JSON lines, as js/flows.mjs and
py/flows.py say: requests for a person, answered on its standard input, then what it observed.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Timer

from tests.clients.person import Browser, Person

HERE = Path(__file__).parent
_ROOT = HERE.parents[1]
_CLIENT_S_MAX = 60
_ENVIRONMENT = {
    "AUTHLIB_INSECURE_TRANSPORT": "1",  # what Authlib wants to hear before it speaks plain HTTP
    "NO_PROXY": "*",  # nothing that this machine has set may lead a client elsewhere
}

Observed = dict[str, object]
"""A flow's name, and what its script saw of it."""

People = Callable[[str], Person]
"""Who comes when a script names somebody."""


def observe(script: str, people: People, *, base_url: str, world_file: Path) -> Observed:
    """Start a client script, send a person wherever it asks for one, and give its report."""
    with subprocess.Popen(
        [*_interpreter(script), base_url, str(world_file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        env=os.environ | _ENVIRONMENT,
    ) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        watchdog = Timer(_CLIENT_S_MAX, client.kill)
        watchdog.start()
        try:
            for line in client.stdout:
                message = json.loads(line)
                if "observed" in message:
                    return Observed(message["observed"])
                with Browser() as browser:
                    visit = browser.visit(message["visit"], people(message["as"]))
                print(visit.ended_at, file=client.stdin, flush=True)
        finally:
            watchdog.cancel()
            client.kill()
    raise AssertionError(f"{script} ended without a report")


def _interpreter(script: str) -> list[str]:
    if script.endswith(".py"):
        return [sys.executable, "-m", f"tests.clients.{script.removesuffix('.py').replace('/', '.')}"]
    node = Path(sys.executable).with_name("node")  # the environment's own, whatever the machine has
    return [str(node), "--import", str(HERE / "js/loopback.mjs"), str(HERE / script)]
