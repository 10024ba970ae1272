"""What the tests of `callgate postman` share."""

from tests.admin.conftest import forker
from tests.identity_provider import identity_provider

__all__ = ["forker", "identity_provider"]
