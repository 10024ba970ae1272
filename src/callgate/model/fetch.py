"""What the server fetches by itself (key sets, metadata of others): the rules, and what comes of it."""

from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import NamedTuple

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class FetchRules(NamedTuple):
    """Where else than to public addresses fetches may go: networks the operator named, and this machine itself.

    `loopback` is for development: it also lets plain HTTP be spoken there.
    """

    private_networks: tuple[Network, ...] = ()
    loopback: bool = False


class Destination(NamedTuple):
    """An address to fetch from, taken apart: `host` is a name in lower case or an IP address without brackets."""

    scheme: str
    host: str
    port: int
    target: str


class FetchFault(Enum):
    """Why nothing was fetched; for administrators, never for callers."""

    URL = "it is not a plain https URL: scheme, host, optional port, path and query"
    SCHEME = "it is not https"
    HOST = "its host is neither a name nor an IP address in its usual spelling"
    UNRESOLVED = "its host name has no address"
    FORBIDDEN = "its host has an address that is not public; the setting fetch.private_networks can permit it"
    UNREACHABLE = "no connection could be made"
    UNTRUSTED = "its certificate is not trusted, or not its host's; the setting fetch.ca_file can add an authority"
    BROKEN = "the answer broke off, or was no HTTP"
    REDIRECT = "the answer was a redirect, which is not followed; give the address it leads to"
    STATUS = "the answer was not 200 OK"
    ENCODED = "the answer was compressed, though that was not asked for"
    TOO_LARGE = "the answer was too large"
    TOO_SLOW = "the whole answer did not come in time"
    LEFT_ALONE = "it did not answer five times in a row, and is asked by one person at a time, at intervals"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole answer; `status` is 200, or what of 4xx a POST may be answered with and have something to say."""

    body: bytes = field(repr=False)
    status: int = 200


@dataclass(frozen=True, slots=True)
class NotFetched:
    """No answer; `detail` says more where there is more: a status, an address."""

    fault: FetchFault
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.fault.value} ({self.detail})" if self.detail else self.fault.value
