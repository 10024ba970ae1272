"""What the tests at a browser need: a server."""

from tests.server import server

__all__ = ["server"]
