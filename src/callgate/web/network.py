"""Where a request comes from: its peer's network, or, behind a proxy we were told to trust, the one the proxy names.

Limits are kept per network, so whoever may choose theirs has none: a field that says where a request comes from is
believed from a trusted proxy only, one kind of field only (a proxy that writes X-Forwarded-For passes on whatever
Forwarded its caller sent, and the other way round), and of that field only what trusted proxies have added, read from
its end.
"""

import ipaddress
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from callgate.model.network import LOCAL, ForwardedField

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Trusted = ipaddress.IPv4Network | ipaddress.IPv6Network

_KNOWN_MAX: Final = 4096
_FIELD_CHARS_MAX: Final = 512
_IPV6_PREFIX: Final = 64
"""What one subscriber gets at least, and may choose addresses from: one of them is nobody in particular."""

_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s"]+)', re.IGNORECASE)
_WITH_PORT = re.compile(r"\[(?P<six>[^\]]+)\](?::\d+)?|(?P<four>[\d.]+):\d+")


class Networks:
    """Tells each request's network, by the settings `server.trusted_proxies` and `server.forwarded_field`."""

    def __init__(self, trusted: Sequence[Trusted] = (), field: ForwardedField = ForwardedField.X_FORWARDED_FOR) -> None:
        self.field_name = field.value.encode()
        self._is_forwarded = field is ForwardedField.FORWARDED
        self._trusted = tuple(trusted)
        self._find_cached = lru_cache(maxsize=_KNOWN_MAX)(self._find)  # clients come again and again

    def find(self, peer: str | None, forwarded: str | None) -> str:
        """The network, as text: `203.0.113.7`, `2001:db8:1:2::/64`, or LOCAL for a peer without an address."""
        # The end is what proxies wrote; a longer field is somebody's attempt to fill the memory.
        said = forwarded[-_FIELD_CHARS_MAX:] if forwarded and self._trusted else ""
        return self._find_cached(peer, said)

    def trusts(self, peer: str | None) -> bool:
        """Whether a peer is one of the proxies we were told to trust."""
        address = _parse(peer) if peer is not None else None
        return address is not None and self._is_trusted(address)

    def _find(self, peer: str | None, forwarded: str) -> str:
        address = _parse(peer) if peer is not None else None
        if address is None:
            return LOCAL
        for named in self._named(forwarded):
            if not named or not self._is_trusted(address):
                break
            said = _parse(named)
            if said is None:  # a proxy that hides its clients, or has none: they are its own network
                break
            address = said
        return _network(address)

    def _named(self, forwarded: str) -> Iterator[str]:
        """Whom each proxy named, the nearest first."""
        for element in reversed(forwarded.split(",")):
            if not self._is_forwarded:
                yield element.strip()
                continue
            found = _FOR.search(element)
            yield found[1].strip('"') if found else ""

    def _is_trusted(self, address: _Address) -> bool:
        return any(address in network for network in self._trusted)


class Told(Networks):
    """For one request that another cell has forwarded: where that says it comes from."""

    def __init__(self, network: str) -> None:
        super().__init__()
        self._network = network

    def find(self, peer: str | None, forwarded: str | None) -> str:  # noqa: ARG002 - the other cell has looked at them
        """That network."""
        return self._network


def _parse(text: str) -> _Address | None:
    ported = _WITH_PORT.fullmatch(text)
    try:
        address = ipaddress.ip_address((ported["six"] or ported["four"]) if ported else text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _network(address: _Address) -> str:
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((int(address), _IPV6_PREFIX), strict=False))
