"""A real Redis (or Valkey) for tests: on a free port of the loopback, in a folder of its own, killed, started anew."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.ports import free_port

PROGRAM = shutil.which("redis-server") or shutil.which("valkey-server")
needs_redis = pytest.mark.skipif(
    PROGRAM is None, reason="needs Redis or Valkey: `apt-get install redis-server` (./dev test installs it as root)"
)
_START_S_MAX = 20


class RedisServer:
    """One server; what it holds is lost with its process."""

    def __init__(self, folder: Path, options: Sequence[str], *, tls: Path | None = None) -> None:
        self.port = free_port()
        self._folder = folder
        listens = ("--port", str(self.port)) if tls is None else ("--port", "0", "--tls-port", str(self.port))
        proves = () if tls is None else ("--tls-cert-file", str(tls), "--tls-key-file", str(tls))
        self._options = (*listens, *proves, "--tls-auth-clients", "no", *options)
        self.process = self._start()

    @property
    def url(self) -> str:
        """As the setting `limits.store` has it."""
        return f"redis://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """As a machine that lost its power."""
        self.process.kill()
        self.process.wait()

    def start_again(self) -> None:
        """In the same place, empty."""
        self.process = self._start()

    def said(self, *words: str) -> bytes:
        """What it answers to one command, as it comes."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            connection.sendall(" ".join(words).encode() + b"\r\n")
            return connection.recv(65_536)

    def _start(self) -> "subprocess.Popen[bytes]":
        assert PROGRAM is not None
        fixed = ("--bind", "127.0.0.1", "--dir", str(self._folder), "--save", "")
        process = subprocess.Popen([PROGRAM, *fixed, *self._options], stdout=subprocess.DEVNULL)
        until = time.monotonic() + _START_S_MAX
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return process
        process.kill()
        raise AssertionError("Redis did not start")


@contextmanager
def running_redis(*options: str, tls: Path | None = None) -> Iterator[RedisServer]:
    """Start one, and stop it at the end; one that speaks TLS has its key and certificate in one file."""
    with tempfile.TemporaryDirectory(prefix="callgate-redis-") as folder:
        server = RedisServer(Path(folder), options, tls=tls)
        try:
            yield server
        finally:
            server.kill()
