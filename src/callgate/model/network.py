"""Networks as limits know them: one IPv4 address, or an IPv6 /64, as text."""

from enum import Enum

LOCAL = "local"
"""Of a peer without an address: a Unix socket, a test's transport."""


class ForwardedField(Enum):
    """The field in which trusted proxies name their clients: the de facto one, or RFC 7239's."""

    X_FORWARDED_FOR = "x-forwarded-for"
    FORWARDED = "forwarded"
