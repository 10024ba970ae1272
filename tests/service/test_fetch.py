"""Fetching from others: nothing forbidden is ever connected to, and no answer is too long, too slow or too clever.

Two spies watch: the servers on loopback count who connects to them, and an audit hook sees every address that any
socket of Python's is told to connect to.
"""

import asyncio
import gzip
import ipaddress
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from callgate.model.fetch import Address, Fetched, FetchFault, FetchRules, NotFetched
from callgate.service import fetch as fetching
from callgate.service.fetch import Fetcher, Resolve
from tests.protocol.test_fetch import FORBIDDEN
from tests.service.publishers import Answer, make_tls, publishing, says

HOME = FetchRules(loopback=True)
ONE_HOST = FetchRules((ipaddress.ip_network("127.0.0.1/32"),))
"""127.0.0.1 stands for a public host, every other address of loopback for the inside."""

_connected: list[str] = []
_watching = False


def _watch(event: str, args: tuple[object, ...]) -> None:
    match event, args:
        case "socket.connect", (_, (host, *_)) if _watching:
            _connected.append(str(host))
        case _:
            pass


sys.addaudithook(_watch)


@pytest.fixture
def connected() -> Iterator[list[str]]:
    """Every host that sockets were told to connect to while the test ran."""
    global _watching  # noqa: PLW0603 - an audit hook cannot be taken back, only told to rest
    _connected.clear()
    _watching = True
    yield _connected
    _watching = False


class Resolver:
    """Answers as it was told, one answer a question, and remembers how often it was asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.questions = 0

    async def __call__(self, host: str, port: int) -> Sequence[Address]:
        """The next answer."""
        assert host
        assert port
        self.questions += 1
        return tuple(ipaddress.ip_address(each) for each in self._answers.pop(0))


def fetch(
    url: str, *, rules: FetchRules = HOME, resolver: Resolve | None = None, bytes_max: int = 64 * 1024
) -> Fetched | NotFetched:
    """One fetch on a loop of its own."""
    fetcher = Fetcher(rules, resolve=resolver) if resolver else Fetcher(rules)
    return asyncio.run(fetcher.get(url, bytes_max=bytes_max))


def fetch_from(answer: Answer, *, bytes_max: int = 64 * 1024) -> Fetched | NotFetched:
    """What comes of an answer."""

    async def run() -> Fetched | NotFetched:
        async with publishing(answer) as publisher:
            got = await Fetcher(HOME).get(publisher.url(), bytes_max=bytes_max)
            assert publisher.connections == 1
            return got

    return asyncio.run(run())


def test_document_is_fetched_when_everything_is_in_order() -> None:
    """The positive case every refusal below differs from in one thing."""
    assert fetch_from(says(b'{"keys":[]}')) == Fetched(b'{"keys":[]}')
    assert fetch_from(says(b"12345678"), bytes_max=8) == Fetched(b"12345678")


def test_request_says_what_it_wants() -> None:
    """The host as in the URL, nothing compressed, and nothing of ours beside it."""
    seen: list[bytes] = []

    async def run() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            seen.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        assert await Fetcher(HOME).get(f"http://localhost:{port}/a?b=c") == Fetched(b"")
        server.close()
        lines = seen[0].decode().split("\r\n")
        assert lines[0] == "GET /a?b=c HTTP/1.1"
        assert sorted(lines[1:-2]) == [
            "Accept-Encoding: identity",
            "Accept: */*",
            "Connection: close",
            f"Host: localhost:{port}",
            "User-Agent: Callgate",
        ]

    asyncio.run(run())


@pytest.mark.parametrize("address", FORBIDDEN)
@pytest.mark.requirement("ASVS 1.3.6")
def test_nothing_is_connected_to_when_the_name_leads_inside(address: str, connected: list[str]) -> None:
    """Each kind of address, alone and beside one that is permitted (assurance.md S25)."""
    for answer in ([address], ["127.0.0.1", address], [address, "127.0.0.1"]):
        if address == "127.0.0.1":
            continue
        got = fetch("https://issuer.example/keys", rules=ONE_HOST, resolver=Resolver(answer))
        assert got == NotFetched(FetchFault.FORBIDDEN, str(ipaddress.ip_address(address)))
    assert connected == []


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "169.254.169.254", "[fd00:ec2::254]", "10.0.0.1"])
def test_nothing_is_connected_to_when_the_url_names_an_address_inside(host: str, connected: list[str]) -> None:
    """No resolver is asked either."""
    resolver = Resolver()
    got = fetch(f"https://{host}/latest/meta-data", rules=FetchRules(), resolver=resolver)
    assert isinstance(got, NotFetched)
    assert got.fault is FetchFault.FORBIDDEN
    assert (connected, resolver.questions) == ([], 0)


@pytest.mark.requirement("ASVS 1.3.6")
def test_name_is_resolved_once_when_it_means_something_else_a_moment_later(connected: list[str]) -> None:
    """DNS rebinding: the address that was judged is the address that is connected to."""

    async def run() -> None:
        async with publishing(says(b"inside"), host="127.0.0.2") as inside:
            resolver = Resolver(["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"])
            fetcher = Fetcher(ONE_HOST, resolve=resolver)
            got = await fetcher.get(inside.url("https", "issuer.example"))
            assert got == NotFetched(FetchFault.UNREACHABLE)
            assert (resolver.questions, inside.connections) == (1, 0)
            # The second look gives the second answer, and is refused.
            assert await fetcher.get(inside.url("https", "issuer.example")) == NotFetched(
                FetchFault.FORBIDDEN, "127.0.0.2"
            )
            assert inside.connections == 0

    asyncio.run(run())
    assert connected == ["127.0.0.1"]


@pytest.mark.requirement("ASVS 1.3.6")
@pytest.mark.parametrize("status", [b"301 Moved", b"302 Found", b"303 See Other", b"307 Temporary", b"308 Permanent"])
def test_redirect_is_not_followed(status: bytes) -> None:
    """Wherever it leads: the address was the administrator's word, its answer is not."""

    async def run() -> None:
        async with publishing(says(b"inside"), host="127.0.0.2") as inside:
            leads = says(b"", b"Location: " + inside.url().encode(), status=status)
            async with publishing(leads) as publisher:
                got = await Fetcher(HOME).get(publisher.url())
            assert got == NotFetched(FetchFault.REDIRECT, status[:3].decode())
            assert inside.connections == 0

    asyncio.run(run())


