"""What the tests of the web floor share: a server to speak to."""

from tests.server import fresh_server, server

__all__ = ["fresh_server", "server"]
