"""Where a request comes from: believed from trusted proxies, in their field, from its end (protocol.md I.3)."""

import ipaddress

import pytest

from callgate.model.network import LOCAL, ForwardedField
from callgate.web.network import Networks

TRUSTED = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))
PROXY = "10.0.0.1"


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("/run/callgate.sock", LOCAL),
        (None, LOCAL),
    ],
)
def test_network_of_a_peer(peer: str | None, network: str) -> None:
    """An IPv4 address, an IPv6 /64; whatever its fields say, while no proxy is trusted."""
    assert Networks().find(peer, "198.51.100.1") == network


@pytest.mark.parametrize(
    ("peer", "field", "network"),
    [
        (PROXY, "198.51.100.1", "198.51.100.1"),
        (PROXY, "198.51.100.1:4711", "198.51.100.1"),
        (PROXY, "[2001:db8::1]:80", "2001:db8::/64"),
        (PROXY, "2001:db8::1", "2001:db8::/64"),
        (PROXY, "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (PROXY, "6.6.6.6, 198.51.100.1, 10.1.1.1, fd00::1", "198.51.100.1"),
        (PROXY, "10.1.1.1", "10.1.1.1"),
        (PROXY, "6.6.6.6, unknown", PROXY),
        (PROXY, "6.6.6.6, unknown, 10.2.2.2", "10.2.2.2"),
        (PROXY, "6.6.6.6,", PROXY),
        (PROXY, "", PROXY),
        (PROXY, None, PROXY),
        ("203.0.113.7", "6.6.6.6", "203.0.113.7"),
        (PROXY, "6.6.6.6, " * 2000 + "198.51.100.1", "198.51.100.1"),
    ],
)
def test_field_is_read_from_its_end_as_far_as_proxies_are_trusted(peer: str, field: str | None, network: str) -> None:
    """What stands before the last untrusted address, its owner may have made up."""
    assert Networks(TRUSTED).find(peer, field) == network


@pytest.mark.parametrize(
    ("field", "network"),
    [
        ("for=198.51.100.1", "198.51.100.1"),
        ('for=6.6.6.6, proto=https;For="[2001:db8::1]:4711";by=10.0.0.1', "2001:db8::/64"),
        ("for=198.51.100.1, for=10.3.3.3;host=x", "198.51.100.1"),
        ("for=6.6.6.6, for=_hidden", PROXY),
        ("for=6.6.6.6, proto=https", PROXY),
        ("x-for=6.6.6.6", PROXY),
    ],
)
@pytest.mark.requirement("RFC 7239 section 4")
def test_forwarded_is_read_where_it_is_the_proxys_field(field: str, network: str) -> None:
    """Elements are the proxies', parameters in any order and case, values quoted or not."""
    networks = Networks(TRUSTED, ForwardedField.FORWARDED)
    assert networks.field_name == b"forwarded"
    assert networks.find(PROXY, field) == network
