"""A real server for tests: its own process on a free port, its own seeded world in a temporary folder.

A test folder's conftest imports the fixtures it uses: `server` is one for the session, `fresh_server` one for each test
that moves the clock or counts what is there.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Timer

import httpx
import pytest

from callgate.admin.dev import SETTINGS_FILE
from callgate.admin.world import WORLD_FILE, World, read_world

_READY = "callgate is ready on "
_START_S_MAX = 60
_STOP_S_MAX = 10


@dataclass(frozen=True)
class Server:
    """A running development server."""

    base_url: str
    data: Path
    process: subprocess.Popen[str]

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
        return _log_file(self.data).read_text()


@contextmanager
def running_server(settings: Mapping[str, str] | None = None, *, options: Sequence[str] = ()) -> Iterator[Server]:
    """Start one and wait until it answers; stop it at the end. `settings` are variables of its environment."""
    with tempfile.TemporaryDirectory(prefix="callgate-") as folder:
        data = Path(folder) / "world"
        data.mkdir()
        with _serving(data, settings, options=options) as running:
            yield running


@contextmanager
def named_server() -> Iterator[Server]:
    """Start one under a name: passkeys belong to a domain, and an address is none."""
    port = _free_port()
    with running_server(
        {"CALLGATE_SERVER__PUBLIC_URL": f"http://localhost:{port}"}, options=("--port", str(port))
    ) as it:
        yield it


@contextmanager
def restarted(
    server: Server, settings: Mapping[str, str] | None = None, *, options: Sequence[str] = ()
) -> Iterator[Server]:
    """Stop one, and start another process in its place: the same address, the same data."""
    stop(server)
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


def stop(server: Server) -> None:
    """End a server's process, and leave what it wrote."""
    server.process.terminate()
    server.process.wait(_STOP_S_MAX)


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


@contextmanager
def _serving(
    data: Path, settings: Mapping[str, str] | None, *, options: Sequence[str], port: int | None = None
) -> Iterator[Server]:
    with (
        _log_file(data).open("a") as log,
        _start(data, log.fileno(), settings=settings or {}, options=options, port=port) as process,
    ):
        try:
            yield Server(_wait_until_ready(process, data), data, process)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_S_MAX)
            finally:
                process.kill()


def _start(
    data: Path, log: int, *, settings: Mapping[str, str], options: Sequence[str] = (), port: int | None = None
) -> "subprocess.Popen[str]":
    if port is None:
        port = _free_port()
    command = Path(sys.executable).with_name("callgate")
    return subprocess.Popen(
        [str(command), "dev", "--port", str(port), "--data", str(data), *options],
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("CALLGATE_")} | dict(settings),
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def _wait_until_ready(process: "subprocess.Popen[str]", data: Path) -> str:
    assert process.stdout is not None
    watchdog = Timer(_START_S_MAX, process.kill)
    watchdog.start()
    try:
        for line in process.stdout:
            if line.startswith(_READY):
                return line.removeprefix(_READY).strip()
    finally:
        watchdog.cancel()
    raise AssertionError(f"the server did not start:\n{_log_file(data).read_text()}")


def _log_file(data: Path) -> Path:
    return data.with_name("log")
