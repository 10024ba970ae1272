"""Ports for servers that tests start, end and start again.

Below those that the kernel gives to connections: while a server is away, one of these could have its port.
"""

import os
import socket
from contextlib import ExitStack
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOWEST = 15_000
_OF_EACH_PROCESS = 997


def free_port() -> int:
    """A port nobody listens on, nor has been given by this process before."""
    return free_ports(1)[0]


def free_ports(count: int) -> range:
    """So many, one after the other."""
    ports = _ports()
    while True:
        first = next(ports)
        found = range(first, first + count)
        for _ in found[1:]:
            next(ports)
        if _are_free(found):
            return found


@cache
def _ports() -> "Iterator[int]":
    """All, in turn, from a place that no other test process is near."""
    first_of_connections = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    end = max(first_of_connections, 2 * _LOWEST)
    begin = os.getpid() * _OF_EACH_PROCESS % (end - _LOWEST)
    return cycle((*range(_LOWEST + begin, end), *range(_LOWEST, _LOWEST + begin)))


def _are_free(ports: range) -> bool:
    with ExitStack() as taken:
        try:
            for port in ports:
                taken.enter_context(socket.create_server(("127.0.0.1", port)))
        except OSError:
            return False
        return True
