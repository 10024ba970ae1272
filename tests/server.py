"""A real server for tests: its own process on a free port, its own seeded world in a temporary folder.

A test folder's conftest imports the fixtures it uses: `server` is one for the session, `fresh_server` one for each test
that moves the clock or counts what is there. The world is seeded once, by `callgate dev`; each server has a copy.
"""

import atexit
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import httpx
import pytest

from callgate.admin.dev import SETTINGS_FILE
from callgate.admin.world import WORLD_FILE, World, read_world
from tests.nursery import servers, wait_until_ready
from tests.ports import free_port


@dataclass(frozen=True)
class Server:
    """A running development server."""

    base_url: str
    data: Path
    pid: int

    @cached_property
    def world(self) -> World:
        """What it was seeded with, secrets included."""
        return read_world(self.data)

    @property
    def world_file(self) -> Path:
        """The same, as clients in other languages read it."""
        return self.data / WORLD_FILE

    @property
    def settings_file(self) -> Path:
        """With it, commands act on this server."""
        return self.data / SETTINGS_FILE

    def advance(self, seconds: int) -> None:
        """Move its clock."""
        httpx.post(f"{self.base_url}/_dev/clock", json={"advance_s": seconds}).raise_for_status()

    def log(self) -> str:
        """What it has written to standard error so far."""
        return self.data.with_name("err").read_text()

    def stop(self) -> None:
        """End its process, and leave what it wrote."""
        servers().end(self.pid)

    def kill(self) -> None:
        """End it where it stands."""
        os.kill(self.pid, signal.SIGKILL)
        servers().end(self.pid)


@contextmanager
def running_server(settings: Mapping[str, str] | None = None, *, options: Sequence[str] = ()) -> Iterator[Server]:
    """Start one and wait until it answers; stop it at the end. `settings` are variables of its environment."""
    with tempfile.TemporaryDirectory(prefix="callgate-") as folder:
        data = Path(folder) / "world"
        shutil.copytree(_seeded(), data)
        with _serving(data, settings, options=options) as running:
            yield running


@contextmanager
def named_server() -> Iterator[Server]:
    """Start one under a name: passkeys belong to a domain, and an address is none."""
    port = free_port()
    settings = {"CALLGATE_SERVER__PUBLIC_URL": f"http://localhost:{port}"}
    with running_server(settings, options=("--port", str(port))) as running:
        yield running


@contextmanager
def restarted(
    server: Server, settings: Mapping[str, str] | None = None, *, options: Sequence[str] = ()
) -> Iterator[Server]:
    """Stop one, and start another process in its place: the same address, the same data."""
    server.stop()
    port = int(server.base_url.rpartition(":")[2])
    with _serving(server.data, settings, options=options, port=port) as running:
        yield running


@contextmanager
def copied(
    stopped: Server, folder: Path, settings: Mapping[str, str] | None = None, *, options: Sequence[str] = ()
) -> Iterator[Server]:
    """Start one on a copy of what a stopped one left: the same people, apps and keys, at an address of its own."""
    data = folder / "world"
    shutil.copytree(stopped.data, data)
    with _serving(data, settings, options=options) as running:
        yield running


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One server for all tests that leave its clock alone."""
    with running_server() as running:
        yield running


@pytest.fixture
def fresh_server() -> Iterator[Server]:
    """A server for one test alone."""
    with running_server() as running:
        yield running


@cache
def _seeded() -> Path:
    """A world that nobody serves: seeding one takes longer than most tests."""
    folder = Path(tempfile.mkdtemp(prefix="callgate-seeded-"))
    atexit.register(shutil.rmtree, folder)
    data = folder / "world"
    data.mkdir(mode=0o700)
    with _serving(data):
        pass
    return data


@contextmanager
def _serving(
    data: Path,
    settings: Mapping[str, str] | None = None,
    *,
    options: Sequence[str] = (),
    port: int | None = None,
) -> Iterator[Server]:
    place = ("--port", str(free_port() if port is None else port), "--data", str(data))
    pid = servers().start(("dev", *place, *options), folder=data.parent, env=settings)
    try:
        yield Server(wait_until_ready(pid, data.parent), data, pid)
    finally:
        servers().end(pid)
