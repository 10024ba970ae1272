"""HAProxy in front of two servers, by the file that docs/operating.md gives."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.nursery import ROOT
from tests.ports import free_port

FILE = ROOT / "deploy" / "haproxy" / "haproxy.cfg"
START_S_MAX = 20

_PROGRAM = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
needs_haproxy = pytest.mark.skipif(
    _PROGRAM is None, reason="needs HAProxy: `apt-get install haproxy` (./dev test installs it as root)"
)


@contextmanager
def balancing(folder: Path, *ports: int, at: int | None = None, how: str = "leastconn") -> Iterator[int]:
    """HAProxy by our file, with the addresses of this machine; without TLS, which the traffic does not speak."""
    port = at or free_port()
    text = FILE.read_text()
    for written, here in (
        (r"bind :443 .*", f"bind 127.0.0.1:{port}"),
        (r" +bind :80\n", ""),
        (r" +http-request redirect .*\n", ""),
        (r"log /dev/log local0", "log stdout format raw local0"),
        (r"10\.0\.0\.11:8080", f"127.0.0.1:{ports[0]}"),
        (r"10\.0\.0\.12:8080", f"127.0.0.1:{ports[1]}"),
        (r"balance leastconn", f"balance {how}"),
    ):
        text, count = re.subn(written, here, text)
        assert count == 1, written
    (folder / "haproxy.cfg").write_text(text)
    with (folder / "haproxy.log").open("wb") as log:
        assert _PROGRAM
        process = subprocess.Popen([_PROGRAM, "-db", "-f", str(folder / "haproxy.cfg")], stdout=log, stderr=log)
    try:
        until_s = time.monotonic() + START_S_MAX
        while not _listens(port):
            assert time.monotonic() < until_s, (folder / "haproxy.log").read_text()
            time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait(START_S_MAX)


def _listens(port: int) -> bool:
    return any(f":{port:04X} 00000000:0000 0A" in line for line in Path("/proc/net/tcp").read_text().splitlines())
