"""Whoever started the service is told of its state, if that can be."""

import resource
import socket
from pathlib import Path

import pytest

from callgate.admin.notify import tell_reloading


def test_service_goes_on_when_no_file_is_left_to_tell_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A supervisor in trouble says so where it can; under systemd it would end of that."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, files[1]))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            socket.socket()
        tell_reloading()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, files)
