"""Where the server may go by itself: one grammar, and public addresses alone."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.model.fetch import Destination, FetchFault, FetchRules
from callgate.protocol.fetch import URL_CHARS_MAX, address_of, is_permitted, read_url

STRICT = FetchRules()
HOME = FetchRules(loopback=True)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://login.example.com", Destination("https", "login.example.com", 443, "/")),
        ("https://Login.Example.com/a/b?c=d", Destination("https", "login.example.com", 443, "/a/b?c=d")),
        ("HTTPS://kubernetes.default.svc:6443/jwks", Destination("https", "kubernetes.default.svc", 6443, "/jwks")),
        ("https://login.example.com?tenant=1", Destination("https", "login.example.com", 443, "/?tenant=1")),
        ("https://[2606:4700::1111]/", Destination("https", "2606:4700::1111", 443, "/")),
        ("https://8.8.8.8/", Destination("https", "8.8.8.8", 443, "/")),
        ("https://xn--bcher-kva.example/", Destination("https", "xn--bcher-kva.example", 443, "/")),
    ],
)
def test_plain_https_url_is_taken_apart(url: str, expected: Destination) -> None:
    """What issuers and identity providers publish under."""
    assert read_url(url, rules=STRICT) == expected


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://login.example.com/", FetchFault.SCHEME),
        ("file:///etc/passwd", FetchFault.URL),
        ("gopher://login.example.com/", FetchFault.SCHEME),
        ("https://user@login.example.com/", FetchFault.URL),
        ("https://login.example.com@127.0.0.1/", FetchFault.URL),
        ("https://login.example.com/#@127.0.0.1", FetchFault.URL),
        ("https://login.example.com\\@127.0.0.1/", FetchFault.URL),
        ("https://login.example.com:0/", FetchFault.URL),
        ("https://login.example.com:65536/", FetchFault.URL),
        ("https://login.example.com: 80/", FetchFault.URL),
        ("https:///path", FetchFault.URL),
        ("https://login.example.com/\r\nHost: inside", FetchFault.URL),
        ("https://login.example.com/\n", FetchFault.URL),
        ("https://bücher.example/", FetchFault.URL),
        ("https://login.example.com/ä", FetchFault.URL),
        ("https://a" + "a" * URL_CHARS_MAX, FetchFault.URL),
        ("https://.example.com/", FetchFault.HOST),
        ("https://login..example.com/", FetchFault.HOST),
        ("https://login.example.com./", FetchFault.HOST),
        ("https://-login.example.com/", FetchFault.HOST),
        ("https://" + "a." * 127 + "com/", FetchFault.HOST),
        ("https://" + "a" * 64 + ".example/", FetchFault.HOST),
        # IPv4 in every spelling but the usual one.
        ("https://2130706433/", FetchFault.HOST),
        ("https://0x7f000001/", FetchFault.HOST),
        ("https://017700000001/", FetchFault.HOST),
        ("https://0x7f.1/", FetchFault.HOST),
        ("https://127.1/", FetchFault.HOST),
        ("https://0177.0.0.1/", FetchFault.HOST),
        ("https://127.0.0.01/", FetchFault.HOST),
        ("https://127.0.0.0x1/", FetchFault.HOST),
        ("https://1.2.3.256/", FetchFault.HOST),
        ("https://1.2.3.4.5/", FetchFault.HOST),
        ("https://example.1/", FetchFault.HOST),
        # IPv6 that hides IPv4, or is none.
        ("https://[::ffff:127.0.0.1]/", FetchFault.HOST),
        ("https://[1.2.3.4]/", FetchFault.HOST),
        ("https://[1:2:3:4:5:6:7]/", FetchFault.HOST),
        ("https://[1:2:3:4:5:6:7:8:9]/", FetchFault.HOST),
        ("https://[1::2::3]/", FetchFault.HOST),
        ("https://[1:2:3:4:5:6:7::8]/", FetchFault.HOST),
        ("https://[12345::]/", FetchFault.HOST),
        ("https://[:1:2:3:4:5:6:7]/", FetchFault.HOST),
        ("https://[fe80::1%25eth0]/", FetchFault.URL),
    ],
)
@pytest.mark.requirement("ASVS 1.3.6")
def test_url_is_refused_when_two_readers_could_differ(url: str, fault: FetchFault) -> None:
    """What is refused here never reaches a resolver (assurance.md S25)."""
    assert read_url(url, rules=STRICT) is fault


def test_plain_http_is_read_when_the_development_switch_is_on() -> None:
    """Where it leads is judged by address."""
    assert read_url("http://127.0.0.1:8080/jwks", rules=HOME) == Destination("http", "127.0.0.1", 8080, "/jwks")
    assert read_url("http://localhost/", rules=HOME) == Destination("http", "localhost", 80, "/")


@pytest.mark.parametrize(
    ("host", "expected"),
    [("login.example.com", None), ("8.8.8.8", "8.8.8.8"), ("::1", "::1"), ("2606:4700::1111", "2606:4700::1111")],
)
def test_literal_address_needs_no_resolver(host: str, expected: str | None) -> None:
    """It is judged as it stands."""
    assert address_of(host) == (None if expected is None else ipaddress.ip_address(expected))


FORBIDDEN = [
    "0.0.0.0",
    "0.255.1.2",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "5f00::1",
]


@pytest.mark.parametrize("text", FORBIDDEN)
@pytest.mark.requirement("ASVS 1.3.6")
def test_address_is_refused_when_it_is_not_public(text: str) -> None:
    """This machine, its neighbours, a cloud's metadata, and IPv4 in IPv6's clothes."""
    assert not is_permitted(ipaddress.ip_address(text), scheme="https", rules=STRICT)


@pytest.mark.parametrize("text", ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00::1"])
def test_address_is_permitted_when_it_is_public(text: str) -> None:
    """By https alone."""
    assert is_permitted(ipaddress.ip_address(text), scheme="https", rules=STRICT)
    assert not is_permitted(ipaddress.ip_address(text), scheme="http", rules=HOME)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_permitted_addresses_are_global_to_the_library_too(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """Our list and Python's reading of the registries agree where ours says yes."""
    if is_permitted(address, scheme="https", rules=STRICT):
        assert address.is_global
        assert not address.is_multicast


def test_private_network_is_permitted_when_the_operator_named_it() -> None:
    """By https, that network and no other."""
    rules = FetchRules((ipaddress.ip_network("10.96.0.0/12"), ipaddress.ip_network("fd00::/8")))
    named = [is_permitted(ipaddress.ip_address(text), scheme="https", rules=rules) for text in ("10.96.0.1", "fd00::1")]
    assert named == [True, True]
    others = ("10.0.0.1", "127.0.0.1", "::ffff:10.96.0.1")
    assert not any(is_permitted(ipaddress.ip_address(text), scheme="https", rules=rules) for text in others)
    assert not is_permitted(ipaddress.ip_address("10.96.0.1"), scheme="http", rules=rules)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_this_machine_is_permitted_when_the_development_switch_is_on(scheme: str) -> None:
    """Itself, and nothing beside it."""
    assert is_permitted(ipaddress.ip_address("127.0.0.1"), scheme=scheme, rules=HOME)
    assert is_permitted(ipaddress.ip_address("::1"), scheme=scheme, rules=HOME)
    assert not is_permitted(ipaddress.ip_address("10.0.0.1"), scheme=scheme, rules=HOME)
