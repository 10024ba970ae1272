"""Where the server may go by itself: URLs and addresses judged before a socket is opened (CWE-918; assurance.md S25).

A URL that an administrator pasted, or that another server's document named, must not make this server knock at doors
that only it can reach: itself, its neighbours, a cloud's metadata service. The URL is read by one grammar, which leaves
nothing for a second reader to understand otherwise; then every address its name has must be public. Resolving and
connecting are the service's.
"""

import ipaddress
import re

from callgate.model.fetch import Address, Destination, FetchFault, FetchRules, Network

URL_CHARS_MAX = 2048

_PORT_MAX = 65_535
_PORTS = {"https": 443, "http": 80}
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<target>(?:/[!$&'()*+,;=:@A-Za-z0-9._~%/-]*)?(?:\?[!$&'()*+,;=:@A-Za-z0-9._~%/?-]*)?)"
)
"""RFC 3986 without user information and fragment, and with hosts of DNS only."""

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}")
_NAME_CHARS_MAX = 253
_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
"""A host whose last label is a number is an IPv4 address to some readers, whatever its spelling (WHATWG URL 3.5)."""

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_QUAD = re.compile(rf"(?:{_OCTET}\.){{3}}{_OCTET}")
_GROUP = re.compile(r"[0-9a-f]{1,4}")
_GROUPS = 8


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


_NOT_PUBLIC_4 = _networks(
    "0.0.0.0/8",  # "this network"; many systems take it for loopback
    "10.0.0.0/8",
    "100.64.0.0/10",  # behind a provider's NAT
    "127.0.0.0/8",
    "169.254.0.0/16",  # link-local, where clouds keep their metadata
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",  # documentation, as the two below
    "192.88.99.0/24",  # relays from 6to4
    "192.168.0.0/16",
    "198.18.0.0/15",  # benchmarks
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, and broadcast
)
_PUBLIC_6 = ipaddress.ip_network("2000::/3")
"""All that is handed out; IPv4 inside IPv6 (mapped, NAT64), loopback, link- and unique local, multicast lie outside."""

_NOT_PUBLIC_6 = _networks(
    "2001::/23",  # Teredo and other protocols' own
    "2001:db8::/32",  # documentation, as the last
    "2002::/16",  # 6to4: an IPv4 address in disguise
    "3fff::/20",
)
_LOOPBACK = _networks("127.0.0.0/8", "::1/128")


def read_url(url: str, *, rules: FetchRules) -> Destination | FetchFault:
    """Take a URL apart, or say why it cannot be fetched from."""
    read = _URL.fullmatch(url) if len(url) <= URL_CHARS_MAX else None
    if read is None:
        return FetchFault.URL
    scheme = read["scheme"].lower()
    if scheme != "https" and not (scheme == "http" and rules.loopback):
        return FetchFault.SCHEME
    port = int(read["port"] or _PORTS[scheme])
    if port > _PORT_MAX:
        return FetchFault.URL
    host = _read_host(read["host"].lower())
    if host is None:
        return FetchFault.HOST
    target = read["target"]
    return Destination(scheme, host, port, target if target.startswith("/") else f"/{target}")


def address_of(host: str) -> Address | None:
    """The address a host is, if it is one and no name."""
    if ":" not in host and not _NUMBER.fullmatch(host):
        return None
    return ipaddress.ip_address(host)


def is_permitted(address: Address, *, scheme: str, rules: FetchRules) -> bool:
    """Whether a connection may be made: to public addresses, and to what the rules add. Plain HTTP: loopback alone."""
    loopback = _is_in(address, _LOOPBACK)
    if scheme == "http":
        return loopback and rules.loopback
    if (loopback and rules.loopback) or _is_in(address, rules.private_networks):
        return True
    if address.version == 4:  # noqa: PLR2004 - of the two there are
        return not _is_in(address, _NOT_PUBLIC_4)
    return address in _PUBLIC_6 and not _is_in(address, _NOT_PUBLIC_6)


def _read_host(host: str) -> str | None:
    """A name, or an address that every reader reads alike: four decimal numbers without leading zeros, or IPv6."""
    if host.startswith("["):
        return host[1:-1] if _is_ipv6(host[1:-1]) else None
    if _NUMBER.fullmatch(host):
        return host if _QUAD.fullmatch(host) else None
    return host if len(host) <= _NAME_CHARS_MAX and _NAME.fullmatch(host) else None


def _is_ipv6(text: str) -> bool:
    """RFC 4291 section 2.2 without its third form, which puts IPv4 inside. The library would raise, which we do not."""
    left, gap, right = text.partition("::")
    groups = [*(left.split(":") if left else ()), *(right.split(":") if right else ())]
    whole = len(groups) < _GROUPS if gap else len(groups) == _GROUPS
    return whole and all(_GROUP.fullmatch(group) for group in groups)


def _is_in(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)
