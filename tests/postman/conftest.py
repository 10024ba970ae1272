"""What the tests of `callgate postman` share."""

from tests.admin.conftest import forker

__all__ = ["forker"]
