"""The guard of tests/conftest.py does refuse: otherwise every test's promise of loopback is empty."""

import socket

import pytest


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_connecting_fails_when_the_host_is_another_machine(host: str) -> None:
    """An address reserved for documentation (RFC 5737, RFC 3849) is refused before a packet leaves."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as outgoing, pytest.raises(AssertionError, match="loopback only"):
        outgoing.connect((host, 9))


def test_resolving_fails_when_the_name_is_another_machine() -> None:
    """A look-up is traffic too (RFC 2606 name)."""
    with pytest.raises(AssertionError, match="loopback only"):
        socket.getaddrinfo("callgate.example", 443)


def test_connecting_works_when_the_host_is_this_machine() -> None:
    """The guard lets through what the tests live on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        for host in ("127.0.0.1", "localhost"):
            with socket.create_connection((host, server.getsockname()[1])) as made:
                assert made.getpeername() == server.getsockname()
