"""Names of things: the identifier types every floor uses, and how a number is read that is to be one."""

import re
from typing import NewType

AccountId = NewType("AccountId", int)
"""A company. Its main administrator's extension has the same number (protocol.md B)."""

ExtensionId = NewType("ExtensionId", int)
"""A person, a queue or a service inside an account."""

ClientId = NewType("ClientId", str)
"""An app, 22 characters of [A-Za-z0-9] (ruling 11)."""

RowId = NewType("RowId", int)
"""A row that grows with time: milliseconds since 2020 in the high 41 bits, 22 bits of order below."""

ROW_EPOCH_MS = 1_577_836_800_000
"""2020-01-01T00:00:00Z: 41 bits of milliseconds from here last until 2089."""

ROW_ORDER_BITS = 22

RoleId = NewType("RoleId", int)
"""A role: a named set of permissions."""

ConnectionId = NewType("ConnectionId", int)
"""An account's connection to an identity provider."""

_ID_MAX = 2**63 - 1
"""What a column of the database holds."""

_DIGITS = re.compile("[0-9]{1,19}")


def read_id(text: str) -> int | None:
    """The number that decimal digits spell, where a row could have it for its id; None otherwise."""
    number = int(text) if _DIGITS.fullmatch(text) else None
    return number if number is not None and number <= _ID_MAX else None