def _endless(first: bytes) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while True:
            writer.write(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
            await writer.drain()

    return answer


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says(b"123456789"), NotFetched(FetchFault.TOO_LARGE, "more than 8 bytes")),
        (
            _endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
            NotFetched(FetchFault.TOO_LARGE, "more than 8 bytes"),
        ),
        (_endless(b"HTTP/1.1 200 OK\r\nX: "), NotFetched(FetchFault.BROKEN, "RemoteProtocolError")),
        (says(gzip.compress(b"0" * 10_000_000), b"Content-Encoding: gzip"), NotFetched(FetchFault.ENCODED)),
        (says(b"", b"Content-Encoding: br"), NotFetched(FetchFault.ENCODED)),
        (says(b"", status=b"404 Not Found"), NotFetched(FetchFault.STATUS, "404")),
        (says(b"", status=b"204 No Content"), NotFetched(FetchFault.STATUS, "204")),
    ],
)
def test_answer_is_refused_when_it_is_not_a_plain_document(answer: Answer, expected: NotFetched) -> None:
    """Ten gigabytes, endless headers, a gzip bomb, another status."""
    assert fetch_from(answer, bytes_max=8) == expected


async def _not_http(writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")


async def _breaks_off(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


async def _hangs_up(_: asyncio.StreamWriter) -> None:
    return


@pytest.mark.parametrize("answer", [_not_http, _breaks_off, _hangs_up])
def test_answer_is_refused_when_it_breaks_off(answer: Answer) -> None:
    """Half a key set is none."""
    got = fetch_from(answer)
    assert isinstance(got, NotFetched)
    assert got.fault is FetchFault.BROKEN


async def _drips(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.1)


async def _is_silent(_: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def _resolves_never(_host: str, _port: int) -> Sequence[Address]:
    await asyncio.sleep(60)
    return ()


@pytest.mark.requirement("ASVS 1.3.6")
def test_fetch_is_given_up_when_the_whole_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then keeps no fetch alive; nor does a resolver that thinks. All nine at once, and in a hurry."""
    assert fetching.WHOLE_S == 5
    monkeypatch.setattr(fetching, "WHOLE_S", 1.0)

    async def run() -> tuple[Fetched | NotFetched, ...]:
        async with publishing(_drips) as dripping, publishing(_is_silent) as silent:
            slow = (
                (Fetcher(HOME), dripping.url()),
                (Fetcher(HOME), silent.url()),
                (Fetcher(HOME, resolve=_resolves_never), "https://issuer.example/"),
            )
            return tuple(await asyncio.gather(*(fetcher.get(url) for fetcher, url in slow * 3)))

    began = time.monotonic()
    assert asyncio.run(run()) == (NotFetched(FetchFault.TOO_SLOW, "1 s"),) * 9
    assert time.monotonic() - began < 6, "not one after the other"


@pytest.mark.parametrize("status", [b"200 OK", b"400 Bad Request", b"401 Unauthorized", b"403 Forbidden"])
def test_form_is_posted_and_a_refusal_is_an_answer(status: bytes) -> None:
    """A token endpoint says in the body of a 4xx what is wrong (RFC 6749 section 5.2)."""
    seen: list[bytes] = []

    async def run() -> Fetched | NotFetched:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            seen.append(await reader.readuntil(b"\r\n\r\n") + await reader.readexactly(5))
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\n{}")
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        got = await Fetcher(HOME).post(f"http://127.0.0.1:{port}/token", b"a=b&c", authorization="Basic eA==")
        server.close()
        return got

    assert asyncio.run(run()) == Fetched(b"{}", int(status[:3]))
    (sent,) = seen
    assert sent.startswith(b"POST /token HTTP/1.1\r\n")
    assert sent.endswith(b"\r\n\r\na=b&c")
    for line in (
        b"Authorization: Basic eA==",
        b"Content-Type: application/x-www-form-urlencoded",
        b"Content-Length: 5",
    ):
        assert line in sent.split(b"\r\n")


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (says(b"", b"Location: https://evil.example/", status=b"307 Temporary Redirect"), FetchFault.REDIRECT),
        (says(b"{}", status=b"404 Not Found"), FetchFault.STATUS),
        (says(b"{}", status=b"500 Internal Server Error"), FetchFault.STATUS),
        (says(b"x" * 70_000), FetchFault.TOO_LARGE),
        (says(b"x", b"Content-Encoding: gzip"), FetchFault.ENCODED),
    ],
    ids=["redirect", "not found", "broken", "too much", "compressed"],
)
def test_form_is_not_posted_on(answer: Answer, fault: FetchFault) -> None:
    """What is in it is a secret: it goes to the one address that was judged."""

    async def run() -> Fetched | NotFetched:
        async with publishing(answer) as publisher:
            return await Fetcher(HOME).post(publisher.url(), b"a=b", authorization="Basic eA==")

    got = asyncio.run(run())
    assert isinstance(got, NotFetched)
    assert got.fault is fault


def test_form_is_posted_to_no_forbidden_address(connected: list[str]) -> None:
    """The same rules as for what is fetched."""
    for url in ("https://127.0.0.1/token", "http://issuer.example/token", "https://169.254.169.254/token"):
        got = asyncio.run(Fetcher(FetchRules(), resolve=Resolver([])).post(url, b"client_secret=s"))
        assert isinstance(got, NotFetched)
    assert connected == []


def test_second_address_is_tried_when_the_first_does_not_answer(connected: list[str]) -> None:
    """A host with an IPv6 address that is not routed here is reached by its IPv4 address."""

    async def run() -> None:
        async with publishing(says(b"keys")) as publisher:
            fetcher = Fetcher(HOME, resolve=Resolver(["::1", "127.0.0.1"]))
            assert await fetcher.get(publisher.url(host="localhost")) == Fetched(b"keys")

    asyncio.run(run())
    assert connected == ["::1", "127.0.0.1"]


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("https://127.0.0.1/", FetchFault.FORBIDDEN),
        ("https://issuer.example:1/", FetchFault.UNRESOLVED),
        ("ftp://issuer.example/", FetchFault.SCHEME),
    ],
)
def test_refusal_is_a_value_and_says_why(url: str, fault: FetchFault) -> None:
    """Nothing is raised: whoever asks has another way, or says so to an administrator."""
    got = fetch(url, rules=FetchRules(), resolver=Resolver([]))
    assert isinstance(got, NotFetched)
    assert got.fault is fault
    assert str(got).startswith(fault.value)


def test_system_resolver_is_asked_when_none_is_given() -> None:
    """`localhost` is known to every machine; a name that cannot be one is nowhere."""
    fetched = fetch("http://localhost:1/")
    assert fetched == NotFetched(FetchFault.UNREACHABLE)


def test_certificate_must_be_trusted_and_its_hosts(tmp_path: Path) -> None:
    """By the system's authorities and those of fetch.ca_file; the name in the URL counts, not the address."""
    tls, authority = make_tls(tmp_path, "issuer.example", "127.0.0.1")

    async def over_tls(host: str, *, ca_file: Path | None) -> Fetched | NotFetched:
        async with publishing(says(b"keys"), tls=tls) as publisher:
            fetcher = Fetcher(ONE_HOST, ca_file=ca_file, resolve=Resolver(["127.0.0.1"]))
            return await fetcher.get(publisher.url("https", host))

    for host in ("issuer.example", "127.0.0.1"):
        assert asyncio.run(over_tls(host, ca_file=authority)) == Fetched(b"keys")
    for host, ca_file in (("issuer.example", None), ("other.example", authority)):
        refused = asyncio.run(over_tls(host, ca_file=ca_file))
        assert isinstance(refused, NotFetched)
        assert refused.fault is FetchFault.UNTRUSTED
