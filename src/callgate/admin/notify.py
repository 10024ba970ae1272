"""What whoever started a service is told of its state: people a line, systemd one datagram each (sd_notify(3))."""

import socket
import sys
import time
from contextlib import suppress

from callgate.config import Settings, notify_socket


def announce(settings: Settings, then: str = "") -> None:
    """Say on standard output that the server answers; whoever waits for it reads the first line."""
    with suppress(OSError):  # to have nobody to tell is no reason to stop
        sys.stdout.write(f"callgate is ready on {settings.server.issuer}\n{then}")
        sys.stdout.flush()


def tell_ready() -> None:
    """The service answers; after a reload, it is over."""
    _tell("READY=1")


def tell_reloading() -> None:
    """The service is about to take new settings."""
    _tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")


def tell_stopping() -> None:
    """The service takes nobody more."""
    _tell("STOPPING=1")


def _tell(state: str) -> None:
    """Send it, or nothing where nobody listens."""
    address = notify_socket()
    if address is None:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as told:
        told.connect(address)
        told.sendall(state.encode())
